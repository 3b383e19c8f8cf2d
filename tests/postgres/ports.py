"""Ports for servers that go away and come back."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def quiet_port() -> int:
    """A free port of 127.0.0.1 below those the system gives out to connections.

    One that it gave us (port 0) may be the near end of somebody's connection by the time the server comes back.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port
