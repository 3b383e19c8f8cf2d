"""What the forms for joining in hold: read into applications, every mistake beside its field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.directory.csv_in import NAME_MOST
from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.plain import plain
from hub.store.applications import Kind
from hub.web import choosing
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.labels import CHANNELS, PLATFORMS
from hub.web.languages import N_

MEMBERS_MOST: Final = 10_000
CODES_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A form that was read. Its values count only where the form has no mistakes."""

    kind: Kind
    name: str
    email: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """The neighbourhoods shown to choose from, and whether the last search found none."""

    shown: tuple[Neighbourhood, ...]
    nothing_found: bool = False


def channels(call: Call) -> tuple[str, ...]:
    """Which messengers alerts can come over here."""
    return tuple(call.hub.routes) or tuple(CHANNELS)


MISSING: Final = {
    "group": N_("Vul de naam van de groep in."),
    "members": N_("Vul in hoeveel leden de groep ongeveer heeft."),
    "district": N_("Kies uw wijk."),
    "channel": N_("Kies waar u meldingen wilt krijgen."),
    "motivation": N_("Schrijf in een paar zinnen waarom u beheerder wilt worden."),
    "name": N_("Vul uw naam in."),
    "email": N_("Vul uw e-mailadres in."),
}
"""What is told where nothing was filled in: each names its field, for they also stand together on top of the page."""


def read_group(call: Call, form: Form) -> Asked:
    """A group that is there already."""
    _look_for(form, "group", "members")
    content = {
        "group": form.line("group", most=NAME_MOST),
        "platform": form.choice("platform", PLATFORMS),
        "members": form.number("members", 1, MEMBERS_MOST),
        "codes": codes_of(call, form),
    }
    return _asked(Kind.GROUP, form, content, channels(call))


def read_admin(call: Call, form: Form) -> Asked:
    """Somebody who wants to be in the admin group of their district."""
    _look_for(form, "district", "motivation")
    content = {
        "district": form.choice("district", [code for code, *_ in districts(call.hub.atlas.index)]),
        "groups": form.line("groups", most=500, required=False),
        "motivation": form.text("motivation", most=1000),
    }
    return _asked(Kind.ADMIN, form, content, channels(call))


def read_starting(call: Call, form: Form) -> Asked:
    """Somebody who starts a group."""
    content = {"codes": codes_of(call, form)}
    return _asked(Kind.STARTING, form, content)


def codes_of(call: Call, form: Form) -> list[str]:
    """The neighbourhoods chosen, in the order of the form."""
    given = list(dict.fromkeys(form.chosen("codes")))
    known = [code for code in given if call.hub.atlas.index.get(code) is not None]
    if len(known) < len(given):
        form.wrong("codes", N_("Een buurt die u koos staat niet op onze kaart. Zoek hem opnieuw."))
    if not known:
        form.wrong("codes", N_("Kies minstens één buurt: zoek hem hieronder en zet er een vinkje bij."))
    if len(known) > CODES_MOST:
        form.wrong("codes", N_("Kies hoogstens %(most)s buurten."), most=CODES_MOST)
    return known


async def choice_of(call: Call, form: Form) -> Choice:
    """What was chosen stays on top; after it what the search found."""
    found = await choosing.found(call, form, "place")
    shown = choosing.with_chosen(call, form.chosen("codes"), found)
    return Choice(tuple(shown), bool(form.shown("place").strip()) and not found)


def districts(index: NeighbourhoodIndex) -> Sequence[tuple[str, str, str]]:
    """(code, name, municipality) of each, by municipality and name."""
    found = {one.district: (one.district, one.district_name, one.municipality_name) for one in index}
    return sorted(found.values(), key=lambda one: (plain(one[2]), plain(one[1])))


def _look_for(form: Form, *names: str) -> None:
    for name in names:
        if not form.shown(name).strip():
            form.wrong(name, MISSING[name])


def _asked(kind: Kind, form: Form, content: dict[str, Any], channels: Sequence[str] = ()) -> Asked:
    """With what all forms hold, read in the order in which it stands. `channels`: to choose from; none where nobody will link."""
    _look_for(form, "name", "email")
    name, email = form.line("name", most=NAME_MOST), form.email("email")
    if channels:
        _look_for(form, "channel")
        content["channel"] = form.choice("channel", channels)
    for agreed, sentence in (
        ("rules", N_("Lees de huisregels en zet hier een vinkje.")),
        ("kept", N_("Zonder uw akkoord mogen wij uw gegevens niet bewaren. Zet hier een vinkje.")),
    ):
        if not form.flag(agreed):
            form.wrong(agreed, sentence)
    return Asked(kind, name, email, content)
