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
from hub.store.audit import COMMAND_LINE, HUB, Change
from hub.web.api.directory_given import id_number
from hub.web.calls import Call, written_cursor
from hub.web.coordinator.given import refuse
from hub.web.coordinator.listing import asked
from hub.web.coordinator.shown import place_name
from hub.web.forms import Form
from hub.web.labels import CHANNELS, OUTCOMES, ROLES
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
    "contact": N_("bericht aan een groep"),
    "sign": N_("bordje"),
    "text": N_("tekst"),
    "alert": N_("melding"),
    "ring": N_("ring van een melding"),
    "draft": N_("concept van een melding"),
    "neighbour_report": N_("melding van buren"),
    "person": N_("gegevens van een persoon"),
    "people": N_("persoonsgegevens"),
    "alerts": N_("teksten van meldingen"),
    "staff": N_("medewerker"),
    "session": N_("aanmelding"),
    "recovery": N_("herstelcode"),
    "passkey": N_("passkey"),
    "sighting": N_("waarneming"),
    "own": N_("eigen pagina"),
    "audit": N_("logboek"),
    "database": N_("database"),
}
VERBS: Final = {
    "added": N_("toegevoegd"),
    "changed": N_("gewijzigd"),
    "removed": N_("verwijderd"),
    "left": N_("verlaten"),
    "erased": N_("gewist"),
    "made": N_("gemaakt"),
    "link_made": N_("kreeg een koppellink"),
    "revoked": N_("ingetrokken"),
    "rotated": N_("vernieuwd"),
    "bound": N_("aan een bewijs gebonden"),
    "unbound": N_("niet meer aan een bewijs gebonden"),
    "imported": N_("verwerkt"),
    "exported": N_("opgehaald"),
    "reconciled": N_("vergeleken"),
    "begun": N_("begonnen"),
    "asked": N_("gevraagd"),
    "confirmed": N_("bevestigd"),
    "accepted": N_("goedgekeurd"),
    "taken": N_("aangenomen"),
    "accept": N_("erbij gezet"),
    "refused": N_("afgewezen"),
    "refuse": N_("geweigerd"),
    "links": N_("kreeg nieuwe koppellinks"),
    "drill": N_("kreeg een oefening"),
    "closed": N_("afgehandeld"),
    "placed": N_("geplaatst"),
    "planned": N_("gepland"),
    "moved": N_("verplaatst"),
    "sent": N_("verstuurd"),
    "widened": N_("ruimer gemaakt"),
    "cleared": N_("sein veilig"),
    "cancelled": N_("ingetrokken"),
    "concluded": N_("uitkomst verteld"),
    "passed": N_("doorgegeven"),
    "offered": N_("voorgelegd"),
    "agreed": N_("akkoord"),
    "taken-back": N_("teruggenomen"),
    "restored": N_("teruggezet"),
    "opened": N_("aangemeld"),
    "signed_out": N_("afgemeld"),
    "invited": N_("uitgenodigd"),
    "reset": N_("opnieuw uitgenodigd"),
    "disabled": N_("uitgezet"),
    "used": N_("gebruikt"),
    "passphrase_set": N_("andere wachtzin"),
    "factor_set": N_("tweede factor ingesteld"),
    "signed_on": N_("erbij gekomen via de eigen organisatie"),
    "copied": N_("gekopieerd"),
    "looked": N_("bekeken"),
    "pruned": N_("opgeschoond"),
    "held": N_("vastgehouden"),
    "lapsed": N_("verlopen zonder akkoord"),
    "glass_broken": N_("zonder tweede paar ogen verstuurd"),
}
FIELDS: Final = {
    "name": N_("naam"),
    "platform": N_("berichtenapp"),
    "members": N_("leden"),
    "neighbourhoods": N_("buurten"),
    "neighbourhood": N_("buurt"),
    "codes": N_("buurten"),
    "admins": N_("beheerders"),
    "groups": N_("groepen"),
    "language": N_("taal"),
    "addresses": N_("adressen"),
    "rank": N_("volgorde van de adressen"),
    "awayUntil": N_("afwezigheid"),
    "away_until": N_("afwezigheid"),
    "stand_in": N_("vervanger"),
    "testMessages": N_("testberichten"),
    "test_messages": N_("testberichten"),
    "channel": N_("kanaal"),
    "role": N_("rol"),
    "groupsNew": N_("nieuwe groepen"),
    "groupsChanged": N_("gewijzigde groepen"),
    "adminsNew": N_("nieuwe beheerders"),
    "adminsRemoved": N_("verwijderde beheerders"),
    "new": N_("nieuw"),
    "changed": N_("gewijzigd"),
    "gone": N_("verwijderd"),
    "of": N_("soort"),
    "made": N_("nieuwe groepen"),
    "joined": N_("bestaande groepen"),
    "alert": N_("melding"),
    "update": N_("aanvulling op"),
    "metres": N_("meter"),
    "number": N_("nummer"),
    "outcome": N_("uitkomst"),
    "told": N_("verteld"),
    "sent": N_("verstuurd"),
    "on": N_("voor"),
    "signs": N_("tekens"),
    "alerts": N_("meldingen"),
    "late_receipts": N_("late ontvangstberichten"),
    "unread_updates": N_("onleesbare berichten"),
    "signs_decided": N_("bordjes na het besluit"),
    "applications_decided": N_("aanvragen na het besluit"),
    "applications_unconfirmed": N_("aanvragen, niet bevestigd"),
    "applications_undecided": N_("aanvragen zonder besluit"),
    "signs_unconfirmed": N_("bordjes, niet bevestigd"),
    "signs_undecided": N_("bordjes zonder besluit"),
    "contacts_passed": N_("berichten aan groepen, doorgegeven"),
    "contacts_unconfirmed": N_("berichten aan groepen, niet bevestigd"),
    "contacts_never_passed": N_("berichten aan groepen, nooit doorgegeven"),
    "neighbour_reports": N_("meldingen van buren"),
    "drafts": N_("concepten"),
    "consents": N_("toestemmingen"),
    "staff_disabled": N_("medewerkers die weg zijn"),
    "staff_unused": N_("medewerkers die niet meer kwamen"),
    "sign_in_attempts": N_("mislukte aanmeldingen"),
    "heard": N_("berichten die al gehoord waren"),
    "by": N_("met"),
    "sessions": N_("aantal"),
    "times": N_("aantal"),
    "municipalities": N_("gemeenten"),
    "sender": N_("afzender"),
    "route": N_("pagina of adres"),
    "postcodes": N_("postcodes"),
    "sequences": N_("regels"),
    "until": N_("tot en met regel"),
    "status": N_("status"),
    "msgType": N_("soort bericht"),
}
UNSHOWN: Final = ("admin", "group", "hash", "fingerprint", "hold")
"""Ids that say nothing to people; they stand in the table."""

