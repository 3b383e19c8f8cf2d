"""Verbs on the public register: what everybody may know of groups. Reads only, and nothing of their admins."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from hub.store import tables
from hub.store.batches import BATCH, batches
from hub.store.engine import shielded

LONGEST_PLATFORM, LONGEST_CODE = 20, 6
"""Of a messenger's name, and of a municipality's code."""

Row = tuple[int, str, str, int]
"""id, name, platform, members."""


@dataclass(frozen=True, slots=True)
class PublicGroup:
    """A group without its admins. `neighbourhoods`: BU codes, also those the map does not know (any more)."""

    id: int
    name: str
    platform: str
    members: int
    neighbourhoods: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its name, or '' where nobody could see one: signs without width alone make no link."""
        return self.name if any(unicodedata.category(sign)[0] not in "CZ" for sign in self.name) else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which groups of the list: all that fit everything given. `text`: in the name; `codes`: or in one of these neighbourhoods."""

    text: str = ""
    codes: Sequence[str] = ()
    municipality: str = ""
    platform: str = ""


class Registry:
    @shielded
    async def groups(self, wanted: Wanted, *, skip: int = 0, limit: int) -> tuple[list[PublicGroup], int]:
        """So many by name, and how many there are in all."""
        query = _query(wanted)
        rows = await _rows(query.order_by("name", "id").offset(skip).limit(limit))
        return await _whole(rows), await query.count()

    @shielded
    async def group(self, group_id: int) -> PublicGroup | None:
        found = await _whole(await _rows(tables.WatchGroup.filter(id=group_id)))
        return found[0] if found else None

    @shielded
    async def groups_in(self, codes: Sequence[str]) -> list[PublicGroup]:
        """All that have one of these neighbourhoods, by name."""
        found = await tables.GroupNeighbourhood.filter(code__in=codes).distinct().values_list("group_id", flat=True)
        rows: list[Row] = []
        for part in batches(found):
            rows += await _rows(tables.WatchGroup.filter(id__in=part))
        return await _whole(sorted(rows, key=lambda row: (row[1], row[0])))

    @shielded
    async def all(self) -> list[PublicGroup]:
        """The whole register, by name. A batch at a time, so that the loop is not held for long."""
        found: list[PublicGroup] = []
        while part := await _rows(
            tables.WatchGroup.filter(id__gt=found[-1].id if found else 0).order_by("id").limit(BATCH)
        ):
            found += await _whole(part)
        return sorted(found, key=lambda one: (one.name, one.id))

    @shielded
    async def covered(self) -> set[str]:
        """The neighbourhoods that have a group, also those the map does not know (any more)."""
        return {str(code) for code in await tables.GroupNeighbourhood.all().distinct().values_list("code", flat=True)}

    @shielded
    async def platforms(self) -> dict[str, int]:
        """The messengers that groups use, and how many groups each."""
        rows = (
            await tables.WatchGroup.all()
            .annotate(groups=Count("id"))
            .group_by("platform")
            .values_list("platform", "groups")
        )
        return {str(platform): int(groups) for platform, groups in sorted(rows)}


def _query(wanted: Wanted) -> QuerySet[tables.WatchGroup]:
    query = tables.WatchGroup.all()
    if len(wanted.platform) > LONGEST_PLATFORM or len(wanted.municipality) > LONGEST_CODE:
        return query.filter(id__lt=0)  # nobody's; Tortoise refuses to look for what its column cannot hold
    if wanted.platform:
        query = query.filter(platform=wanted.platform)
    if wanted.municipality:
        inside = tables.Neighbourhood.filter(municipality=wanted.municipality).values("code")
        query = query.filter(id__in=_in(Subquery(inside)))
    if wanted.text:
        fits = Q(name__icontains=wanted.text)
        query = query.filter(fits | Q(id__in=_in(list(wanted.codes))) if wanted.codes else fits)
    return query


def _in(codes: Subquery | Sequence[str]) -> Subquery:
    return Subquery(tables.GroupNeighbourhood.filter(code__in=codes).values("group_id"))


async def _rows(query: QuerySet[tables.WatchGroup]) -> list[Row]:
    """As tuples: models of a country's groups would hold up the loop."""
    found = await query.values_list("id", "name", "platform", "members")
    return [(int(number), str(name), str(platform), int(members)) for number, name, platform, members in found]


async def _whole(rows: Sequence[Row]) -> list[PublicGroup]:
    codes: dict[int, list[str]] = defaultdict(list)
    for part in batches([row[0] for row in rows]):
        links = tables.GroupNeighbourhood.filter(group_id__in=part).order_by("code").values_list("group_id", "code")
        for group_id, code in await links:
            codes[int(group_id)].append(str(code))
    return [PublicGroup(*row, tuple(codes[row[0]])) for row in rows]
