"""WhatsApp by Meta's Cloud API: channel.py speaks to it, emulator.py plays it. Knows only the hub's contract."""
