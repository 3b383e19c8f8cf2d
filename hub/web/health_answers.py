"""What the API answers of results per group, sightings and the directory's health, as dataclasses: described in openapi.json."""

from __future__ import annotations

from dataclasses import dataclass

from hub.directory.health import DirectoryHealth
from hub.relay.events import moment
from hub.store.results import GroupResult
from hub.store.sightings import Sighting
from hub.web.answers import Moment


@dataclass(frozen=True, slots=True)
class GroupResultAnswer:
    """How far an alert came in one group, in admins. `received`: answered so, or forwarded; `silent`: reached, no answer;
    `dead`: no address left that works. `firstAnswerSeconds`: from the alert on disk to the first answer."""

    id: str
    name: str
    neighbourhoods: tuple[str, ...]
    admins: int
    reached: int
    read: int
    received: int
    forwarded: int
    silent: int
    dead: int
    firstAnswerSeconds: float | None


@dataclass(frozen=True, slots=True)
class SightingAnswer:
    """What an admin wrote or sent: `kind` text, location or picture. `picture`: where to get it, null if it could not be had."""

    id: str
    admin: str
    adminName: str
    at: Moment
    kind: str
    text: str
    latitude: float | None
    longitude: float | None
    picture: str | None


@dataclass(frozen=True, slots=True)
class NamedAnswer:
    """A group or an admin."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class UnansweredAnswer:
    """An admin who got so many alerts in 90 days and answered none."""

    id: str
    name: str
    alerts: int


@dataclass(frozen=True, slots=True)
class DeadAddressAnswer:
    """An address that nothing reaches any more; whose, and on which channel."""

    admin: str
    name: str
    channel: str


@dataclass(frozen=True, slots=True)
class WithoutGroupAnswer:
    """A neighbourhood without a group."""

    code: str
    name: str
    district: str
    municipality: str


@dataclass(frozen=True, slots=True)
class DistrictHealthAnswer:
    """Counts of one district; a group counts in each district it covers."""

    code: str
    name: str
    municipality: str
    neighbourhoods: int
    withoutGroup: int
    groups: int
    oneAdmin: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class DirectoryHealthAnswer:
    """What to look after. `oneAdmin`: groups with one admin at most; `unreachable`: groups nobody of whom can be written to;
    `withoutGroup` and `districts`: of municipalities that have groups."""

    groups: int
    admins: int
    oneAdmin: tuple[NamedAnswer, ...]
    unreachable: tuple[NamedAnswer, ...]
    unanswered: tuple[UnansweredAnswer, ...]
    deadAddresses: tuple[DeadAddressAnswer, ...]
    withoutGroup: tuple[WithoutGroupAnswer, ...]
    districts: tuple[DistrictHealthAnswer, ...]


def directory_health_answer(found: DirectoryHealth) -> DirectoryHealthAnswer:
    groups, admins = found.groups, found.admins
    return DirectoryHealthAnswer(
        groups=len(groups),
        admins=len(admins),
        oneAdmin=tuple(NamedAnswer(str(one), groups[one]) for one in found.one_admin),
        unreachable=tuple(NamedAnswer(str(one), groups[one]) for one in found.unreachable),
        unanswered=tuple(UnansweredAnswer(str(one), admins[one], alerts) for one, alerts in found.unanswered),
        deadAddresses=tuple(DeadAddressAnswer(str(one), admins[one], channel) for one, channel in found.dead),
        withoutGroup=tuple(
            WithoutGroupAnswer(one.code, one.name, one.district, one.municipality) for one in found.without_group
        ),
        districts=tuple(
            DistrictHealthAnswer(
                one.code,
                one.name,
                one.municipality,
                one.neighbourhoods,
                one.without,
                one.groups,
                one.one_admin,
                one.unreachable,
            )
            for one in found.districts
        ),
    )


def group_result_answer(one: GroupResult) -> GroupResultAnswer:
    seconds = None if one.first_answer is None else round(one.first_answer / 1000, 1)
    counts = one.admins, one.reached, one.read, one.received, one.forwarded, one.silent, one.dead
    return GroupResultAnswer(str(one.id), one.name, one.codes, *counts, seconds)


def sighting_answer(one: Sighting) -> SightingAnswer:
    latitude, longitude = one.location or (None, None)
    picture = f"/api/v1/alerts/{one.alert_id}/sightings/{one.id}/picture" if one.pictured else None
    who = str(one.admin_id), one.admin_name
    return SightingAnswer(str(one.id), *who, moment(one.at), one.kind, one.text, latitude, longitude, picture)
