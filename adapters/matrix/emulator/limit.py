"""Synapse's limiter: a leaking bucket for each user."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Limit:
    """`burst` at once, and `per_second` in the long run (0: no limit)."""

    per_second: float
    burst: int
    _held: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def take(self, user: str, now: float) -> float:
        """0 and counted, or the seconds until there is room; `now` in seconds."""
        if not self.per_second:
            return 0.0
        held, since = self._held.get(user, (0.0, now))
        held = max(0.0, held - (now - since) * self.per_second)
        if held > self.burst - 1:
            return (held - self.burst + 1) / self.per_second
        self._held[user] = (held + 1, now)
        return 0.0
