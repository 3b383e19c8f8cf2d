"""Verbs that look things up in the directory: a page of groups or admins, what needs attention, who covers what. They only read,
but for what a coordinator sets of an admin beside their addresses.

A page is counted and cut by the database; of what is shown a handful of statements reads the rest.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import orjson
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Lower
from tortoise.queryset import QuerySet

from hub.domain import EVERYWHERE, Address, Bounds, Handle
from hub.store import registry_tables, tables
from hub.store.applications import codes_asked
from hub.store.batches import batches
from hub.store.engine import shielded
from hub.store.within import admins_within, groups_within, places_within

ENOUGH_ADMINS = 2
"""A group with fewer hangs on one person."""

GROUP_STATES = ("one", "unreachable", "dead", "away", "unverified")
ADMIN_STATES = ("unreachable", "dead", "away", "unverified", "stopped", "groupless")
GROUP_ORDERS = ("name", "-name", "members", "-members", "-id")
ADMIN_ORDERS = ("name", "-name", "-id")

CODES = {
    "code": re.compile("BU[0-9A-Z]{8}"),
    "district": re.compile("WK[0-9A-Z]{6}"),
    "municipality": re.compile("GM[0-9A-Z]{4}"),
}
"""How CBS writes them, by the column that holds them."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for. `text`: a part of a name (its own, a neighbourhood's, a district's), or a CBS code; `municipality`: a GM
    code; `state`: one of GROUP_STATES or ADMIN_STATES; '' everywhere for no matter which. `bounds`: where whoever asks may look."""

    text: str = field(default="", repr=False)
    municipality: str = ""
    platform: str = ""
    state: str = ""
    bounds: Bounds = EVERYWHERE


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in a list. `codes`: its neighbourhoods; `reachable`: of its `admins`, those with a verified address."""

    id: int
    name: str = field(repr=False)
    platform: str
    members: int
    codes: tuple[str, ...]
    admins: int
    reachable: int


