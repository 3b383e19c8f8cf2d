"""What may be given for an admin, a group, a link, a drill (by coordinators), an outcome (by police): the form, then its rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hub.cap.schema import Check, Text, one_of, wrong
from hub.cap.sentences import mistakes_of
from hub.directory.handles import check_handle
from hub.domain import Address, Admin, Group, Mistake, Outcome, Refused
from hub.places.index import NeighbourhoodIndex
from hub.relay.drills import MINUTES, MOST_MINUTES, Drill


def _written_as(pattern: str, sentence: str) -> Check:
    """Text of this pattern; the sentence tells what is asked for otherwise."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise wrong(sentence)
        return text

    return Check(check, {"pattern": f"^({pattern})$"})


def id_number(text: str) -> int | None:
    """An id as a number; None for what can be no id of ours (they are 63 bits)."""
    fits = text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 2**63
    return int(text) if fits else None


def _an_id(text: str) -> str:
    if id_number(text) is None:
        raise wrong("give an id as text, as the hub answers it")
    return text


def _some(given: list[str]) -> list[str]:
    if not given:
        raise wrong("is empty; give at least one")
    return given


STATES = "verified|unverified|dead|stopped"

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    _written_as(r"[^\u0000-\u001f]{1,200}", "give 1 to 200 characters on one line"),
]
Id = Annotated[str, Check(_an_id, {"pattern": "^[0-9]{1,19}$"})]
Code = Annotated[str, _written_as("(BU|WK|GM)[0-9A-Z]{4,8}", "give a CBS code, such as BU06370300 or WK063703")]


class _Given(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class AddressGiven(_Given):
    """Without `state` an address we know keeps its own, a new one is verified. Only the person undoes a STOP."""

    channel: Annotated[str, _written_as("[a-z]{2,20}", "give the name of a channel, such as whatsapp or telegram")]
    handle: Annotated[str, StringConstraints(max_length=255)]
    rank: Annotated[int, Field(ge=1, le=99)]
    state: Annotated[str, _written_as(STATES, f"give one of {STATES.replace('|', ', ')}")] | None = None


class AdminGiven(_Given):
    name: Name
    language: Annotated[str, _written_as("nl|en", "give nl or en: the hub has no texts in other languages")] = "nl"
    addresses: Annotated[list[AddressGiven], Field(max_length=20)]
    groups: Annotated[list[Id], Field(max_length=200)] = []


class GroupGiven(_Given):
    """`neighbourhoods`: CBS codes; a WK or GM code stands for all its neighbourhoods."""

    name: Name
    platform: Annotated[
        str, _written_as("[a-z][a-z0-9-]{0,19}", "give the name of a messenger, such as whatsapp, telegram or signal")
    ]
    members: Annotated[int, Field(ge=0, le=1_000_000)]
    neighbourhoods: Annotated[list[Code], Field(max_length=2_000), Check(_some, {"minItems": 1})]
    admins: Annotated[list[Id], Field(max_length=200)] = []


class LinkGiven(_Given):
    """`channel`: one the hub has a sender account on."""

    channel: Annotated[str, StringConstraints(max_length=20)]


class OutcomeGiven(_Given):
    """`text`: the police's own words, which everybody reads who got the alert."""

    outcome: Annotated[str, one_of(Outcome)]
    text: Text = ""


class DrillGiven(_Given):
    """Where: one of `district`, `municipality` and `neighbourhood`, by its CBS code. `event`: what is rehearsed."""

    district: Annotated[str, _written_as("WK[0-9A-Z]{6}", "give a CBS district, such as WK063703")] | None = None
    municipality: Annotated[str, _written_as("GM[0-9A-Z]{4}", "give a CBS municipality, such as GM0637")] | None = None
    neighbourhood: (
        Annotated[str, _written_as("BU[0-9A-Z]{8}", "give a CBS neighbourhood, such as BU06370300")] | None
    ) = None
    event: Name | None = None
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] = MINUTES


Given = TypeVar("Given", bound=_Given)
WRONG_ADMIN = "The admin cannot be stored"
WRONG_GROUP = "The group cannot be stored"


def read_admin(content: Mapping[str, Any], old: Admin | None) -> Admin:
    """Raises Refused with every mistake. `old` is what stands now, None for a new admin."""
    given = _read(AdminGiven, content, WRONG_ADMIN)
    states = {(one.channel, one.handle.value): one.state for one in old.addresses} if old else {}
    addresses: list[Address] = []
    mistakes: list[Mistake] = []
    for number, one in enumerate(given.addresses):
        try:
            handle = check_handle(one.channel, one.handle)
        except ValueError as error:
            mistakes.append(Mistake(f"addresses[{number}].handle", str(error)))
            continue
        before = states.get((one.channel, handle.value), "")
        state = before if before == "stopped" else one.state or before or "verified"
        addresses.append(Address(one.channel, handle, one.rank, state))
    if mistakes:
        raise Refused(WRONG_ADMIN, mistakes)
    groups = tuple(dict.fromkeys(map(int, given.groups)))
    return Admin(old.id if old else 0, given.name, given.language, tuple(addresses), groups)


def read_group(content: Mapping[str, Any], old: Group | None, index: NeighbourhoodIndex) -> Group:
    """Raises Refused with every mistake. `old` is what stands now, None for a new group."""
    given = _read(GroupGiven, content, WRONG_GROUP)
    codes: dict[str, None] = {}
    mistakes: list[Mistake] = []
    for number, code in enumerate(given.neighbourhoods):
        # A code that a newer map dropped must not keep the rest of its group from being changed.
        known = index.known_code(code) or [one for one in (old.neighbourhoods if old else ()) if one == code]
        codes |= dict.fromkeys(known)
        if not known:
            mistakes.append(Mistake(f"neighbourhoods[{number}]", f"no neighbourhood of ours has the code {code}"))
    if mistakes:
        raise Refused(WRONG_GROUP, mistakes)
    admins = tuple(dict.fromkeys(map(int, given.admins)))
    return Group(old.id if old else 0, given.name, given.platform, given.members, tuple(codes), admins)


def read_link(content: Mapping[str, Any]) -> str:
    """The channel; raises Refused with every mistake."""
    return _read(LinkGiven, content, "No link was made").channel


def read_outcome(content: Mapping[str, Any]) -> tuple[Outcome, str]:
    """Raises Refused with every mistake."""
    given = _read(OutcomeGiven, content, "No outcome was stored")
    return Outcome(given.outcome), given.text.strip()


def read_drill(content: Mapping[str, Any]) -> Drill:
    """Raises Refused with every mistake."""
    title = "The drill was not begun"
    given = _read(DrillGiven, content, title)
    places = [one for one in (given.district, given.municipality, given.neighbourhood) if one]
    if len(places) != 1:
        raise Refused(title, [Mistake("district", "give one of district, municipality and neighbourhood")])
    return Drill(places[0], given.event or "", given.minutes)


def _read(model: type[Given], content: Mapping[str, Any], title: str) -> Given:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise Refused(title, mistakes_of(error, model)) from None
