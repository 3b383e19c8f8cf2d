"""What an alert says of somebody who got away: read in both languages; a slip is refused, in CAP XML a warning."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.cap import complete, flight_of, read_json, read_xml
from hub.cap.flight import parse_bearing
from hub.clock import to_datetime
from hub.domain import Flight, FlightMode, Refused

SENT = 1_800_000_000_000


def body(**parameters: str) -> dict[str, Any]:
    said = [{"valueName": name, "value": value} for name, value in parameters.items()]
    area = [{"areaDesc": "Kerkstraat", "circle": ["52.0607,4.4940 0.4"]}]
    return {"info": [{"event": "Inbraak", "area": area, "parameter": said}]}


def read(content: dict[str, Any]) -> Flight | None:
    posted = read_json(orjson.dumps(content))
    alert = complete(posted, sender="oc@politie.example", now_ms=SENT, new_identifier="x", default_duration_s=7200)
    return flight_of(alert)


def test_an_alert_says_how_whither_and_since_when() -> None:
    found = read(body(flightMode="bike", flightBearing="ZO", crimeTime="2027-01-15T08:54:00+01:00"))
    assert found == Flight(FlightMode.BIKE, to_datetime(SENT - 360_000), 135.0)


def test_without_a_time_it_happened_at_the_onset_or_else_when_it_was_sent() -> None:
    content = body(flightMode="foot")
    assert read(content) == Flight(FlightMode.FOOT, to_datetime(SENT), None)
    content["info"][0]["onset"] = "2027-01-15T08:59:00+01:00"
    assert read(content) == Flight(FlightMode.FOOT, to_datetime(SENT - 60_000), None)


def test_without_a_mode_nobody_got_away() -> None:
    assert read(body(flightBearing="90")) is None
    assert any("without flightMode" in one for one in read_json(orjson.dumps(body(flightBearing="90"))).warnings)
    assert read(body(somethingElse="foot")) is None


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("NO", 45),
        ("ne", 45),
        ("zuid-oost", 135),
        ("South East", 135),
        ("Z", 180),
        ("O", 90),
        ("E", 90),
        ("360", 0),
        ("12.5", 12.5),
    ],
)
def test_a_bearing_is_degrees_or_a_wind_in_dutch_or_english(text: str, degrees: float) -> None:
    assert parse_bearing(text) == degrees


def test_every_slip_is_told_with_its_place() -> None:
    with pytest.raises(Refused) as refused:
        read(body(flightMode="bik", flightBearing="400", crimeTime="yesterday"))
    places = [(one.place, one.reason.partition(":")[0]) for one in refused.value.mistakes]
    assert places == [
        ("info[0].parameter[0].value", "flightMode"),
        ("info[0].parameter[1].value", "flightBearing"),
        ("info[0].parameter[2].value", "crimeTime"),
    ]
    assert "did you mean bike?" in refused.value.mistakes[0].reason


def test_in_cap_xml_a_slip_is_a_warning_and_left_out() -> None:
    xml = b"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>x</identifier><sender>oc@politie.example</sender>
        <sent>2027-01-15T09:00:00+01:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Restricted</scope>
        <info><category>Security</category><event>Inbraak</event><urgency>Immediate</urgency><severity>Severe</severity>
        <certainty>Observed</certainty>
        <parameter><valueName>flightMode</valueName><value>car</value></parameter>
        <parameter><valueName>flightBearing</valueName><value>over there</value></parameter>
        <area><areaDesc>Kerkstraat</areaDesc><circle>52.0607,4.4940 0.4</circle></area></info></alert>"""
    posted = read_xml(xml)
    assert any(one.startswith("info[0].parameter[1].value: flightBearing") for one in posted.warnings)
    alert = complete(posted, sender="oc", now_ms=SENT, new_identifier="x", default_duration_s=7200)
    assert flight_of(alert) == Flight(FlightMode.CAR, alert.sent, None)
