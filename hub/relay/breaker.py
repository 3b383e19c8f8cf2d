"""A sender account's circuit breaker: when the provider is down we stop asking, and try again with one message.

While it is open nothing is claimed, so no delivery uses up its tries on a provider that is not there.
"""

from __future__ import annotations

import asyncio

from hub.clock import Clock


class Breaker:
    """Opens after `failures` in a row, or at once on `trip`; for `first` seconds, doubling to `most` while probes fail."""

    def __init__(self, failures: int, first: float, most: float, clock: Clock) -> None:
        self._clock = clock
        self._limit = failures
        self._first = first
        self._most = most
        self._in_a_row = 0
        self._open_for = first
        self._open_until: float | None = None
        self._opened_at = 0.0
        self._good_at = float("-inf")
        self._probing = False
        self.changed = asyncio.Event()
        self.reason = ""

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    def open_for(self) -> float:
        """Seconds since it opened, whatever probes have failed meanwhile; 0 while it is closed."""
        return self._clock.monotonic() - self._opened_at if self.is_open else 0.0

    def wait(self) -> float:
        """Seconds to wait before a send; 0 if one may go (when open: one, the probe, until its result is in)."""
        if self._open_until is None:
            return 0.0
        if self._probing:
            return self._first
        return max(0.0, self._open_until - self._clock.monotonic())

    def sending(self) -> None:
        """A send begins; while open it is the probe."""
        self._probing = self._open_until is not None

    def succeeded(self) -> None:
        """The provider answered sensibly."""
        self._in_a_row = 0
        self._good_at = self._clock.monotonic()
        if self._open_until is not None:
            self._open_until, self._open_for, self._probing = None, self._first, False
            self.changed.set()

    def failed(self, reason: str, began: float = float("inf")) -> None:
        """The provider did not answer, or with an error of its own, to a send begun at `began` (monotonic seconds).

        A send begun before the last good answer came says nothing of now: a few recipients that hang until the timeout, all at
        once, are not an outage.
        """
        if self._open_until is None and began <= self._good_at:
            return
        self._in_a_row += 1
        if self._open_until is not None or self._in_a_row >= self._limit:
            self.trip(reason)

    def trip(self, reason: str, retry_after: float | None = None) -> None:
        """Open now: the account itself is refused or limited; `retry_after` in seconds where the provider named it."""
        if self._open_until is not None and not self._probing:
            return  # the stragglers of the same outage must not double the wait
        if self._open_until is None:
            self._opened_at = self._clock.monotonic()
        seconds = max(0.0, retry_after) if retry_after is not None else self._open_for
        self._open_until = self._clock.monotonic() + seconds
        self._open_for = min(self._most, self._open_for * 2)
        self._probing = False
        self.reason = reason
        self.changed.set()
