"""Rings: how far whoever fled can be by now, and which neighbourhoods that adds to those an alert matched. They only ever add.

The reach after so many minutes is a disc round the scene, or a sector of it where somebody saw which way they went. Pure: whoever
calls gives the moments. What holds somebody up (water, a railway, a motorway) is left for later: a ring may add a neighbourhood on
the far side of a canal, and adds none too few because of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from hub.clock import to_milliseconds
from hub.domain import Flight, FlightMode, Match, Point
from hub.places.discs import Disc, disc_to_metres
from hub.places.index import NeighbourhoodIndex
from hub.places.projection import circle_to_metres, on_the_map, point_to_metres, sector_to_metres
from hub.settings import Rings

_WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_BY = {
    FlightMode.FOOT: "on foot",
    FlightMode.BIKE: "by bike",
    FlightMode.CAR: "by car",
    FlightMode.UNKNOWN: "fled, at walking pace at least",
}


@dataclass(frozen=True, slots=True)
class Ring:
    """What is within `metres` at `at` (ms): `matches` are the neighbourhoods beyond those the alert had, nearest first."""

    at: int
    metres: float
    matches: tuple[Match, ...]


def rings(
    index: NeighbourhoodIndex, scene: Point, flight: Flight, moments: Iterable[int], limits: Rings, had: Collection[str]
) -> list[Ring]:
    """The ring of each moment (ms, in order of time) that adds to the one before it; `had` are the codes the alert matched.

    A later ring holds all of an earlier one, so that to take it is to take both.
    """
    found: list[Ring] = []
    held: dict[int, float] = {}
    for at in moments:
        away = _within(index, scene, flight, reach(flight, at, limits), limits.sector)
        new = {row: metres for row, metres in away.items() if row not in held and index[row].code not in had}
        if new:
            held |= new
            why = reason(flight, at, limits)
            # Of the alert's own area, none of them has anything.
            matches = [Match(index[row].code, index[row].name, 0.0, metres, why) for row, metres in held.items()]
            nearest_first = sorted(matches, key=lambda one: (one.distance_metres, one.code))
            found.append(Ring(at, reach(flight, at, limits), tuple(nearest_first)))
    return found


def reach(flight: Flight, at: int, limits: Rings) -> float:
    """Metres from the scene that they can be at a moment (ms), as the crow flies; 0 before it happened."""
    minutes = (at - to_milliseconds(flight.since)) / 60_000
    return min(limits.largest, max(0.0, minutes) * limits.metres_a_minute(flight.mode))


def reason(flight: Flight, at: int, limits: Rings) -> str:
    """Why the ring of this moment (ms) reaches where it does, in a sentence for the control room."""
    minutes = max(0, round((at - to_milliseconds(flight.since)) / 60_000))
    whither = "" if flight.bearing is None else f", towards the {_WINDS[round(flight.bearing / 45) % 8]}"
    return f"{_BY[flight.mode]}, {minutes} min after the crime: within {reach(flight, at, limits):.0f} m of the scene{whither}"


def ground_within(scene: Point, metres: float, bearing: float | None, width: float) -> BaseGeometry | Disc | None:
    """The disc or sector round a scene, in RD metres; None for no ground at all, or off the map."""
    latitude, longitude = scene
    if metres <= 0 or not on_the_map(longitude, latitude):
        return None
    if bearing is not None and width < 360:
        return sector_to_metres(longitude, latitude, metres, bearing, width)
    return disc_to_metres(longitude, latitude, metres) or circle_to_metres(longitude, latitude, metres)


def _within(index: NeighbourhoodIndex, scene: Point, flight: Flight, metres: float, width: float) -> dict[int, float]:
    """The neighbourhoods there, by row, with their distance from the scene in metres."""
    ground = ground_within(scene, metres, flight.bearing, width)
    if ground is None:
        return {}
    rows, _ = index.overlapping(ground)
    latitude, longitude = scene
    away = shapely.distance(index.shapes[rows], point_to_metres(longitude, latitude))
    return dict(zip(rows.tolist(), away.tolist(), strict=True))
