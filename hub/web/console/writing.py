"""From the console's form to an alert as CAP says it, and from an alert that is to be updated to the form. Pure.

The form's fields: token, draft, update, kind, event, headline, description, place, shape (circle, polygon, codes), latitude,
longitude, radius (metres), polygon ("lat,lon lat,lon …"), codes (CBS), hours, flight, bearing, minutes (since the crime), practice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import orjson

from hub.cap import Posted, read_json
from hub.clock import to_datetime
from hub.domain import FlightMode, Refused
from hub.places.index import NeighbourhoodIndex
from hub.store.alerts import AlertView
from hub.web.console.kinds import OTHER, kinds
from hub.web.forms import Form
from hub.web.languages import N_

RADII: Final = (100, 250, 500, 1000, 2000, 5000)
HOURS: Final = (1, 2, 4, 8, 24)
WINDS: Final = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
SHAPES: Final = ("circle", "polygon", "codes")
VALUE_NAMES: Final = {"BU": "CBS-BU", "WK": "CBS-WK", "GM": "CBS-GM"}
MOST_CORNERS: Final = 200
MOST_CODES: Final = 200
MOST_MINUTES: Final = 24 * 60
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{10,40}")
_CORNER: Final = re.compile(r"-?\d{1,2}(?:\.\d{1,10})?,-?\d{1,3}(?:\.\d{1,10})?")

# Where a mistake that the alert's own rules find belongs on the form.
FIELDS: Final = {
    "info[0].event": "event",
    "info[0].headline": "headline",
    "info[0].description": "description",
    "info[0].area[0].areaDesc": "place",
    "info[0].area[0].polygon[0]": "polygon",
    "info.area": "shape",
}


@dataclass(frozen=True, slots=True)
class Area:
    """Where, as CAP names it: the members of one area beside its description."""

    members: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What was filled in, read. `update`: the number of the alert it updates, or ''. `hours`: how long it holds once sent."""

    token: str
    update: str
    kind: str
    event: str
    headline: str = field(repr=False)
    description: str = field(repr=False)
    place: str = field(repr=False)
    area: Area
    hours: int
    flight: str
    bearing: str
    minutes: int
    practice: bool


def read_written(form: Form, index: NeighbourhoodIndex) -> Written:
    """Every mistake is noted on the form; what comes back is of use only if there is none."""
    known = kinds()
    kind = form.choice("kind", (*known, OTHER))
    event = form.line("event", most=100) if kind == OTHER else (known[kind].event if kind else "")
    token = form.shown("token")
    if not TOKEN.fullmatch(token):
        form.wrong("", N_("Dit formulier is niet van deze pagina. Open het opnieuw."))
    return Written(
        token=token,
        update=form.line("update", most=12, required=False),
        kind=kind,
        event=event,
        headline=form.line("headline", most=200, required=False) or (known[kind].headline if kind in known else event),
        description=form.text("description", most=4000, required=False),
        place=form.line("place", most=200, required=False),
        area=_area(form, index),
        hours=int(form.choice("hours", [str(one) for one in HOURS], required=False) or 2),
        flight=form.choice("flight", list(FlightMode), required=False),
        bearing=form.choice("bearing", WINDS, required=False),
        minutes=form.number("minutes", 0, MOST_MINUTES, required=False),
        practice=form.flag("practice"),
    )


def take_found(form: Form) -> None:
    """A place that was found without a script, "lat,lon,code", becomes the circle's middle or one of the codes."""
    latitude, _, rest = form.shown("found").partition(",")
    longitude, _, code = rest.partition(",")
    if not latitude:
        return
    if form.shown("shape") == "codes" and code[:2] in VALUE_NAMES:
        form.given["codes"] = [*form.chosen("codes"), code]
    elif form.shown("shape", "circle") == "circle" and not form.shown("latitude"):
        form.given |= {"latitude": [latitude], "longitude": [longitude]}


def posted_of(
    written: Written, index: NeighbourhoodIndex, now: int, updated: AlertView | None, written_at: int | None = None
) -> Posted:
    """The alert as police would post it now (ms), if it was written then. `updated`: the alert it updates. Raises Refused."""
    sent = to_datetime(now)
    info: dict[str, Any] = {
        "language": "nl-NL",
        "event": written.event,
        "headline": written.headline,
        "expires": (sent + timedelta(hours=written.hours)).isoformat(timespec="seconds"),
        "area": [{"areaDesc": written.place or place_of(written, index), **written.area.members}],
    }
    if written.description:
        info["description"] = written.description
    if written.flight:
        since = to_datetime(written_at or now) - timedelta(minutes=written.minutes)
        said = {"flightMode": written.flight, "crimeTime": since.isoformat(timespec="seconds")}
        if written.bearing:
            said["flightBearing"] = written.bearing
        info["parameter"] = [{"valueName": name, "value": value} for name, value in said.items()]
    content: dict[str, Any] = {"identifier": f"console-{written.token}", "info": [info]}
    content["status"] = "Exercise" if written.practice else "Actual"
    if updated is not None:
        content["msgType"] = "Update"
        content["status"] = updated.status.value
        content["references"] = f"{updated.sender},{updated.identifier},{updated.content['sent']}"
    return read_json(orjson.dumps(content))


