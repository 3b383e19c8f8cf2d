"""What goes beside the words: the place on the map, and a picture that came inside the alert and really is one."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from typing import Any
from xml.sax.saxutils import escape

import pytest

from hub.cap import complete, read_xml
from hub.channel import Location, Part
from hub.domain import Alert
from hub.relay.message import beside_of
from hub.relay.scene import LARGEST_PICTURE
from hub.relay.wording import Told
from tests.relay.wordings import after, amended, post, said, told, wording
from tests.relay.world import an_alert

PNG = b"\x89PNG\r\n\x1a\n" + b"not really a picture, but it begins as one"
JPEG = b"\xff\xd8\xff\xe0" + b"the same"


def resource(content: bytes = PNG, mime: str = "image/png", **more: Any) -> dict[str, Any]:
    return {"resourceDesc": "foto", "mimeType": mime, "derefUri": base64.b64encode(content).decode(), **more}


def with_picture(*resources: dict[str, Any]) -> Told:
    return told(info={"resource": list(resources)})


def posted(*resources: dict[str, Any], **info: Any) -> Alert:
    return an_alert(0, info={"resource": list(resources), **info})


def test_the_scene_is_a_location_named_by_its_place() -> None:
    assert wording().location == Location(52.0607, 4.4940, "Kerkstraat, Zoetermeer (Dorp, Palenstein)")


@pytest.mark.parametrize(
    "area",
    [
        {"circle": ["52.1,4.2 0.4"]},
        {"circle": ["52.1,4.2 0"], "polygon": ["0,0 0,1 1,1 0,0"]},
        {"polygon": ["52.0,4.0 52.2,4.0 52.2,4.4 52.0,4.4 52.0,4.0"]},
        {"geometry": {"type": "Point", "coordinates": [4.2, 52.1]}},
        {"geometry": {"type": "Point", "coordinates": [4.2, 52.1, 12.5]}},
        {"geometry": {"type": "Polygon", "coordinates": [[[4, 52], [4.4, 52], [4.4, 52.2], [4, 52.2], [4, 52]]]}},
        {
            "geometry": {
                "type": "GeometryCollection",
                "geometries": [{"type": "LineString", "coordinates": [[4, 52], [4.4, 52.2]]}],
            }
        },
    ],
    ids=["circle", "circle before polygon", "polygon", "point", "point with height", "geometry", "collection"],
)
def test_map_and_location_point_at_the_middle_of_the_first_shape(area: dict[str, Any]) -> None:
    made = wording(info={"area": [{"areaDesc": "Dorp"}, area, {"circle": ["51,5 1"]}]})
    assert "mlat=52.10000&mlon=4.20000#map=16/52.10000/4.20000\n" in made.text
    assert made.location is not None
    assert (made.location.latitude, made.location.longitude) == pytest.approx((52.1, 4.2))


def test_the_middle_of_a_lopsided_polygon_is_where_most_of_it_lies() -> None:
    corners = "52.0,4.0 52.0,4.1 52.0,4.2 52.0,4.3 52.3,4.0 52.0,4.0"
    location = wording(info={"area": [{"areaDesc": "Dorp", "polygon": [corners]}]}).location
    assert location is not None
    assert (location.latitude, location.longitude) == pytest.approx((52.1, 4.1))


@pytest.mark.parametrize(
    "polygon", ["52,4 52.1,4 52.2,4 52,4", "52,4 52.1,4.1 52,4.1 52.1,4 52,4"], ids=["flat", "bow-tie"]
)
def test_a_polygon_that_is_no_surface_has_a_middle_too(polygon: str) -> None:
    location = wording(info={"area": [{"areaDesc": "Dorp", "polygon": [polygon]}]}).location
    assert location is not None
    assert 52 <= location.latitude <= 52.2 and 4 <= location.longitude <= 4.1


def test_codes_alone_have_no_map_and_no_location() -> None:
    made = wording(info={"area": [{"areaDesc": "Dorp", "geocode": [{"valueName": "CBS-BU", "value": "BU06370100"}]}]})
    assert made.location is None
    assert "Kaart" not in made.text


@pytest.mark.parametrize(("content", "mime"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (JPEG, " Image/JPEG ")])
def test_a_picture_in_the_alert_goes_along(content: bytes, mime: str) -> None:
    one = with_picture(resource(content, mime))
    picture = said(one).picture
    assert picture is not None
    assert (picture.content, picture.mime) == (content, mime.strip().lower())
    assert picture.digest == hashlib.sha256(content).hexdigest()
    assert said(one, "en").picture is picture, "decoded once"
    assert post(one) is not None


@pytest.mark.parametrize(
    "spoiled",
    [
        resource(PNG, "image/jpeg"),
        resource(b"<svg onload=alert(1)>", "image/png"),
        resource(b"<svg onload=alert(1)>", "image/svg+xml"),
        resource(b"GIF89a", "image/gif"),
        resource(b"", "image/png"),
        resource(PNG + bytes(LARGEST_PICTURE), "image/png"),
        {**resource(), "derefUri": "niet base64!"},
        {**resource(), "derefUri": "é"},
        {**resource(), "derefUri": "iVBORw0KGgo"},
        {"resourceDesc": "foto", "mimeType": "image/png", "uri": "http://169.254.169.254/latest/meta-data/"},
        {"resourceDesc": "foto"},
    ],
    ids=[
        "other kind",
        "svg as png",
        "svg",
        "gif",
        "empty",
        "too large",
        "no base64",
        "no ascii",
        "torn",
        "link only",
        "bare",
    ],
)
def test_what_is_no_picture_is_passed_over_and_a_link_is_never_fetched(spoiled: dict[str, Any]) -> None:
    assert said(with_picture(spoiled)).picture is None
    found = said(with_picture(spoiled, resource(JPEG, "image/jpeg"))).picture
    assert found is not None
    assert found.content == JPEG


def test_a_picture_of_the_largest_size_is_taken() -> None:
    content = JPEG.ljust(LARGEST_PICTURE, b"x")
    picture = said(with_picture(resource(content, "image/jpeg"))).picture
    assert picture is not None
    assert picture.content == content


def test_who_has_no_picture_in_their_language_gets_the_other_ones() -> None:
    infos = [
        {"language": code, "event": "Inbraak", "area": [{"areaDesc": "Dorp", "circle": ["52,4 1"]}], **more}
        for code, more in (("nl-NL", {}), ("en-GB", {"resource": [resource()]}))
    ]
    assert said(told(infos=infos), "nl").picture == said(told(infos=infos), "en").picture is not None


def test_what_goes_beside_an_alert_is_known_from_the_alert() -> None:
    assert beside_of(posted(resource())).keys() == {Part.PICTURE, Part.LOCATION}
    assert beside_of(posted()).keys() == {Part.LOCATION}
    nowhere = [{"areaDesc": "Dorp", "geocode": [{"valueName": "CBS-BU", "value": "BU06370100"}]}]
    assert beside_of(posted(resource(PNG, "image/gif"), area=nowhere)) == {}


def test_the_end_of_an_alert_shows_no_picture_and_the_amended_message_keeps_its_own() -> None:
    first = with_picture(resource())
    assert said(after(first, msgType="Cancel", info={"resource": [resource()]})).picture is None
    assert amended(first, "cancelled").picture is not None


def test_a_picture_posted_as_cap_xml_with_broken_lines_arrives() -> None:
    lines = "\n      ".join(textwrap.wrap(base64.b64encode(PNG * 20).decode(), 76))
    raw = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>1</identifier><sender>oc</sender><sent>2026-11-22T12:00:00+01:00</sent><status>Actual</status>
  <msgType>Alert</msgType><scope>Public</scope>
  <info>
    <category>Security</category><event>Overval</event><urgency>Immediate</urgency><severity>Severe</severity>
    <certainty>Observed</certainty>
    <resource>
      <resourceDesc>foto</resourceDesc><mimeType>image/png</mimeType><derefUri>
      {escape(lines)}
      </derefUri>
    </resource>
    <area><areaDesc>Dorp</areaDesc><circle>52.06,4.49 0.4</circle></area>
  </info>
</alert>""".encode()
    alert = complete(read_xml(raw), sender="oc", now_ms=0, new_identifier="1", default_duration_s=7200)
    assert beside_of(alert).keys() == {Part.PICTURE, Part.LOCATION}
