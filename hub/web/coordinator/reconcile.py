"""/coordinator/reconcile: somebody's list of groups beside ours, and taking over what is chosen of it.

Nothing is kept in between: the page that shows the difference carries the list itself, packed, and each choice names the very
difference it was made for. If either side changed meanwhile, nothing is taken over and the page is shown anew.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import zlib
from typing import Final

from aiohttp import web
from aiohttp.web_request import FileField

from hub.directory.listed import Reason, TheirList, Unreadable, Wrong, read_list
from hub.directory.reconciling import Moved, Standing, compare, take_over
from hub.domain import Refused
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.languages import N_
from hub.web.within import beyond

PAGE: Final = "/coordinator/reconcile"
EXAMPLE: Final = """groep;platform;leden;buurten;postcodes
Buurtapp Seghwaert West;whatsapp;180;BU06370300;
Buurtapp Rokkeveen;whatsapp;95;;2718"""
MOVED: Final = N_(
    "De lijst is intussen door iemand anders veranderd. Er is niets overgenomen. Kijk opnieuw en kies nog eens."
)
UNPACKED_MOST: Final = 16 << 20
SHOWN_WRONG: Final = 200
REASONS: Final = {
    Reason.EMPTY: N_("is leeg of ontbreekt"),
    Reason.LONG: N_("is te lang"),
    Reason.NUMBER: N_("is geen heel getal: %(told)s"),
    Reason.PLACE: N_("staat niet op de kaart, of er zijn er meer met die naam (gebruik dan de code): %(told)s"),
    Reason.CELLS: N_("heeft meer cellen dan de eerste rij"),
    Reason.QUOTE: N_("heeft een aanhalingsteken dat niet wordt gesloten; de rest is niet gelezen"),
}
COLUMNS: Final = {
    "group": N_("naam van de groep"),
    "platform": N_("platform"),
    "members": N_("leden"),
    "neighbourhoods": N_("buurten"),
    "postcodes": N_("postcodes"),
}


async def reconcile_page(call: Call) -> web.Response:
    done = [call.parameter(name) or "" for name in ("new", "changed", "gone")]
    counts = [int(one) for one in done if one.isdecimal() and len(one) < 8]
    return call.show(
        "coordinator/reconcile", form=Form(), wrong=[], example=EXAMPLE, taken=counts if len(counts) == 3 else None
    )


async def compare_lists(call: Call) -> web.Response:
    posted = await call.request.post()
    file, form = posted.get("file"), Form()
    raw = file.file.read() if isinstance(file, FileField) else b""
    if not raw.strip():
        form.wrong("file", N_("Kies een bestand."))
    elif raw.startswith(b"PK\x03\x04"):
        form.wrong("file", N_("Dit is een spreadsheet. Bewaar het als CSV en kies dat bestand."))
    if not form.ok:
        return call.show("coordinator/reconcile", 400, form=form, wrong=[], example=EXAMPLE, taken=None)
    return await _side_by_side(call, raw)


async def take_over_chosen(call: Call) -> web.Response:
    posted = await call.request.post()
    raw = _unpacked(str(posted.get("list", "")))
    marks = [str(one) for one in posted.getall("take", [])]
    if raw is None:
        form = Form()
        form.wrong("file", N_("Het bestand is niet goed overgekomen. Kies het opnieuw."))
        return call.show("coordinator/reconcile", 400, form=form, wrong=[], example=EXAMPLE, taken=None)
    if not marks:
        return await _side_by_side(call, raw, 400, N_("Zet minstens één vinkje, of verlaat deze pagina."))
    try:
        taken = await take_over(call.hub.store, await _read(call, raw), marks, call.bounds)
    except Unreadable:  # the map was changed meanwhile
        return await _side_by_side(call, raw, 409)
    except Refused as refused:
        if call.bounds.municipalities:
            raise beyond("list") from refused
        return await _side_by_side(call, raw, 409, MOVED)
    except Moved:
        return await _side_by_side(
            call,
            raw,
            409,
            MOVED,
        )
    await call.changed("directory.reconciled", "", new=taken.new, changed=taken.changed, gone=taken.gone)
    return onward(f"{PAGE}?new={taken.new}&changed={taken.changed}&gone={taken.gone}")


async def _side_by_side(call: Call, raw: bytes, status: int = 200, sentence: str = "") -> web.Response:
    form = Form()
    try:
        theirs = await _read(call, raw)
    except Unreadable as error:
        form.wrong("file", N_("Er kloppen dingen niet in het bestand. Zie de lijst hieronder. Er is niets veranderd."))
        wrong = [_sentence(call, one) for one in error.wrong[:SHOWN_WRONG]]
        return call.show(
            "coordinator/reconcile",
            400,
            form=form,
            example=EXAMPLE,
            wrong=wrong,
            more=len(error.wrong) - len(wrong),
            taken=None,
        )
    if sentence:
        form.wrong("", sentence)
    found = await compare(call.hub.store, theirs, call.bounds)
    index = call.hub.atlas.index
    names = {one.code: one.name for one in index}
    return call.show(
        "coordinator/reconciled",
        status,
        form=form,
        found={one: [each for each in found if each.standing is one] for one in Standing},
        names=names,
        with_people=theirs.admins is not None,
        packed=_packed(raw),
    )


async def _read(call: Call, raw: bytes) -> TheirList:
    districts = await call.hub.store.neighbourhoods.codes()
    # In a thread: a big list takes a while. Of the index only names are asked, never the tree, which is the loop's alone.
    gazetteer = await call.state.map.gazetteer(call.hub.atlas.index)
    return await asyncio.to_thread(read_list, raw, districts, gazetteer.meant)


def _sentence(call: Call, one: Wrong) -> str:
    where = call.say(N_("rij %(row)s"), row=one.row) if one.row else call.say(N_("bestand"))
    column = call.say(COLUMNS[one.column]) if one.column in COLUMNS else one.column
    said = call.say(REASONS[one.reason], told=one.told) if one.reason is not None else one.told
    return f"{where}, {column}: {said}" if column else f"{where}: {said}"


def _packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, 9)).decode()


def _unpacked(text: str) -> bytes | None:
    """None for what was not packed here."""
    try:
        reading = zlib.decompressobj()
        raw = reading.decompress(base64.b64decode(text, validate=True), UNPACKED_MOST)
    except (zlib.error, binascii.Error, ValueError):
        return None
    return raw if raw and reading.eof else None
