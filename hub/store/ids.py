"""Ids of our own making: 64-bit numbers that grow with time, never handed out twice, the same kind on every database."""

from __future__ import annotations

from collections.abc import Callable

from hub.clock import Clock

BLOCK = 1 << 20
"""How many ids one block holds: more than any one statement makes rows."""

FRESH_MS = 1000
"""Ids tell the time to the second: of deliveries made since some moment, and which of two is the older."""

TABLES = (
    *("watch_group", "admin", "address", "group_chat", "delivery", "widening", "alert_draft", "application", "sign"),
    *("public_text", "mail", "contact_request", "contact_copy", "neighbour_report", "consent"),
)
"""Those whose ids are made here."""
HIGHEST = f"""SELECT COALESCE(MAX(id), 0) FROM (
    {" UNION ALL ".join(f"SELECT MAX(id) AS id FROM {table}" for table in TABLES)}
    UNION ALL SELECT MAX(lease) FROM delivery WHERE state = 1) highest"""  # noqa: S608  # our own tables
"""The highest that a database holds; leases are drawn from here too."""

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
        self._next = self._end = 0

    def block(self, most: int = BLOCK) -> int:
        """The first of `most` new ids, one after the other. Who needs few says so: a block then lasts for a second's worth."""
        now = self._clock.now()
        if most > self._end - self._next or now - self._last > FRESH_MS:
            self._last = max(self._last + 1, now)
            if self._number is not None:
                self._last += (self._number() - self._last) % PROCESSES
            self._next, self._end = self._last * BLOCK, (self._last + 1) * BLOCK
        self._next += most
        return self._next - most

    def one(self) -> int:
        return self.block(1)
