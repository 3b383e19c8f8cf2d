"""Files of neighbourhoods: what is understood, what is mended, and what is refused with every mistake."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely

from hub.domain import Area, Geocode, Refused
from hub.places.index import NeighbourhoodIndex
from hub.places.layers import read_bytes
from hub.places.reading import read_neighbourhoods, read_postcodes
from tests.places.drawing import CORNER, geometry

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ROOT.parent / "shared/hostile/geojson"
POSTCODES = ROOT.parent / "shared/data/pc4-buurt.csv.gz"
SQUARE = geometry(shapely.box(0, 0, 100, 100))


def feature(code: Any = "BU00010000", shape: Any = SQUARE, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"code": code, "name": "Veld", **properties}, "geometry": shape}


def write(path: Path, *features: Any, **members: Any) -> Path:
    content = json.dumps({"type": "FeatureCollection", "features": features, **members}).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(Refused) as refused:
        read_neighbourhoods(path)
    return [str(one) for one in refused.value.mistakes]


def test_zoetermeer_as_shipped_is_read_whole() -> None:
    neighbourhoods, warnings = read_neighbourhoods(ROOT / "config/neighbourhoods/zoetermeer.geojson")
    assert len(neighbourhoods) == 26 and warnings == []
    assert {(one.municipality, one.municipality_name) for one in neighbourhoods} == {("GM0637", "Zoetermeer")}
    assert {one.district_name for one in neighbourhoods if one.district == "WK063703"} == {"Seghwaert"}


@pytest.mark.parametrize(
    "properties",
    [
        {"code": "BU0363AA01", "name": "Kop Zeedijk", "wk": "WK0363AA", "gm": "GM0363", "gmnaam": "Amsterdam"},
        {"buurtcode": "BU0363AA01", "buurtnaam": "Kop Zeedijk", "wijkcode": "WK0363AA", "gemeentecode": "GM0363",
         "gemeentenaam": "Amsterdam", "water": "NEE", "jaar": 2024},
        {"BU_CODE": "BU0363AA01", "BU_NAAM": "Kop Zeedijk", "WK_CODE": "WK0363AA", "GM_CODE": "GM0363",
         "GM_NAAM": "Amsterdam", "WATER": "NEE"},
        {"statcode": "BU0363AA01", "statnaam": "Kop Zeedijk", "gemeentenaam": "Amsterdam"},
        {"Code": "bu0363aa01", "Naam": " Kop Zeedijk ", "GMNaam": "Amsterdam", "level": "Buurt"},
    ],
)  # fmt: skip
def test_the_names_of_columns_differ_from_maker_to_maker(tmp_path: Path, properties: dict[str, Any]) -> None:
    path = write(tmp_path / "a.geojson", {"type": "Feature", "properties": properties, "geometry": SQUARE})
    (one,), _ = read_neighbourhoods(path)
    assert (one.code, one.name, one.municipality_name) == ("BU0363AA01", "Kop Zeedijk", "Amsterdam")
    assert (one.district, one.municipality) == ("WK0363AA", "GM0363")


def test_districts_and_municipalities_in_the_file_give_names_only(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.geojson",
        feature(),
        feature("WK000100", None, name="De wijk"),
        feature("GM0001", None, level="gemeente", name="De stad"),
        feature("PV20", None, level="provincie"),
    )
    (one,), warnings = read_neighbourhoods(path)
    assert (one.district_name, one.municipality_name) == ("De wijk", "De stad")
    assert warnings == ["1 rows of water, or without a code, were left out"]


def test_water_and_rows_without_a_code_are_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.geojson",
        feature(),
        feature("BU00019997", water="JA"),
        feature("BU00019998", water="B"),
        feature(None),
        feature("", None),
    )
    neighbourhoods, warnings = read_neighbourhoods(path)
    assert [one.code for one in neighbourhoods] == ["BU00010000"]
    assert warnings == ["4 rows of water, or without a code, were left out"]


@pytest.mark.parametrize(
    ("file", "members", "properties", "year"),
    [
        ("a.geojson", {}, {}, 0),
        ("wijkenbuurten_2023_v2.geojson", {"name": "CBS 2016"}, {}, 2023),
        ("a.geojson", {"name": "Wijk- en buurtkaart 2016 (2022-03-24)"}, {}, 2016),
        ("a-120240.geojson", {}, {}, 0),
        ("b2020.geojson", {"jaar": 2019}, {}, 2019),
        ("b2020.geojson", {"jaar": 2019}, {"year": "2018"}, 2018),
        ("b2020.geojson", {}, {"JAAR": 2017.0}, 2017),
    ],
)
def test_the_edition_is_told_by_the_row_else_the_file_else_a_name(
    tmp_path: Path, file: str, members: dict[str, Any], properties: dict[str, Any], year: int
) -> None:
    path = write(tmp_path / file, feature(**properties), **members)
    assert read_neighbourhoods(path)[0][0].edition == year
    assert read_neighbourhoods(path, edition=2030)[0][0].edition == 2030


def test_gzip_a_byte_order_mark_and_a_third_dimension_are_fine(tmp_path: Path) -> None:
    high = {"type": "Polygon", "coordinates": [[[*xy, 7.0] for xy in SQUARE["coordinates"][0]]]}
    (one,), _ = read_neighbourhoods(write(tmp_path / "a.geojson.gz", feature(shape=high)))
    assert not shapely.has_z(shapely.from_wkb(one.boundary))
    marked = tmp_path / "b.geojson"
    marked.write_bytes(b"\xef\xbb\xbf" + write(tmp_path / "c.geojson", feature()).read_bytes())
    assert len(read_neighbourhoods(marked)[0]) == 1


def test_a_boundary_that_crosses_itself_is_mended_with_a_warning(tmp_path: Path) -> None:
    bow_tie = geometry(shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]))
    (one,), warnings = read_neighbourhoods(write(tmp_path / "a.geojson", feature(shape=bow_tie)))
    boundary = shapely.from_wkb(one.boundary)
    assert boundary.is_valid and boundary.geom_type == "MultiPolygon"
    assert warnings == ["features[0]: the boundary of BU00010000 crosses itself and was mended"]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    rd = {"type": "Point", "coordinates": [93746, 452865]}
    rd_square = shapely.geometry.mapping(shapely.box(93_000, 452_000, 93_100, 452_100))
    path = write(
        tmp_path / "a.geojson",
        feature("BU1"),
        feature("BU00010001", None),
        feature("BU00010002", {"type": "Polygon", "coordinates": [[4, 52]]}),
        feature("BU00010003", rd_square),
        feature("BU00010004", rd),
        feature("BU00010005", geometry(shapely.LineString([(0, 0), (1, 1)]))),
        feature(
            "BU00010006", {"type": "Polygon", "coordinates": [[[4.5, 52.0], [4.6, 52.0], [4.5, 52.0], [4.5, 52.0]]]}
        ),
        feature("BU00010007", shapely.geometry.mapping(shapely.box(52.0, 4.4, 52.1, 4.5))),
        feature("BU00010008", name=None),
        feature("BU00010009", wk="Centrum", gm="Zoetermeer"),
        feature("BU0001AA01"),
        feature("BU0001AA01"),
        feature("BU0001AA01"),
    )
    found = mistakes(path)
    expected = [
        ("features[0]: 'BU1' is no BU code", 1), ("features[0]:", 1),
        ("features[1]: BU00010001: has no boundary", 1), ("features[2]: BU00010002: the geometry is no valid GeoJSON", 1),
        ("features[3]: BU00010003: coordinates are no degrees; if they are RD", 1), ("features[4]: BU00010004: the b", 1),
        ("features[5]: BU00010005: the boundary is a LineString", 1), ("features[6]: BU00010006: the boundary encl", 1),
        ("features[7]: BU00010007: lies outside the Netherlands", 1), ("features[8]: BU00010008 has no name", 1),
        ("features[9]: BU00010009: 'CENTRUM' is no WK code", 1), ("features[9]: BU00010009: 'ZOETERMEER' is no GM code", 1),
        ("BU0001AA01: stands in the file 3 times", 1),
    ]  # fmt: skip
    assert [(start, sum(one.startswith(start) for one in found)) for start, _ in expected] == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"), (b" \n", "empty"), (b"{", "not JSON"), (b"\xff\xfe", "not JSON"), (b"[]", "FeatureCollection"),
        (b"7", "FeatureCollection"), (b'{"type":"FeatureCollection"}', "FeatureCollection"),
        (b'{"type":"FeatureCollection","features":{}}', "FeatureCollection"),
        (b'{"type":"FeatureCollection","features":[]}', "no neighbourhood"),
        (b'{"type":"FeatureCollection","features":[null,7,{}]}', "no neighbourhood"),
        (gzip.compress(b"{}" * 1000, mtime=0)[:30], "cut short"), (b"\x1f\x8bnonsense", "damaged"),
        (gzip.compress(b"", mtime=0), "empty"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_what_to_do(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    (mistake,) = mistakes(path)
    assert mistake.startswith("a.geojson: ") and reason in mistake


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "no.geojson") == ["no.geojson: cannot be read: No such file or directory"]
    assert mistakes(tmp_path)[0].endswith("Is a directory")
    assert mistakes(tmp_path / "no.gpkg") == ["no.gpkg: cannot be read: No such file or directory"]


def geopackage(path: Path, layer: str = "buurten", count: int = 3, crs: str | None = "EPSG:28992") -> Path:
    shapes = [shapely.box(x, CORNER[1], x + 100, CORNER[1] + 100) for x in CORNER[0] + 100 * np.arange(count)]
    columns: dict[str, list[Any]] = {
        "buurtcode": [f"BU0637{n:04}" for n in range(count)], "buurtnaam": [f"Buurt {n}" for n in range(count)],
        "wijkcode": ["WK063700"] * count, "gemeentecode": ["GM0637"] * count, "gemeentenaam": ["Zoetermeer"] * count,
        "water": ["NEE"] * (count - 1) + ["JA"], "jaar": [2024] * count, "aantal_inwoners": [-99997] * count,
    }  # fmt: skip
    append(path, layer, shapes, columns, crs)
    return path


def append(path: Path, layer: str, shapes: list[Any], columns: dict[str, list[Any]], crs: str | None) -> None:
    multi = [shapely.MultiPolygon([shape]) for shape in shapes]
    pyogrio.raw.write(
        path, layer=layer, geometry=shapely.to_wkb(np.array(multi, dtype=object)), fields=list(columns), driver="GPKG",
        field_data=[np.array(values) for values in columns.values()], geometry_type="MultiPolygon", crs=crs,
        append=path.exists(),
    )  # fmt: skip


@pytest.mark.parametrize("layer", ["buurten", "cbs_buurten_2019"])
def test_a_geopackage_of_cbs_is_read_and_turned_into_degrees(tmp_path: Path, layer: str) -> None:
    path = geopackage(tmp_path / "wijkenbuurten_2023.gpkg", layer)
    append(path, "wijken", [shapely.box(0, 0, 1, 1)], {"wijkcode": ["WK063700"], "wijknaam": ["Centrum"]}, "EPSG:28992")
    (first, second), warnings = read_neighbourhoods(path)
    assert (first.code, first.name, second.code) == ("BU06370000", "Buurt 0", "BU06370001")
    assert (first.district_name, first.municipality_name, first.edition) == ("Centrum", "Zoetermeer", 2024)
    assert warnings == ["1 rows of water, or without a code, were left out"]
    boundary = shapely.from_wkb(first.boundary)
    assert boundary.equals_exact(shapely.geometry.shape(SQUARE), 1e-8, normalize=True)


def test_a_geopackage_cut_short_is_refused(tmp_path: Path) -> None:
    whole = geopackage(tmp_path / "whole.gpkg", count=4000).read_bytes()
    for size in (0, 50, 5_000, len(whole) // 2, len(whole) - 200_000):
        path = tmp_path / "cut.gpkg"
        path.write_bytes(whole[:size])
        (mistake,) = mistakes(path)
        assert mistake.startswith("cut.gpkg: ") and "download it again" in mistake


def test_a_geopackage_of_something_else_is_refused_with_its_layers(tmp_path: Path) -> None:
    assert mistakes(geopackage(tmp_path / "a.gpkg", "wegen")) == ["a.gpkg: has no layer 'buurten', only wegen"]
    text = tmp_path / "b.gpkg"
    text.write_text("not a database")
    assert "download it again" in mistakes(text)[0]


# Where the collection of good and bad GeoJSON is at hand: as the boundary of a neighbourhood none of it is of use.
@pytest.mark.parametrize(
    "source", [None, *sorted(HOSTILE.glob("*/*.geojson"))], ids=lambda one: one.stem if one else "-"
)
def test_the_worlds_good_and_bad_geojson_is_refused_with_a_reason(tmp_path: Path, source: Path | None) -> None:
    content: dict[str, Any] = json.loads(source.read_bytes()) if source else {"type": "Point", "coordinates": []}
    listed = content.get("features")
    features = listed if isinstance(listed, list) else [content]
    named = [feature(f"BU0001{number:04}", (one or {}).get("geometry", one)) for number, one in enumerate(features)]
    assert mistakes(write(tmp_path / "a.geojson", *named))
    if source:
        (tmp_path / "raw.geojson").write_bytes(source.read_bytes())
        assert mistakes(tmp_path / "raw.geojson")


def test_what_unpacks_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "map.geojson.gz"
    bomb.write_bytes(gzip.compress(bytes(3 << 20), mtime=0))
    with pytest.raises(Refused, match="more than 2 MiB"):
        read_bytes(bomb, most=2 << 20)


def test_a_table_of_postcodes_is_read_from_csv_and_from_gzip(tmp_path: Path) -> None:
    text = (
        'pc4,buurt,buurtnaam,share_of_pc4\n2715,BU06370101,Meerzicht-Oost,0.971\n2715,BU06370100,"West, Meerzicht",1\n'
    )
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_text("\ufeff" + text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode(), mtime=0))
    assert read_postcodes(plain) == read_postcodes(packed)
    assert read_postcodes(plain) == [("2715", "BU06370101", 0.971), ("2715", "BU06370100", 1.0)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["a.csv: the file is empty; download it again"]),
        ("pc4,buurt\n1,2\n", ["a.csv: has no column share_of_pc4"]),
        ("pc4,buurt,share_of_pc4\n", ["a.csv: holds no row"]),
        ("pc4,buurt,share_of_pc4\n271,BU06370101,1\n2715,BU1,1\n2715,BU06370101,2\n2715\n",
         [f"row {n}: needs a postcode of four digits, a BU code and a share from 0 to 1" for n in (2, 3, 4, 5)]),
    ],
)  # fmt: skip
def test_a_bad_table_of_postcodes_is_refused_with_every_row(tmp_path: Path, text: str, expected: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        read_postcodes(path)
    assert [str(one) for one in refused.value.mistakes] == expected


@pytest.mark.parametrize("path", [None, *([POSTCODES] if POSTCODES.exists() else [])])
def test_a_table_of_postcodes_feeds_the_index(tmp_path: Path, path: Path | None) -> None:
    if path is None:
        path = tmp_path / "a.csv"
        path.write_text("pc4,buurt,share_of_pc4\n2715,BU06370101,0.971\n2715,BU06370100,0.03\n1011,BU0363AF09,0.13\n")
    neighbourhoods, _ = read_neighbourhoods(ROOT / "config/neighbourhoods/zoetermeer.geojson")
    index = NeighbourhoodIndex(neighbourhoods, read_postcodes(path))
    found = index.match([Area("", geocodes=(Geocode("PC4", "2715"), Geocode("PC4", "1011")))])
    assert {one.code for one in found.matches} == {"BU06370100", "BU06370101"}
    assert [one.place for one in found.mistakes] == ["area[0].geocode[1]"]
