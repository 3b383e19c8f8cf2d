"""The small world of the store's tests: a clock that stands still, people with addresses, alerts, and the steps of a delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hub.clock import to_datetime
from hub.domain import (
    AckKind,
    Address,
    Admin,
    Alert,
    AlertState,
    DeliveryState,
    Group,
    Handle,
    Match,
    MsgType,
    ReceiptKind,
    Status,
)
from hub.settings import Database
from hub.store import tables
from hub.store.accepting import Stored
from hub.store.alerts import Audience, NewAlert, Routes
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store, open_store
from hub.store.outbox import DeliveryView, Outcome
from hub.store.receipts import Beside, Receipt
from tests.store.databases import NewDatabases

START = 1_800_000_000_000
HOUR = 3_600_000
ATTEMPTS = 6
NOTHING_BESIDE: Beside = {}
ROUTES: Routes = {"whatsapp": ["main"], "telegram": ["main"]}


class FakeClock:
    """Stands still until told; its `sleep` only lets others run."""

    def __init__(self, now: int) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1000

    async def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        await self.sleep(0 if event.is_set() else seconds)
        came = event.is_set()
        event.clear()
        return came


def group(name: str, *codes: str) -> Group:
    return Group(0, name, "whatsapp", 100, codes)


def person(name: str, *ways: tuple[str, str]) -> Admin:
    """`ways`: (channel, handle), the first is rank 1."""
    addresses = tuple(Address(channel, Handle(handle), rank) for rank, (channel, handle) in enumerate(ways, 1))
    return Admin(0, name, "nl", addresses)


async def admin_of(name: str) -> int:
    """The id of who is called so; names are sealed, so all are looked through."""
    (found,) = [int(admin.id) for admin in await tables.Admin.all() if admin.name == name]
    return found


async def people(store: Store, *entries: tuple[Admin, Sequence[str]]) -> None:
    """Put admins in groups; a group named after a code covers that code: `("Anna", ["BU1"])`."""
    names = sorted({name for _, names in entries for name in names})
    await store.directory.replace_groups([group(name, name) for name in names], entries)


def new_alert(
    number: str = "A",
    *codes: str,
    identifier: str = "",
    fingerprint: str = "f",
    priority: int = 0,
    now: int = START,
    expires_at: int = START + HOUR,
    closes: Sequence[str] = (),
    closes_as: AlertState = AlertState.CANCELLED,
    first_id: int = 1,
    amends: Mapping[str, Sequence[str]] | None = None,
    beside: tuple[str, ...] = (),
    repeats: tuple[str, ...] = (),
    status: Status = Status.ACTUAL,
    admins: Mapping[str, int] | None = None,
) -> NewAlert:
    """Codes nearest first, 100 metres apart. `admins`: how many there were in each when it came in."""
    alert = Alert(
        sender="oc@politie.example",
        identifier=identifier or f"name-of-{number}",
        sent=to_datetime(now),
        status=status,
        msg_type=MsgType.ALERT,
        scope="Restricted",
        references=(),
        infos=(),
        expires=to_datetime(expires_at),
        content={"identifier": identifier or number, "sent": to_datetime(now).isoformat()},
        fingerprint=fingerprint,
    )
    return NewAlert(
        id=number,
        alert=alert,
        key_id="key",
        priority=priority,
        accepted_at=now,
        expires_at=expires_at,
        matches=tuple(Match(code, f"Buurt {code}", 10.0, 100.0 * n, "area") for n, code in enumerate(codes)),
        audience=Audience(len(codes), 0, 0, (), admins or {}),
        closes=tuple(closes),
        closes_as=closes_as,
        first_id=first_id,
        amends=amends or {},
        beside=beside,
        repeats=repeats,
    )


async def accept(store: Store, number: str = "A", *codes: str, **more: Any) -> Stored:
    return await store.alerts.accept(new_alert(number, *codes, first_id=store.ids.block(), **more))


async def plan(store: Store, number: str, *codes: str, routes: Routes = ROUTES, now: int = START) -> None:
    await store.outbox.plan(
        number,
        codes,
        routes,
        first_id=store.ids.block(),
        now=now,
    )


async def relay(store: Store, number: str, *codes: str, routes: Routes = ROUTES, **more: Any) -> list[DeliveryView]:
    """Accept and plan an alert; its deliveries, nearest first."""
    await accept(store, number, *codes, **more)
    await plan(store, number, *codes, routes=routes, now=more.get("now", START))
    return await store.outbox.deliveries(number)


async def claim(
    store: Store,
    channel: str = "whatsapp",
    account: str = "main",
    *,
    now: int = START,
    limit: int = 100,
    lease: int = 60_000,
) -> list[Claimed]:
    return await store.outbox.claim(
        Claim(channel, account, lease=store.ids.one(), lease_until=now + lease, now=now, limit=limit)
    )


async def record(store: Store, *outcomes: Outcome, now: int = START) -> None:
    await store.outbox.record(outcomes, ROUTES, first_id=store.ids.block(), now=now)


def outcome(claimed: Claimed, state: DeliveryState, **more: Any) -> Outcome:
    sent = {"provider_ref": f"ref-{claimed.id}", "sent_at": START} if state is DeliveryState.SENT else {}
    return Outcome(claimed.id, claimed.attempt, state, **{"due_at": START, **sent, **more})


def receipt(ref: str, kind: ReceiptKind, at: int = START, **more: Any) -> Receipt:
    return Receipt(
        **{
            "kind": kind,
            "at": at,
            "provider_ref": ref,
            "delivery_id": None,
            "reason": "",
            "address_dead": False,
            **more,
        }
    )


async def receive(store: Store, *seen: Receipt, channel: str = "whatsapp", now: int = START) -> None:
    statements = store.receipts.receipts(channel, seen, ROUTES, first_id=store.ids.block(), now=now, attempts=ATTEMPTS)
    await store.receipts.apply(statements, [])


async def answer(
    store: Store,
    handle: str,
    delivery: int,
    kind: AckKind,
    *,
    at: int = START,
    channel: str = "whatsapp",
    ref: str = "",
    beside: Beside = NOTHING_BESIDE,
) -> None:
    statements = store.receipts.acknowledge(
        channel,
        Handle(handle),
        delivery,
        kind,
        at=at,
        via="button",
        now=at,
        ref=ref,
        beside=beside,
        first_id=store.ids.block(),
    )
    await store.receipts.apply(statements, [])


async def deliveries(store: Store, number: str = "A") -> list[tuple[str, str, int, DeliveryState]]:
    """(admin, channel, step, state) in order of their ids."""
    return [(d.admin_name, d.channel, d.step, d.state) for d in await store.outbox.deliveries(number)]


def in_new_store(databases: NewDatabases, walk: Callable[[Store], Awaitable[None]]) -> None:
    """For property tests, whose examples each need an empty store of their own."""

    async def run(database: Database) -> None:
        async with open_store(database, FakeClock(START)) as store:
            await walk(store)

    with databases.new() as database:
        asyncio.run(run(database))
