"""SQLite as the store of one machine: Tortoise's backend made cancellation-safe, the queue's engine, its SQL."""
