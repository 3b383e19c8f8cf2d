"""The forms of a group and an admin: what stands in them, and what was given, each mistake beside its field."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.clock import to_datetime, to_milliseconds
from hub.directory.csv_in import LANGUAGES, MEMBERS_MOST, NAME_MOST, RANK_MOST
from hub.directory.handles import CHANNELS, check_handle
from hub.domain import Address, Admin, Group, Refused
from hub.places.index import NeighbourhoodIndex
from hub.store.directory_search import Preferences
from hub.web.api.directory_given import id_number
from hub.web.coordinator.sentences import HANDLES, known
from hub.web.coordinator.shown import folded
from hub.web.forms import Form
from hub.web.labels import PLATFORMS
from hub.web.languages import N_

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
STATES: Final = ("verified", "unverified", "dead")
"""What a coordinator may say of an address; only the person stops it, or undoes that."""
MOST_ADDRESSES: Final = 20
SPARE: Final = 2
"""Empty rows for new addresses."""


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A row of the form: its number in the fields' names. `stopped`: the person said STOP, which stays."""

    number: int
    stopped: bool


def stands(one: object) -> str:
    """A mark of what stands now, by which a form notices that somebody else changed it meanwhile."""
    secret = repr(_bare(one)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(secret).hexdigest()[:16]


def _bare(one: object) -> object:
    match one:
        case Group():
            return (one.name, one.platform, one.members, sorted(one.neighbourhoods), sorted(one.admins))
        case Admin():
            ways = [(way.channel, way.handle.value, way.rank, way.state) for way in one.addresses]
            return (one.name, one.language, sorted(ways), sorted(one.groups))
        case _:
            return None


def check_stands(form: Form, one: object) -> None:
    """A mistake where it was changed since the form was opened; pressing again then does it all the same."""
    now = stands(one)
    if form.shown("stands") != now:
        form.wrong(
            "", N_("Iemand anders heeft dit intussen gewijzigd. Kijk na wat er staat; bewaar daarna nog een keer.")
        )
        form.given["stands"] = [now]


def refuse(form: Form, error: Refused, fields: dict[str, str]) -> None:
    """What a layer below refused, in the visitor's language, beside its field."""
    for mistake in error.mistakes:
        sentence, values = known(mistake.reason)
        form.wrong(fields.get(mistake.place, ""), sentence, **values)


# groups -----------------------------------------------------------------------------------------------------------------------


def group_form(group: Group | None, index: NeighbourhoodIndex, code: str = "") -> Form:
    """As it is opened. `code`: a neighbourhood that a new group is for."""
    if group is None:
        return Form({"neighbourhood": [code] if len(index.rows_of(code)) else [], "stands": [stands(None)]})
    return Form(
        {
            "name": [group.name],
            "platform": [group.platform],
            "members": [str(group.members)],
            "neighbourhood": folded(index, group.neighbourhoods),
            "admin": [str(one) for one in group.admins],
            "stands": [stands(group)],
        }
    )


def platforms(now: str) -> list[tuple[str, str]]:
    """(word, name) that a group may be on; the one it is on among them."""
    return [*PLATFORMS.items(), *([(now, now)] if now and now not in PLATFORMS else [])]


def read_group_form(form: Form, old: Group | None, index: NeighbourhoodIndex) -> Group:
    """Worth something only if the form is `ok` afterwards."""
    name = form.line("name", most=NAME_MOST)
    platform = form.choice("platform", [word for word, _ in platforms(old.platform if old else "")])
    members = form.number("members", 0, MEMBERS_MOST)
    codes: dict[str, None] = {}
    for code in form.chosen("neighbourhood"):
        # A code that a newer map dropped must not keep the rest of its group from being changed.
        found = index.known_code(code) or [one for one in (old.neighbourhoods if old else ()) if one == code]
        codes |= dict.fromkeys(found)
        if not found:
            form.wrong("neighbourhood", N_("Een van deze buurten staat niet op de kaart. Zoek opnieuw."))
    if not codes:
        form.wrong("neighbourhood", N_("Kies ten minste één buurt: zoek op naam en vink aan."))
    return Group(old.id if old else 0, name, platform, members, tuple(codes), _ids(form, "admin"))


def _ids(form: Form, name: str) -> tuple[int, ...]:
    found = [id_number(one) for one in form.chosen(name)]
    if None in found:
        form.wrong(name, N_("Kies er een of meer uit de lijst."))
    return tuple(dict.fromkeys(one for one in found if one is not None))


# admins -----------------------------------------------------------------------------------------------------------------------


def admin_form(admin: Admin | None, preferences: Preferences | None, now: int, group: str = "") -> Form:
    """As it is opened. `group`: one that a new admin is for."""
    if admin is None:
        return Form({"language": ["nl"], "group": [group] if group else [], "stands": [stands(None)]})
    given = {
        "name": [admin.name],
        "language": [admin.language],
        "group": [str(one) for one in admin.groups],
        "stands": [stands(admin)],
    }
    for number, way in enumerate(admin.addresses):
        given |= {
            f"channel-{number}": [way.channel],
            f"handle-{number}": [way.handle.value],
            f"rank-{number}": [str(way.rank)],
            f"state-{number}": [way.state],
        }
    if preferences is not None and preferences.away_until > now:
        given["away"] = [f"{_last_day(preferences.away_until):%Y-%m-%d}"]
    if preferences is not None and preferences.test_messages:
        given["test"] = ["1"]
    return Form(given)


def address_rows(form: Form, old: Admin | None) -> list[AddressRow]:
    """The rows of the form: those that were given, and some to fill in."""
    stopped = _stopped(old)
    numbers = [n for n in range(MOST_ADDRESSES) if form.shown(f"handle-{n}")]
    count = min(max(numbers, default=-1) + 1 + SPARE, MOST_ADDRESSES)
    return [AddressRow(n, (form.shown(f"channel-{n}"), form.shown(f"handle-{n}")) in stopped) for n in range(count)]


def read_admin_form(form: Form, old: Admin | None) -> Admin:
    """Worth something only if the form is `ok` afterwards."""
    name = form.line("name", most=NAME_MOST)
    language = form.choice("language", LANGUAGES)
    before = {(way.channel, way.handle.value): way.state for way in old.addresses} if old else {}
    addresses: list[Address] = []
    for n in range(MOST_ADDRESSES):
        if not form.shown(f"handle-{n}").strip():
            continue
        channel = form.choice(f"channel-{n}", CHANNELS)
        rank = form.number(f"rank-{n}", 1, RANK_MOST)
        text = form.line(f"handle-{n}", most=255)
        if not channel or f"handle-{n}" in form.mistakes:
            continue
        try:
            handle = check_handle(channel, text)
        except ValueError:
            form.wrong(f"handle-{n}", HANDLES[channel])
            continue
        was = before.get((channel, handle.value), "")
        state = was if was == "stopped" else form.choice(f"state-{n}", STATES)
        if any((one.channel, one.handle) == (channel, handle) for one in addresses):
            form.wrong(f"handle-{n}", N_("Dit adres staat er twee keer."))
        if any(one.rank == rank for one in addresses):
            form.wrong(f"rank-{n}", N_("Deze volgorde is al van een ander adres."))
        addresses.append(Address(channel, handle, rank, state))
    return Admin(old.id if old else 0, name, language, tuple(addresses), _ids(form, "group"))


def read_preferences(form: Form, now: int) -> tuple[int, bool]:
    """(away until (ms), 0 if not; whether test messages are welcome)."""
    given = form.line("away", most=10, required=False)
    until = 0
    if given:
        try:
            day = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=AMSTERDAM).date()
            until = to_milliseconds(datetime.combine(day + timedelta(days=1), time(), AMSTERDAM))
        except (ValueError, OverflowError):
            until = -1
        if not now < until < now + 400 * 24 * 3600 * 1000:
            form.wrong("away", N_("Vul een dag in, van vandaag tot over een jaar."))
            until = 0
    return until, form.flag("test")


def _last_day(until: int) -> datetime:
    return to_datetime(until - 1).astimezone(AMSTERDAM)


def _stopped(old: Admin | None) -> set[tuple[str, str]]:
    ways = old.addresses if old else ()
    return {(way.channel, way.handle.value) for way in ways if way.state == "stopped"}


def changed_fields(old: Group | Admin | None, new: Group | Admin) -> list[str]:
    """Names of what is different, for the list of changes."""
    names: Collection[str] = ("name", "platform", "members", "neighbourhoods", "admins")
    if isinstance(new, Admin):
        names = ("name", "language", "addresses", "groups")
    return [name for name in names if old is None or _plain(getattr(old, name)) != _plain(getattr(new, name))]


def _plain(value: object) -> object:
    """Lists without their order."""
    return frozenset(value) if isinstance(value, tuple) else value


def numbers(ids: Sequence[str]) -> list[int]:
    """Those of these that can be ids."""
    return [number for number in map(id_number, ids) if number is not None]
