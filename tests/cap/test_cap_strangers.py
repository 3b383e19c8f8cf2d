"""What strangers send: arbitrary bytes, spoiled messages, real messages, hostile files. Only `Refused` comes out.

The larger collections of real and hostile files stand next to the project, where they are; without them the same tests run
over our own samples.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cap import alert_from_content, complete, read_json, read_xml
from hub.cap.geojson import check_geometry
from hub.cap.json_in import NOT_JSON
from hub.domain import Alert, Refused

SAMPLES = Path(__file__).parent / "samples"
SHARED = Path(__file__).parents[3] / "shared"
XML = [path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))]
JSON = [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]
NASTY = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<!--",
    b"<!DOCTYPE x>",
    b'"',
    b"\\",
    b"\0",
    b"\xff\xfe",
    b"{",
    b"[",
    b"NaN",
    b"9" * 400,
]


def found(own: str, shared: str) -> list[Any]:
    """Our own samples, and the larger collection where it is."""
    return [pytest.param(path, id=path.name) for path in [*sorted(SAMPLES.glob(own)), *sorted(SHARED.glob(shared))]]


def texts() -> list[str]:
    path = SHARED / "hostile/strings.json"
    given_texts: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [
        *given_texts,
        "",
        "Ω≈ç√∫ ﷽ 👩‍👧 \u202ertl",
        "'; DROP TABLE alerts; --",
        "<script>alert(1)</script>",
        "\x01\x1f\x7f",
    ]


def finished(raw: bytes, *, xml: bool) -> Alert | None:
    """The alert, with its way through the store; None where it is refused."""
    try:
        posted = read_xml(raw) if xml else read_json(raw)
    except Refused as refused:
        check(refused)
        return None
    alert = complete(posted, sender="oc", now_ms=0, new_identifier="1", default_duration_s=7200)
    stored = orjson.loads(orjson.dumps(alert.content))
    assert alert_from_content(stored, fingerprint=alert.fingerprint) == alert
    return alert


def check(refused: Refused) -> None:
    assert refused.mistakes and all(m.reason for m in refused.mistakes)
    # "cannot be read" is the sentence for what pydantic finds and sentences.py has no words for.
    assert not any(m.reason.startswith("cannot be read") for m in refused.mistakes)


@st.composite
def spoiled(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    raw = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(
            st.one_of(st.just(start), st.integers(start, min(len(raw), start + 40)), st.integers(start, len(raw)))
        )
        raw = raw[:start] + draw(st.one_of(st.just(b""), st.binary(max_size=6), st.sampled_from(NASTY))) + raw[end:]
    return raw


@given(st.one_of(st.binary(max_size=300), spoiled(XML), spoiled(JSON)), st.booleans())
def test_bytes_of_any_kind_are_taken_or_refused(raw: bytes, xml: bool) -> None:
    finished(raw, xml=xml)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)


@given(st.data())
def test_a_value_of_any_kind_in_any_place_is_taken_or_refused(data: st.DataObject) -> None:
    content = orjson.loads(data.draw(st.sampled_from(JSON)))
    holder = content
    while True:
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if isinstance(holder[key], str | int) or data.draw(st.booleans()):
            holder[key] = data.draw(json_values)
            break
        holder = holder[key]
    try:
        raw = orjson.dumps(content)
    except TypeError:  # half a surrogate pair cannot be sent at all
        return
    finished(raw, xml=False)


@pytest.mark.parametrize("text", texts())
def test_naughty_strings_survive_unchanged_in_the_description(text: str) -> None:
    content = orjson.loads((SAMPLES / "smallest.json").read_bytes())
    content["info"][0]["description"] = text
    alert = finished(orjson.dumps(content), xml=False)
    assert alert and alert.infos[0].description == text


@pytest.mark.parametrize("text", texts())
def test_naughty_strings_that_xml_can_hold_survive_in_it(text: str) -> None:
    full = (SAMPLES / "full.xml").read_bytes()
    written = escape(text, {"\r": "&#13;"}).encode()
    alert = finished(full.replace(b"Bel 112.", written), xml=True)
    if alert is None:  # XML 1.0 section 2.2 has no control characters and no U+FFFE
        assert any(c < " " or c in "\ufffe\uffff" for c in text)
    else:
        assert alert.infos[0].instruction == text.strip(" \t\r\n")


@pytest.mark.parametrize("path", found("*.xml", "cap/visible/*.xml"))
def test_every_message_of_a_real_authority_is_read(path: Path) -> None:
    assert finished(path.read_bytes(), xml=True)


@pytest.mark.parametrize("path", found("feeds/*", "cap/visible/feeds/*"))
def test_a_feed_that_only_lists_alerts_is_refused(path: Path) -> None:
    assert finished(path.read_bytes(), xml=True) is None


@pytest.mark.parametrize("path", found("hostile/*.xml", "hostile/xml/*"))
def test_hostile_xml_is_refused(path: Path) -> None:
    assert finished(path.read_bytes(), xml=True) is None


@pytest.mark.parametrize("path", found("hostile/*.json", "hostile/json/*"))
def test_json_is_told_from_what_is_not_json(path: Path) -> None:
    with pytest.raises(Refused) as refused:
        read_json(path.read_bytes())
    if path.name.startswith("n_"):
        assert refused.value.title == NOT_JSON
    if path.name.startswith("y_"):
        assert refused.value.title != NOT_JSON


@pytest.mark.parametrize("path", found("hostile/valid_*", "hostile/geojson/valid/valid_geometry*"))
def test_a_valid_geometry_has_the_right_form(path: Path) -> None:
    geometry = json.loads(path.read_bytes())
    if geometry.get("geometries") == []:
        with pytest.raises(ValueError, match="one geometry or more"):
            check_geometry(geometry)
    else:
        check_geometry(geometry)


@pytest.mark.parametrize("path", found("hostile/*.geojson", "hostile/geojson/invalid_*/*"))
def test_geojson_of_any_form_is_taken_or_refused(path: Path) -> None:
    content = orjson.loads((SAMPLES / "smallest.json").read_bytes())
    content["info"][0]["area"][0]["geometry"] = json.loads(path.read_bytes())
    finished(json.dumps(content).encode(), xml=False)
