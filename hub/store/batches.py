"""A long list a batch at a time: SQLite takes at most 32,766 parameters in a statement, and the event loop is not held for long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

BATCH = 1000
T = TypeVar("T")


def batches(of: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    return (of[start : start + size] for start in range(0, len(of), size))
