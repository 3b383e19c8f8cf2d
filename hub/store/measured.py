"""An engine whose units are timed and whose failures are counted: what every verb is handed by store/database.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.clock import Clock
from hub.measures import Measures
from hub.store.engine import Engine, Row, Statement, StoreUnavailable


class MeasuredEngine:
    """Does what the engine below it does. Only StoreUnavailable counts as an error: all else is the statement's own fault."""

    def __init__(self, engine: Engine, measures: Measures, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._written, self._read = measures.store.of("write"), measures.store.of("read")
        self._unwritten, self._unread = measures.store_errors.labels("write"), measures.store_errors.labels("read")

    async def write(self, *statements: Statement) -> list[list[Row]]:
        began = self._clock.monotonic()
        try:
            return await self._engine.write(*statements)
        except StoreUnavailable:
            self._unwritten.inc()
            raise
        finally:
            self._written.add(self._clock.monotonic() - began)

    async def read(self, sql: str, *parameters: Any) -> list[Row]:
        return (await self.read_together((sql, *parameters)))[0]

    async def read_together(self, *statements: Statement) -> list[list[Row]]:
        began = self._clock.monotonic()
        try:
            return await self._engine.read_together(*statements)
        except StoreUnavailable:
            self._unread.inc()
            raise
        finally:
            self._read.add(self._clock.monotonic() - began)

    async def tell(self, text: str) -> None:
        await self._engine.tell(text)

    def hear(self, callback: Callable[[str], None]) -> None:
        self._engine.hear(callback)

    async def ping(self) -> None:
        await self._engine.ping()

    async def close(self) -> None:
        await self._engine.close()
