"""A new master key: the database names it, then every sealed value's own key is wrapped with it. What is sealed stays as it is.

May run while hubs serve (they look for a new key every few seconds), and again after it was broken off: what is done is passed
over, and the old key goes from the database's list last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tortoise import Tortoise

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.engine import Engine
from hub.store.marks import marked
from hub.store.sealing import Sealed, SealedBytes, Sealer, key_id, place_of, use
from hub.store.sealing_keys import KNOWN, given_keys, new_key_file, proved

BATCH = 500
NOTICED_SECONDS = 15.0
"""By then every hub seals with the new key: three of the watchdog's looks (relay/watchdog.py)."""
NAME = "INSERT INTO sealing_key (number, key_id, lookup, since) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (number) DO NOTHING"
DROP_OLDER = "DELETE FROM sealing_key WHERE number < ?1"


@dataclass(frozen=True, slots=True)
class Rotated:
    """`key`: the id of the one that is in use now. `values`: how many were wrapped anew, this time."""

    key: str
    values: int


class Rotating:
    def __init__(self, engine: Engine, database: Database, clock: Clock) -> None:
        self._engine = engine
        self._database = database
        self._clock = clock

    async def rotate(self, told: Callable[[str, int], None] = lambda table, count: None) -> Rotated:
        """To a new key of the file, or to the first that settings give. `told`: table, values done. Raises Refused."""
        number, sealing = await self._begun()
        use(sealing)
        named_at = self._clock.monotonic()
        count = 0
        while True:
            late = self._clock.monotonic() - named_at >= NOTICED_SECONDS
            wrapped = await self._wrap_all(sealing, told)
            count += wrapped
            if late and not wrapped:
                break
            await self._clock.sleep(max(0.0, NOTICED_SECONDS - (self._clock.monotonic() - named_at)))
        await self._engine.write((self._marked(DROP_OLDER), number))
        return Rotated(sealing.key_id, count)

    async def _begun(self) -> tuple[int, Sealer]:
        """The number of the new key in the database's list, and what seals with it: begun now, or before and broken off."""
        rows = await self._engine.read(KNOWN)
        newest = rows[-1][1]
        keys = await asyncio.to_thread(given_keys, self._database)
        if len(rows) == 1 and keys and key_id(keys[0]) == newest:
            if not self._database.has_key_file:
                raise Refused(
                    "The key was not rotated",
                    [
                        Mistake(
                            "database.key",
                            "give the new key first and the one of now after it, and start the hubs anew",
                        )
                    ],
                )
            keys = await asyncio.to_thread(new_key_file, self._database, keys)
        known = [(str(name), str(lookup)) for _, name, lookup in rows]
        now = proved(self._database, known, keys)
        number = int(rows[-1][0])
        if key_id(keys[0]) == newest:
            return number, now
        sealing = now.followed_by(keys[0])
        await self._engine.write(
            (self._marked(NAME), number + 1, sealing.key_id, sealing.wrapped_lookup(), self._clock.now())
        )
        return number + 1, sealing

    async def _wrap_all(self, sealing: Sealer, told: Callable[[str, int], None]) -> int:
        total = 0
        for table, key, columns in sealed_tables():
            count = 0
            async for statements in self._old(sealing, table, key, columns):
                await self._engine.write(*statements)
                count += len(statements)
            if count:
                told(table, count)
            total += count
        return total

    async def _old(self, sealing: Sealer, table: str, key: Any, columns: dict[str, str]) -> Any:
        """Statements that wrap anew what is wrapped by another key, a batch at a time. What was changed meanwhile is let alone."""
        listed = ", ".join(f'"{one}"' for one in (key.model_field_name, *columns))
        page = self._marked(
            f'SELECT {listed} FROM "{table}" WHERE "{key.model_field_name}" > ?1 ORDER BY 1 LIMIT {BATCH}'  # noqa: S608
        )
        last: Any = "" if key.field_type is str else -1
        while rows := await self._engine.read(page, last):
            last = rows[-1][0]
            yield [
                (self._marked(_WRAP.format(table=table, column=column, key=key.model_field_name)), row[0], old, new)
                for row in rows
                for (column, where), old in zip(columns.items(), row[1:], strict=True)
                if (new := _rewrapped(sealing, old, where)) != old
            ]

    def _marked(self, sql: str) -> str:
        return marked(sql, on_postgres=self._database.on_postgres)


_WRAP = 'UPDATE "{table}" SET "{column}" = ?3 WHERE "{key}" = ?1 AND "{column}" = ?2'


def _rewrapped(sealing: Sealer, old: Any, where: str) -> Any:
    if not old:
        return old
    return sealing.rewrap(old, where) if isinstance(old, str) else sealing.rewrap_bytes(bytes(old), where)


def sealed_tables() -> Iterator[tuple[str, Any, dict[str, str]]]:
    """(table, its key's field, column → where it is sealed for) of every model that has sealed columns."""
    for model in (Tortoise.apps or {})["hub"].values():
        fields = [one for one in model._meta.fields_map.values() if isinstance(one, Sealed | SealedBytes)]
        if fields:
            yield model._meta.db_table, model._meta.pk, {one.model_field_name: place_of(one) for one in fields}
