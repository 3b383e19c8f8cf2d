"""Verbs on contact requests: somebody asks a group to be let in, and its admins get that over their messenger.

Nothing of it goes anywhere before the e-mail's link was followed. What somebody wrote is erased some time after it was passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from hub.domain import Handle
from hub.store import registry_tables, tables
from hub.store.engine import shielded
from hub.store.ids import Ids
from hub.store.sealing import email_hash

BATCH = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor filled in."""

    group_id: int
    language: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    message: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """`state`: unconfirmed, open, closed. `waiting`: how many of the group's admins do not have it yet."""

    id: int
    state: str
    asked: Asked
    created_at: int
    passed_at: int | None
    erased: bool
    group: str = field(repr=False)
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One address of an admin."""

    channel: str
    handle: Handle
    account: str
    window_open_until: int
    id: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A request on its way to one admin. `ways`: their verified addresses by rank; `step`: the one to be tried now."""

    id: int
    request_id: int
    language: str
    ways: tuple[Way, ...]
    step: int
    group: str = field(repr=False)
    asked: Asked


class ContactRequests:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    # asking ------------------------------------------------------------------------------------------------------------------

    @shielded
    async def put(self, asked: Asked, confirm_hash: str, now: int) -> int:
        """One that nobody has confirmed yet; its id."""
        number = self._ids.one()
        await registry_tables.ContactRequest.create(
            id=number,
            group_id=asked.group_id,
            state="unconfirmed",
            language=asked.language,
            name=asked.name,
            email=asked.email.lower(),
            email_hash=email_hash(asked.email),
            phone=asked.phone,
            message=asked.message,
            confirm_hash=confirm_hash,
            created_at=now,
        )
        return number

    @shielded
    async def asked_since(self, since: int, email: str = "") -> int:
        """How many were asked since then (ms), by everybody or from this address."""
        query = registry_tables.ContactRequest.filter(created_at__gt=since)
        return await (query.filter(email_hash=email_hash(email)) if email else query).count()

    @shielded
    async def of_link(self, confirm_hash: str) -> ContactRequest | None:
        """The one that this link is of."""
        row = await registry_tables.ContactRequest.get_or_none(confirm_hash=confirm_hash)
        return _read(row, await _names([row])) if row else None

    @shielded
    async def confirm(self, confirm_hash: str, now: int, *, since: int) -> bool:
        """From now on on its way to each of the group's admins, if it was asked since then (ms) and is not on its way already.

        Who is away is passed over, unless everybody is.
        """
        async with in_transaction():
            waiting = registry_tables.ContactRequest.filter(
                confirm_hash=confirm_hash, state="unconfirmed", created_at__gt=since
            )
            if not await waiting.update(state="open", confirmed_at=now):
                return False
            row = await registry_tables.ContactRequest.get(confirm_hash=confirm_hash)
            runs = tables.GroupAdmin.filter(group_id=row.group_id)
            ids = [int(str(one)) for one in await runs.values_list("admin_id", flat=True)]
            here = await tables.Admin.filter(id__in=ids, away_until__lte=now).values_list("id", flat=True)
            await registry_tables.ContactCopy.bulk_create(
                [
                    registry_tables.ContactCopy(id=self._ids.one(), request_id=row.id, admin_id=one, due_at=now)
                    for one in [int(str(one)) for one in here] or ids
                ]
            )
        return True

    # passing on --------------------------------------------------------------------------------------------------------------

    @shielded
    async def due(self, now: int, limit: int) -> list[Copy]:
        """Copies to be tried now, the longest due first."""
        rows = await registry_tables.ContactCopy.filter(due_at__lte=now).order_by("due_at", "id").limit(limit)
        if not rows:  # mostly
            return []
        requests = await registry_tables.ContactRequest.filter(id__in={row.request_id for row in rows})
        by_id, names = {row.id: row for row in requests}, await _names(requests)
        admins = {one.id: one.language for one in await tables.Admin.filter(id__in={row.admin_id for row in rows})}
        ways: dict[int, list[Way]] = {}
        addresses = tables.Address.filter(admin_id__in=list(admins), state="verified").order_by("admin_id", "rank")
        for one in await addresses:
            way = Way(one.channel, Handle(one.handle), one.account, one.window_open_until, one.id)
            ways.setdefault(one.admin_id, []).append(way)
        return [
            Copy(
                row.id,
                row.request_id,
                admins.get(row.admin_id, "nl"),
                tuple(ways.get(row.admin_id, ())),
                row.step,
                names.get(by_id[row.request_id].group_id, ""),
                _asked(by_id[row.request_id]),
            )
            for row in rows
            if row.request_id in by_id
        ]

    @shielded
    async def passed(self, copy: Copy, now: int) -> None:
        """This admin has it."""
        async with in_transaction():
            await registry_tables.ContactCopy.filter(id=copy.id).delete()
            await registry_tables.ContactRequest.filter(id=copy.request_id, passed_at=None).update(passed_at=now)

    @shielded
    async def put_off(self, copy: Copy, *, step: int, due_at: int) -> None:
        await registry_tables.ContactCopy.filter(id=copy.id).update(step=step, due_at=due_at)

    # the coordinator's -------------------------------------------------------------------------------------------------------

    @shielded
    async def open(self, limit: int) -> list[ContactRequest]:
        """Those confirmed and not dealt with, the newest first."""
        query = registry_tables.ContactRequest.filter(state="open", erased_at=None)
        rows = await query.order_by("-created_at", "-id").limit(limit)
        names = await _names(rows)
        copies = registry_tables.ContactCopy.filter(request_id__in=[row.id for row in rows])
        waiting = [int(str(one)) for one in await copies.values_list("request_id", flat=True)]
        return [_read(row, names, waiting.count(row.id)) for row in rows]

    @shielded
    async def close(self, request_id: int, who: str, now: int) -> bool:
        """Dealt with: passed on to nobody more. `who`: the name of a key. False if it is not open (any more)."""
        async with in_transaction():
            query = registry_tables.ContactRequest.filter(id=request_id, state="open")
            closed = await query.update(state="closed", closed_at=now, closed_by=who[:200])
            await registry_tables.ContactCopy.filter(request_id=request_id).delete()
        return bool(closed)

    # erasing -----------------------------------------------------------------------------------------------------------------

    @shielded
    async def erase_unconfirmed(self, before: int, now: int) -> int:
        """All of what was asked before then (ms) and never confirmed; how many."""
        return await registry_tables.ContactRequest.filter(state="unconfirmed", created_at__lte=before).delete()

    @shielded
    async def erase_passed(self, before: int, now: int) -> int:
        """Everything personal of what was passed on or closed before then (ms). How many; at most BATCH at once."""
        return await self._empty(Q(passed_at__lte=before) | Q(closed_at__lte=before), now)

    @shielded
    async def erase_never_passed(self, before: int, now: int) -> int:
        """The same of all that was confirmed before then."""
        return await self._empty(Q(confirmed_at__lte=before), now)

    async def _empty(self, which: Q, now: int) -> int:
        async with in_transaction():
            due = registry_tables.ContactRequest.filter(which, erased_at=None).limit(BATCH)
            ids = [int(str(one)) for one in await due.values_list("id", flat=True)]
            await registry_tables.ContactCopy.filter(request_id__in=ids).delete()
            empty: Mapping[str, str] = {"name": "", "email": "", "email_hash": "", "phone": "", "message": ""}
            await registry_tables.ContactRequest.filter(id__in=ids).update(**empty, erased_at=now)
        return len(ids)


def _asked(row: registry_tables.ContactRequest) -> Asked:
    return Asked(row.group_id, row.language, row.name, row.email, row.phone, row.message)


def _read(row: registry_tables.ContactRequest, names: Mapping[int, str], waiting: int = 0) -> ContactRequest:
    return ContactRequest(
        row.id,
        row.state,
        _asked(row),
        row.created_at,
        row.passed_at,
        row.erased_at is not None,
        names.get(row.group_id, ""),
        waiting,
    )


async def _names(rows: list[registry_tables.ContactRequest]) -> dict[int, str]:
    """Of the groups that there still are."""
    groups = tables.WatchGroup.filter(id__in={row.group_id for row in rows})
    return {int(number): str(name) for number, name in await groups.values_list("id", "name")}
