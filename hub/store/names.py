"""The names of all admins, opened and kept in memory: a database can neither search nor sort what is sealed.

Each look asks the database which there are; only those that are new or were changed are opened, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from hub.store.engine import Engine
from hub.store.sealing import Sealer, sealer

SEALED = "SELECT id, name FROM admin"


class Names:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[int, tuple[str, str]] = {}

    async def like(self, text: str) -> set[int]:
        """Admins with this in their name, capitals or not."""
        part = text.lower()
        return {number for number, (_, name) in (await self._all()).items() if part in name}

    async def ordered(self, ids: Collection[int], *, last_first: bool) -> list[int]:
        """By name as people sort them, capitals or not; the id makes the order whole."""
        known = await self._all()
        by_name = sorted((known[one][1], one if not last_first else -one) for one in ids if one in known)
        return [-one for _, one in reversed(by_name)] if last_first else [one for _, one in by_name]

    async def _all(self) -> dict[int, tuple[str, str]]:
        """Id → (sealed, in small letters)."""
        rows = await self._engine.read(SEALED)
        known, nobody = self._known, ("", "")
        new = [(number, sealed) for number, sealed in rows if known.get(number, nobody)[0] != sealed]
        if new:
            known = known | await asyncio.to_thread(_opened, sealer(), new)
        if len(known) > len(rows):
            there = {number for number, _ in rows}
            known = {number: name for number, name in known.items() if number in there}
        self._known = known
        return known


def _opened(sealing: Sealer, rows: Sequence[tuple[int, str]]) -> dict[int, tuple[str, str]]:
    return {number: (sealed, sealing.open(sealed, "admin.name").lower()) for number, sealed in rows}
