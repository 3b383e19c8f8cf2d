"""PostgreSQL: the store for several hub processes, on one machine or more."""
