"""A strict Cloud API server to try the hub on, with signed webhooks, faults on demand and a page for each phone."""

from adapters.whatsapp.emulator.server import WhatsAppEmulator

__all__ = ["WhatsAppEmulator"]
