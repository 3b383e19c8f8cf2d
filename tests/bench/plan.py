"""How a benchmark is to be run: on which stores, how often, how large; and how its numbers are summed up."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

STORES = ("sqlite", "postgres")
SMALLER = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """`small`: a smoke test, a twentieth of each size; its numbers say nothing."""

    stores: tuple[str, ...] = STORES
    runs: int = 5
    small: bool = False

    def size(self, full: int) -> int:
        return max(full // SMALLER, 1) if self.small else full


def centile(numbers: Sequence[float], hundredths: int) -> float:
    return sorted(numbers)[min(len(numbers) * hundredths // 100, len(numbers) - 1)]


def summed(numbers: Sequence[float], form: str = ",.0f") -> str:
    """The median, and in brackets what the runs lay between."""
    return f"{statistics.median(numbers):>8{form}}  ({min(numbers):{form}}–{max(numbers):{form}})"


def ratios(ours: Sequence[float], floors: Sequence[float]) -> list[float]:
    """Run by run: what the machine did otherwise meanwhile is in both."""
    return [one / floor for one, floor in zip(ours, floors, strict=True)]


def spread(times: Sequence[float]) -> str:
    """Milliseconds."""
    return f"p50 {centile(times, 50):>7.2f} ms   p99 {centile(times, 99):>7.2f} ms"
