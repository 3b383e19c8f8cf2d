"""What of a directory file the store does not hold yet, so that importing a list again writes only what changed.

A write transaction holds up live alerts for as long as it lasts; most imports are the list of last month with a few rows changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hub.directory.csv_in import DirectoryFile
from hub.domain import Admin, Group

Way = tuple[str, str]
"""(channel, handle)"""


def owners(people: Sequence[Admin]) -> dict[Way, int]:
    """Whose each address is, by admin id."""
    return {(way.channel, way.handle.value): admin.id for admin in people for way in admin.addresses}


def differs(group: Group, there: Group | None) -> bool:
    """Whether the group itself is new or changed; who runs it is left aside."""
    return there is None or (group.platform, group.members, set(group.neighbourhoods)) != (
        there.platform,
        there.members,
        set(there.neighbourhoods),
    )


def changed_only(file: DirectoryFile, groups: Sequence[Group], people: Sequence[Admin]) -> DirectoryFile:
    """The groups that differ, or one of whose admins does, before or after; and of each the admins, all of them.

    `groups`, `people`: as they stand, those of the file's names, and everybody who runs one or has an address that the file names.
    """
    there = {group.name: group for group in groups}
    # Another import may have made a group between the two readings; it is then not one of ours to compare.
    name_of = defaultdict(str, {group.id: group.name for group in groups})
    named = {group.name for group in file.groups}
    by_id = {admin.id: admin for admin in people}
    owner = owners(people)
    touched = {group.name for group in file.groups if differs(group, there.get(group.name))}
    same: set[int] = set()
    for admin, names in file.admins:
        known = by_id.get(owner.get((admin.addresses[0].channel, admin.addresses[0].handle.value), 0))
        if known is not None and is_same(admin, known) and {name_of[g] for g in known.groups} & named == set(names):
            same.add(known.id)
        else:
            touched.update(names)
    for admin in people:
        if admin.id not in same and admin.addresses:  # who has no address yet can be in no file, and stays
            touched.update(name_of[group_id] for group_id in admin.groups)
    touched &= named
    return DirectoryFile(
        [group for group in file.groups if group.name in touched],
        [
            (admin, [name for name in names if name in touched])
            for admin, names in file.admins
            if not touched.isdisjoint(names)
        ],
    )


def is_same(new: Admin, old: Admin) -> bool:
    """Importing would leave this person as they are; a dead or unverified address it would verify, a stopped one it leaves."""
    return (
        (new.name, new.language) == (old.name, old.language)
        and _ranks(new) == _ranks(old)
        and all(way.state in ("verified", "stopped") for way in old.addresses)
    )


def _ranks(admin: Admin) -> Mapping[Way, int]:
    return {(way.channel, way.handle.value): way.rank for way in admin.addresses}