def says_the_same(posted: Posted, view: AlertView) -> bool:
    """Whether an alert says what is posted; the moments apart, which are of when it is sent."""
    new: Mapping[str, Any] = posted.content["info"][0]
    old: Mapping[str, Any] = next(iter(view.content.get("info", ())), {})
    same = all(new.get(name) == old.get(name) for name in ("event", "headline", "description", "area"))
    return same and posted.content["status"] == view.status.value


def place_of(written: Written, index: NeighbourhoodIndex) -> str:
    """What to call the place where the dispatcher did not say: the neighbourhood there, or those chosen."""
    names: list[str] = []
    for geocode in written.area.members.get("geocode", ()):
        rows = index.rows_of(geocode["value"])
        names += [name_of(geocode["value"], index)] if len(rows) else []
    for circle in written.area.members.get("circle", ()):
        latitude, _, longitude = circle.partition(" ")[0].partition(",")
        names += [one.name for one in index.at(float(longitude), float(latitude))[:1]]
    return ", ".join(names[:3])


def name_of(code: str, index: NeighbourhoodIndex) -> str:
    """Of a BU, WK or GM code of the map."""
    first = index[int(index.rows_of(code)[0])]
    names = {first.code: first.name, first.district: first.district_name, first.municipality: first.municipality_name}
    return names.get(code) or code


def filled_from(view: AlertView) -> dict[str, list[str]]:
    """The form of an update to this alert, as it stands now."""
    infos = view.content.get("info", ())
    info: Mapping[str, Any] = infos[0] if infos else {}
    kind = next((one.key for one in kinds().values() if one.event == info.get("event")), OTHER)
    areas = info.get("area", ())
    area: Mapping[str, Any] = areas[0] if areas else {}
    filled = {
        "update": view.id,
        "kind": kind,
        "event": info.get("event", "") if kind == OTHER else "",
        "headline": info.get("headline", ""),
        "description": info.get("description", ""),
        "place": area.get("areaDesc", ""),
        "practice": "1" if view.status.value == "Exercise" else "",
    }
    said = {name: [value] for name, value in filled.items() if value}
    if area.get("circle"):
        point, _, kilometres = area["circle"][0].partition(" ")
        latitude, _, longitude = point.partition(",")
        metres = float(kilometres or 0) * 1000
        radius = min(RADII, key=lambda one: abs(one - metres))
        said |= {"shape": ["circle"], "latitude": [latitude], "longitude": [longitude], "radius": [str(radius)]}
    elif area.get("polygon"):
        said |= {"shape": ["polygon"], "polygon": [area["polygon"][0]]}
    else:
        said |= {"shape": ["codes"], "codes": [one.code for one in view.matched]}
    return said


def _area(form: Form, index: NeighbourhoodIndex) -> Area:
    shape = form.choice("shape", SHAPES, required=False) or "circle"
    if shape == "polygon":
        return _polygon(form)
    return _codes(form, index) if shape == "codes" else _circle(form)


def _circle(form: Form) -> Area:
    if not form.shown("latitude").strip() or not form.shown("longitude").strip():
        form.wrong("latitude", N_("Kies de plek: zoek een adres, klik op de kaart of kies hele buurten."))
        return Area({})
    latitude, longitude = form.degrees("latitude", -90, 90), form.degrees("longitude", -180, 180)
    radius = int(form.choice("radius", [str(one) for one in RADII], required=False) or 500)
    if latitude is None or longitude is None:
        return Area({})
    return Area({"circle": [f"{latitude:.6f},{longitude:.6f} {radius / 1000:g}"]})


def _polygon(form: Form) -> Area:
    corners = form.shown("polygon").split()
    if len(corners) > MOST_CORNERS:
        form.wrong(
            "polygon", N_("Dit gebied heeft te veel hoeken: teken het met hoogstens %(most)s."), most=MOST_CORNERS
        )
    elif len(set(corners)) < 3 or not all(_CORNER.fullmatch(one) for one in corners):
        form.wrong("polygon", N_("Teken een gebied met minstens drie hoeken op de kaart."))
    closed = corners if corners and corners[0] == corners[-1] else [*corners, *corners[:1]]
    return Area({"polygon": [" ".join(closed)]})


def _codes(form: Form, index: NeighbourhoodIndex) -> Area:
    codes = list(dict.fromkeys(one.strip() for one in form.chosen("codes") if one.strip()))
    if not codes:
        form.wrong("codes", N_("Kies ten minste één buurt, wijk of gemeente."))
    elif len(codes) > MOST_CODES:
        form.wrong("codes", N_("Dit zijn er te veel: kies een wijk of gemeente in plaats van losse buurten."))
    elif any(one[:2] not in VALUE_NAMES or not len(index.rows_of(one)) for one in codes):
        form.wrong("codes", N_("De kaart kent een van deze codes niet."))
    return Area({"geocode": [{"valueName": VALUE_NAMES.get(one[:2], ""), "value": one} for one in codes]})


def refused(form: Form, error: Refused) -> None:
    """What the alert's own rules find, beside the field it stands in."""
    if any(one.place == "info.area" for one in error.mistakes):
        form.wrong("shape", N_("In dit gebied ligt geen buurt die wij kennen: niemand zou het krijgen."))
    else:
        form.refused(error, FIELDS)
