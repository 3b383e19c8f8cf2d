"""Tortoise's SQLite backend with the faults mended that freeze a process or lose writes when a task is cancelled.

Tortoise 1.1.9 (a) keeps its lock for ever when cancelled between taking it and BEGIN, (b) leaves BEGIN open when a bulk write is
cancelled, so that later commits vanish, (c) lets a task started inside a transaction write into a later one, (d) begins DEFERRED,
so that read-then-write fails at once with "database is locked" (tortoise #1152, #1757, #1675). Used as `engine` in its config.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from tortoise.backends.base.client import ConnectionWrapper, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from hub.store.uninterrupted import uninterrupted


class _Transaction(SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await uninterrupted(self.ensure_connection())
            await uninterrupted(self.connection.begin())
        except BaseException:
            await uninterrupted(self._give_up())
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]  # Tortoise types it Any

    async def _give_up(self) -> None:
        """BEGIN may have been done when the cancellation came: left open, it would swallow everybody's next writes."""
        try:
            if self.connection._connection is not None:
                await self.connection._connection.rollback()
        finally:
            self._trxlock.release()

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        await uninterrupted(self._end(failed=exc_type is not None))

    async def _end(self, failed: bool) -> None:
        try:
            if not self.connection._finalized:
                if failed:
                    await self.connection.rollback()
                else:
                    try:
                        await self.connection.commit()
                    except Exception:
                        await self.connection._connection.rollback()
                        raise
        finally:
            self.connection._finalized = True
            self._trxlock.release()


class _TransactionClient(SqliteTransactionWrapper):
    def acquire_connection(self) -> ConnectionWrapper[Any]:
        if self._finalized:
            raise TransactionManagementError("this transaction has ended (was the task started inside it?)")
        return super().acquire_connection()

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


class SafeSqliteClient(SqliteClient):
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(_TransactionClient(self), self._lock)


client_class = SafeSqliteClient
