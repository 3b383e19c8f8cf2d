"""Which rows of the directory file are one person, and what that person's addresses are.

Two rows are the same admin when they share a handle, or when they have the same admin name in the same group; and so on along
the chain: row 1 and 2 share a group and a name, row 2 and 7 a handle, so all three are one person. A name alone does not join
rows: two people called Jan de Vries in different groups stay two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from hub.domain import Address, Admin, Mistake

if TYPE_CHECKING:
    from hub.directory.csv_in import Row


def persons(rows: Sequence[Row], mistakes: list[Mistake]) -> list[tuple[Admin, list[str]]]:
    """Each admin with the names of their groups, in the order of the file; contradictions go to `mistakes`."""
    return [_person(rows_of_one, mistakes) for rows_of_one in _joined(rows)]


def _joined(rows: Sequence[Row]) -> list[list[Row]]:
    """Union-find over row indexes: `leader[n]` points towards the row that stands for n's person."""
    leader = list(range(len(rows)))

    def find(n: int) -> int:
        while leader[n] != n:
            leader[n] = leader[leader[n]]
            n = leader[n]
        return n

    first: dict[Hashable, int] = {}
    for n, row in enumerate(rows):
        for mark in (("handle", row.channel, row.handle.value), ("name", row.group, row.admin)):
            # The lower index leads, so that a person's first row does.
            one, other = sorted((find(n), find(first.setdefault(mark, n))))
            leader[other] = one
    joined: dict[int, list[Row]] = defaultdict(list)
    for n, row in enumerate(rows):
        joined[find(n)].append(row)
    return list(joined.values())


def _person(rows: Sequence[Row], mistakes: list[Mistake]) -> tuple[Admin, list[str]]:
    start = rows[0]
    addresses: dict[tuple[str, str], Row] = {}
    ranks: dict[int, Row] = {}
    in_group: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row.channel, row.handle.value)

        def wrong(column: str, reason: str, row: Row = row) -> None:
            mistakes.append(Mistake(f"row {row.number}, {column}", reason))

        if row.admin != start.admin:
            wrong("admin", f"another name than in row {start.number}, though a handle joins the two")
        if row.language != start.language:
            wrong("language", f"differs from row {start.number}, the same admin")
        twin = in_group.setdefault((row.group, *key), row)
        known = addresses.setdefault(key, row)
        if twin is not row:
            wrong("handle", f"the same address in the same group as row {twin.number}")
        elif known.rank != row.rank:
            wrong("rank", f"{row.rank} here, {known.rank} in row {known.number} for the same handle")
        else:
            holder = ranks.setdefault(row.rank, row)
            if (holder.channel, holder.handle) != (row.channel, row.handle):
                wrong("rank", f"{row.rank} is taken by another address of this admin, in row {holder.number}")
    ways = sorted((Address(row.channel, row.handle, row.rank) for row in addresses.values()), key=lambda way: way.rank)
    return Admin(0, start.admin, start.language, tuple(ways)), list(dict.fromkeys(row.group for row in rows))
