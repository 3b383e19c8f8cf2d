"""/coordinator/signs: what residents asked for, beside what is there; one by one, and as lists for paper and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any, Final

from aiohttp import web

from hub.clock import to_datetime, to_milliseconds
from hub.directory.table import guard
from hub.domain import Neighbourhood, Role
from hub.plain import plain
from hub.store.signs import BEFORE, MOVABLE, Kind, Sign, State
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.mailing import can_mail
from hub.web.problems import not_found
from hub.web.rendering import AMSTERDAM
from hub.web.signs.asking import is_on
from hub.web.signs.compared import Compared, Twin
from hub.web.signs.labels import KINDS, STATES

OPEN: Final = MOVABLE
"""What is compared with each other: all that is, or may still come."""
PAGE: Final = 100
MOST_DIGITS: Final = 18
COLUMNS: Final = (
    "id",
    "kind",
    "state",
    "place",
    "neighbourhood",
    "neighbourhood_name",
    "district_name",
    "latitude",
    "longitude",
    "exact",
    "asked",
    "planned_for",
    "decided",
    "remark",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A sign on the list. `next_sign`: the nearest that stands or is planned, and its metres."""

    sign: Sign
    where: Neighbourhood | None
    twins: Sequence[Twin]
    next_sign: tuple[Sign, float] | None


async def signs_page(call: Call) -> web.Response:
    return await show_list(call, Form())


async def show_list(call: Call, form: Form, status: int = 200) -> web.Response:
    is_on(call)
    signs = await _signs(call, list(STATES))
    state = State(given) if (given := call.parameter("state") or "") in list(STATES) else State.ASKED
    kind = given if (given := call.parameter("kind") or "") in list(Kind) else ""
    chosen = [one for one in signs if one.state is state and kind in ("", one.kind)]
    if state not in (State.ASKED, State.PLANNED):
        chosen.reverse()
    page = _page_number(call, len(chosen))
    compared = Compared([one for one in signs if one.state in OPEN])
    rows = [_row(call, one, compared) for one in chosen[(page - 1) * PAGE : page * PAGE]]
    return call.show(
        "coordinator/signs",
        status,
        form=form,
        rows=rows,
        state=state,
        kind=kind,
        states=STATES,
        kinds=KINDS,
        counts=Counter(one.state for one in signs),
        page=page,
        pages=max(1, -(-len(chosen) // PAGE)),
        found=len(chosen),
        may_change=may_change(call),
        may_plan=state in BEFORE[State.PLANNED] and may_change(call),
        today=today(call),
        noon=noon,
        told=call.parameter("told") or "",
        told_count=call.parameter("count") or "",
        can_mail=can_mail(call.hub),
    )


async def sign_page(call: Call) -> web.Response:
    return await show_sign(call, Form())


async def show_sign(call: Call, form: Form, status: int = 200) -> web.Response:
    """`form`: the one of this page that was filled in, if any."""
    sign = await found_sign(call)
    signs = await _signs(call, OPEN)
    beside = Compared(signs if sign.state in OPEN else [*signs, sign])
    row = _row(call, sign, beside)
    return call.show(
        "coordinator/sign",
        status,
        form=form,
        row=row,
        sign=sign,
        states=STATES,
        kinds=KINDS,
        may={state.value: sign.state in before for state, before in BEFORE.items()} | {"moved": sign.state in MOVABLE},
        told=call.parameter("told") or "",
        mails=can_mail(call.hub) and bool(sign.email),
        today=today(call),
        noon=noon,
        may_change=may_change(call),
    )


async def work_page(call: Call) -> web.Response:
    """For whoever goes round with the ladder: what is planned, by district, to print."""
    is_on(call)
    signs = await _signs(call, [State.PLANNED])
    until = call.parameter("until") or ""
    index = call.hub.atlas.index
    rows = [(one, index.get(one.code)) for one in signs if not until or one.planned_for <= until]
    rows.sort(
        key=lambda row: (
            _district(row[1]),
            row[0].planned_for,
            plain(row[1].name) if row[1] else "",
            plain(row[0].place),
        )
    )
    districts = [(name, list(those)) for name, those in groupby(rows, key=lambda row: _district(row[1]))]
    return call.show(
        "coordinator/signs_work",
        districts=districts,
        count=len(rows),
        until=until,
        kinds=KINDS,
        now=call.now(),
        noon=noon,
    )


async def signs_csv(call: Call) -> web.Response:
    """Without who asked: a file goes from hand to hand."""
    is_on(call)
    signs = await _signs(call, list(STATES))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(call, signs))
    headers = {"Content-Disposition": 'attachment; filename="borden.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


async def found_sign(call: Call) -> Sign:
    """The one of the address; Problem 404."""
    is_on(call)
    given = call.part("id")
    known = given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS + 1 and int(given) < 2**63
    sign = await call.hub.store.signs.get(int(given)) if known else None
    if sign is None or not call.bounds.touches([sign.code]):
        raise not_found("sign", given)
    return sign


async def _signs(call: Call, states: Collection[State]) -> list[Sign]:
    """Those whoever asks may see, oldest first."""
    return [one for one in await call.hub.store.signs.all(states) if call.bounds.touches([one.code])]


def may_change(call: Call) -> bool:
    """Auditors look on, and do not see who asked."""
    return call.identity.role is Role.COORDINATOR


def today(call: Call) -> str:
    """In Amsterdam, as a field of a form has it."""
    return to_datetime(call.now()).astimezone(AMSTERDAM).date().isoformat()


def noon(day: str) -> int:
    """Of such a day, in ms: what the templates' `day` writes out."""
    return to_milliseconds(datetime.combine(date.fromisoformat(day), time(12), AMSTERDAM))


def _row(call: Call, sign: Sign, compared: Compared) -> Row:
    return Row(sign, call.hub.atlas.index.get(sign.code), compared.twins(sign), compared.next_sign(sign))


def _page_number(call: Call, count: int) -> int:
    given = call.parameter("page") or ""
    asked = int(given) if given.isascii() and given.isdecimal() and len(given) < 7 else 1
    return min(max(asked, 1), max(1, -(-count // PAGE)))


def _district(where: Neighbourhood | None) -> str:
    return "" if where is None else f"{where.district_name}, {where.municipality_name}"


def _cells(call: Call, signs: Sequence[Sign]) -> Iterator[list[Any]]:
    for one in signs:
        where = call.hub.atlas.index.get(one.code)
        yield [
            one.id,
            one.kind.value,
            one.state.value,
            guard(one.place),
            one.code,
            guard(where.name) if where else "",
            guard(where.district_name) if where else "",
            one.latitude,
            one.longitude,
            "yes" if one.exact else "no",
            _date(one.created_at),
            one.planned_for,
            _date(one.decided_at) if one.decided_at is not None else "",
            guard(one.remark),
        ]


def _date(milliseconds: int) -> str:
    return to_datetime(milliseconds).astimezone(AMSTERDAM).date().isoformat()
