"""The directory as the file it can be read from again: one row an address, sorted, so that two exports can be compared.

What the file has no column for is not in it: the state of an address, a group nobody runs, an admin without address or group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.directory.table import guard, write_table
from hub.domain import EVERYWHERE, Admin, Bounds, Group
from hub.store.database import Store


async def write_directory(store: Store, bounds: Bounds = EVERYWHERE) -> str:
    """CSV as of contract §4, of what lies within these."""
    return directory_csv(await store.directory.groups(bounds=bounds), await store.directory.admins(bounds=bounds))


def directory_csv(groups: Sequence[Group], admins: Sequence[Admin]) -> str:
    """`admins[].groups` holds ids of `groups`."""
    rows = sorted(_rows(groups, admins), key=_order)
    return write_table(rows)


def _rows(groups: Sequence[Group], admins: Sequence[Admin]) -> Iterator[tuple[str, ...]]:
    by_id = {group.id: group for group in groups}
    for admin in admins:
        for group in (by_id[group_id] for group_id in admin.groups if group_id in by_id):
            for address in admin.addresses:
                yield (
                    guard(group.name),
                    group.platform,
                    str(group.members),
                    "|".join(sorted(group.neighbourhoods)),
                    guard(admin.name),
                    admin.language,
                    address.channel,
                    # Not guarded: the forms that handles.py lets through hold nothing a spreadsheet could run.
                    address.handle.value,
                    str(address.rank),
                )


def _order(row: tuple[str, ...]) -> tuple[str, str, int, tuple[str, ...]]:
    group, _, _, _, admin, _, _, _, rank = row
    return group, admin, int(rank), row
