"""The message an admin gets: one wording per alert and language, made once and kept while it is being sent.

Times are shown in Europe/Amsterdam. A description too long for a channel is cut, never split over messages; the link has the rest.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.cap import alert_from_content
from hub.channel import Wording
from hub.domain import Alert, Area, Info, MsgType, Point, Status
from hub.relay.words import Language, language
from hub.store.alerts import Alerts, AlertView

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TEXT_MOST = 4096
SHORT_MOST = 1024
KEPT_ALERTS = 200
NAMES_SHOWN = 3
PARTS = ("number", "event", "headline", "where", "time", "until", "description", "instruction", "link")
CUTTABLE = ("instruction", "headline", "where", "event")


class Messages:
    """Wordings of the alerts being relayed; `prepare` before `wording`."""

    def __init__(self, alerts: Alerts, public_url: str) -> None:
        self._alerts = alerts
        self._public_url = public_url.rstrip("/")
        self._views: OrderedDict[str, AlertView] = OrderedDict()
        self._wordings: dict[tuple[str, str], Wording] = {}

    def knows(self, alert_id: str) -> bool:
        return alert_id in self._views

    async def prepare(self, alert_ids: Collection[str]) -> None:
        """Load what is not loaded yet."""
        missing = [alert_id for alert_id in alert_ids if alert_id not in self._views]
        if not missing:
            return
        for view in await self._alerts.views(missing):
            self._views[view.id] = view
        while len(self._views) > max(KEPT_ALERTS, 2 * len(alert_ids)):
            gone, _ = self._views.popitem(last=False)
            self._wordings = {key: wording for key, wording in self._wordings.items() if key[0] != gone}

    def wording(self, alert_id: str, language_code: str) -> Wording:
        key = alert_id, language(language_code).code
        wording = self._wordings.get(key)
        if wording is None:
            view = self._views[alert_id]
            wording = make_wording(view, language(language_code), f"{self._public_url}/a/{alert_id}")
            self._wordings[key] = wording
        return wording


def make_wording(view: AlertView, words: Language, link: str) -> Wording:
    """What is said of this alert in this language."""
    alert = alert_from_content(view.content)
    info = _info_for(alert, words.code)
    kind = {Status.EXERCISE: "exercise", Status.TEST: "test"}.get(alert.status, "alert")
    scene = _scene(info)
    pieces: dict[str, Any] = {
        "number": view.id,
        "lead": words.leads.get(kind, ""),
        "update": alert.msg_type is MsgType.UPDATE,
        "event": info.event if info else "",
        "headline": _tidy(info.headline or info.event) if info else "",
        "where": _where(info, [one.name for one in view.matched], words),
        "map": _map_link(*scene) if scene else "",
        # What is forwarded lives on in groups: it must not read as today's next week.
        "day": alert.sent.astimezone(AMSTERDAM).strftime("%d-%m-%Y"),
        "time": _clock(alert.sent, alert.sent),
        "until": _clock((info.expires if info else None) or alert.expires, alert.sent),
        "instruction": _tidy(info.instruction if info else "") or words.instruction,
        "description": _tidy(info.description if info else ""),
        "link": link,
    }

    def message(pieces: dict[str, Any]) -> str:
        forward = words.forward.render(pieces).strip() if kind == "alert" else ""
        return words.message.render({**pieces, "forward": forward}).strip()

    def short(pieces: dict[str, Any]) -> str:
        return words.short.render(pieces).strip()

    return Wording(
        template=kind,
        language=words.code,
        text=_fitted(message, pieces, TEXT_MOST),
        short_text=_fitted(short, pieces, SHORT_MOST),
        parts=_parts(pieces, words),
    )


def _parts(pieces: dict[str, Any], words: Language) -> dict[str, str]:
    """What fills a WhatsApp template. It is forwarded whole and has one wording, so its time has the day and an update says so."""
    event = f"{words.update}: {pieces['event']}" if pieces["update"] else pieces["event"]
    told = {**pieces, "event": event, "time": f"{pieces['day']} {pieces['time']}"}
    return {name: _one_line(told[name]) for name in PARTS}


def _info_for(alert: Alert, code: str) -> Info | None:
    return next((info for info in alert.infos if info.language[:2].lower() == code), next(iter(alert.infos), None))


def _where(info: Info | None, names: list[str], words: Language) -> str:
    """The police's own words for the place, then the neighbourhoods nearest to the scene."""
    place = "; ".join(dict.fromkeys(area.description for area in info.areas if area.description)) if info else ""
    shown = ", ".join(name for name in names[:NAMES_SHOWN] if not _names(place, name))
    if len(names) > NAMES_SHOWN:
        shown = f"{shown} {words.more.format(n=len(names) - NAMES_SHOWN)}".strip()
    return f"{place} ({shown})" if place and shown else place or shown


