"""/coordinator/coverage: which neighbourhoods have a group, and how well; a table by district, and a map beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from hub.domain import Neighbourhood
from hub.store.directory_search import Cover
from hub.web.calls import Call
from hub.web.coordinator.groups import may_change
from hub.web.coordinator.listing import asked
from hub.web.languages import N_

STATES: Final = {
    "none": N_("geen groep"),
    "unreachable": N_("wel een groep, niemand bereikbaar"),
    "one": N_("één beheerder bereikbaar"),
    "good": N_("twee of meer beheerders bereikbaar"),
}


@dataclass(frozen=True, slots=True)
class Covered:
    """A neighbourhood and its state, one of STATES."""

    code: str
    name: str
    state: str
    cover: Cover


@dataclass(frozen=True, slots=True)
class DistrictCover:
    """A district and its neighbourhoods."""

    code: str
    name: str
    places: tuple[Covered, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(one.state for one in self.places)


def state_of(cover: Cover | None) -> str:
    if cover is None or not cover.groups:
        return "none"
    return "unreachable" if not cover.reachable else "one" if cover.reachable == 1 else "good"


async def coverage_page(call: Call) -> web.Response:
    """Of one municipality; of the only one, or the first, unless another is asked for."""
    municipalities = await call.hub.store.directory_search.municipalities(call.bounds)
    codes = [code for code, _ in municipalities]
    municipality = asked(call, "municipality", codes) or (codes[0] if codes else "")
    index = call.hub.atlas.index
    here = [index[int(row)] for row in index.rows_of(municipality)] if municipality else []
    covers = await call.hub.store.directory_search.covers({one.code for one in here})
    districts = _districts(here, covers)
    return call.show(
        "coordinator/coverage",
        municipalities=municipalities,
        municipality=municipality,
        name=dict(municipalities).get(municipality, ""),
        districts=districts,
        total=sum((one.counts for one in districts), Counter[str]()),
        states=STATES,
        bounds=index.box_round([municipality]),
        may_change=may_change(call),
    )


def _districts(here: list[Neighbourhood], covers: dict[str, Cover]) -> list[DistrictCover]:
    nothing = Cover(0, 0, 0)
    places: dict[tuple[str, str], list[Covered]] = {}
    for one in here:
        cover = covers.get(one.code)
        found = Covered(one.code, one.name, state_of(cover), cover or nothing)
        places.setdefault((one.district_name, one.district), []).append(found)
    return [
        DistrictCover(code, name, tuple(sorted(those, key=lambda one: one.name)))
        for (name, code), those in sorted(places.items())
    ]
