"""Tortoise's asyncpg backend with the faults mended that leak connections or kill a task when it is cancelled or BEGIN fails.

Tortoise 1.1.9 (a) keeps its connection for ever when cancelled between taking it and BEGIN, (b) keeps a broken transaction in a
task's context after a failed BEGIN, so that every later query of that task fails, (c) lets a task started inside a transaction go
on in it after its end, (d) tells connection trouble as asyncpg's own errors, and quotes the row (a handle) in an IntegrityError.
One thing more is as on SQLite: transactions are one after the other, in whatever process, so that two imports at once do not meet.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    ConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from hub.store.engine import StoreUnavailable
from hub.store.ids import PROCESSES
from hub.store.postgres.connecting import ACQUIRE_SECONDS, LOCKS, open_pool, told
from hub.store.uninterrupted import uninterrupted

TRANSACTIONS = PROCESSES + 1
"""The advisory lock after that for migrating."""

CONNECTIONS = 3
"""Directory, map and keys: rarely more than one at a time."""


class _Transaction(TransactionContextPooled):
    async def __aenter__(self) -> TransactionalDBClient:
        await uninterrupted(self.ensure_connection())
        parent: Any = self.client._parent
        pool = parent._pool
        connection = await parent._translated(pool.acquire(timeout=ACQUIRE_SECONDS))
        self.client._connection = connection
        try:
            await uninterrupted(self.client.begin())
        except BaseException:
            # BEGIN may have been done when the cancellation came.
            connection.terminate()
            await uninterrupted(pool.release(connection))
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        await uninterrupted(self._end(failed=exc_type is not None))

    async def _end(self, failed: bool) -> None:
        client, connection = self.client, self.client._connection
        try:
            if not client._finalized:
                await (client.rollback() if failed else client.commit())
        except BaseException:
            connection.terminate()
            if not failed:  # else what failed is told
                raise
        finally:
            client._finalized = True
            await client._parent._pool.release(connection)


class _Client(AsyncpgDBClient):
    """What connection and transaction have in common: how errors are told."""

    async def _translated(self, step: Any) -> Any:
        try:
            return await step
        except Exception as error:
            meant = told(error)
            raise (OperationalError(str(meant)) if isinstance(meant, StoreUnavailable) else meant) from None

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._translated(super()._translate_exceptions(_scrubbed(func), *args, **kwargs))


def _scrubbed(func: Any) -> Any:
    async def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return await func(*args, **kwargs)
        except asyncpg.PostgresError as error:
            error.detail = None
            raise

    return run


class _TransactionClient(_Client, TransactionWrapper):
    def acquire_connection(self) -> ConnectionWrapper[Any]:
        if self._finalized:
            raise TransactionManagementError("this transaction has ended (was the task started inside it?)")
        return super().acquire_connection()

    async def begin(self) -> None:
        await super().begin()
        await self.execute_query(f"SELECT pg_advisory_xact_lock({LOCKS}, {TRANSACTIONS})")

    async def commit(self) -> None:
        await self._translated(super().commit())

    async def rollback(self) -> None:
        await self._translated(super().rollback())


class SafePostgresClient(_Client):
    def __init__(self, url: Any, **more: Any) -> None:
        """`url`: the database's address as a pydantic SecretStr, because it may hold a password."""
        super().__init__(**more)
        self._url = url

    async def create_connection(self, with_db: bool) -> None:
        try:
            self._pool = await open_pool(self._url.get_secret_value(), least=1, most=CONNECTIONS)
        except StoreUnavailable as error:
            raise OperationalError(str(error)) from None
        await self._post_connect()

    async def execute_many(self, query: str, values: list[Any]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(_TransactionClient(self), self._pool_init_lock)


client_class = SafePostgresClient
