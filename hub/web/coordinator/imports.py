"""/coordinator/import: the directory from a file, looked at before it is done, and as a file.

Between looking and doing nothing is kept here: the file goes along in the page, packed, with a mark of what was shown. Where the
mark is another by then, because the directory was changed meanwhile, what it would do now is shown first.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from aiohttp import BodyPartReader, web

from hub.directory.csv_out import write_directory
from hub.directory.importing import ImportPlan, carry_out, plan_import
from hub.domain import Refused
from hub.web.calls import Call, onward
from hub.web.coordinator.groups import may_change
from hub.web.coordinator.sentences import place_in_file, told
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.problems import Problem

MOST_BYTES: Final = 16 << 20
"""Some 150,000 rows; a larger list goes in by the command line."""
ROOM_BYTES: Final = 1 << 16
"""For what a form has round its file."""
FIELDS: Final = ("file", "packed", "mark")
SHOWN_MISTAKES: Final = 300
SHOWN_NAMES: Final = 200


async def import_page(call: Call) -> web.Response:
    return _page(call, Form(), imported=call.parameter("imported") == "1")


async def look_at_import(call: Call) -> web.Response:
    """The file as it was sent: what it would do, or every mistake in it."""
    raw = (await _parts(call)).get("file", b"")
    form = Form()
    if not raw:
        form.wrong("file", N_("Kies een bestand."))
        return _page(call, form, 400)
    return await _look(call, raw)


async def do_import(call: Call) -> web.Response:
    """What was shown, if it still is what would be done."""
    parts = await _parts(call)
    raw = _unpacked(parts.get("packed", b""))
    form = Form()
    if not raw:
        form.wrong("file", N_("Het bestand kwam niet goed over. Kies het nog een keer."))
        return _page(call, form, 400)
    try:
        plan = await plan_import(call.hub.store, raw, call.bounds)
    except Refused as error:
        return _mistaken(call, error)
    if plan.mark.encode() != parts.get("mark"):
        return _planned(call, raw, plan, 409)
    report = await carry_out(call.hub.store, plan)
    await call.changed("directory.imported", "", **report.changes())
    return onward("/coordinator/import?imported=1")


async def export_directory(call: Call) -> web.Response:
    """Who took the whole list, with every address, is noted."""
    text = await write_directory(call.hub.store, call.bounds)
    await call.changed("directory.exported", "")
    headers = {"Content-Disposition": 'attachment; filename="buurtsein-groepen.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


async def _parts(call: Call) -> dict[str, bytes]:
    """What was posted, by field, in memory and no more than MOST_BYTES; a form's own limit is the API's, which is smaller."""
    if not call.request.content_type.startswith("multipart/"):
        return {}
    too_large = Problem(
        413, "The file is too large", f"Keep it to {MOST_BYTES:,} bytes, or import it on the command line."
    )
    if (call.request.content_length or 0) > MOST_BYTES + ROOM_BYTES:
        raise too_large
    found: dict[str, bytes] = {}
    total = 0
    try:
        reader = await call.request.multipart()
        while isinstance(part := await reader.next(), BodyPartReader):
            held = bytearray()
            while chunk := await part.read_chunk(1 << 16):
                held += chunk
                total += len(chunk)
                if total > MOST_BYTES + ROOM_BYTES or len(held) > MOST_BYTES:
                    raise too_large
            if part.name in FIELDS:
                found[part.name] = bytes(held)
    except ValueError:  # not a form, whatever it says it is
        return {}
    return found


async def _look(call: Call, raw: bytes) -> web.Response:
    try:
        plan = await plan_import(call.hub.store, raw, call.bounds)
    except Refused as error:
        return _mistaken(call, error)
    return _planned(call, raw, plan)


def _mistaken(call: Call, error: Refused) -> web.Response:
    mistakes = [(*place_in_file(call, one.place), told(call, one.reason)) for one in error.mistakes[:SHOWN_MISTAKES]]
    return _page(call, Form(), 400, mistakes=mistakes, mistaken=len(error.mistakes))


def _planned(call: Call, raw: bytes, plan: ImportPlan, status: int = 200) -> web.Response:
    return _page(call, Form(), status, plan=plan, packed=_packed(raw), otherwise=status == 409)


def _page(
    call: Call,
    form: Form,
    status: int = 200,
    *,
    plan: ImportPlan | None = None,
    packed: str = "",
    otherwise: bool = False,
    mistakes: list[tuple[str, str, str, str]] | None = None,
    mistaken: int = 0,
    imported: bool = False,
) -> web.Response:
    lists = []
    if plan is not None:
        lists = [
            (N_("Nieuwe groepen"), plan.groups_new),
            (N_("Gewijzigde groepen"), plan.groups_changed),
            (N_("Nieuwe beheerders"), plan.admins_new),
            (N_("Gewijzigde beheerders"), plan.admins_changed),
            (N_("Beheerders die weggaan"), plan.admins_removed),
        ]
    return call.show(
        "coordinator/import",
        status,
        form=form,
        plan=plan,
        lists=lists,
        shown_names=SHOWN_NAMES,
        packed=packed,
        otherwise=otherwise,
        mistakes=mistakes or [],
        mistaken=mistaken,
        imported=imported,
        may_change=may_change(call),
    )


def _packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, 6)).decode()


def _unpacked(packed: bytes) -> bytes:
    """b'' for what we did not pack, or what would be larger than a file may be."""
    try:
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(base64.b64decode(packed, validate=True), MOST_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        return b""
    return raw if unpacking.eof else b""
