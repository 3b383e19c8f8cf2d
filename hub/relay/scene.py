"""What goes beside an alert's words: the place on the map and the picture the police gave."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson
import shapely

from hub.channel import Picture
from hub.domain import Area, Point

LARGEST_PICTURE = 1 << 20
"""Bytes. What we take in is at most 1 MiB as a whole (web.max_body_bytes); both messengers take 5 MB and more."""

_BEGINS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def scene(areas: Iterable[Area]) -> Point | None:
    """(latitude, longitude) to point at: the first circle's centre, else the middle of the first shape."""
    for area in areas:
        for circle in area.circles:
            return circle.latitude, circle.longitude
        shapes = [shapely.Polygon([(east, north) for north, east in points]) for points in area.polygons[:1]]
        if not shapes and area.geometry is not None:
            shapes = [shapely.from_geojson(orjson.dumps(area.geometry), on_invalid="ignore")]
        for shape in shapes:
            middle = shapely.centroid(shape)
            if middle is not None and not middle.is_empty:
                return middle.y, middle.x
    return None


def picture(infos: Iterable[dict[str, Any]]) -> Picture | None:
    """The first picture that came inside the alert itself, of the infos as in `Alert.content`.

    A resource's `uri` is never fetched: whoever may post an alert could make the hub call any address in its own network.
    """
    for info in infos:
        for resource in info.get("resource", ()):
            mime = str(resource.get("mimeType", "")).strip().lower()
            content = decoded(resource.get("derefUri", "")) if mime in _BEGINS else b""
            if content.startswith(_BEGINS.get(mime, b"\0")):
                return Picture(content, mime, hashlib.sha256(content).hexdigest())
    return None


def decoded(text: str) -> bytes:
    """Base64, with the line ends XML may have in it; nothing if it is no base64 or too large."""
    text = re.sub(r"\s+", "", text)
    if len(text) > LARGEST_PICTURE * 4 // 3 + 4:
        return b""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return content if len(content) <= LARGEST_PICTURE else b""
