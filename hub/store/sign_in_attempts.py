"""Verbs on how often signing in failed: who must wait, and who is known where. Only keyed hashes come in here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tortoise.transactions import in_transaction

from hub.store import staff_tables as tables
from hub.store.engine import shielded


@dataclass(frozen=True, slots=True)
class Attempts:
    """`failures` without a success since, the last at `failed_at`. Until `known_until` somebody signed in so of late."""

    failures: int = 0
    failed_at: int = 0
    known_until: int = 0


class SignInAttempts:
    @shielded
    async def begin(self, hashes: Sequence[str], wait: Callable[[list[Attempts]], int], now: int) -> int:
        """Counts a try as failed, for each of these, before it is made: of a hundred at once each sees those before it.

        `wait`: how long (ms) they must wait, by what was counted before. Who must wait has not tried; the answer is how long.
        """
        async with in_transaction():
            await tables.SignInAttempts.bulk_create(
                [tables.SignInAttempts(hash=one) for one in hashes], ignore_conflicts=True
            )
            # In one order, so that two who try at once do not wait for each other.
            rows = await tables.SignInAttempts.filter(hash__in=hashes).order_by("hash").select_for_update()
            found = {row.hash: row for row in rows}
            waiting = wait([_attempts(found[one]) for one in hashes])
            if not waiting:
                for row in rows:
                    await tables.SignInAttempts.filter(hash=row.hash).update(failures=row.failures + 1, failed_at=now)
            return waiting

    @shielded
    async def passed(self, known: str, others: Sequence[str], until: int) -> None:
        """The try was none that failed. `known`: no failures any more, and known until then; `others`: it alone is taken back."""
        async with in_transaction():
            await tables.SignInAttempts.filter(hash=known).update(failures=0, known_until=until)
            for row in await tables.SignInAttempts.filter(hash__in=others, failures__gt=0).order_by("hash"):
                await tables.SignInAttempts.filter(hash=row.hash).update(failures=row.failures - 1)

    @shielded
    async def forget(self, before: int, now: int) -> int:
        """Failures of before that, and who was known until now."""
        return int(await tables.SignInAttempts.filter(failed_at__lt=before, known_until__lte=now).delete())


def _attempts(row: tables.SignInAttempts) -> Attempts:
    return Attempts(row.failures, row.failed_at, row.known_until)
