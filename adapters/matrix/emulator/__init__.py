"""A strict homeserver to try the hub on, with faults on demand and a page for each phone. Knows nothing of the adapter."""

from adapters.matrix.emulator.server import MatrixEmulator

__all__ = ["MatrixEmulator"]
