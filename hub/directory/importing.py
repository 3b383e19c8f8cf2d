"""Importing the directory file: read, judged as a whole, compared with what is there, stored in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hub.directory.comparing import changed_only, differs, is_same, owners
from hub.directory.csv_in import DirectoryFile, read_directory
from hub.directory.within import check_within
from hub.domain import EVERYWHERE, Admin, Bounds, Group, Mistake, Refused
from hub.store.database import Store


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What the file holds, and what it changes. `admins_removed`: they ran only groups of this file, which no longer name them.

    `stored`: False for a dry run.
    """

    groups: int
    admins: int
    addresses: int
    groups_new: int
    groups_changed: int
    admins_new: int
    admins_removed: int
    stored: bool

    def answer(self) -> dict[str, int | bool]:
        """As the command line and the API tell it."""
        return {
            "groups": self.groups,
            "admins": self.admins,
            "addresses": self.addresses,
            "groupsNew": self.groups_new,
            "groupsChanged": self.groups_changed,
            "adminsNew": self.admins_new,
            "adminsRemoved": self.admins_removed,
            "stored": self.stored,
        }

    def changes(self) -> dict[str, int]:
        """As they are noted in the list of changes."""
        return {
            "groupsNew": self.groups_new,
            "groupsChanged": self.groups_changed,
            "adminsNew": self.admins_new,
            "adminsRemoved": self.admins_removed,
        }


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a file would do, by name, to the directory as it stands: `groups` and `people`, as far as the file concerns them.

    `mark`: the same for the same file and the same directory, so that what was looked at can be told from what would be done now.
    """

    file: DirectoryFile = field(repr=False)
    groups: tuple[Group, ...] = field(repr=False)
    people: tuple[Admin, ...] = field(repr=False)
    report: ImportReport
    groups_new: tuple[str, ...] = field(repr=False)
    groups_changed: tuple[str, ...] = field(repr=False)
    admins_new: tuple[str, ...] = field(repr=False)
    admins_changed: tuple[str, ...] = field(repr=False)
    admins_removed: tuple[str, ...] = field(repr=False)
    mark: str


async def import_directory(store: Store, raw: bytes, dry_run: bool = False) -> ImportReport:
    """All or nothing; raises Refused with every mistake. Groups the file does not name stay as they are."""
    plan = await plan_import(store, raw)
    return plan.report if dry_run else await carry_out(store, plan)


async def plan_import(store: Store, raw: bytes, bounds: Bounds = EVERYWHERE) -> ImportPlan:
    """What importing this file would do; stores nothing. Raises Refused with every mistake, also for what lies out of bounds."""
    districts = await store.neighbourhoods.codes()
    if not districts:
        raise Refused(
            "The directory was not imported", [Mistake("", "there is no map yet: import neighbourhoods first")]
        )
    # In threads: a big file takes a good part of a second, in which a serving hub must go on.
    file = await asyncio.to_thread(read_directory, raw, districts)
    await check_within(store, bounds, file.groups, [admin for admin, _ in file.admins])
    # Not the whole directory: of a million people a file of twenty touches twenty.
    groups = await store.directory.groups_named([group.name for group in file.groups])
    ways = ((way.channel, way.handle.value) for admin, _ in file.admins for way in admin.addresses)
    people = await store.directory.concerned(ways, [group.id for group in groups])
    return await asyncio.to_thread(_plan, raw, file, groups, people)


async def carry_out(store: Store, plan: ImportPlan) -> ImportReport:
    """Store it."""
    changed = await asyncio.to_thread(changed_only, plan.file, plan.groups, plan.people)
    if changed.groups:
        await store.directory.replace_groups(changed.groups, changed.admins)
    return replace(plan.report, stored=True)


def _plan(raw: bytes, file: DirectoryFile, groups: Sequence[Group], people: Sequence[Admin]) -> ImportPlan:
    there = {group.name: group for group in groups}
    name_of = {group.id: group.name for group in groups}
    owner = owners(people)
    by_id = {admin.id: admin for admin in people}
    kept: set[int] = set()
    new: list[str] = []
    changed: list[str] = []
    for admin, names in file.admins:
        # Known again by any handle, as the store does it; a person that the file splits in two is once themselves, once new.
        mine = (owner.get((way.channel, way.handle.value), 0) for way in admin.addresses)
        known = next((one for one in mine if one and one not in kept), 0)
        if not known:
            new.append(admin.name)
            continue
        kept.add(known)
        run = {name_of[one] for one in by_id[known].groups if one in name_of}
        if not is_same(admin, by_id[known]) or run != set(names):
            changed.append(admin.name)
    named = {there[group.name].id for group in file.groups if group.name in there}
    removed = [
        admin
        for admin in people
        if admin.groups and admin.addresses and admin.id not in kept and named.issuperset(admin.groups)
    ]
    # Whoever else is concerned loses a group or an address to somebody the file names.
    changed += [admin.name for admin in people if admin.id not in kept and admin not in removed]
    groups_new = [group.name for group in file.groups if group.name not in there]
    groups_changed = [g.name for g in file.groups if g.name in there and differs(g, there[g.name])]
    report = ImportReport(
        groups=len(file.groups),
        admins=len(file.admins),
        addresses=sum(len(admin.addresses) for admin, _ in file.admins),
        groups_new=len(groups_new),
        groups_changed=len(groups_changed),
        admins_new=len(new),
        admins_removed=len(removed),
        stored=False,
    )
    return ImportPlan(
        file=file,
        groups=tuple(groups),
        people=tuple(people),
        report=report,
        groups_new=tuple(sorted(groups_new)),
        groups_changed=tuple(sorted(groups_changed)),
        admins_new=tuple(sorted(new)),
        admins_changed=tuple(sorted(changed)),
        admins_removed=tuple(sorted(admin.name for admin in removed)),
        mark=_mark(raw, groups, people),
    )


def _mark(raw: bytes, groups: Sequence[Group], people: Sequence[Admin]) -> str:
    mark = hashlib.sha256(raw)
    for group in sorted(groups, key=lambda one: one.id):
        mark.update(repr((group.id, group.platform, group.members, group.neighbourhoods, group.admins)).encode())
    for admin in sorted(people, key=lambda one: one.id):
        ways = [(way.channel, way.handle.value, way.rank, way.state) for way in admin.addresses]
        mark.update(repr((admin.id, admin.name, admin.language, ways, admin.groups)).encode("utf-8", "surrogatepass"))
    return mark.hexdigest()
