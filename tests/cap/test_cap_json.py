"""An alert posted as JSON: what is taken, and what every mistake is told as."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from hub.cap import Posted, complete, read_json
from hub.domain import Refused

AREA: dict[str, Any] = {"areaDesc": "Seghwaert", "circle": ["52.0607,4.4940 0.4"]}


def an_alert(area: dict[str, Any] | None = None, info: dict[str, Any] | None = None, **top: Any) -> bytes:
    return json.dumps({"info": [{"event": "Inbraak", "area": [area or AREA], **(info or {})}], **top}).encode()


def mistakes(raw: bytes) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        read_json(raw)
    assert refused.value.mistakes
    assert all(
        m.reason and "pydantic" not in m.reason and "Input should" not in m.reason for m in refused.value.mistakes
    )
    return {m.place: m.reason for m in refused.value.mistakes}


def test_the_smallest_alert_is_taken_without_a_warning() -> None:
    assert read_json(an_alert(info={"headline": "Heterdaad"})).warnings == ()


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    found = mistakes(b'{"info":[{"event":"","headline":7,"area":[{"areaDesc":"x","circle":["95.0,4.4 -1"]}]}]}')
    assert found.keys() == {"info[0].event", "info[0].headline", "info[0].area[0].circle[0]"}
    assert "-90…90" in found["info[0].area[0].circle[0]"]
    assert "radius of 0 km or more" in found["info[0].area[0].circle[0]"]


def test_rules_over_the_whole_alert_are_told_together_with_mistakes_of_form() -> None:
    assert mistakes(b'{"msgType":"Update","status":7}').keys() == {"status", "references", "info"}


@pytest.mark.parametrize(
    ("raw", "place", "word"),
    [
        (an_alert(info={"hedline": "x"}), "info[0].hedline", "did you mean headline"),
        (an_alert(headline="x"), "headline", "in info"),
        (an_alert(info={"urgency": "immediate"}), "info[0].urgency", "did you mean Immediate"),
        (an_alert(info={"category": "Security"}), "info[0].category", "list"),
        (an_alert(info={"category": ["Crime"]}), "info[0].category[0]", "Security"),
        (an_alert(info={"headline": True}), "info[0].headline", "text"),
        (an_alert(info={"expires": "2026-01-31T18:30:00"}), "info[0].expires", "offset"),
        (an_alert(info={"expires": "2026-02-31T18:30:00Z"}), "info[0].expires", "no such day"),
        (an_alert(info={"expires": "9999-12-31T23:59:59Z"}), "info[0].expires", "year"),
        (an_alert(info={"description": "x" * 10_001}), "info[0].description", "10,000"),
        (an_alert(info={"description": "a\0b"}), "info[0].description", "U+0000"),
        (an_alert(info={"web": "javascript:alert(1)"}), "info[0].web", "https"),
        (an_alert(info={"language": "Dutch (NL)"}), "info[0].language", "nl-NL"),
        (an_alert(info={"event": " "}), "info[0].event", "empty"),
        (an_alert(info={"area": None}), "info[0].area", "where"),
        (an_alert(info={"resource": [{"size": 1.5}]}), "info[0].resource[0].size", "whole"),
        (an_alert(info={"parameter": [{"value": "x"}]}), "info[0].parameter[0].valueName", "missing"),
        (
            an_alert(info={"parameter": [{"valueName": "bufferMetres", "value": "far"}]}),
            "info[0].parameter[0].value",
            "metres",
        ),
        (an_alert(info={"area": [{"altitude": 3}]}), "info[0].area[0]", "empty"),
        (an_alert(info={"area": ["Seghwaert"]}), "info[0].area[0]", "object"),
        (an_alert({"circle": ["4.4 52.0 1"]}), "info[0].area[0].circle[0]", "latitude,longitude radius"),
        (an_alert({"circle": ["nan,4.4 1"]}), "info[0].area[0].circle[0]", "latitude,longitude radius"),
        (an_alert({"circle": ["52,4 501"]}), "info[0].area[0].circle[0]", "kilometre"),
        (an_alert({"circle": ["52,4 1"] * 2_001}), "info[0].area[0].circle", "2,000"),
        (an_alert({"polygon": ["52,4 52,5 52,4"]}), "info[0].area[0].polygon[0]", "4 points"),
        (an_alert({"polygon": ["52,4 52,5 53,190 52,4"]}), "info[0].area[0].polygon[0]", "point 3"),
        (an_alert({"polygon": ["52,4 x 53,5 52,4"]}), "info[0].area[0].polygon[0]", "point 2"),
        (an_alert({**AREA, "bufferMetres": -1}), "info[0].area[0].bufferMetres", "0 or more"),
        (an_alert({**AREA, "bufferMetres": 1e9}), "info[0].area[0].bufferMetres", "at most"),
        (an_alert({**AREA, "bufferMetres": "50"}), "info[0].area[0].bufferMetres", "number"),
        (
            an_alert({**AREA, "geometry": {"type": "Point", "coordinates": [52, 200]}}),
            "info[0].area[0].geometry",
            "-90",
        ),
        (an_alert({**AREA, "geometry": {"type": "Feature"}}), "info[0].area[0].geometry", "itself"),
        (
            an_alert({**AREA, "geometry": {"type": "Polygon", "coordinates": [[[4, 52]]]}}),
            "info[0].area[0].geometry",
            "4",
        ),
        (an_alert({**AREA, "geometry": "POINT(4 52)"}), "info[0].area[0].geometry", "object"),
        (an_alert(identifier="a b"), "identifier", "spaces"),
        (an_alert(sender="x" * 201), "sender", "200"),
        (an_alert(sender=""), "sender", "empty"),
        (an_alert(references="OC-41"), "references", "sender,identifier,sent"),
        (an_alert(msgType="Cancel"), "references", "which message"),
        (b'{"info": 7}', "info", "list"),
    ],
)
def test_a_mistake_says_what_to_do(raw: bytes, place: str, word: str) -> None:
    found = mistakes(raw)
    assert list(found) == [place]
    assert word in found[place]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"info": NaN}', "line 1, column 10"),
        (b"{" * 1000, "line 1, column 2"),
        (b'{\n"event":"caf\xe9"}', "line 2, column 13"),
        (b"", "line 1, column 1"),
        (b"[]", ""),
        (b'"alert"', ""),
        (b'{"a":' * 500 + b"1" + b"}" * 500, ""),
    ],
)
def test_what_is_not_json_is_refused_with_line_and_column(raw: bytes, place: str) -> None:
    assert list(mistakes(raw)) == [place]


def test_a_name_given_twice_is_refused_as_readers_differ_in_which_they_take() -> None:
    assert "twice" in mistakes(b'{"status":"Exercise","status":"Actual","info":[]}')["status"]


def test_null_and_an_empty_list_are_as_left_out() -> None:
    plain = read_json(an_alert())
    assert read_json(an_alert(info={"headline": None, "category": []}, note=None)) == plain


def test_a_byte_order_mark_is_forgiven() -> None:
    assert read_json(b"\xef\xbb\xbf" + an_alert()) == read_json(an_alert())


def test_an_open_polygon_is_closed_with_a_warning() -> None:
    posted = read_json(an_alert({"areaDesc": "x", "polygon": ["52,4 52,5 53,5"]}))
    assert posted.content["info"][0]["area"][0]["polygon"] == ["52,4 52,5 53,5 52,4"]
    assert "not closed" in posted.warnings[0]


def test_a_long_headline_is_only_a_warning() -> None:
    assert "160" in read_json(an_alert(info={"headline": "x" * 161})).warnings[0]


def test_a_cancel_needs_no_info() -> None:
    assert read_json(b'{"msgType":"Cancel","references":"a,b,c"}').content.keys() == {"msgType", "references"}


def test_the_parameter_of_cap_and_the_element_of_json_give_the_same_buffer() -> None:
    as_parameter = an_alert(info={"parameter": [{"valueName": "bufferMetres", "value": "50"}]})
    assert read_json(as_parameter) == read_json(an_alert({**AREA, "bufferMetres": 50.0}))


def test_errors_never_quote_a_description_or_a_name() -> None:
    secret = "Jan Jansen"
    raw = an_alert(info={"description": [secret], "urgency": secret, "web": secret, "expires": secret}, sender=secret)
    assert secret not in repr(mistakes(raw))
    assert secret not in repr(read_json(an_alert(info={"description": secret})))


def test_a_megabyte_of_mistakes_is_told_shortly_and_soon() -> None:
    raw = json.dumps({f"headlin{n}": n for n in range(50_000)}).encode()
    start = time.perf_counter()
    found = mistakes(raw)
    assert len(found) < 250
    assert "more" in found[""]
    assert time.perf_counter() - start < 5  # near names for all of them would take half a minute


def test_a_posted_alert_is_read_and_completed_in_well_under_a_millisecond() -> None:
    raw = an_alert(info={"headline": "Heterdaad"})

    def once() -> float:
        start = time.perf_counter()
        posted: Posted = read_json(raw)
        complete(posted, sender="oc", now_ms=0, new_identifier="1", default_duration_s=7200)
        return time.perf_counter() - start

    assert min(once() for _ in range(50)) < 0.001  # 0.12 ms measured; a slow machine is no failure