def _names(place: str, name: str) -> bool:
    """Whether the place says this name already, as words of its own: "Dorpsstraat" does not say "Dorp"."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", place, re.IGNORECASE) is not None


def _scene(info: Info | None) -> tuple[float, float] | None:
    """(latitude, longitude) to point at: a circle's centre, else the middle of a shape's corners."""
    areas: tuple[Area, ...] = info.areas if info else ()
    for area in areas:
        for circle in area.circles:
            return circle.latitude, circle.longitude
        corners = area.polygons[0] if area.polygons else tuple(_corners(area.geometry))
        if corners:
            latitudes, longitudes = zip(*corners, strict=True)
            return (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2
    return None


def _corners(geometry: Any) -> Iterator[Point]:
    """Every corner of a GeoJSON geometry (lon, lat), however deep its lists go."""
    if isinstance(geometry, dict):
        for name in ("geometry", "geometries", "features", "coordinates"):
            yield from _corners(geometry.get(name))
    elif isinstance(geometry, list) and len(geometry) >= 2 and isinstance(geometry[0], int | float):
        yield float(geometry[1]), float(geometry[0])
    elif isinstance(geometry, list):
        for one in geometry:
            yield from _corners(one)


def _map_link(latitude: float, longitude: float) -> str:
    return (
        f"https://www.openstreetmap.org/?mlat={latitude:.5f}&mlon={longitude:.5f}#map=16/{latitude:.5f}/{longitude:.5f}"
    )


def _clock(moment: datetime, sent: datetime) -> str:
    """HH:MM, with the date where it is not the day the alert was sent."""
    local, day = moment.astimezone(AMSTERDAM), sent.astimezone(AMSTERDAM).date()
    return local.strftime("%H:%M" if local.date() == day else "%d-%m-%Y %H:%M")


def _tidy(text: str) -> str:
    """Free text without blank ends and without more than one empty line in a row."""
    return re.sub(r"\n\s*\n", "\n\n", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _one_line(text: str) -> str:
    """WhatsApp refuses template parameters with line ends, tabs or more than four spaces in a row."""
    return re.sub(r"\s+", " ", text).strip()


def _fitted(render: Callable[[dict[str, Any]], str], pieces: dict[str, Any], most: int) -> str:
    """The text with as much of the description as fits, and where that is not enough, less of the longest piece.

    Counted as Telegram does, in UTF-16 units.
    """
    pieces = dict(pieces)
    text = render(pieces)
    while (excess := len(text.encode("utf-16-le", "surrogatepass")) // 2 - most) > 0:
        longest = "description" if pieces["description"] else max(CUTTABLE, key=lambda name: len(pieces[name]))
        # A piece may stand in the text twice; a few rounds of cutting are cheap and right for any template.
        kept = max(0, len(pieces[longest]) - max(2, excess // 2 + 1))
        pieces[longest] = pieces[longest][:kept].rstrip("… \n") + "…" if kept else ""
        text = render(pieces)
    return text
