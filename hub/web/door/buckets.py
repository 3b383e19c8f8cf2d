"""Token buckets by name, in memory of this process and of bounded size: so many at once, and so many a second after that."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_NAMES: Final = 50_000
"""About 10 MB. Whoever was seen longest ago is forgotten first: by then their bucket is mostly full again."""


class Buckets:
    """Each is kept as the moment at which it is full again (GCRA): one number a name."""

    def __init__(self, rate: float, burst: int, most: int = MOST_NAMES) -> None:
        """`rate` a second; 0 for no limit."""
        self._rate = rate
        self._burst = burst
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, name: str, now: float) -> float:
        """Seconds until there is one to take; 0.0 if there is."""
        if not self._rate:
            return 0.0
        return max(0.0, self._full_at.get(name, now) - now - (self._burst - 1) / self._rate)

    def take(self, name: str, now: float) -> float:
        """Takes one and answers 0.0; or takes none, and answers the seconds until there is one."""
        waiting = self.wait(name, now)
        if not waiting and self._rate:
            self._full_at[name] = max(self._full_at.get(name, now), now) + 1 / self._rate
            self._full_at.move_to_end(name)
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return waiting
