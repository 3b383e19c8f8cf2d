"""Pictures from outside, decoded and written anew: what is seen of them comes along, and nothing else of the file.

So no place, device or name in its metadata reaches neighbours, and no file made to break a phone's decoder goes further than this.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import structlog
from PIL import Image, ImageOps

from hub.channel import Picture
from hub.domain import Alert
from hub.relay.scene import LARGEST_PICTURE, decoded

log = structlog.get_logger()

TAKEN: Final = ("JPEG", "PNG", "WEBP")
MOST_PIXELS: Final = 50_000_000
"""A phone's camera makes 12 to 50 million; decoded that is 150 MB, two at a time."""
LONGEST_SIDE: Final = 2048
"""More is not seen on a phone; messengers make less of it."""
SECONDS: Final = 10.0
_AT_ONCE: Final = 2


async def reencoded(content: bytes) -> Picture | None:
    """The picture as a JPEG or PNG of our own, upright; None for what is none, is too large, or takes too long."""
    work = asyncio.ensure_future(_in_turn(content))
    try:
        # A thread cannot be stopped: it keeps its turn until it is done, however long nobody waits for it any more.
        return await asyncio.wait_for(asyncio.shield(work), SECONDS)
    except TimeoutError:
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        log.warning("picture_too_slow", bytes=len(content))
        return None


async def with_pictures_reencoded(alert: Alert) -> tuple[Alert, list[str]]:
    """The alert with every picture in it written anew, and a warning for each that had to be left out.

    A picture that is broken stops no alert.
    """
    infos: list[dict[str, Any]] = alert.content.get("info", [])
    if not any("derefUri" in resource for info in infos for resource in info.get("resource", ())):
        return alert, []
    warnings: list[str] = []
    made = []
    for number, info in enumerate(infos):
        resources = []
        for place, resource in enumerate(info.get("resource", ())):
            one = await _resource(resource)
            if one is None:
                told = "is no JPEG, PNG or WebP that can be read; left out"
                warnings.append(f"info[{number}].resource[{place}].derefUri {told}")
                one = {name: value for name, value in resource.items() if name not in _OF_THE_FILE}
            resources.append(one)
        made.append({**info, "resource": resources} if resources else info)
    return replace(alert, content={**alert.content, "info": made}), warnings


_OF_THE_FILE: Final = ("derefUri", "size", "digest")


async def _resource(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    """As it is, where it holds no picture; None for a picture that cannot be read."""
    if "derefUri" not in resource or not str(resource.get("mimeType", "")).strip().lower().startswith("image/"):
        return dict(resource)
    picture = await reencoded(decoded(resource["derefUri"]))
    if picture is None:
        return None
    made: dict[str, Any] = {**resource, "mimeType": picture.mime}
    made["derefUri"] = base64.b64encode(picture.content).decode()
    if "size" in made:
        made["size"] = len(picture.content)
    if "digest" in made:  # CAP 1.2: SHA-1
        made["digest"] = hashlib.sha1(picture.content, usedforsecurity=False).hexdigest()
    return made


class _Turns:
    """Of each loop its own: a semaphore belongs to one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(_AT_ONCE)

    def free(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._free = loop, asyncio.Semaphore(_AT_ONCE)
        return self._free


_turns: Final = _Turns()


async def _in_turn(content: bytes) -> Picture | None:
    async with _turns.free():
        return await asyncio.to_thread(written_anew, content)


def written_anew(content: bytes) -> Picture | None:
    """Blocks: for a thread."""
    try:
        with Image.open(io.BytesIO(content), formats=TAKEN) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            if opened.format == "JPEG":  # decoded in a smaller size at once
                opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)  # of an animation: its first frame
            seen = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            kept_sharp = opened.format == "PNG" or seen.mode == "RGBA"
        seen.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        made = _png(seen) if kept_sharp else b""
        if made and len(made) <= LARGEST_PICTURE:
            return _picture(made, "image/png")
        while len(made := _jpeg(seen)) > LARGEST_PICTURE:
            seen = seen.reduce(2)
        return _picture(made, "image/jpeg")
    except Exception as error:  # whatever a decoder makes of a file that somebody broke, on purpose or not
        log.info("picture_unreadable", bytes=len(content), error=type(error).__name__)
        return None


def _png(seen: Image.Image) -> bytes:
    return _written(_sheet(seen, seen.mode), "PNG")


def _jpeg(seen: Image.Image) -> bytes:
    return _written(_sheet(seen, "RGB"), "JPEG", quality=85)


def _sheet(seen: Image.Image, mode: str) -> Image.Image:
    """On an empty sheet, white below: what else a file held (profiles, texts, places) hangs on the picture that was read."""
    sheet = Image.new(mode, seen.size, (255, 255, 255, 0) if mode == "RGBA" else "white")
    sheet.paste(seen, mask=seen if seen.mode == "RGBA" and mode == "RGB" else None)
    return sheet


def _written(sheet: Image.Image, kind: str, **how: int) -> bytes:
    written = io.BytesIO()
    sheet.save(written, kind, **how)
    return written.getvalue()


def _picture(content: bytes, mime: str) -> Picture:
    return Picture(content, mime, hashlib.sha256(content).hexdigest())