@dataclass(frozen=True, slots=True)
class AdminLine:
    """An admin in a list. `groups`: (id, name) of each."""

    id: int
    name: str = field(repr=False)
    language: str
    away_until: int
    addresses: tuple[Address, ...]
    groups: tuple[tuple[int, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attention:
    """How much waits for a coordinator. `without`: neighbourhoods without a group, in municipalities that have one."""

    applications: int
    signs: int
    reports: int
    one_admin: int
    unreachable: int
    dead: int
    without: int


@dataclass(frozen=True, slots=True)
class Cover:
    """Who covers a neighbourhood: groups, and of their admins those who can be reached."""

    groups: int
    admins: int
    reachable: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """What an admin chose beside their addresses."""

    away_until: int
    test_messages: bool
    stand_in: int | None


M = TypeVar("M", tables.WatchGroup, tables.Admin)


class DirectorySearch:
    # pages of the directory --------------------------------------------------------------------------------------------------

    @shielded
    async def groups(self, sought: Sought, order: str, skip: int, limit: int, now: int) -> tuple[list[GroupLine], int]:
        """A page, and how many there are in all. `order`: one of GROUP_ORDERS."""
        found = tables.WatchGroup.filter(_groups_of(sought, now))
        rows = await _ordered(found, order).offset(skip).limit(limit)
        return await _group_lines(rows), await found.count()

    @shielded
    async def admins(self, sought: Sought, order: str, skip: int, limit: int, now: int) -> tuple[list[AdminLine], int]:
        """A page, and how many there are in all. `order`: one of ADMIN_ORDERS."""
        found = tables.Admin.filter(_admins_of(sought, now))
        rows = await _ordered(found, order).offset(skip).limit(limit)
        return await _admin_lines(rows), await found.count()

    @shielded
    async def group_lines(self, ids: Sequence[int], bounds: Bounds = EVERYWHERE) -> list[GroupLine]:
        """These, by name."""
        found = tables.WatchGroup.filter(groups_within(bounds), id__in=list(ids))
        return await _group_lines(await _ordered(found, "name"))

    @shielded
    async def admin_lines(self, ids: Sequence[int], bounds: Bounds = EVERYWHERE) -> list[AdminLine]:
        """These, by name."""
        found = tables.Admin.filter(admins_within(bounds), id__in=list(ids))
        return await _admin_lines(await _ordered(found, "name"))

    @shielded
    async def alone_in(self, ids: Sequence[int], group_id: int) -> list[int]:
        """Of these admins of a group, those who have no other."""
        others = tables.GroupAdmin.filter(admin_id__in=list(ids)).exclude(group_id=group_id)
        also = {int(str(one)) for one in await others.values_list("admin_id", flat=True)}
        return [one for one in ids if one not in also]

    @shielded
    async def municipalities(self, bounds: Bounds = EVERYWHERE) -> list[tuple[str, str]]:
        """(GM code, name) of those with a group, by name."""
        covered = Subquery(tables.GroupNeighbourhood.filter(places_within(bounds)).values("code"))
        rows = tables.Neighbourhood.filter(code__in=covered).distinct().order_by("municipality_name")
        return [(str(c), str(n)) for c, n in await rows.values_list("municipality", "municipality_name")]

    @shielded
    async def platforms(self) -> list[str]:
        """Messengers that groups are on."""
        rows = tables.WatchGroup.all().distinct().order_by("platform")
        return [str(one) for one in await rows.values_list("platform", flat=True)]

    # what needs attention ----------------------------------------------------------------------------------------------------

    @shielded
    async def attention(self, now: int, bounds: Bounds = EVERYWHERE) -> Attention:
        places, covered = tables.Neighbourhood, Subquery(tables.GroupNeighbourhood.all().values("code"))
        active = Subquery(places.filter(code__in=covered).values("municipality"))
        one, none = Sought(state="one", bounds=bounds), Sought(state="unreachable", bounds=bounds)
        theirs = Subquery(tables.Admin.filter(admins_within(bounds)).values("id"))
        asked = await registry_tables.Application.filter(state="open").values_list("content", flat=True)
        reported = await registry_tables.NeighbourReport.filter(state="waiting").values_list("codes", flat=True)
        return Attention(
            applications=sum(bounds.touches(codes_asked(orjson.loads(str(content)))) for content in asked),
            signs=await registry_tables.Sign.filter(places_within(bounds), state="asked").count(),
            reports=sum(bounds.touches(orjson.loads(str(codes))) for codes in reported),
            one_admin=await tables.WatchGroup.filter(_groups_of(one, now)).count(),
            unreachable=await tables.WatchGroup.filter(_groups_of(none, now)).count(),
            dead=await tables.Address.filter(state="dead", admin_id__in=theirs).count(),
            without=await places.filter(places_within(bounds), municipality__in=active, code__not_in=covered).count(),
        )

    @shielded
    async def covered(self, bounds: Bounds = EVERYWHERE) -> list[str]:
        """Codes of the neighbourhoods that have a group."""
        rows = await tables.GroupNeighbourhood.filter(places_within(bounds)).distinct().values_list("code", flat=True)
        return [str(one) for one in rows]

    @shielded
    async def covers(self, codes: Collection[str]) -> dict[str, Cover]:
        """By code, of these neighbourhoods those that have a group."""
        groups: dict[str, set[int]] = defaultdict(set)
        for part in batches(sorted(codes)):
            links = tables.GroupNeighbourhood.filter(code__in=part).values_list("group_id", "code")
            for group_id, code in await links:
                groups[str(code)].add(int(group_id))
        run: dict[int, set[int]] = defaultdict(set)
        for these in batches(sorted(set().union(*groups.values()))):
            people = tables.GroupAdmin.filter(group_id__in=these).values_list("group_id", "admin_id")
            for group_id, admin_id in await people:
                run[int(group_id)].add(int(admin_id))
        reachable = await _reachable(set().union(*run.values()))
        admins = {code: set().union(*(run[one] for one in those)) for code, those in groups.items()}
        return {
            code: Cover(len(those), len(admins[code]), len(admins[code] & reachable)) for code, those in groups.items()
        }

    @shielded
    async def audience(self, codes: Collection[str]) -> tuple[int, int, int]:
        """(groups, admins, of these who can be reached) of all these neighbourhoods together."""
        groups: set[int] = set()
        for part in batches(sorted(codes)):
            ids = await tables.GroupNeighbourhood.filter(code__in=part).values_list("group_id", flat=True)
            groups.update(int(str(one)) for one in ids)
        admins: set[int] = set()
        for these in batches(sorted(groups)):
            ids = await tables.GroupAdmin.filter(group_id__in=these).values_list("admin_id", flat=True)
            admins.update(int(str(one)) for one in ids)
        return len(groups), len(admins), len(await _reachable(admins))

    # one admin ---------------------------------------------------------------------------------------------------------------

    @shielded
    async def preferences(self, admin_id: int) -> Preferences:
        """Of an admin that is there."""
        row = await tables.Admin.get(id=admin_id)
        return Preferences(row.away_until, row.test_messages, row.stand_in)

    @shielded
    async def prefer(self, admin_id: int, *, away_until: int, test_messages: bool) -> None:
        """What a coordinator sets for an admin who asked for it."""
        await tables.Admin.filter(id=admin_id).update(away_until=away_until, test_messages=test_messages)


def _ordered(found: QuerySet[M], order: str) -> QuerySet[M]:
    """Names as people sort them, capitals or not; the id makes the order whole."""
    if order.lstrip("-") == "name":
        return found.annotate(lowered=Lower("name")).order_by(order.replace("name", "lowered"), "id")
    return found.order_by(order, "id")


def _place_of(text: str) -> Q:
    """Neighbourhoods by their name, their district's or municipality's, or a code of any of them."""
    code = text.upper()
    for column, written in CODES.items():
        if written.fullmatch(code):
            return Q(**{column: code})
    return Q(name__icontains=text) | Q(district_name__icontains=text) | Q(municipality_name__icontains=text)


def _covering(place: Q) -> Subquery:
    """Ids of the groups that cover such a neighbourhood."""
    codes = Subquery(tables.Neighbourhood.filter(place).values("code"))
    return Subquery(tables.GroupNeighbourhood.filter(code__in=codes).values("group_id"))


def _groups_of(sought: Sought, now: int) -> Q:
    found = groups_within(sought.bounds)
    if sought.text:
        by_name = Q(name__icontains=sought.text) | Q(id__in=_covering(_place_of(sought.text)))
        code = sought.text.upper()
        if CODES["code"].fullmatch(code):  # one that a newer map dropped is still a group's
            by_name |= Q(id__in=Subquery(tables.GroupNeighbourhood.filter(code=code).values("group_id")))
        found &= by_name
    if sought.municipality:
        found &= Q(id__in=_covering(Q(municipality=sought.municipality)))
    if sought.platform:
        found &= Q(platform=sought.platform)
    people = tables.GroupAdmin
    match sought.state:
        case "one":
            several = people.all().annotate(number=Count("id")).filter(number__gte=ENOUGH_ADMINS).group_by("group_id")
            found &= Q(id__not_in=Subquery(several.values("group_id")))
        case "unreachable":
            reached = people.filter(admin__addresses__state="verified").values("group_id")
            found &= Q(id__not_in=Subquery(reached))
        case "away":
            found &= Q(id__in=Subquery(people.filter(admin__away_until__gt=now).values("group_id")))
        case "dead" | "unverified":
            found &= Q(id__in=Subquery(people.filter(admin__addresses__state=sought.state).values("group_id")))
        case _:
            pass
    return found


def _admins_of(sought: Sought, now: int) -> Q:
    found = admins_within(sought.bounds)
    if sought.text or sought.municipality or sought.platform:
        groups = tables.WatchGroup.filter(_groups_of(Sought(sought.text, sought.municipality, sought.platform), now))
        run = Q(
            id__in=Subquery(tables.GroupAdmin.filter(group_id__in=Subquery(groups.values("id"))).values("admin_id"))
        )
        if not sought.text:
            found &= run
        elif sought.municipality or sought.platform:
            theirs = tables.WatchGroup.filter(_groups_of(Sought("", sought.municipality, sought.platform), now))
            there = Subquery(tables.GroupAdmin.filter(group_id__in=Subquery(theirs.values("id"))).values("admin_id"))
            found &= run | (Q(name__icontains=sought.text) & Q(id__in=there))
        else:
            found &= run | Q(name__icontains=sought.text)
    match sought.state:
        case "unreachable":
            found &= Q(id__not_in=Subquery(tables.Address.filter(state="verified").values("admin_id")))
        case "away":
            found &= Q(away_until__gt=now)
        case "groupless":
            found &= Q(id__not_in=Subquery(tables.GroupAdmin.all().values("admin_id")))
        case "dead" | "unverified" | "stopped":
            found &= Q(id__in=Subquery(tables.Address.filter(state=sought.state).values("admin_id")))
        case _:
            pass
    return found


async def _reachable(admins: Collection[int]) -> set[int]:
    """Those of these with an address that may be sent to."""
    found: set[int] = set()
    for part in batches(sorted(admins)):
        ways = tables.Address.filter(admin_id__in=part, state="verified").values_list("admin_id", flat=True)
        found.update(int(str(one)) for one in await ways)
    return found


async def _group_lines(rows: Sequence[tables.WatchGroup]) -> list[GroupLine]:
    ids = [row.id for row in rows]
    codes: dict[int, list[str]] = defaultdict(list)
    run: dict[int, set[int]] = defaultdict(set)
    for part in batches(ids):
        links = tables.GroupNeighbourhood.filter(group_id__in=part).order_by("code").values_list("group_id", "code")
        for group_id, code in await links:
            codes[int(group_id)].append(str(code))
        for group_id, admin_id in await tables.GroupAdmin.filter(group_id__in=part).values_list("group_id", "admin_id"):
            run[int(group_id)].add(int(admin_id))
    reachable = await _reachable(set().union(*run.values()))
    return [
        GroupLine(r.id, r.name, r.platform, r.members, tuple(codes[r.id]), len(run[r.id]), len(run[r.id] & reachable))
        for r in rows
    ]


async def _admin_lines(rows: Sequence[tables.Admin]) -> list[AdminLine]:
    ids = [row.id for row in rows]
    addresses: dict[int, list[Address]] = defaultdict(list)
    groups: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for part in batches(ids):
        ways = tables.Address.filter(admin_id__in=part).order_by("rank")
        for admin_id, *way in await ways.values_list("admin_id", "channel", "handle", "rank", "state"):
            channel, handle, rank, state = way
            addresses[int(admin_id)].append(Address(str(channel), Handle(str(handle)), int(rank), str(state)))
        links = tables.GroupAdmin.filter(admin_id__in=part).order_by("group__name")
        for admin_id, group_id, name in await links.values_list("admin_id", "group_id", "group__name"):
            groups[int(admin_id)].append((int(group_id), str(name)))
    return [
        AdminLine(r.id, r.name, r.language, r.away_until, tuple(addresses[r.id]), tuple(groups[r.id])) for r in rows
    ]
