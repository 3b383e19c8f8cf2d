"""Where a sign is to come, out of a form: a point on the map, or a typed address and a chosen neighbourhood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import shapely

from hub.domain import Neighbourhood
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import point_to_degrees
from hub.plain import plain
from hub.web import choosing
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.languages import N_

MOST_LISTED: Final = 400
"""Neighbourhoods to choose from in one list; where there are more, they are searched for first."""


@dataclass(frozen=True, slots=True)
class Spot:
    """`exact`: somebody chose the point; else it is the middle of the neighbourhood, to be placed exactly by a coordinator."""

    latitude: float
    longitude: float
    exact: bool
    code: str


def read_point(form: Form, index: NeighbourhoodIndex) -> Spot | None:
    """The point of the fields lat and lon; None and a mistake where it is none of ours."""
    latitude, longitude = form.degrees("lat", -90, 90), form.degrees("lon", -180, 180)
    if latitude is None or longitude is None:
        return None
    found = index.at(longitude, latitude)
    if not found:
        form.wrong("lat", N_("Deze plek ligt in geen van onze buurten. Kies een andere plek."))
        return None
    return Spot(round(latitude, 6), round(longitude, 6), True, found[0].code)


def read_spot(form: Form, index: NeighbourhoodIndex) -> Spot | None:
    """The point, if one was chosen; else the middle of the neighbourhood of the field code."""
    if form.shown("lat").strip() or form.shown("lon").strip():
        return read_point(form, index)
    code = form.shown("code").strip()
    if index.get(code) is None:
        form.wrong("code", N_("Kies uw buurt."))
        return None
    latitude, longitude = middle_of(index, code)
    return Spot(latitude, longitude, False, code)


def middle_of(index: NeighbourhoodIndex, code: str) -> tuple[float, float]:
    """(latitude, longitude) of a point inside it, however bent it is."""
    shape = index.shapes[int(index.rows_of(code)[0])]
    longitude, latitude = point_to_degrees(shapely.point_on_surface(shape))
    return round(latitude, 6), round(longitude, 6)


def is_listed(index: NeighbourhoodIndex) -> bool:
    """Whether all neighbourhoods fit in one list."""
    return len(index) <= MOST_LISTED


def is_search(form: Form, index: NeighbourhoodIndex) -> bool:
    return not is_listed(index) and choosing.is_search(form, "area")


async def choices(call: Call, form: Form) -> list[Neighbourhood]:
    """The neighbourhoods to choose from: all, or what was chosen before and what the search found."""
    index = call.hub.atlas.index
    if is_listed(index):
        found = list(index)
    else:
        chosen = [form.shown("code").strip()]
        found = choosing.with_chosen(call, chosen, await choosing.found(call, form, "area"))
    return sorted(found, key=lambda one: (plain(one.municipality_name), plain(one.district_name), plain(one.name)))
