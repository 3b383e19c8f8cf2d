"""Opens GeoJSON and CBS GeoPackages as rows of properties and WGS84 geometries. Does not know what the properties mean.

`reading.py` is the only caller. Every file that cannot be opened is `Refused` with what to do about it.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from hub.domain import Mistake, Refused

# The layers of CBS's Wijk- en buurtkaart; older editions carry the year in the name, such as cbs_buurten_2019.
_LAYERS = {"buurten": "buurt", "wijken": "wijk", "gemeenten": "gemeente"}
_RD_NEW = "EPSG:28992"
_LONGEST_EDGE = 100.0  # metres, see projection.py


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A feature: where it stands in the file, its properties by lower-case name, and what lies on the map, if any."""

    place: str
    properties: Mapping[str, Any]
    geometry: BaseGeometry | None
    unreadable: bool = False


MOST_UNPACKED = 1 << 30
"""Bytes. The whole country's neighbourhoods, thinned a little, are 15 MB as GeoJSON; with every corner some times that."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """All rows of a file, and what the file says of itself (`name`, `year`)."""

    properties: Mapping[str, Any]
    rows: list[Row]


def read_bytes(path: Path, most: int = MOST_UNPACKED) -> bytes:
    """The file's content, unpacked if it is gzip whatever its name. Refused if it is missing, empty, cut short or a bomb."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
                content = packed.read(most + 1)
            if len(content) > most:
                raise _refused(path, f"unpacks to more than {most >> 20:,} MiB: this is no map")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise _refused(path, "the gzip file is cut short or damaged; download it again") from None
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    if not content.strip():
        raise _refused(path, "the file is empty; download it again")
    return content


def open_geojson(path: Path) -> Layers:
    """A FeatureCollection (RFC 7946), packed by gzip or not."""
    try:
        collection = orjson.loads(read_bytes(path).removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise _refused(path, f"not JSON (line {error.lineno}: {error.msg}); is it cut short?") from None
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or collection.get("type") != "FeatureCollection":
        raise _refused(path, "not a GeoJSON FeatureCollection")
    bodies = [feature if isinstance(feature, dict) else {} for feature in features]
    texts = [orjson.dumps(body.get("geometry")) for body in bodies]
    geometries = shapely.force_2d(shapely.from_geojson(texts, on_invalid="ignore"))
    rows = []
    for number, (body, text, geometry) in enumerate(zip(bodies, texts, geometries, strict=True)):
        properties = body.get("properties")
        unreadable = geometry is None and text != b"null"
        rows.append(Row(f"features[{number}]", _lowered(properties), geometry, unreadable))
    return Layers(_lowered({key: value for key, value in collection.items() if key != "features"}), rows)


def open_geopackage(path: Path, columns: set[str]) -> Layers:
    """A GeoPackage of CBS: its buurten with boundaries; wijken and gemeenten, if there, for their names only.

    Of the hundreds of columns of statistics only `columns` are read.
    """
    read_bytes(path)
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        levels = {name: level for part, level in _LAYERS.items() for name in names if part in name.lower()}
        if "buurt" not in levels.values():
            raise _refused(path, f"has no layer 'buurten', only {', '.join(names) or 'none at all'}")
        return Layers({}, [row for name, level in levels.items() for row in _read_layer(path, name, level, columns)])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FieldError) as error:
        raise _refused(path, f"not a whole GeoPackage ({error}); download it again") from None
    except (pyogrio.errors.GeometryError, shapely.errors.GEOSException, pyproj.exceptions.ProjError) as error:
        raise _refused(path, f"holds geometries that cannot be read: {error}") from None


def _read_layer(path: Path, layer: str, level: str, columns: set[str]) -> list[Row]:
    wanted = [name for name in pyogrio.read_info(path, layer=layer)["fields"] if name.lower() in columns]
    meta, _, geometries, fields = pyogrio.raw.read(path, layer=layer, columns=wanted, read_geometry=level == "buurt")
    names = [name.lower() for name in meta["fields"]]
    count = len(fields[0]) if fields else 0
    shapes = [None] * count if geometries is None else _to_degrees(geometries, meta["crs"] or _RD_NEW)
    return [
        Row(f"{layer}[{number}]", {"level": level, **dict(zip(names, values, strict=True))}, shapes[number])
        for number, values in enumerate(zip(*fields, strict=True))
    ]


def _to_degrees(geometries: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)

    def project(metres: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(metres[:, 0], metres[:, 1]))

    # CBS draws edges straight in RD, everything behind this takes them as straight in degrees: cut, both are the same.
    cut = shapely.segmentize(shapely.force_2d(shapely.from_wkb(geometries)), _LONGEST_EDGE)
    return np.asarray(shapely.transform(cut, project), dtype=object)


def _lowered(properties: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in properties.items()} if isinstance(properties, dict) else {}


def _refused(path: Path, reason: str) -> Refused:
    return Refused("The neighbourhoods cannot be read", [Mistake(path.name, reason)])
