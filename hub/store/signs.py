"""Verbs on signs: street signs and door stickers, from a resident's request to the pole it hangs on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tortoise.functions import Count
from tortoise.transactions import in_transaction

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids
from hub.store.mails import Letter, Mails
from hub.store.sealing import email_hash


class Kind(StrEnum):
    STREET = "street"
    STICKER = "sticker"


class State(StrEnum):
    UNCONFIRMED = "unconfirmed"
    ASKED = "asked"
    PLANNED = "planned"
    PLACED = "placed"
    REFUSED = "refused"
    REMOVED = "removed"


BEFORE: Final = {
    State.PLANNED: (State.ASKED, State.PLANNED),
    State.PLACED: (State.ASKED, State.PLANNED),
    State.REFUSED: (State.ASKED, State.PLANNED),
    State.REMOVED: (State.PLACED,),
}
"""From which states one may come to a state."""
STANDING: Final = (State.PLANNED, State.PLACED)
MOVABLE: Final = (State.ASKED, *STANDING)
ENDED: Final = (State.PLACED, State.REFUSED, State.REMOVED)
PLACE_DECIMALS: Final = 2
"""What is left of a sticker's point: a kilometre; which neighbourhood it is in stays known."""


@dataclass(frozen=True, slots=True)
class NewSign:
    """What a resident asks for. `exact`: they chose the point; else it is the middle of their neighbourhood."""

    kind: Kind
    latitude: float
    longitude: float
    exact: bool
    code: str
    place: str = field(repr=False)
    language: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    remark: str = field(repr=False)
    confirm_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sign:
    """`planned_for`: a date, or ''. `note`: why it was refused. `erased_at`: since when nothing of who asked is left."""

    id: int
    kind: Kind
    state: State
    latitude: float
    longitude: float
    exact: bool
    code: str
    place: str = field(repr=False)
    language: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    remark: str = field(repr=False)
    created_at: int
    planned_for: str
    decided_at: int | None
    decided_by: str
    note: str = field(repr=False)
    erased_at: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A street sign as everybody may know it: nothing that a resident wrote."""

    id: int
    state: State
    latitude: float
    longitude: float
    exact: bool
    code: str
    planned_for: str
    decided_at: int | None


class Signs:
    def __init__(self, ids: Ids, mails: Mails) -> None:
        self._ids = ids
        self._mails = mails

    # asking ------------------------------------------------------------------------------------------------------------------

    @shielded
    async def put(self, new: NewSign, letter: Letter, now: int) -> int:
        """A request that waits until its link is followed, and the mail that brings the link."""
        sign_id = self._ids.one()
        async with in_transaction():
            await tables.Sign.create(
                id=sign_id,
                state=State.UNCONFIRMED.value,
                created_at=now,
                kind=new.kind.value,
                latitude=new.latitude,
                longitude=new.longitude,
                exact=new.exact,
                code=new.code,
                place=new.place,
                language=new.language,
                name=new.name,
                email=new.email,
                email_hash=email_hash(new.email),
                remark=new.remark,
                confirm_hash=new.confirm_hash,
            )
            await self._mails.put(new.email, letter.subject, letter.text, now)
        return sign_id

    @shielded
    async def asked_since(self, since: int, email: str = "") -> int:
        """How many since then (ms); with `email` those of this address, however it is written."""
        query = tables.Sign.filter(created_at__gt=since)
        return await (query.filter(email_hash=email_hash(email)) if email else query).count()

    @shielded
    async def of_link(self, confirm_hash: str) -> Sign | None:
        row = await tables.Sign.get_or_none(confirm_hash=confirm_hash)
        return None if row is None else _sign(row)

    @shielded
    async def confirm(self, confirm_hash: str, now: int, *, since: int) -> bool:
        """The address is proved, if it was asked for since then (ms) and is not proved already."""
        waiting = tables.Sign.filter(confirm_hash=confirm_hash, state=State.UNCONFIRMED.value, created_at__gt=since)
        return bool(await waiting.update(state=State.ASKED.value, confirmed_at=now))

    # reading -----------------------------------------------------------------------------------------------------------------

    @shielded
    async def get(self, sign_id: int) -> Sign | None:
        """One whose address was confirmed."""
        row = await tables.Sign.get_or_none(id=sign_id)
        return None if row is None or row.state == State.UNCONFIRMED else _sign(row)

    @shielded
    async def all(self, states: Collection[State]) -> list[Sign]:
        """Oldest first."""
        rows = await tables.Sign.filter(state__in=[one.value for one in states]).order_by("created_at", "id")
        return [_sign(row) for row in rows]

    @shielded
    async def standing(self) -> list[Standing]:
        """Street signs that are planned or placed."""
        columns = ("id", "state", "latitude", "longitude", "exact", "code", "planned_for", "decided_at")
        query = tables.Sign.filter(kind=Kind.STREET.value, state__in=[one.value for one in STANDING])
        rows: list[Any] = await query.order_by("code", "id").values(*columns)
        return [Standing(**{**row, "state": State(row["state"])}) for row in rows]

    @shielded
    async def stickers(self) -> dict[str, int]:
        """Neighbourhood → how many have one."""
        query = tables.Sign.filter(kind=Kind.STICKER.value, state=State.PLACED.value)
        rows = await query.annotate(count=Count("id")).group_by("code").order_by("code").values_list("code", "count")
        return {str(code): int(str(count)) for code, count in rows}

    # deciding ----------------------------------------------------------------------------------------------------------------

    @shielded
    async def decide(
        self,
        sign_id: int,
        state: State,
        *,
        by: str,
        now: int,
        planned_for: str | None = None,
        note: str = "",
        letter: Letter | None = None,
    ) -> bool:
        """False if it is not (any more) in a state from which this one follows; else decided, and told by mail, both or neither."""
        changed: dict[str, Any] = {"state": state.value, "decided_at": now, "decided_by": by, "note": note}
        if planned_for is not None:
            changed["planned_for"] = planned_for
        async with in_transaction():
            row = await tables.Sign.get_or_none(id=sign_id)
            open_to = tables.Sign.filter(id=sign_id, state__in=[one.value for one in BEFORE[state]])
            if row is None or not await open_to.update(**changed):
                return False
            if letter is not None and row.email:
                await self._mails.put(row.email, letter.subject, letter.text, now)
        return True

    @shielded
    async def move(self, sign_id: int, latitude: float, longitude: float, code: str, place: str) -> bool:
        """To an exact point."""
        query = tables.Sign.filter(id=sign_id, state__in=[one.value for one in MOVABLE])
        return bool(await query.update(latitude=latitude, longitude=longitude, code=code, place=place, exact=True))

    # erasing -----------------------------------------------------------------------------------------------------------------

    @shielded
    async def erase_unconfirmed(self, before: int, now: int) -> int:
        """All of what was asked before then (ms) and never confirmed; how many."""
        return await tables.Sign.filter(state=State.UNCONFIRMED.value, created_at__lte=before).delete()

    @shielded
    async def erase_undecided(self, before: int, now: int) -> int:
        """All of what was asked before then (ms) and nobody ever decided on; how many."""
        return await tables.Sign.filter(state=State.ASKED.value, created_at__lte=before).delete()

    @shielded
    async def erase_people(self, before: int, now: int) -> int:
        """Who asked for what ended before then, what they wrote, and where a sticker is; how many."""
        ended = tables.Sign.filter(state__in=[one.value for one in ENDED], decided_at__lte=before, erased_at=None)
        rows = await ended
        for row in rows:
            await tables.Sign.filter(id=row.id).update(**without_people(row), erased_at=now)
        return len(rows)


def without_people(row: tables.Sign) -> dict[str, Any]:
    """What is overwritten of a sign when who asked for it is erased: a street sign's place stays, for it stands there."""
    left: dict[str, Any] = {
        "name": "",
        "email": "",
        "email_hash": "",
        "remark": "",
        "note": "",
        "confirm_hash": None,
    }
    if row.kind == Kind.STICKER or row.state == State.REFUSED:
        rough = {
            "latitude": round(row.latitude, PLACE_DECIMALS),
            "longitude": round(row.longitude, PLACE_DECIMALS),
        }
        left |= {"place": "", "exact": False, **rough}
    return left


def _sign(row: tables.Sign) -> Sign:
    return Sign(
        row.id,
        Kind(row.kind),
        State(row.state),
        row.latitude,
        row.longitude,
        row.exact,
        row.code,
        row.place,
        row.language,
        row.name,
        row.email,
        row.remark,
        row.created_at,
        row.planned_for,
        row.decided_at,
        row.decided_by,
        row.note,
        row.erased_at,
    )
