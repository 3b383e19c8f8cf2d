"""/a/{number}: is this message real, and still active? For whoever got it, from whomever."""

from __future__ import annotations

from aiohttp import web

from hub.cap import NEIGHBOURS, alert_from_content
from hub.domain import AlertState
from hub.places.picture import HEIGHT, WIDTH
from hub.relay.message import ENDS, kind_of
from hub.store.alerts import AlertView
from hub.web.calls import Call
from hub.web.languages import N_
from hub.web.problems import not_found
from hub.web.sharing import share_links
from hub.web.shown import shown_info

ACTIVE = (AlertState.ACCEPTED, AlertState.RELAYING, AlertState.RELAYED)
LOOK_ALIKES = str.maketrans("OIL", "011")
"""Alert numbers hold no O, I or L (relay/intake.py): who types one means its look-alike."""

STANDING = {
    "active": (N_("Actief"), N_("Deze melding is nu geldig. Ziet u iets? Ga er niet zelf op af en bel 112.")),
    "ended": (
        N_("Beëindigd"),
        N_("Deze melding is voorbij. U hoeft niet meer uit te kijken. Stuur dit bericht niet meer door."),
    ),
    "cancelled": (
        N_("Ingetrokken"),
        N_("Deze melding is ingetrokken. U hoeft niet meer uit te kijken. Stuur dit bericht niet meer door."),
    ),
    "expired": (
        N_("Verlopen"),
        N_("Deze melding is verlopen. U hoeft niet meer uit te kijken. Stuur dit bericht niet meer door."),
    ),
}
"""How an alert stands: in a word, and what to do."""

ENDED = {
    "cancelled": (N_("Intrekking"), N_("Met dit bericht is een eerdere melding ingetrokken.")),
    "all_clear": (
        N_("Einde melding"),
        N_("Met dit bericht is een eerdere melding beëindigd: u hoeft niet meer uit te kijken."),
    ),
    "expired": (
        N_("Verlopen"),
        N_("Met dit bericht is gemeld dat een eerdere melding is verlopen: u hoeft niet meer uit te kijken."),
    ),
}
"""The same of a message that ends another."""

PRACTICE = {
    "Exercise": (N_("Oefening"), N_("Dit is een oefening. Er is niets aan de hand. Bel hiervoor niet 112.")),
    "Test": (N_("Test"), N_("Dit is een testbericht. Er is niets aan de hand. Bel hiervoor niet 112.")),
}


async def proof_page(call: Call) -> web.Response:
    """404 and a plain warning for a number that was never given out."""
    view = await _numbered(call)
    headers = {"X-Robots-Tag": "noindex"}
    if view is None:
        response = call.show("public/proof", 404, view=None, number=call.part("number")[:20])
    else:
        state = view.state(call.now())
        kind = kind_of(alert_from_content(view.content))
        active = state in ACTIVE and kind not in ENDS
        response = call.show(
            "public/proof",
            view=view,
            number=view.id,
            standing=ENDED.get(kind) or STANDING["active" if active else state],
            practice=PRACTICE.get(view.status),
            active=active,
            neighbours=NEIGHBOURS in (alert_from_content(view.content).codes),
            sharing=await _sharing(call, view) if active else {},
            over=kind in ENDS,
            now=call.now(),
            info=shown_info(view, call.language),
            page=f"{call.hub.settings.web.public_url}/a/{view.id}",
            picture_size=(WIDTH // 2, HEIGHT // 2),
        )
    response.headers.update(headers)
    return response


async def _sharing(call: Call, view: AlertView) -> dict[str, str]:
    """Links that open a messenger with the text made for forwarding, by its name; none for what is not to be forwarded."""
    await call.hub.messages.prepare([view.id])
    text = call.hub.messages.wording(view.id, call.language).forward
    link = f"{call.hub.settings.web.public_url}/a/{view.id}"
    return share_links(text, link)


async def proof_picture(call: Call) -> web.Response:
    """The map of the alert; once it is over only its neighbourhoods, as on the page."""
    view = await _numbered(call)
    if view is None:
        raise not_found("picture", call.part("number"))
    alert = alert_from_content(view.content)
    active = view.state(call.now()) in ACTIVE
    areas = [area for info in alert.infos for area in info.areas] if active else []
    codes = [one.code for one in view.matched]
    picture = await call.state.pictures.of(view.id, call.hub.atlas.index, areas, codes) if codes else None
    if picture is None:
        raise not_found("picture", call.part("number"))
    headers = {"Cache-Control": "public, max-age=60", "X-Robots-Tag": "noindex"}
    return web.Response(body=picture, content_type="image/png", headers=headers)


async def _numbered(call: Call) -> AlertView | None:
    """The alert of the number in the path, however it was typed."""
    number = call.part("number").strip().upper().translate(LOOK_ALIKES).replace("-", "")
    return await call.hub.store.alerts.view(f"{number[:4]}-{number[4:]}")
