"""Reads neighbourhoods, and the table of postcodes, out of files into the domain's words; every mistake at once.

Called by the command line's import and by the demo; what it gives is stored, and the index is built from the store.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hub.domain import Mistake, Neighbourhood, Refused
from hub.places.ground import on_the_ground
from hub.places.layers import Layers, Row, open_geojson, open_geopackage, read_bytes
from hub.places.projection import outside

# Names of one column in CBS GeoPackages and shapefiles, the PDOK services, gebiedsindelingen (stat…) and our own files.
_CODE = {
    "buurt": ("code", "buurtcode", "bu_code", "statcode"),
    "wijk": ("code", "wijkcode", "wk_code", "statcode"),
    "gemeente": ("code", "gemeentecode", "gm_code", "statcode"),
}
_NAME = {
    "buurt": ("name", "naam", "buurtnaam", "bu_naam", "statnaam"),
    "wijk": ("name", "naam", "wijknaam", "wk_naam", "statnaam"),
    "gemeente": ("name", "naam", "gemeentenaam", "gm_naam", "statnaam"),
}
_DISTRICT = ("wk", "wijkcode", "wk_code")
_DISTRICT_NAME = ("wknaam", "wijknaam", "wk_naam")
_MUNICIPALITY = ("gm", "gemeentecode", "gm_code")
_MUNICIPALITY_NAME = ("gmnaam", "gemeentenaam", "gm_naam")
_YEAR = ("jaar", "year")
_COLUMNS = {
    *(name for names in (*_CODE.values(), *_NAME.values()) for name in names),
    *_DISTRICT, *_DISTRICT_NAME, *_MUNICIPALITY, *_MUNICIPALITY_NAME, *_YEAR, "water", "h2o", "level",
}  # fmt: skip
_LEVELS = {"BU": "buurt", "WK": "wijk", "GM": "gemeente"}

# Letters since Amsterdam's division of 2022: BU0363AA01.
_BU = re.compile(r"BU[0-9A-Z]{8}")
_WK = re.compile(r"WK[0-9A-Z]{6}")
_GM = re.compile(r"GM[0-9A-Z]{4}")
_A_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

# CBS marks water JA and foreign ground B; both have codes, and nobody lives there.
_NOBODY = {"JA", "B"}


@dataclass(slots=True)
class _Found:
    neighbourhoods: list[Neighbourhood] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_neighbourhoods(path: Path, edition: int | None = None) -> tuple[list[Neighbourhood], list[str]]:
    """The buurten of a .geojson, .geojson.gz or CBS .gpkg file, in the file's order, and warnings.

    `edition` is the year of the map; left out, it is the row's, the file's own, or the year in a name. Raises Refused
    with every mistake of the file.
    """
    is_geopackage = path.suffix.lower() == ".gpkg"
    layers = open_geopackage(path, _COLUMNS) if is_geopackage else open_geojson(path)
    found = _Found()
    rows = {level: [row for row in layers.rows if _level(row) == level] for level in ("", *_CODE)}
    districts = _names(rows["wijk"], "wijk")
    municipalities = _names(rows["gemeente"], "gemeente")
    year = _edition(path, layers) if edition is None else edition
    dry = [row for row in rows["buurt"] if not _is_water(row.properties)]
    for row in dry:
        _read(found, row, year, edition is None, districts, municipalities)
    for code, count in Counter(one.code for one in found.neighbourhoods).items():
        if count > 1:
            found.mistakes.append(Mistake(code, f"stands in the file {count} times"))
    if not dry:
        found.mistakes.append(Mistake(path.name, "holds no neighbourhood (a feature with a BU code)"))
    if found.mistakes:
        raise Refused("The neighbourhoods cannot be read", found.mistakes)
    left_out = len(rows[""]) + len(rows["buurt"]) - len(dry)
    if left_out:
        found.warnings.append(f"{left_out} rows of water, or without a code, were left out")
    return on_the_ground(found.neighbourhoods), found.warnings


def read_postcodes(path: Path) -> list[tuple[str, str, float]]:
    """(PC4, BU code, share 0 to 1 of the postcode's area) for each row of a .csv or .csv.gz.

    Its columns are pc4, buurt and share_of_pc4; others are passed over. Raises Refused with every bad row.
    """
    title = "The table of postcodes cannot be read"
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(title, [Mistake(path.name, "not UTF-8")]) from None
    reader = csv.DictReader(io.StringIO(text))
    missing = {"pc4", "buurt", "share_of_pc4"} - set(reader.fieldnames or ())
    if missing:
        raise Refused(title, [Mistake(path.name, f"has no column {', '.join(sorted(missing))}")])
    rows: list[tuple[str, str, float]] = []
    mistakes = []
    for row in reader:
        pc4, code, share = (row[name] or "" for name in ("pc4", "buurt", "share_of_pc4"))
        if re.fullmatch(r"[1-9]\d{3}", pc4) and _BU.fullmatch(code) and re.fullmatch(r"0(\.\d+)?|1(\.0+)?", share):
            rows.append((pc4, code, float(share)))
        else:
            reason = "needs a postcode of four digits, a BU code and a share from 0 to 1"
            mistakes.append(Mistake(f"row {reader.line_num}", reason))
    if mistakes or not rows:
        raise Refused(title, mistakes or [Mistake(path.name, "holds no row")])
    return rows


def _read(
    found: _Found,
    row: Row,
    edition: int,
    own_year: bool,
    districts: Mapping[str, str],
    municipalities: Mapping[str, str],
) -> None:
    code = _text(row.properties, _CODE["buurt"]).upper()
    # CBS builds a code of municipality, district and neighbourhood: where the first two have no column, it tells them.
    district = _text(row.properties, _DISTRICT).upper() or f"WK{code[2:8]}"
    municipality = _text(row.properties, _MUNICIPALITY).upper() or f"GM{code[2:6]}"
    name = _text(row.properties, _NAME["buurt"])
    boundary = _boundary(found, row, code)
    code_is_good = bool(_BU.fullmatch(code))
    wrong = []
    if not code_is_good:
        wrong.append(f"{code[:40]!r} is no BU code (BU and 8 digits or letters)")
    if code_is_good and not _WK.fullmatch(district):
        wrong.append(f"{code}: {district[:40]!r} is no WK code (WK and 6 digits or letters)")
    if code_is_good and not _GM.fullmatch(municipality):
        wrong.append(f"{code}: {municipality[:40]!r} is no GM code (GM and 4 digits)")
    if not name:
        wrong.append(f"{code[:40]} has no name")
    found.mistakes += [Mistake(row.place, reason) for reason in wrong]
    if wrong or boundary is None:
        return
    found.neighbourhoods.append(
        Neighbourhood(
            code=code,
            name=name,
            district=district,
            district_name=_text(row.properties, _DISTRICT_NAME) or districts.get(district, ""),
            municipality=municipality,
            municipality_name=_text(row.properties, _MUNICIPALITY_NAME) or municipalities.get(municipality, ""),
            boundary=shapely.to_wkb(boundary),
            edition=(own_year and _year(_text(row.properties, _YEAR))) or edition,
        )
    )


def _boundary(found: _Found, row: Row, code: str) -> BaseGeometry | None:
    """The boundary, mended if need be; None, and a mistake noted, if it cannot be one."""
    geometry = row.geometry
    reason = ""
    if row.unreadable:
        reason = "the geometry is no valid GeoJSON: check its coordinates, [longitude, latitude], rings closed"
    elif geometry is None or geometry.is_empty:
        reason = "has no boundary"
    elif geometry.geom_type not in ("Polygon", "MultiPolygon"):
        reason = f"the boundary is a {geometry.geom_type}; it must be a Polygon or MultiPolygon"
    elif not (np.abs(shapely.get_coordinates(geometry)) <= (180, 90)).all():
        reason = "coordinates are no degrees; if they are RD metres, import the GeoPackage or convert to WGS84"
    elif outside(geometry.bounds):
        reason = "lies outside the Netherlands; GeoJSON writes longitude first"
    elif not geometry.is_valid:
        # "structure" keeps ground that a ring covers twice, and drops what has no area.
        geometry = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
        if geometry.is_empty:
            reason = "the boundary encloses no area"
        else:
            found.warnings.append(f"{row.place}: the boundary of {code} crosses itself and was mended")
    if reason:
        found.mistakes.append(Mistake(row.place, f"{code[:40]}: {reason}"))
        return None
    return geometry


def _level(row: Row) -> str:
    """buurt, wijk or gemeente: as declared, else by the code's first letters; "" without a code or of another level.

    A code of no known kind counts as a neighbourhood's, and is reported there.
    """
    declared = _text(row.properties, ("level",)).lower()
    if declared:
        return declared if declared in _CODE and _text(row.properties, _CODE[declared]) else ""
    code = next((text for names in _CODE.values() if (text := _text(row.properties, names))), "")
    return _LEVELS.get(code[:2].upper(), "buurt") if code else ""


def _names(rows: Iterable[Row], level: str) -> dict[str, str]:
    return {_text(row.properties, _CODE[level]).upper(): _text(row.properties, _NAME[level]) for row in rows}


def _edition(path: Path, layers: Layers) -> int:
    own = _text(layers.properties, _YEAR), path.name, _text(layers.properties, ("name",))
    return next((year for text in own if (year := _year(text))), 0)


def _year(text: str) -> int:
    found = _A_YEAR.search(text)
    return int(found[0]) if found else 0


def _is_water(properties: Mapping[str, Any]) -> bool:
    return _text(properties, ("water", "h2o")).upper() in _NOBODY


def _text(properties: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of these columns that holds something."""
    for name in names:
        value = properties.get(name)
        if isinstance(value, (str, int, float, np.integer, np.floating)) and value == value:  # NaN is an empty number
            text = str(value).strip()
            if text:
                return text
    return ""
