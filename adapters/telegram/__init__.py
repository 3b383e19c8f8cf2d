"""Telegram: the adapter (channel.py) and a strict Bot API server to try it on (emulator.py)."""
