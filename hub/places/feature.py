"""A neighbourhood as a GeoJSON Feature, the way the API and the pages' maps show it."""

from __future__ import annotations

from typing import Any

import orjson
import shapely

from hub.domain import Neighbourhood
from hub.places.reference import CRS84, Crs


def as_feature(neighbourhood: Neighbourhood, crs: Crs = CRS84) -> dict[str, Any]:
    """RFC 7946, and so in CRS84 unless asked otherwise; `id` is the BU code, `edition` the map's year, 0 if unknown."""
    return {
        "type": "Feature",
        "id": neighbourhood.code,
        "properties": {
            "code": neighbourhood.code,
            "name": neighbourhood.name,
            "district": neighbourhood.district,
            "districtName": neighbourhood.district_name,
            "municipality": neighbourhood.municipality,
            "municipalityName": neighbourhood.municipality_name,
            "edition": neighbourhood.edition,
        },
        "geometry": orjson.loads(shapely.to_geojson(crs.told(shapely.from_wkb(neighbourhood.boundary)))),
    }
