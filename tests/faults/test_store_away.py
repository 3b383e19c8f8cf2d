"""The disk is full, read-only, or held by somebody else: refused clearly, nothing half stored, and all well again by itself."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import orjson
import pytest

from hub.store.engine import StoreUnavailable
from hub.store.measured import MeasuredEngine
from hub.store.sqlite.engine import SqliteEngine
from tests.walk.world import APP_SECRET, Walk, alert, until, walking

PEOPLE = 30
ROWS = [f"W{i},whatsapp,50,BU06370300,W {i},nl,whatsapp,+316000{i:05d},1" for i in range(PEOPLE)]
LARGE = "x" * 100_000
Trouble = Callable[[Walk], AbstractAsyncContextManager[None]]


def writer(walk: Walk) -> sqlite3.Connection:
    """The connection that writes: what happens to it is as good as what happens to the disk."""
    engine = walk.hub.store.engine
    assert isinstance(engine, MeasuredEngine) and isinstance(engine._engine, SqliteEngine)
    return engine._engine._connections[0]


@asynccontextmanager
async def full(walk: Walk) -> AsyncIterator[None]:
    """Not a page more."""
    (pages,) = writer(walk).execute("PRAGMA page_count").fetchone()
    writer(walk).execute(f"PRAGMA max_page_count={pages}")
    yield
    writer(walk).execute("PRAGMA max_page_count=1000000")


@asynccontextmanager
async def read_only(walk: Walk) -> AsyncIterator[None]:
    """What the system makes of a disk with errors."""
    writer(walk).execute("PRAGMA query_only=ON")
    yield
    writer(walk).execute("PRAGMA query_only=OFF")


@asynccontextmanager
async def locked(walk: Walk) -> AsyncIterator[None]:
    """Another program holds it for longer than we wait."""
    writer(walk).execute("PRAGMA busy_timeout=1")
    with closing(sqlite3.connect(walk.hub.settings.database.sqlite_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def reached(walk: Walk) -> list[int]:
    """Messages on each phone."""
    return [sum(not b.mine for b in walk.whatsapp.chat(f"+316000{i:05d}")) for i in range(PEOPLE)]


async def told(walk: Walk, path: str, body: bytes, **headers: str) -> tuple[int, str | None]:
    """(status, Retry-After) of a POST."""
    async with walk.session.post(walk.url + path, data=body, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After")


@pytest.mark.parametrize("trouble", [full, read_only, locked])
async def test_in_mid_relay(trouble: Trouble, tmp_path: Path) -> None:
    update = orjson.dumps({"object": "whatsapp_business_account", "entry": [], "padding": LARGE})
    signature = "sha256=" + hmac.new(APP_SECRET.encode(), update, hashlib.sha256).hexdigest()
    large = alert(identifier="P-2")
    large["info"][0]["description"] = LARGE[:10_000]
    async with walking(tmp_path, ROWS, whatsapp={"rate": 20, "burst": 5}) as walk:
        first = await walk.post(**alert(identifier="P-1"))

        async def some() -> bool:
            return sum(reached(walk)) >= PEOPLE // 3

        await until(some)
        async with trouble(walk):
            refused = await told(walk, "/api/v1/alerts", orjson.dumps(large), **{"Content-Type": "application/json"})
            assert refused == (503, "5")
            assert (await told(walk, "/hooks/whatsapp", update, **{"X-Hub-Signature-256": signature}))[0] == 503
            with pytest.raises(StoreUnavailable):
                await walk.hub.store.receipts.keep("whatsapp", "main", [("", update)], 0)
            assert [one["id"] for one in (await walk.get("/api/v1/alerts"))["items"]] == [first["id"]]
        assert (await walk.post(**large))["identifier"] == "P-2"

        async def everybody() -> bool:
            view = await walk.state(first)
            return bool(sum(view["deliveries"][state] for state in ("sent", "delivered", "read")) == PEOPLE)

        await until(everybody)
        rows = await walk.deliveries(first)
        assert sum(one["possibleDuplicates"] for one in rows) == 0
