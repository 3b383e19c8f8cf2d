"""How long to wait before trying again: doubling, with jitter, so that a provider that comes back is not met by a crowd."""

from __future__ import annotations

from random import Random
from secrets import SystemRandom


class Backoff:
    """Seconds after so many tries: first, 2 × first, 4 × first … at most `most`, of which a random half is taken off."""

    def __init__(self, first: float, most: float, rng: Random | SystemRandom) -> None:
        self._first = first
        self._most = most
        self._rng = rng

    def __call__(self, tries: int) -> float:
        full = min(self._most, self._first * 2.0 ** min(tries, 30))
        return full * (0.5 + self._rng.random() / 2)
