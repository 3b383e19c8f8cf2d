"""A hub process's standing connection to PostgreSQL: what other processes tell it, and the number by which it is known apart.

The number is held as an advisory lock, which the server releases when the process dies, however it dies. The connection is made
again when it breaks; what was told meanwhile is missed, so whoever listens also looks by itself now and then.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import asyncpg
import structlog

from hub.domain import Mistake, Refused
from hub.store.engine import StoreUnavailable
from hub.store.ids import PROCESSES
from hub.store.postgres.connecting import LOCKS, connect, told

HEARTBEAT_SECONDS = 5.0
AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Session:
    CHANNEL: ClassVar = "buurtsein"

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self._number = random.randrange(PROCESSES)  # noqa: S311  # where to begin looking
        self._callbacks: list[Callable[[str], None]] = []
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str) -> Session:
        session = cls(url)
        await session._connect()
        session._watch = asyncio.create_task(session._keep(), name="store-session")
        return session

    @property
    def number(self) -> int:
        """From 0 to PROCESSES - 1; no other process on this database has it."""
        return self._number

    def hear(self, callback: Callable[[str], None]) -> None:
        """`callback` gets every text told on this database, those of this process too."""
        self._callbacks.append(callback)

    async def _connect(self) -> None:
        connection = await connect(self._url)
        try:
            await connection.add_listener(self.CHANNEL, self._heard)
            self._number = await _own_number(connection, self._number)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    def _heard(self, connection: Any, process: int, channel: str, text: str) -> None:
        for callback in self._callbacks:
            callback(text)

    async def _keep(self) -> None:
        """For as long as the store is open; a break is told once."""
        while True:
            try:
                await self._alive()
            except Exception as error:
                log.warning("store_session_lost", reason=str(told(error)))
            self._connection.terminate()
            while True:
                with suppress(StoreUnavailable, Refused, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await self._connect()
                    break
                await asyncio.sleep(AGAIN_SECONDS)

    async def _alive(self) -> None:
        """Returns or raises once the connection is of no use any more."""
        ended = asyncio.Event()
        self._connection.add_termination_listener(lambda _: ended.set())
        while not ended.is_set():
            await self._connection.execute("SELECT 1", timeout=HEARTBEAT_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await ended.wait()

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        with suppress(Exception):
            await self._connection.close(timeout=HEARTBEAT_SECONDS)


async def _own_number(connection: Any, first: int) -> int:
    for offset in range(PROCESSES):
        number = (first + offset) % PROCESSES
        if await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, number):
            return number
    raise Refused("Too many hubs use this database", [Mistake("", f"{PROCESSES} processes are the most")])
