"""Sign-ins that are refused, on their way to the audit chain: who is guessing and how often, and never an entry for each guess.

Of those for one account from one address the 1st, 2nd, 4th, 8th … of an hour is noted, with how many they were by then. So a run
of ten thousand is fourteen entries, its length known to a factor of two, and nothing is left to be noted later by a process that
may be gone by then. In memory, of each process.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

HOUR_MS: Final = 3_600_000
MOST_RUNS: Final = 100
"""Told apart in an hour. Who has more addresses than that is noted as one; for which account they try stays told."""


class Refusals:
    def __init__(self) -> None:
        self._hour = -1
        self._times: Counter[tuple[str, str]] = Counter()

    def count(self, subject: str, address: str, now: int) -> int:
        """How many they are by now, where that is to be noted; else 0. `subject`: the account tried, '' for one there is not."""
        if now // HOUR_MS != self._hour:
            self._hour, self._times = now // HOUR_MS, Counter()
        run = (subject, address)
        if run not in self._times and len(self._times) >= MOST_RUNS:
            run = (subject, "")
        self._times[run] += 1
        times = self._times[run]
        return 0 if times & (times - 1) else times
