"""A sender account's rate limit, kept so that the provider never counts more than it allows.

A token bucket of `rate` tokens, but a token comes back one window (a second) after the *answer* to the send that used it, not
after the send: a provider counts arrivals, and between our send and its answer we cannot know when it arrived. So no window at the
provider holds more than `rate` messages, unless one took longer than ARRIVED to get there; the price is the latency (rate / (1 s +
latency)). A message unanswered for ARRIVED counts as arrived: recipients that hang must not cost the others their tokens.
`burst` is how many may go at once; the rest of the second's tokens then follow evenly.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools

from hub.clock import Clock

# Seconds. What floating point loses must not make a sleeper wake a hair too early, over and over.
ROUNDING = 1e-6
# Seconds. A request crosses the internet in tenths of one, or it is lost; what takes longer waits for the answer.
ARRIVED = 1.0

Token = list[float]
"""[when it comes back]; -1 once it has."""


class Limiter:
    """`rate` in messages a second, 0 for no limit. Each `take` is followed by one `answered` with its token."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._clock = clock
        self._rate = rate
        self._tokens = max(1, int(rate))
        self._window = self._tokens / rate if rate else 0.0
        self._burst = min(burst, self._tokens)
        self._bucket = float(self._burst)
        self._filled_at = clock.monotonic()
        self._returns: list[tuple[float, int, Token]] = []
        self._count = itertools.count()
        self._answered = asyncio.Event()

    def wait(self) -> float:
        """Seconds until a token may be there; 0 if one is."""
        if not self._rate:
            return 0.0
        now = self._clock.monotonic()
        while self._returns and self._returns[0][0] <= now + ROUNDING:
            moment, _, token = heapq.heappop(self._returns)
            if token[0] == moment:  # else it came back earlier
                token[0] = -1
                self._tokens += 1
        self._bucket = min(self._burst, self._bucket + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return self._returns[0][0] - now
        short = (1 - self._bucket) / self._rate
        return short if short > ROUNDING else 0.0

    def left(self) -> float:
        """How many may go at this moment."""
        if not self._rate:
            return float("inf")
        self.wait()
        return float(min(self._bucket, self._tokens))

    def take(self) -> Token:
        """Use a token; only when `wait` is 0."""
        if not self._rate:
            return []
        self._tokens -= 1
        self._bucket -= 1
        token: Token = [0.0]
        self._return(token, ARRIVED)
        return token

    def answered(self, token: Token) -> None:
        """The provider answered, or the connection ended: the token comes back one window from now at the latest."""
        if token and self._clock.monotonic() + self._window + 2 * ROUNDING < token[0]:
            self._return(token, 0.0)
            self._answered.set()

    async def until_token(self, seconds: float) -> None:
        """Wait so long, or until an answer may have brought a token nearer."""
        await self._clock.wait(self._answered, seconds)

    def _return(self, token: Token, after: float) -> None:
        token[0] = self._clock.monotonic() + after + self._window + 2 * ROUNDING
        heapq.heappush(self._returns, (token[0], next(self._count), token))
