"""Verbs on what admins see and set of themselves: groups, addresses and their order, language, absence and stand-in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from hub.domain import Handle
from hub.store import tables
from hub.store.engine import shielded


@dataclass(frozen=True, slots=True)
class MyGroup:
    """A group of theirs. `others`: how many other admins it has."""

    id: int
    name: str = field(repr=False)
    codes: tuple[str, ...]
    others: int


@dataclass(frozen=True, slots=True)
class MyAddress:
    id: int
    channel: str
    handle: Handle
    state: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Another admin of a group of theirs. `away_until`: theirs, in ms."""

    id: int
    name: str = field(repr=False)
    away_until: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """What an admin sees of themselves. `addresses`: the first to be tried first. `instead_of`: for whom they are the stand-in."""

    id: int
    name: str = field(repr=False)
    language: str
    away_until: int
    test_messages: bool
    stand_in: int | None
    groups: tuple[MyGroup, ...]
    addresses: tuple[MyAddress, ...]
    colleagues: tuple[Colleague, ...]
    instead_of: tuple[Colleague, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The neighbourhoods of all their groups."""
        return tuple(sorted({code for group in self.groups for code in group.codes}))


class OwnPages:
    @shielded
    async def of(self, admin_id: int) -> Own | None:
        admin = await tables.Admin.get_or_none(id=admin_id)
        if admin is None:
            return None
        ids = [int(str(one)) for one in await _groups(admin_id)]
        people: dict[int, set[int]] = defaultdict(set)
        for group_id, other in await tables.GroupAdmin.filter(group_id__in=ids).values_list("group_id", "admin_id"):
            people[int(group_id)].add(int(other))
        codes: dict[int, list[str]] = defaultdict(list)
        covered = tables.GroupNeighbourhood.filter(group_id__in=ids).order_by("code")
        for group_id, code in await covered.values_list("group_id", "code"):
            codes[int(group_id)].append(str(code))
        groups = await tables.WatchGroup.filter(id__in=ids).order_by("name")
        near = {other for those in people.values() for other in those} - {admin_id}
        addresses = await tables.Address.filter(admin_id=admin_id).order_by("rank")
        return Own(
            id=admin.id,
            name=admin.name,
            language=admin.language,
            away_until=admin.away_until,
            test_messages=admin.test_messages,
            stand_in=admin.stand_in if admin.stand_in in near else None,
            groups=tuple(MyGroup(g.id, g.name, tuple(codes[g.id]), len(people[g.id] - {admin_id})) for g in groups),
            addresses=tuple(MyAddress(a.id, a.channel, Handle(a.handle), a.state) for a in addresses),
            colleagues=await _people(tables.Admin.filter(id__in=near)),
            instead_of=await _people(tables.Admin.filter(stand_in=admin_id, id__in=near)),
        )

    @shielded
    async def set_language(self, admin_id: int, language: str) -> None:
        await tables.Admin.filter(id=admin_id).update(language=language)

    @shielded
    async def set_test_messages(self, admin_id: int, wanted: bool) -> None:
        await tables.Admin.filter(id=admin_id).update(test_messages=wanted)

    @shielded
    async def set_away(self, admin_id: int, until: int, stand_in: int | None) -> None:
        """No alerts until then (ms), 0: not away. `stand_in`: who gets them meanwhile, an admin of a group of theirs."""
        await tables.Admin.filter(id=admin_id).update(away_until=until, stand_in=stand_in)

    @shielded
    async def refuse_to_stand_in(self, admin_id: int, instead_of: int) -> bool:
        """The stand-in would rather not. False if they were not."""
        return bool(await tables.Admin.filter(id=instead_of, stand_in=admin_id).update(stand_in=None))

    @shielded
    async def move_address(self, admin_id: int, address_id: int, places: int) -> bool:
        """So many places later (or, below 0, earlier) in the order of trying. False if it is none of theirs."""
        async with in_transaction():
            rows = await tables.Address.filter(admin_id=admin_id).order_by("rank")
            order = [row.id for row in rows]
            if address_id not in order:
                return False
            at = order.index(address_id)
            order.insert(min(max(at + places, 0), len(order) - 1), order.pop(at))
            # Ranks are unique: first out of the way, then in the new order.
            for row in rows:
                await tables.Address.filter(id=row.id).update(rank=-row.rank)
            for rank, one in enumerate(order, 1):
                await tables.Address.filter(id=one).update(rank=rank)
        return True

    @shielded
    async def leave_group(self, admin_id: int, group_id: int) -> bool:
        """No longer one of its admins. Not from the last one: who has no group is erased instead. False if nothing was done."""
        async with in_transaction():
            if len(await _groups(admin_id)) < 2:
                return False
            return bool(await tables.GroupAdmin.filter(admin_id=admin_id, group_id=group_id).delete())


async def _groups(admin_id: int) -> list[object]:
    return list(await tables.GroupAdmin.filter(admin_id=admin_id).values_list("group_id", flat=True))


async def _people(rows: QuerySet[tables.Admin]) -> tuple[Colleague, ...]:
    """By name."""
    found = [Colleague(row.id, row.name, row.away_until) for row in await rows]
    return tuple(sorted(found, key=lambda one: (one.name, one.id)))
