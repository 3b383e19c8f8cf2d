"""Ids of our own making: 64-bit numbers that grow with time, never handed out twice, the same kind on every database."""

from __future__ import annotations

from collections.abc import Callable

from hub.clock import Clock

BLOCK = 1 << 20
"""How many ids one block holds: more than any one statement makes rows."""

PROCESSES = 64
"""How many processes at most draw ids for one database: each has every 64th millisecond for itself."""


class Ids:
    """41 bits of milliseconds since 1970, then 20 bits to count in: fits a signed 64-bit column until the year 2248.

    As the delivery id is also the idempotency key at providers, it must not start anew when a database does; time does not.
    """

    def __init__(self, clock: Clock, beyond: int = 0, number: Callable[[], int] | None = None) -> None:
        """`beyond`: the highest id the database holds, for the clock may have been set back since.

        `number`: this process's own number below PROCESSES, where several share the database.
        """
        self._clock = clock
        self._last = beyond // BLOCK
        self._number = number
        self._used = BLOCK
        self._block = 0

    def block(self) -> int:
        """The first of BLOCK new ids."""
        self._last = max(self._last + 1, self._clock.now())
        if self._number is not None:
            self._last += (self._number() - self._last) % PROCESSES
        return self._last * BLOCK

    def one(self) -> int:
        if self._used == BLOCK:
            self._block, self._used = self.block(), 0
        self._used += 1
        return self._block + self._used - 1
