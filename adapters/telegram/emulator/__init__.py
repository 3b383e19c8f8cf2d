"""A strict Bot API server to try the hub on, with faults on demand and a page for each phone. Knows nothing of the adapter."""

from adapters.telegram.emulator.server import TelegramEmulator

__all__ = ["TelegramEmulator"]
