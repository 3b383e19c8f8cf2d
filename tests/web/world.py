"""The small world of the web's tests: a real hub on a real file, a channel that takes everything, keys of every role, a client."""

from __future__ import annotations

import hashlib
import hmac
import io
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from hub.channel import Accepted, AckSeen, Can, Event, Finding, HookRefused, Outbound, RawUpdate, Result
from hub.clock import SystemClock, to_datetime
from hub.domain import Handle, ReceiptKind, Role
from hub.service import Hub
from hub.store.sealed_columns import How, judged
from hub.store.sealing import sealer

API = "/api/v1"
KEYS = {role: f"bs_{role}_for-tests" for role in Role}
HOOK_SECRET = b"hook-secret"
SEGHWAERT = {"areaDesc": "Seghwaert", "geocode": [{"valueName": "CBS-WK", "value": "WK063703"}]}
CODES = {"BU06370300", "BU06370301"}


class TurnableClock(SystemClock):
    """The machine's clock, that a test may put forward."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now(self) -> int:
        return super().now() + self.ahead_ms

    def turn(self, seconds: float) -> None:
        self.ahead_ms += round(seconds * 1000)


@dataclass
class FakeChannel:
    """Takes every message; its hooks are signed bodies `[[handle, data], …]`, each a tap on a button."""

    name: str = "whatsapp"
    account: str = "main"
    can: Can = field(default_factory=lambda: Can(frozenset(ReceiptKind), frozenset({"button"}), True, 4096))
    sent: list[Outbound] = field(default_factory=list)

    async def open(self) -> None: ...

    async def send(self, outbound: Outbound) -> Result:
        self.sent.append(outbound)
        return Accepted(f"ref-{outbound.delivery_id}")

    async def say(self, handle: Handle, text: str) -> Result:
        return Accepted("said")

    async def examine(self) -> Sequence[Finding]:
        return [Finding(True, "fake")]

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        return [AckSeen(Handle(handle), data, at=at) for handle, data, at in orjson.loads(update.body)]

    async def close(self) -> None: ...

    def check_headers(self, headers: Mapping[str, str]) -> None:
        if "X-Signature" not in headers:
            raise HookRefused

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        if not hmac.compare_digest(headers.get("X-Signature", ""), signature(body)):
            raise HookRefused
        return RawUpdate(body, key=headers.get("X-Key", ""))

    def challenge(self, query: Mapping[str, str]) -> str | None:
        return query.get("hub.challenge") if query.get("hub.verify_token") == "verify-me" else None


def signature(body: bytes) -> str:
    return hmac.new(HOOK_SECRET, body, hashlib.sha256).hexdigest()


@dataclass
class World:
    """`database` is the file the hub keeps; a test may look in it with its own connection."""

    hub: Hub
    client: TestClient[Any, Any]
    clock: TurnableClock
    channel: FakeChannel
    database: Path

    async def call(
        self,
        method: str,
        path: str,
        role: Role | None = Role.POLICE,
        *,
        body: Any = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> ClientResponse:
        sent = dict(headers or {})
        if role is not None:
            sent.setdefault("Authorization", f"Bearer {KEYS[role]}")
        if body is not None:
            sent.setdefault("Content-Type", content_type)
        raw = body if isinstance(body, bytes | None) else orjson.dumps(body)
        data = None if raw is None else io.BytesIO(raw)  # aiohttp warns of large bodies given as bytes
        return await self.client.request(method, path, data=data, headers=sent, allow_redirects=False)

    async def get(self, path: str, role: Role | None = Role.POLICE, **more: Any) -> ClientResponse:
        return await self.call("GET", path, role, **more)

    async def post(self, alert: Any, *, query: str = "", **more: Any) -> ClientResponse:
        return await self.call("POST", f"{API}/alerts{query}", body=alert, **more)

    async def accepted(self, alert: Any) -> dict[str, Any]:
        response = await self.post(alert)
        answer: dict[str, Any] = await response.json()
        assert response.status == 202, answer
        return answer

    async def tap(self, handle: str, data: str) -> ClientResponse:
        body = orjson.dumps([[handle, data, self.clock.now()]])
        return await self.call("POST", "/hooks/whatsapp", None, body=body, headers={"X-Signature": signature(body)})

    async def relayed(self, alert: Any) -> dict[str, Any]:
        """Accepted, sent to everybody, and forwarded in Anna's neighbourhood; for a hub whose loops run."""
        accepted = await self.accepted(alert)
        stream = await self.get(f"{API}/alerts/{accepted['id']}/events")
        await until(stream, "alert", state="relayed")
        (anna,) = [one for one in self.channel.sent if one.handle.value == "+31612340001"][-1:]
        await self.tap(anna.handle.value, anna.actions[1].data)
        await until(stream, "coverage")
        stream.close()
        return accepted

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read by another connection: only what is committed."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def opened(self, table: str, *columns: str, more: str = "") -> list[tuple[Any, ...]]:
        """These columns of a table, with what is sealed opened."""
        how = judged(table)
        return [
            tuple(
                value if how[name] is not How.SEALED or value is None else open_value(value, f"{table}.{name}")
                for name, value in zip(columns, row, strict=True)
            )
            for row in self.rows(f"SELECT {', '.join(columns)} FROM {table} {more}")
        ]

    def in_hours(self, hours: float) -> str:
        return to_datetime(self.clock.now() + round(hours * 3_600_000)).isoformat(timespec="seconds")


def an_alert(info: Mapping[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    return {
        "info": [
            {
                "event": "Woninginbraak",
                "headline": "Woninginbraak op heterdaad",
                "description": "Man, donkere jas.",
                "area": [SEGHWAERT],
                **(info or {}),
            }
        ],
        **top,
    }


@dataclass(frozen=True)
class Told:
    """One event of a live stream."""

    id: str
    kind: str
    data: Any


async def events(response: ClientResponse) -> AsyncIterator[Told]:
    """The events of a stream as they come; comments and the reconnect hint are passed over."""
    fields: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "event" in fields:
            yield Told(fields.get("id", ""), fields["event"], orjson.loads(fields["data"]))
        fields = {}


async def until(response: ClientResponse, kind: str, /, **wanted: Any) -> list[Told]:
    """Events up to the first of this kind whose data has these values, that one included."""
    seen = []
    async for one in events(response):
        seen.append(one)
        if one.kind == kind and all(one.data.get(name) == value for name, value in wanted.items()):
            return seen
    raise AssertionError(f"the stream ended without {kind} {wanted}: {[one.kind for one in seen]}")


def open_value(value: str | bytes, where: str) -> str | bytes:
    if isinstance(value, str):
        return sealer().open(value, where)
    return sealer().open_bytes(value, where)
