"""From posted to alert: defaults, expiry, fingerprints, and what must not be relayed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cap import alert_from_content, complete, objections, read_json, read_xml
from hub.domain import Alert, Circle, Geocode, MsgType, Reference, Status

SAMPLES = Path(__file__).parent / "samples"
NOW_MS = 1_769_880_600_123
NOW = datetime(2026, 1, 31, 17, 30, tzinfo=UTC)


def an_alert(now_ms: int = NOW_MS, **top: Any) -> Alert:
    area = {"areaDesc": "Seghwaert", "circle": ["52.0607,4.4940 0.4"]}
    raw = json.dumps({"info": [{"event": "Inbraak", "area": [area]}]} | top).encode()
    return finished(raw, now_ms)


def finished(raw: bytes, now_ms: int = NOW_MS) -> Alert:
    posted = read_xml(raw) if raw.lstrip().startswith(b"<") else read_json(raw)
    return complete(posted, sender="oc@politie.example", now_ms=now_ms, new_identifier="made", default_duration_s=7200)


def test_what_is_left_out_is_filled_in_as_the_contract_says() -> None:
    alert = finished((SAMPLES / "smallest.json").read_bytes())
    assert (alert.identifier, alert.sender, alert.sent) == ("made", "oc@politie.example", NOW)
    assert (alert.status, alert.msg_type, alert.scope) == (Status.ACTUAL, MsgType.ALERT, "Restricted")
    assert alert.expires == NOW + timedelta(hours=2)
    assert alert.content == {
        "identifier": "made",
        "sender": "oc@politie.example",
        "sent": "2026-01-31T17:30:00+00:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Restricted",
        "info": [
            {
                "language": "nl-NL",
                "category": ["Security"],
                "event": "Woninginbraak",
                "urgency": "Immediate",
                "severity": "Severe",
                "certainty": "Observed",
                "expires": "2026-01-31T19:30:00+00:00",
                "headline": "Woninginbraak op heterdaad",
                "area": [{"areaDesc": "Seghwaert", "circle": ["52.0607,4.4940 0.4"]}],
            }
        ],
    }
    assert alert.infos[0].areas[0].circles == (Circle(52.0607, 4.494, 0.4),)


def test_what_is_given_is_kept() -> None:
    alert = finished((SAMPLES / "full.xml").read_bytes())
    area = alert.infos[0].areas[0]
    assert alert.identifier == "OC-2026-0042"
    assert alert.references == (Reference("oc@politie.example", "OC-2026-0041", "2026-01-31T18:05:00+01:00"),)
    assert area.geocodes == (Geocode("CBS-WK", "WK063703"),)
    assert area.polygons == (((52.06, 4.49), (52.07, 4.49), (52.07, 4.50), (52.06, 4.49)),)
    assert area.buffer_metres == 50
    assert alert.infos[0].description == "Man, donkere jas, rode fiets.\nRichting het park."


def test_an_alert_ends_with_its_last_info_and_an_info_without_expires_gets_the_default() -> None:
    alert = finished((SAMPLES / "no-namespace-two-languages.xml").read_bytes())
    ends = [info.expires for info in alert.infos]
    assert ends == [NOW + timedelta(hours=2), datetime(2026, 1, 31, 22, 0, tzinfo=UTC)]
    assert alert.expires == ends[1]


def test_a_cancel_without_info_lives_the_default_duration() -> None:
    alert = finished((SAMPLES / "signed-cancel.xml").read_bytes())
    assert alert.infos == ()
    assert alert.expires == datetime(2026, 1, 31, 20, 0, tzinfo=UTC)


def test_a_cancel_outlives_its_own_info_so_that_people_get_the_all_clear() -> None:
    info = [{"event": "Voorbij", "expires": "2026-01-31T17:30:00Z"}]
    alert = an_alert(msgType="Cancel", references="a,b,c", info=info)
    assert alert.expires == NOW + timedelta(hours=2)
    assert objections(alert, NOW_MS) == ()


def test_the_last_second_of_the_calendar_we_take_still_has_an_end() -> None:
    assert an_alert(sent="2199-12-31T23:59:59-12:00").expires.year == 2200


def test_a_retry_has_the_same_fingerprint_and_a_change_another() -> None:
    assert an_alert(now_ms=0).fingerprint == an_alert().fingerprint
    assert an_alert(note="x").fingerprint != an_alert().fingerprint


def test_xml_and_json_that_say_the_same_have_one_fingerprint() -> None:
    as_json, as_xml = (finished((SAMPLES / f"full.{kind}").read_bytes()) for kind in ("json", "xml"))
    assert as_json == as_xml


@pytest.mark.parametrize(
    ("top", "place"),
    [
        ({"sent": "2026-01-31T10:00:00Z"}, "info[0].expires"),
        ({"status": "Draft"}, "status"),
        ({"status": "System"}, "status"),
        ({"msgType": "Ack"}, "msgType"),
        ({"msgType": "Error"}, "msgType"),
        ({"msgType": "Cancel", "references": "a,b,c", "info": [], "sent": "2026-01-31T10:00:00Z"}, "sent"),
    ],
)
def test_what_must_not_be_relayed_is_objected_to(top: dict[str, Any], place: str) -> None:
    assert [m.place for m in objections(an_alert(**top), NOW_MS)] == [place]


@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
def test_actual_exercise_and_test_are_relayed(status: str) -> None:
    assert objections(an_alert(status=status), NOW_MS) == ()


def test_an_alert_is_over_at_the_very_moment_it_expires() -> None:
    end_ms = 1_769_880_600_000 + 7_200_000
    assert objections(an_alert(), end_ms - 1) == ()
    assert objections(an_alert(), end_ms) != ()


degrees = st.integers(-90_000_000, 90_000_000).map(lambda micro: f"{micro / 1e6:.6f}")
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
times = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC)).map(datetime.isoformat)
circles = st.builds("{},{} {}".format, degrees, degrees, st.integers(0, 500))
points = st.lists(st.tuples(degrees, degrees), min_size=3, max_size=8, unique=True)
polygons = points.map(lambda p: " ".join(f"{north},{east}" for north, east in p))
areas = st.fixed_dictionaries(
    {"areaDesc": words.filter(bool)},
    optional={
        "polygon": st.lists(polygons, max_size=2),
        "circle": st.lists(circles, max_size=2),
        "geocode": st.lists(st.fixed_dictionaries({"valueName": st.just("CBS-BU"), "value": words}), max_size=2),
        "bufferMetres": st.one_of(st.integers(0, 500), st.floats(0, 500)),
        "geometry": st.just({"type": "Point", "coordinates": [4.494, 52.0607]}),
    },
)
infos = st.fixed_dictionaries(
    {"event": words.map("Inbraak {}".format), "area": st.lists(areas, min_size=1, max_size=2)},
    optional={
        "headline": words,
        "description": words,
        "expires": times,
        "urgency": st.sampled_from(["Immediate", "Past"]),
        "responseType": st.lists(st.sampled_from(["Shelter", "None"])),
    },
)
alerts = st.fixed_dictionaries(
    {"info": st.lists(infos, min_size=1, max_size=2)},
    optional={"sent": times, "note": words, "identifier": st.just("7"), "status": st.sampled_from(list(Status))},
)


@given(alerts)
def test_what_is_stored_comes_back_exactly(content: dict[str, Any]) -> None:
    alert = finished(orjson.dumps(content))
    stored = orjson.loads(orjson.dumps(alert.content))
    assert alert_from_content(stored, fingerprint=alert.fingerprint, default_duration_s=7200) == alert


@given(alerts)
def test_a_completed_alert_may_be_posted_again_and_stays_the_same(content: dict[str, Any]) -> None:
    alert = finished(orjson.dumps(content))
    assert finished(orjson.dumps(alert.content), now_ms=0).content == alert.content
