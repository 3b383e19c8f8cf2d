"""Verbs on leases: what one hub process alone may do for a while, by the database's clock: those of the machines do not matter.

Nobody hears that a lease has ended: its holder counts the time itself, from before it asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.store.engine import Engine, Rows
from hub.store.queries import Queries

Name = tuple[str, str]
"""(channel, account) of a sender account; what else is leased has a first part that is no channel's name (relay/tenure.py)."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`left`: seconds until it ends by the database's clock; below 0 since it has ended."""

    name: Name
    holder: str
    left: float


class Leases:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def take(
        self, holder: str, names: Sequence[Name], seconds: float, now: int
    ) -> tuple[list[Lease], list[Lease]]:
        """Take or renew those of `names` that are free or ours; every lease as it was just before, and as it is then.

        `now` (ms) is the hub's own time, which counts on SQLite only: there all who ask are on one machine.
        """
        sql, wanted = self._sql, Rows(2, sorted(names))
        before, _, _, after = await self._engine.write(
            (sql.leases, now),
            (sql.renew_leases, now, holder, round(seconds * 1000), wanted),
            (sql.new_leases, now, holder, round(seconds * 1000), wanted),
            (sql.leases, now),
        )
        return [_lease(*row) for row in before], [_lease(*row) for row in after]

    async def release(self, holder: str, names: Sequence[Name], now: int) -> None:
        """Those of them that are this holder's end now; whose they were stays known."""
        await self._engine.write((self._sql.release_leases, now, holder, Rows(2, sorted(names))))

    async def drop(self, now: int, ended_for: float) -> None:
        """Forget the leases that ended so many seconds ago; below 0 also those that end in so many."""
        await self._engine.write((self._sql.drop_leases, now, round(ended_for * 1000)))


def _lease(channel: str, account: str, holder: str, left: int) -> Lease:
    return Lease((channel, account), holder, left / 1000)
