"""/api/v1/directory/health: what to look after in the directory, for coordinators."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from hub.clock import DAY_MS
from hub.directory.health import UNANSWERED_DAYS, DirectoryHealth, health_of
from hub.web.calls import Call, answer


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


async def get_directory_health(call: Call) -> web.Response:
    facts = await call.hub.store.health.facts(call.now() - UNANSWERED_DAYS * DAY_MS, call.bounds)
    return answer(directory_health_answer(await asyncio.to_thread(health_of, facts)))


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
