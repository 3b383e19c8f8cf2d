"""The commands that need no messenger: keys, imports, exports, and what all commands share. `run.py` puts them together."""
