"""CAP out: whatever was accepted is put out as OASIS's schema asks, and says the same when it is taken in again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.cap import cap_xml, complete, read_json, read_xml
from hub.cap.schema import CATEGORIES, RESPONSE_TYPES
from hub.cap.values import parse_time
from hub.cap.xml_out import NAMESPACE
from hub.domain import Alert, Severity, Status, Urgency

HERE = Path(__file__).parent
SCHEMA = HERE / "schema" / "CAP-v1.2.xsd"
SHARED = HERE.parents[2] / "shared"
OASIS = etree.XMLSchema(etree.parse(SCHEMA))
NOW_MS = 1_769_880_600_123
FILES = [*sorted((HERE / "samples").glob("*.*ml")), *sorted((HERE / "samples").glob("*.json"))]
MORE = sorted((SHARED / "cap/visible").glob("*.xml"))
TIMES = ("sent", "effective", "onset", "expires")


def taken(raw: bytes) -> Alert:
    posted = read_xml(raw) if raw.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<") else read_json(raw)
    return complete(posted, sender="oc@politie.example", now_ms=NOW_MS, new_identifier="made", default_duration_s=7200)


def an_alert(info: dict[str, Any] | None = None, area: dict[str, Any] | None = None, **top: Any) -> Alert:
    place = {"areaDesc": "Seghwaert", "circle": ["52.0607,4.4940 0.4"]} if area is None else area
    return taken(json.dumps({"info": [{"event": "Inbraak", "area": [place], **(info or {})}], **top}).encode())


def put_out(alert: Alert) -> etree._Element:
    """Put out with its pictures; it must be valid."""
    root = etree.fromstring(cap_xml(alert.content, pictures=True))
    OASIS.assertValid(root)
    return root


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{{NAMESPACE}}}{name}")]


def same(value: Any, name: str = "") -> Any:
    """What it says, without what `xml_out` says it does not keep."""
    if isinstance(value, dict):
        return {key: kept for key, one in value.items() if (kept := same(one, key)) not in ("", [], {})}
    if isinstance(value, list):
        return [kept for one in value if (kept := same(one, name)) not in ("", [], {})]
    if name in TIMES:
        return parse_time(value).replace(microsecond=0)
    if name in ("polygon", "circle"):
        return " ".join(value.split())
    if name == "references":
        return [(*word.split(",")[:2], same(word.split(",")[2], "sent")) for word in value.split()]
    if name in ("altitude", "ceiling"):
        return float(f"{value:.6f}")
    return value.strip(" \t\r\n") if isinstance(value, str) else value


def test_the_schema_is_that_of_oasis() -> None:
    told = (SCHEMA.parent / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in told


@pytest.mark.parametrize("file", [*FILES, *MORE], ids=lambda file: file.name)
def test_a_message_taken_in_is_put_out_valid_and_says_the_same_when_taken_in_again(file: Path) -> None:
    alert = taken(file.read_bytes())
    again = taken(etree.tostring(put_out(alert)))
    before, after = same(alert.content), same(again.content)
    for names in (before, after):
        names.pop("identifier"), names.pop("sender")
    assert after == before
    assert " " not in again.sender and "," not in again.sender


# Hypothesis writes alerts as people would not ----------------------------------------------------------------------------

letters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
lines = st.text(letters, min_size=1, max_size=40).filter(str.strip)
longer = st.text(st.one_of(letters, st.sampled_from("\n\t<&>]\"'")), max_size=80)
numbers = st.floats(-80, 80, allow_subnormal=False)
times = st.builds(
    "{:04d}-0{}-1{}T2{}:0{}:5{}{}{}".format,
    st.integers(2000, 2100), *[st.integers(1, 3)] * 5,
    st.sampled_from(["", ".5", ".123456789"]),
    st.sampled_from(["Z", "+01:00", "-00:00", "+00:00", "-11:30", "+14:00", "+23:59", "-14:30"]),
)  # fmt: skip
positions = st.tuples(numbers, numbers).map(list)
rings = st.lists(positions, min_size=4, max_size=6)
geometries = st.one_of(
    st.fixed_dictionaries({"type": st.just("Point"), "coordinates": positions}),
    st.fixed_dictionaries({"type": st.just("LineString"), "coordinates": st.lists(positions, min_size=2, max_size=5)}),
    st.fixed_dictionaries({"type": st.just("Polygon"), "coordinates": st.lists(rings, min_size=1, max_size=2)}),
    st.fixed_dictionaries(
        {"type": st.just("MultiPolygon"), "coordinates": st.lists(st.lists(rings, min_size=1, max_size=2), min_size=1)}
    ),
)
# What has our parameters' names is ours, and refused where it is nonsense.
named = lines.filter(lambda name: "bufferMetres" not in name and "geometry" not in name)
pairs = st.lists(st.fixed_dictionaries({"valueName": named, "value": longer}), max_size=2)
circles = st.lists(st.builds("{:.4f},{:.4f} {}".format, numbers, numbers, st.integers(0, 9)), max_size=2)
areas = st.fixed_dictionaries(
    {"areaDesc": lines},
    optional={
        "circle": circles,
        "polygon": st.just(["52.06,4.49 52.07,4.49\t52.07,4.50"]),
        "geocode": pairs,
        "altitude": st.floats(-1e300, 1e300),
        "geometry": geometries,
        "bufferMetres": st.floats(0, 1000),
    },
)
links = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs"]), min_size=1)
infos = st.fixed_dictionaries(
    {"event": lines, "area": st.lists(areas, min_size=1, max_size=3)},
    optional={
        "language": st.sampled_from(["nl", "nl-NL", "en-GB-oxendict"]),
        "category": st.lists(st.sampled_from(CATEGORIES), max_size=3),
        "responseType": st.lists(st.sampled_from(RESPONSE_TYPES), max_size=3),
        "urgency": st.sampled_from(list(map(str, Urgency))),
        "severity": st.sampled_from(list(map(str, Severity))),
        "eventCode": pairs,
        "parameter": pairs,
        **dict.fromkeys(("effective", "onset", "expires"), times),
        **dict.fromkeys(("senderName", "headline", "contact"), st.one_of(lines, st.just(" "))),
        **dict.fromkeys(("description", "instruction", "audience"), longer),
        "resource": st.lists(
            st.fixed_dictionaries(
                {},
                optional={"resourceDesc": lines, "mimeType": lines, "size": st.integers(0, 2**40), "derefUri": lines},
            ),
            max_size=2,
        ),
    },
)
alerts = st.fixed_dictionaries(
    {"info": st.lists(infos, min_size=1, max_size=2)},
    optional={
        "sent": times,
        "status": st.sampled_from(list(map(str, Status))),
        "scope": st.sampled_from(["Public", "Restricted", "Private"]),
        "code": st.lists(lines, max_size=2),
        "note": longer,
        "references": times.map("oc@politie.example,A-1,{}".format),
        "incidents": lines,
        **dict.fromkeys(("source", "restriction", "addresses"), lines),
    },
)


@given(alerts)
def test_whatever_was_accepted_as_json_is_valid_when_put_out_and_says_the_same(posted: dict[str, Any]) -> None:
    alert = taken(json.dumps(posted).encode())
    for info in alert.content["info"]:
        for area in info["area"]:
            if abs(area.get("altitude", 0)) >= 1e9:
                del area["altitude"]  # nothing on earth is so high, and the schema's readers take no more digits
    assert same(taken(etree.tostring(put_out(alert))).content) == same(alert.content)


@given(links, st.sampled_from(["https://", "https://politie.example/"]))
def test_whatever_is_taken_as_a_link_is_put_out_as_one_that_the_schema_takes(rest: str, start: str) -> None:
    if rest.startswith("/") and start == "https://":
        rest = "x" + rest
    alert = an_alert({"web": start + rest, "resource": [{"uri": rest}]})
    (web,) = texts(put_out(alert), "web")
    assert taken(cap_xml(alert.content)).infos[0].web == web and web.startswith(start)


@pytest.mark.parametrize(
    ("given_link", "out"),
    [
        ("https://politie.example/42?a=b#c", "https://politie.example/42?a=b#c"),
        ("https://politie.example/een foto.jpg", "https://politie.example/een%20foto.jpg"),
        ("https://politie.example/één", "https://politie.example/één"),
        ("https://politie.example:poort/", "https://politie.example%3Apoort/"),
    ],
)
def test_a_link_changes_only_where_it_must(given_link: str, out: str) -> None:
    assert texts(put_out(an_alert({"web": given_link})), "web") == [out]


def test_names_that_no_reference_could_hold_are_percent_encoded_and_others_stay() -> None:
    alert = taken((HERE / "samples" / "smallest.json").read_bytes())
    odd = {**alert.content, "identifier": "A 1,<&%", "sender": "oc@politie.example"}
    root = etree.fromstring(cap_xml(odd))
    assert texts(root, "identifier") == ["A%201%2C%3C%26%25"] and texts(root, "sender") == ["oc@politie.example"]


def test_characters_that_xml_does_not_have_are_replaced() -> None:
    alert = an_alert({"headline": "a\x01b\x0bc\uffffd"})
    assert texts(put_out(alert), "headline") == ["a\ufffdb\ufffdc\ufffdd"]


def test_times_lose_their_fraction_and_their_z_and_one_that_is_cap_already_stays_as_it_is() -> None:
    alert = an_alert(
        {"onset": "2026-01-31T18:30:00.999Z", "expires": "2026-01-31T18:30:00+00:00"},
        sent="2026-01-31T18:30:00+14:30",
        references="a,b,2026-01-31T18:30:00Z c,d,yesterday",
    )
    root = put_out(alert)
    assert texts(root, "onset") == ["2026-01-31T18:30:00-00:00"] and texts(root, "sent") == [
        "2026-01-31T04:00:00-00:00"
    ]
    assert texts(root, "expires") == ["2026-01-31T18:30:00+00:00"]
    assert texts(root, "references") == ["a,b,2026-01-31T18:30:00-00:00 c,d,yesterday"]


def test_a_geometry_is_drawn_for_everybody_and_comes_back_whole() -> None:
    ring, hole = [[4.49, 52.06], [4.5, 52.06], [4.5, 52.07], [4.49, 52.06]], [[4.494, 52.062]] * 3 + [[4.495, 52.062]]
    shape = {"type": "Polygon", "coordinates": [ring, hole]}
    alert = an_alert(area={"areaDesc": "Park", "polygon": ["1,2 3,4 5,6 1,2"], "geometry": shape, "bufferMetres": 25})
    root = put_out(alert)
    assert texts(root, "polygon") == ["1,2 3,4 5,6 1,2", "52.06,4.49 52.06,4.5 52.07,4.5 52.06,4.49"]
    again = taken(etree.tostring(root)).infos[0].areas[0]
    assert again == alert.infos[0].areas[0] and again.geometry == shape and again.buffer_metres == 25


def test_areas_with_buffers_of_their_own_keep_them() -> None:
    areas = [{"areaDesc": "a", "bufferMetres": 10}, {"areaDesc": "b"}, {"areaDesc": "c", "bufferMetres": 2.5}]
    alert = an_alert({"area": areas})
    root = put_out(alert)
    assert "area[0].bufferMetres" in texts(root, "valueName")
    assert taken(etree.tostring(root)).content["info"][0]["area"] == areas


@pytest.mark.parametrize("value", ["{", "3", '{"type": "Polygon", "coordinates": []}', "null", "[" * 5000])
@pytest.mark.parametrize("name", ["area[0].geometry", "area[7].geometry", "area[0].bufferMetres"])
def test_a_parameter_like_ours_that_says_nothing_is_kept_with_a_warning(name: str, value: str) -> None:
    if (name, value) == ("area[0].bufferMetres", "3"):
        value = "-1"
    alert = an_alert({"parameter": [{"valueName": name, "value": value}]})
    posted = read_xml(cap_xml(alert.content))
    assert posted.content["info"][0]["parameter"] == [{"valueName": name, "value": value}]
    assert any("parameter[0]" in warning for warning in posted.warnings)


def test_files_go_out_only_when_asked_for() -> None:
    alert = an_alert({"resource": [{"mimeType": "image/jpeg", "derefUri": "AAAA"}]})
    assert b"derefUri" not in cap_xml(alert.content) and b"AAAA" in cap_xml(alert.content, pictures=True)
    OASIS.assertValid(etree.fromstring(cap_xml(alert.content)))


def test_a_size_that_no_database_takes_is_left_out() -> None:
    raw = (HERE / "samples" / "full.xml").read_bytes()
    again = read_xml(raw.replace(b"<size>1200<", b"<size>1e300<"))
    assert "1e300" not in json.dumps(again.content) and "size" not in again.content["info"][0]["resource"][0]
