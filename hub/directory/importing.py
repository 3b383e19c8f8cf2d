"""Importing the directory file: read, judged as a whole, compared with what is there, stored in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hub.directory.comparing import changed_only, differs, owners
from hub.directory.csv_in import DirectoryFile, read_directory
from hub.domain import Admin, Group, Mistake, Refused
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


async def import_directory(store: Store, raw: bytes, dry_run: bool = False) -> ImportReport:
    """All or nothing; raises Refused with every mistake. Groups the file does not name stay as they are."""
    districts = await store.neighbourhoods.codes()
    if not districts:
        raise Refused(
            "The directory was not imported", [Mistake("", "there is no map yet: import neighbourhoods first")]
        )
    # In threads: a big file takes a good part of a second, in which a serving hub must go on.
    file = await asyncio.to_thread(read_directory, raw, districts)
    # Not the whole directory: of a million people a file of twenty touches twenty.
    groups = await store.directory.groups_named([group.name for group in file.groups])
    ways = ((way.channel, way.handle.value) for admin, _ in file.admins for way in admin.addresses)
    people = await store.directory.concerned(ways, [group.id for group in groups])
    report = _report(file, groups, people, stored=not dry_run)
    if not dry_run:
        changed = await asyncio.to_thread(changed_only, file, groups, people)
        if changed.groups:
            await store.directory.replace_groups(changed.groups, changed.admins)
    return report


def _report(file: DirectoryFile, groups: Sequence[Group], people: Sequence[Admin], *, stored: bool) -> ImportReport:
    there = {group.name: group for group in groups}
    owner = owners(people)
    kept: set[int] = set()
    new = 0
    for admin, _ in file.admins:
        # Known again by any handle, as the store does it; a person that the file splits in two is once themselves, once new.
        mine = (owner.get((way.channel, way.handle.value), 0) for way in admin.addresses)
        known = next((one for one in mine if one and one not in kept), 0)
        if known:
            kept.add(known)
        new += not known
    named = {there[group.name].id for group in file.groups if group.name in there}
    removed = [
        admin
        for admin in people
        if admin.groups and admin.addresses and admin.id not in kept and named.issuperset(admin.groups)
    ]
    return ImportReport(
        groups=len(file.groups),
        admins=len(file.admins),
        addresses=sum(len(admin.addresses) for admin, _ in file.admins),
        groups_new=sum(group.name not in there for group in file.groups),
        groups_changed=sum(group.name in there and differs(group, there[group.name]) for group in file.groups),
        admins_new=new,
        admins_removed=len(removed),
        stored=stored,
    )
