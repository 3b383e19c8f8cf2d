"""Our directory beside somebody else's list, group by group: the same, changed, new, or gone; and taking over what was chosen."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub.directory.comparing import Way
from hub.directory.listed import Listed, TheirList, spelled
from hub.directory.within import check_within
from hub.domain import EVERYWHERE, Admin, Bounds, Group
from hub.store.database import Store

PLATFORM = "whatsapp"
"""Of a new group whose list does not say: nearly all are."""


class Standing(StrEnum):
    """Of one group. GONE: ours, and not in their list."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class People:
    """How many admins come, go, and are different (a name, a language, another address)."""

    come: int = 0
    go: int = 0
    differ: int = 0

    def __bool__(self) -> bool:
        return bool(self.come or self.go or self.differ)


@dataclass(frozen=True, slots=True)
class Compared:
    """One group in both lists. `theirs` is as it would be stored, with our id. `fields`: what differs. `mark` names this very
    difference: it is another one as soon as either side changes.
    """

    standing: Standing
    ours: Group | None
    theirs: Group | None
    fields: tuple[str, ...] = ()
    people: People = People()
    mark: str = ""

    @property
    def name(self) -> str:
        one = self.ours or self.theirs
        return one.name if one else ""

    @property
    def come(self) -> tuple[str, ...]:
        """Codes that they have and we have not."""
        return _beyond(self.theirs, self.ours)

    @property
    def go(self) -> tuple[str, ...]:
        return _beyond(self.ours, self.theirs)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over."""

    new: int = 0
    changed: int = 0
    gone: int = 0


class Moved(Exception):
    """The directory has changed since the lists were shown side by side: nothing was taken over."""


@dataclass(slots=True)
class _Persons:
    """Who runs which group: by our group's id, and by their group's spelled name."""

    ours: Mapping[int, Sequence[Admin]] = field(repr=False)
    theirs: Mapping[str, Sequence[Admin]] | None = field(repr=False)


async def compare(store: Store, theirs: TheirList, bounds: Bounds = EVERYWHERE) -> list[Compared]:
    """Everything within these, in the order changed, new, gone, same, and by name."""
    groups = await store.directory.groups(bounds=bounds)
    people = await store.directory.admins(bounds=bounds) if theirs.admins is not None else []
    return compared(theirs, groups, people)


async def take_over(store: Store, theirs: TheirList, marks: Collection[str], bounds: Bounds = EVERYWHERE) -> Taken:
    """What was chosen by its mark, all or nothing. Raises Moved, Refused; then nothing was stored."""
    by_mark = {one.mark: one for one in await compare(store, theirs, bounds)}
    if not set(marks) <= by_mark.keys():
        raise Moved
    chosen = [by_mark[mark] for mark in dict.fromkeys(marks)]
    kinds = [one.standing for one in chosen]
    put = [one.theirs for one in chosen if one.theirs is not None]
    gone = [one.ours.id for one in chosen if one.ours is not None and one.standing is Standing.GONE]
    named = {spelled(one.name): one.name for one in put}
    admins = None
    if theirs.admins is not None:
        admins = [
            (admin, [named[spelled(name)] for name in names if spelled(name) in named])
            for admin, names in theirs.admins
            if any(spelled(name) in named for name in names)
        ]
    left = [one.ours for one in chosen if one.ours is not None and one.standing is Standing.GONE]
    await check_within(store, bounds, put, [admin for admin, _ in admins or ()], left)
    if put or gone:
        await store.directory.take_over(put, admins, gone)
    return Taken(kinds.count(Standing.NEW), kinds.count(Standing.CHANGED), kinds.count(Standing.GONE))


def compared(theirs: TheirList, groups: Iterable[Group], people: Iterable[Admin]) -> list[Compared]:
    """`people`: all of ours, where their list says who runs what."""
    persons = _persons(theirs, people)
    ours = {spelled(group.name): group for group in groups}
    found = [_beside(one, ours.get(spelled(one.name)), persons) for one in theirs.groups]
    listed = {spelled(one.name) for one in theirs.groups}
    found += [_marked(Standing.GONE, group, None) for name, group in ours.items() if name not in listed]
    order = [Standing.CHANGED, Standing.NEW, Standing.GONE, Standing.SAME]
    return sorted(found, key=lambda one: (order.index(one.standing), one.name.casefold()))


def _beside(listed: Listed, ours: Group | None, persons: _Persons) -> Compared:
    theirs = Group(
        ours.id if ours else 0,
        listed.name,
        listed.platform or (ours.platform if ours else PLATFORM),
        listed.members if listed.members is not None else (ours.members if ours else 0),
        listed.codes,
    )
    if ours is None:
        come = len(persons.theirs.get(spelled(listed.name), ())) if persons.theirs is not None else 0
        return _marked(Standing.NEW, None, theirs, people=People(come=come))
    fields = [name for name in ("name", "platform", "members") if getattr(ours, name) != getattr(theirs, name)]
    if set(ours.neighbourhoods) != set(theirs.neighbourhoods):
        fields.append("neighbourhoods")
    change = People()
    if persons.theirs is not None:
        change = _change(persons.ours.get(ours.id, ()), persons.theirs.get(spelled(listed.name), ()))
        fields += ["admins"] if change else []
    return _marked(Standing.CHANGED if fields else Standing.SAME, ours, theirs, tuple(fields), change)


def _change(ours: Sequence[Admin], theirs: Sequence[Admin]) -> People:
    """A person is known again by any address. Who has none yet cannot be in a list, and stays; so do addresses beyond theirs."""
    known = {way: admin for admin in ours for way in _ways(admin)}
    met: set[int] = set()
    come = differ = 0
    for one in theirs:
        mine = next((known[way] for way in _ways(one) if way in known), None)
        if mine is None:
            come += 1
            continue
        met.add(mine.id)
        differ += (mine.name, mine.language) != (one.name, one.language) or not set(_ways(one)) <= set(_ways(mine))
    return People(come, sum(bool(one.addresses) and one.id not in met for one in ours), differ)


def _persons(theirs: TheirList, people: Iterable[Admin]) -> _Persons:
    ours: dict[int, list[Admin]] = defaultdict(list)
    for admin in people:
        for group_id in admin.groups:
            ours[group_id].append(admin)
    if theirs.admins is None:
        return _Persons(ours, None)
    listed: dict[str, list[Admin]] = defaultdict(list)
    for admin, names in theirs.admins:
        for name in names:
            listed[spelled(name)].append(admin)
    return _Persons(ours, listed)


def _marked(
    standing: Standing,
    ours: Group | None,
    theirs: Group | None,
    fields: tuple[str, ...] = (),
    people: People | None = None,
) -> Compared:
    people = people or People()
    said = repr((standing, ours, theirs, fields, people)).encode("utf-8", "replace")
    return Compared(standing, ours, theirs, fields, people, hashlib.sha256(said).hexdigest()[:24])


def _ways(admin: Admin) -> list[Way]:
    return [(one.channel, one.handle.value) for one in admin.addresses]


def _beyond(one: Group | None, other: Group | None) -> tuple[str, ...]:
    there = set(other.neighbourhoods) if other else set()
    return tuple(code for code in (one.neighbourhoods if one else ()) if code not in there)
