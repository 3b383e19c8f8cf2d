"""/coordinator/changes: who changed what and when, newest first, on a page and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hub.directory.table import guard
from hub.domain import Refused
from hub.relay.events import moment
from hub.report.statistics import period
from hub.store.changes import COMMAND_LINE, Change
from hub.web.api.directory_given import id_number
from hub.web.calls import Call, written_cursor
from hub.web.coordinator.given import refuse
from hub.web.coordinator.listing import asked
from hub.web.coordinator.shown import place_name
from hub.web.forms import Form
from hub.web.languages import N_

SIZE: Final = 100
MOST_ROWS: Final = 100_000
"""In a table that is downloaded."""
NEWEST: Final = 1 << 62

NOUNS: Final = {
    "group": N_("groep"),
    "admin": N_("beheerder"),
    "link": N_("koppellink"),
    "directory": N_("bestand met groepen"),
    "map": N_("kaart"),
    "drill": N_("oefening"),
    "key": N_("sleutel"),
    "application": N_("aanvraag"),
    "sign": N_("bordje"),
    "text": N_("tekst"),
    "alert": N_("melding"),
    "draft": N_("concept van een melding"),
    "report": N_("melding van buren"),
}
VERBS: Final = {
    "added": N_("toegevoegd"),
    "changed": N_("gewijzigd"),
    "removed": N_("verwijderd"),
    "made": N_("gemaakt"),
    "revoked": N_("ingetrokken"),
    "imported": N_("verwerkt"),
    "exported": N_("opgehaald"),
    "begun": N_("begonnen"),
    "accepted": N_("goedgekeurd"),
    "refused": N_("afgewezen"),
    "placed": N_("geplaatst"),
    "planned": N_("gepland"),
    "sent": N_("verstuurd"),
    "passed": N_("doorgegeven"),
}
FIELDS: Final = {
    "name": N_("naam"),
    "platform": N_("berichtenapp"),
    "members": N_("leden"),
    "neighbourhoods": N_("buurten"),
    "admins": N_("beheerders"),
    "groups": N_("groepen"),
    "language": N_("taal"),
    "addresses": N_("adressen"),
    "awayUntil": N_("afwezigheid"),
    "testMessages": N_("testberichten"),
    "channel": N_("kanaal"),
    "role": N_("rol"),
    "groupsNew": N_("nieuwe groepen"),
    "groupsChanged": N_("gewijzigde groepen"),
    "adminsNew": N_("nieuwe beheerders"),
    "adminsRemoved": N_("verwijderde beheerders"),
}
PAGES: Final = {"group": "/coordinator/groups/", "admin": "/coordinator/admins/", "link": "/coordinator/admins/", "drill": "/coordinator/drills/"}  # fmt: skip  # noqa: E501  # one line reads best


@dataclass(frozen=True, slots=True)
class ShownChange:
    """`path`: where what was changed can be seen, '' where there is nothing (any more)."""

    at: int
    who: str
    what: str
    details: str
    path: str


async def changes_page(call: Call) -> web.Response:
    form, found = await _found(call, SIZE + 1)
    last = found[SIZE - 1].id if len(found) > SIZE else None
    keys = await call.hub.store.keys.list()
    return call.show(
        "coordinator/changes",
        400 if form.mistakes else 200,
        form=form,
        changes=await shown_changes(call, found[:SIZE]),
        older=written_cursor((last,)) if last else "",
        nouns=NOUNS,
        keys=[(one.id, one.name) for one in keys],
        kept={name: form.shown(name) for name in ("kind", "who", "from", "to", "subject") if form.shown(name)},
    )


async def changes_table(call: Call) -> web.Response:
    form, found = await _found(call, MOST_ROWS)
    if form.mistakes:
        return await changes_page(call)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("at", "who", "kind", "subject", "what"))
    for one in found:
        what = "; ".join(f"{name}: {_plain(value)}" for name, value in one.what.items())
        writer.writerow((moment(one.at), guard(one.who), one.kind, one.subject, guard(what)))
    headers = {"Content-Disposition": 'attachment; filename="buurtsein-wijzigingen.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


async def _found(call: Call, limit: int) -> tuple[Form, list[Change]]:
    """What the address asks for, as a form that can be shown again, and a page of it; all of it where the period is wrong."""
    keys = {one.id: one.name for one in await call.hub.store.keys.list()}
    given = {name: [call.parameter(name) or ""] for name in ("from", "to")}
    kind = asked(call, "kind", NOUNS)
    who = asked(call, "who", (*keys, "line"))
    subject = call.parameter("subject") or ""
    subject = subject if id_number(subject) is not None else ""
    form = Form({**given, "kind": [kind], "who": [who], "subject": [subject]})
    since, until = 0, NEWEST
    if given["from"][0] or given["to"][0]:
        try:
            since, until = period(given["from"][0] or "2000-01-01", given["to"][0], call.now())
        except Refused as error:
            refuse(form, error, {"from": "from", "to": "to"})
    cursor = call.cursor(int)
    name = None if not who else COMMAND_LINE if who == "line" else keys[who]
    found = await call.hub.store.changes.page(
        cursor[0] if cursor else NEWEST,
        limit,
        f"{kind}." if kind else "",
        who=name,
        subject=subject,
        since=since,
        until=until,
    )
    return form, found


async def shown_changes(call: Call, changes: Sequence[Change]) -> list[ShownChange]:
    ids = [number for one in changes if (number := id_number(one.subject)) is not None]
    search = call.hub.store.directory_search
    names = {one.id: one.name for one in await search.group_lines(ids)}
    names |= {one.id: one.name for one in await search.admin_lines(ids)}
    return [_shown(call, one, names) for one in changes]


def _shown(call: Call, one: Change, names: dict[int, str]) -> ShownChange:
    noun, _, verb = one.kind.partition(".")
    number = id_number(one.subject)
    name = names.get(number, "") if number is not None else ""
    what = f"{call.say(NOUNS[noun]) if noun in NOUNS else noun} {call.say(VERBS[verb]) if verb in VERBS else verb}"
    there = bool(name) or (noun == "drill" and bool(one.subject))
    return ShownChange(
        at=one.at,
        who=_who(call, one.who),
        what=f"{what}: {name}" if name else what,
        details=_details(call, one),
        path=PAGES[noun] + one.subject if there and noun in PAGES else "",
    )


def _who(call: Call, who: str) -> str:
    if who == COMMAND_LINE:
        return call.say(N_("opdrachtregel"))
    if id_number(who) is not None:
        return call.say(N_("een beheerder, op de eigen pagina"))
    return who or call.say(N_("een bezoeker"))


def _details(call: Call, one: Change) -> str:
    told: list[str] = []
    for name, value in one.what.items():
        if name == "fields" and isinstance(value, list):
            told.append(", ".join(call.say(FIELDS[str(v)]) if v in FIELDS else str(v) for v in value))
        elif name == "place":
            told.append(place_name(call, str(value)))
        else:
            told.append(f"{call.say(FIELDS[name]) if name in FIELDS else name}: {_plain(value)}")
    return "; ".join(one for one in told if one)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