VALUES: Final[dict[str, dict[str, str]]] = {
    "of": {
        "group": N_("groep aanmelden"),
        "admin": N_("beheerder worden"),
        "starting": N_("groep beginnen"),
        "street": N_("straatbord"),
        "sticker": N_("deursticker"),
    },
    "outcome": OUTCOMES,
    "channel": CHANNELS,
    "role": ROLES,
    "language": {"nl": N_("Nederlands"), "en": N_("Engels")},
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
    form, found = await found_changes(call, SIZE + 1)
    last = found[SIZE - 1].sequence if len(found) > SIZE else None
    keys = await key_names(call)
    return call.show(
        "coordinator/changes",
        400 if form.mistakes else 200,
        form=form,
        changes=await shown_changes(call, found[:SIZE]),
        older=written_cursor((last,)) if last else "",
        nouns=NOUNS,
        keys=list(keys.items()),
        kept={name: form.shown(name) for name in ("kind", "who", "from", "to", "subject") if form.shown(name)},
    )


async def changes_table(call: Call) -> web.Response:
    form, found = await found_changes(call, MOST_ROWS)
    if form.mistakes:
        return await changes_page(call)
    names = await key_names(call)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("at", "who", "kind", "subject", "what"))
    for one in found:
        what = "; ".join(f"{name}: {_plain(value)}" for name, value in one.what.items())
        writer.writerow((moment(one.at), guard(names.get(one.who, one.who)), one.kind, one.subject, guard(what)))
    headers = {"Content-Disposition": 'attachment; filename="buurtsein-wijzigingen.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


async def found_changes(call: Call, limit: int, *, look: bool | None = False) -> tuple[Form, list[Change]]:
    """What the address asks for, as a form that can be shown again, and a page of it; all of it where the period is wrong.

    `look`: what was looked at, instead of changed; None for both.
    """
    keys = await key_names(call)
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
    by = None if not who else COMMAND_LINE.id if who == "line" else who
    found = await call.hub.store.audit.page(
        cursor[0] if cursor else NEWEST,
        limit,
        f"{kind}." if kind else "",
        look=look,
        who=only_own(call) or by,
        subject=subject,
        since=since,
        until=until,
    )
    return form, found


def only_own(call: Call) -> str | None:
    """Whose changes they see who are bound to some municipalities: a line does not say where it was. None: everybody's."""
    return call.identity.key_id if call.bounds.municipalities else None


async def shown_changes(call: Call, changes: Sequence[Change]) -> list[ShownChange]:
    ids = [number for one in changes if (number := id_number(one.subject)) is not None]
    search = call.hub.store.directory_search
    names = {one.id: one.name for one in await search.group_lines(ids, call.bounds)}
    names |= {one.id: one.name for one in await search.admin_lines(ids, call.bounds)}
    keys = await key_names(call)
    return [_shown(call, one, names, keys) for one in changes]


async def key_names(call: Call) -> dict[str, str]:
    """Of keys and staff, also of those that have ended, by their ids. Who is bound knows of themselves alone."""
    if call.bounds.municipalities:
        return {call.identity.key_id: call.identity.name}
    keys = {one.id: one.name for one in await call.hub.store.keys.list()}
    return keys | {one.id: one.name for one in await call.hub.store.staff.list()}


def _shown(call: Call, one: Change, names: dict[int, str], keys: dict[str, str]) -> ShownChange:
    noun, _, verb = one.kind.partition(".")
    number = id_number(one.subject)
    name = names.get(number, "") if number is not None else ""
    what = f"{call.say(NOUNS[noun]) if noun in NOUNS else noun} {call.say(VERBS[verb]) if verb in VERBS else verb}"
    there = bool(name) or (noun == "drill" and bool(one.subject))
    return ShownChange(
        at=one.at,
        who=_who(call, one, keys),
        what=f"{what}: {name}" if name else what,
        details=_details(call, one),
        path=PAGES[noun] + one.subject if there and noun in PAGES else "",
    )


def _who(call: Call, one: Change, keys: dict[str, str]) -> str:
    if one.who == COMMAND_LINE.id:
        return call.say(N_("opdrachtregel"))
    if one.role == HUB.role:
        return call.say(N_("het systeem"))
    if one.role == "admin":
        return call.say(N_("een beheerder, op de eigen pagina"))
    return keys.get(one.who, one.who) or call.say(N_("een bezoeker"))


def _details(call: Call, one: Change) -> str:
    told: list[str] = []
    for name, value in one.what.items():
        if name in UNSHOWN or value in ("", [], None):
            continue
        if name == "fields" and isinstance(value, list):
            told.append(", ".join(call.say(FIELDS[str(v)]) if v in FIELDS else str(v) for v in value))
        elif name == "place":
            told.append(place_name(call, str(value)))
        else:
            told.append(f"{call.say(FIELDS[name]) if name in FIELDS else name}: {_said(call, name, value)}")
    return "; ".join(one for one in told if one)


def _said(call: Call, name: str, value: object) -> str:
    """In words, where there are any."""
    if isinstance(value, bool):
        return call.say(N_("ja") if value else N_("nee"))
    if name in ("codes", "neighbourhood"):
        codes = value if isinstance(value, list) else [value]
        return ", ".join(place_name(call, str(code)) for code in codes)
    words = VALUES.get(name, {})
    return call.say(words[str(value)]) if str(value) in words else _plain(value)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
