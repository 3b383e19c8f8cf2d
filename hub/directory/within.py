"""Whether a list of groups and people concerns only what lies within somebody's bounds: a list changes whatever has its names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.domain import Admin, Bounds, Group, Mistake, Refused
from hub.store.database import Store


async def check_within(
    store: Store, bounds: Bounds, groups: Sequence[Group], admins: Iterable[Admin], gone: Sequence[Group] = ()
) -> None:
    """Raises Refused. `groups`, `admins`: as they would be stored; `gone`: groups that would be removed."""
    if not bounds.municipalities:
        return
    named = await store.directory.groups_named([one.name for one in groups])
    there = [*named, *gone, *await store.directory.groups([one.id for one in groups if one.id])]
    ways = ((way.channel, way.handle.value) for admin in admins for way in admin.addresses)
    people = await store.directory.concerned(ways, [one.id for one in there])
    theirs = await store.directory.groups([group_id for admin in people for group_id in admin.groups])
    wrong = [
        Mistake(one.name, "this group lies outside your municipality, or reaches beyond it")
        for one in {one.name: one for one in (*groups, *there)}.values()
        if not bounds.holds(one.neighbourhoods)
    ]
    wrong += [
        Mistake(one.name, "this group lies outside your municipality, or reaches beyond it")
        for one in there
        if not bounds.holds(one.neighbourhoods) and one.name not in {mistake.place for mistake in wrong}
    ]
    if not wrong and any(not bounds.holds(one.neighbourhoods) for one in theirs):
        wrong.append(Mistake("", "somebody in this list also runs a group outside your municipality"))
    if wrong:
        raise Refused("The list reaches beyond your municipality", wrong)
