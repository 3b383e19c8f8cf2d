"""A sender account's rate limit, kept so that the provider never counts more than it allows.

A token bucket of `rate` tokens, but a token comes back one window (a second) after the *answer* to the send that used it, not
after the send: a provider counts arrivals, and between our send and its answer we cannot know when it arrived. So no window at the
provider ever holds more than `rate` messages, whatever the network does; the price is the latency (rate / (1 s + latency)).
`burst` is how many may go at once; the rest of the second's tokens then follow evenly.
"""

from __future__ import annotations

import asyncio
from collections import deque

from hub.clock import Clock

# Seconds. What floating point loses must not make a sleeper wake a hair too early, over and over.
ROUNDING = 1e-6


class Limiter:
    """`rate` in messages a second, 0 for no limit. Every `take` must be followed by one `answered`."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._clock = clock
        self._rate = rate
        self._tokens = max(1, int(rate))
        self._window = self._tokens / rate if rate else 0.0
        self._burst = min(burst, self._tokens)
        self._bucket = float(self._burst)
        self._filled_at = clock.monotonic()
        self._returns: deque[float] = deque()
        self._answered = asyncio.Event()

    async def take(self) -> None:
        """Wait for a token. Callers come one at a time (the dispatcher's turn)."""
        if not self._rate:
            return
        while (wait := self._wait()) > 0:
            await self._clock.wait(self._answered, wait)
        self._tokens -= 1
        self._bucket -= 1

    def answered(self) -> None:
        """The provider answered (or the connection ended): the token comes back one window from now."""
        if not self._rate:
            return
        self._returns.append(self._clock.monotonic() + self._window + 2 * ROUNDING)
        self._answered.set()

    def _wait(self) -> float:
        """Seconds until a token may be there; 0 if one is."""
        now = self._clock.monotonic()
        while self._returns and self._returns[0] <= now + ROUNDING:
            self._returns.popleft()
            self._tokens += 1
        self._bucket = min(self._burst, self._bucket + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return self._returns[0] - now if self._returns else self._window
        short = (1 - self._bucket) / self._rate
        return short if short > ROUNDING else 0.0
