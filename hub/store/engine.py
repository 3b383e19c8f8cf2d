"""What the queue asks of a database: whole units written, single reads, and nothing of a caller's cancellation.

The verbs (outbox, alerts, receipts, …) hand over statements of their dialect's `queries`. Two engines: sqlite/ and postgres/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from tortoise.exceptions import IntegrityError, OperationalError, ValidationError

Statement = tuple[Any, ...]
"""(sql, parameter, …). A list is a batch of values, `Rows` one of rows, a dict is JSON."""

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of rows as one parameter of a statement: one JSON text on SQLite, one array a column on PostgreSQL."""

    columns: int
    rows: Sequence[Sequence[Any]]


P = ParamSpec("P")
T = TypeVar("T")


class NeverStored(LookupError):
    """A value that its column does not hold, such as an id that is too long: nothing can be found by it."""


class StoreUnavailable(Exception):
    """The database did not take the unit: nothing of it was stored. The text says why.

    Where a server was lost in the very moment of the commit it may be stored after all, so every verb can be done again.
    """


class Engine(Protocol):
    async def write(self, *statements: Statement) -> list[list[Row]]:
        """One transaction; the rows of each statement. On disk when it returns. A cancelled caller does not undo or stop it."""
        ...

    async def read(self, sql: str, *parameters: Any) -> list[Row]:
        """Committed rows; never waits for a writer."""
        ...

    async def read_together(self, *statements: Statement) -> list[list[Row]]:
        """Several reads of one moment: what is committed in between is in all of them or in none."""
        ...

    async def tell(self, text: str) -> None:
        """Every process on this database hears it, this one too: a wake-up of less than 8,000 bytes that may be lost."""
        ...

    def hear(self, callback: Callable[[str], None]) -> None:
        """`callback` gets every text told from now on, in the event loop; it must not wait."""
        ...

    async def ping(self) -> None:
        """Proves that writer and reader answer; raises StoreUnavailable."""
        ...

    async def close(self) -> None:
        """Finishes what waits, then closes."""
        ...


async def uninterrupted(work: asyncio.Future[T]) -> T:
    """Wait for work that goes on when whoever waits for it is cancelled."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        # Nobody is left to hear of a failure; without this asyncio would complain of one never retrieved.
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise


def shielded(verb: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Awaitable[T]]:
    """A Tortoise unit that runs to its end in its own task, whatever happens to its caller.

    Cancelling Tortoise in a transaction can freeze its connection or lose acknowledged writes (stack notes T1, T2).
    """

    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await verb(*args, **kwargs)
        except IntegrityError:
            raise
        except OperationalError as error:
            raise StoreUnavailable(f"the database cannot be used: {error}") from error
        except ValidationError as error:
            raise NeverStored from error

    @wraps(verb)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        return await uninterrupted(asyncio.ensure_future(told(*args, **kwargs)))

    return whole
