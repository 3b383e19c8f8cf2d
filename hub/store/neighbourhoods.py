"""Verbs on the map: neighbourhoods and postcodes, swapped whole at an import."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.transactions import in_transaction

from hub.domain import Neighbourhood
from hub.store import tables
from hub.store.engine import Engine, shielded
from hub.store.queries import Queries


class Neighbourhoods:
    def __init__(self, engine: Engine, queries: Queries) -> None:
        self._engine = engine
        self._sql = queries

    async def version(self) -> int:
        """Grows with every import, so that a running hub sees that its index is old; 0 when nothing was ever imported."""
        version: int = (await self._engine.read(self._sql.neighbourhood_version))[0][0]
        return version

    async def all(self) -> list[Neighbourhood]:
        """By code. Not through Tortoise: for the country its models hold up the loop for a quarter of a second."""
        return [Neighbourhood(*row) for row in await self._engine.read(self._sql.neighbourhoods)]

    async def codes(self) -> dict[str, str]:
        """Neighbourhood code → its district's code."""
        return {str(c): str(d) for c, d in await tables.Neighbourhood.all().values_list("code", "district")}

    async def postcodes(self) -> list[tuple[str, str, float]]:
        """(pc4, neighbourhood code, share of the postcode's area)."""
        rows = await tables.Postcode.all().values_list("pc4", "neighbourhood", "share")
        return [(str(p), str(c), float(s)) for p, c, s in rows]

    @shielded
    async def replace(self, new: Sequence[Neighbourhood], *, source: str, now: int) -> None:
        """Swap the whole map in one transaction. Groups keep their codes; see `orphans`."""
        async with in_transaction():
            await tables.Neighbourhood.all().delete()
            await tables.Neighbourhood.bulk_create(
                [
                    tables.Neighbourhood(
                        code=n.code,
                        name=n.name,
                        district=n.district,
                        district_name=n.district_name,
                        municipality=n.municipality,
                        municipality_name=n.municipality_name,
                        boundary=n.boundary,
                        edition=n.edition,
                        ground=n.ground or None,
                    )
                    for n in new
                ],
                batch_size=500,
            )
            edition = max((n.edition for n in new), default=0)
            await tables.NeighbourhoodImport.create(imported_at=now, source=source, edition=edition, count=len(new))

    @shielded
    async def replace_postcodes(self, rows: Sequence[tuple[str, str, float]], *, source: str, now: int) -> None:
        async with in_transaction():
            await tables.Postcode.all().delete()
            await tables.Postcode.bulk_create(
                [tables.Postcode(pc4=pc4, neighbourhood=code, share=share) for pc4, code, share in rows],
                batch_size=2000,
            )
            await tables.NeighbourhoodImport.create(imported_at=now, source=source, edition=0, count=len(rows))

    async def orphans(self) -> list[str]:
        """Codes that groups name but the map does not know (any more): nobody there can be alerted."""
        known = {str(c) for c in await tables.Neighbourhood.all().values_list("code", flat=True)}
        named = {str(c) for c in await tables.GroupNeighbourhood.all().distinct().values_list("code", flat=True)}
        return sorted(named - known)
