"""What the coordinators' pages call things: states, places, messengers; and handles that only their last two signs are shown of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from hub.domain import Address
from hub.places.index import NeighbourhoodIndex
from hub.web.calls import Call
from hub.web.labels import CHANNELS
from hub.web.languages import N_

LANGUAGES: Final = {"nl": "Nederlands", "en": "English"}

ADDRESS_STATES: Final = {
    "verified": N_("werkt"),
    "unverified": N_("nog niet bevestigd"),
    "dead": N_("onbereikbaar"),
    "stopped": N_("gestopt door de beheerder"),
}
ADDRESS_LOOKS: Final = {"verified": "good", "unverified": "warn", "dead": "bad", "stopped": "bad"}

GROUP_STATES: Final = {
    "one": N_("hangt op één beheerder"),
    "unreachable": N_("niemand bereikbaar"),
    "dead": N_("een adres werkt niet meer"),
    "away": N_("een beheerder is afwezig"),
    "unverified": N_("een adres is niet bevestigd"),
}
ADMIN_STATES: Final = {
    "unreachable": N_("niet bereikbaar"),
    "dead": N_("een adres werkt niet meer"),
    "away": N_("afwezig"),
    "unverified": N_("een adres is niet bevestigd"),
    "stopped": N_("een adres is gestopt"),
    "groupless": N_("zonder groep"),
}


def masked(handle: str) -> str:
    """Enough to tell two apart for who knows them; of a very short one nothing."""
    return f"•••• {handle[-2:]}" if len(handle) >= 6 else "••••"


def ways_in_short(addresses: Iterable[Address]) -> str:
    """An admin's addresses, to tell two people of one name apart without showing them."""
    return ", ".join(f"{CHANNELS.get(one.channel, one.channel)} {masked(one.handle.value)}" for one in addresses)


def place_name(call: Call, code: str) -> str:
    """A neighbourhood, district or municipality as people call it."""
    index = call.hub.atlas.index
    rows = index.rows_of(code)
    if not len(rows):
        return call.say(N_("%(code)s (niet op de kaart)"), code=code)
    first = index[int(rows[0])]
    match code[:2]:
        case "GM":
            return call.say(N_("Heel %(name)s (%(count)s buurten)"), name=first.municipality_name, count=len(rows))
        case "WK":
            return call.say(
                N_("Hele wijk %(name)s, %(municipality)s (%(count)s buurten)"),
                name=first.district_name,
                municipality=first.municipality_name,
                count=len(rows),
            )
        case _:
            return f"{first.name} ({first.district_name}, {first.municipality_name})"


def places_in_short(index: NeighbourhoodIndex, codes: Collection[str]) -> str:
    """Where a group is, for a line in a list: the first neighbourhoods by name, and its municipality."""
    known = [one for one in map(index.get, codes) if one is not None]
    if not known:
        return ", ".join(sorted(codes)[:2])
    names = ", ".join(one.name for one in known[:3]) + (" …" if len(codes) > 3 else "")
    return f"{names} ({known[0].municipality_name})"


def folded(index: NeighbourhoodIndex, codes: Iterable[str]) -> list[str]:
    """The same neighbourhoods in fewer words: a district's code where all of it is there."""
    left = set(codes)
    whole: list[str] = []
    for district in sorted({one.district for one in map(index.get, left) if one is not None}):
        theirs = set(index.codes_of_district(district))
        if len(theirs) > 1 and theirs <= left:
            whole.append(district)
            left -= theirs
    return whole + sorted(left)
