"""Pages for people: the console's list and one alert, and the public page that tells whether a message is real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from aiohttp import web

from hub.cap import alert_from_content
from hub.domain import AlertState
from hub.places.picture import HEIGHT, WIDTH
from hub.relay.message import ENDS, kind_of
from hub.store.alerts import AlertView
from hub.web.alerts_api import NEWEST, known_alert
from hub.web.answers import alert_answer, delivery_answer
from hub.web.calls import Call, written_cursor
from hub.web.problems import Problem, not_found
from hub.web.rendering import Rendering, language_of

SHOWN_ALERTS = 50
SHOWN_DELIVERIES = 500
ACTIVE = (AlertState.ACCEPTED, AlertState.RELAYING, AlertState.RELAYED)
LOOK_ALIKES = str.maketrans("OIL", "011")
"""Alert numbers hold no O, I or L (relay/intake.py): who types one means its look-alike."""


@dataclass(frozen=True, slots=True)
class ShownInfo:
    """What the pages show of an alert's info; '' and () for what it does not have."""

    event: str
    headline: str
    description: str
    sender: str
    areas: tuple[str, ...]


async def front_page(call: Call) -> web.Response:
    return web.Response(status=303, headers={"Location": "/console"})


async def alerts_page(call: Call) -> web.Response:
    cursor = call.cursor(int, str)
    before = (cursor[0], cursor[1]) if cursor else NEWEST
    views = await call.hub.store.alerts.page(before, SHOWN_ALERTS + 1)
    now = call.now()
    rows = [(view, view.state(now), shown_info(view)) for view in views[:SHOWN_ALERTS]]
    last = views[SHOWN_ALERTS - 1] if len(views) > SHOWN_ALERTS else None
    older = written_cursor((last.accepted_at, last.id)) if last else None
    return call.state.rendering.page(call.request, "alerts", who=call.identity, rows=rows, older=older)


async def alert_page(call: Call) -> web.Response:
    view = await known_alert(call)
    deliveries = await call.hub.store.outbox.deliveries(view.id, 0, SHOWN_DELIVERIES)
    alert = alert_answer(view, call.now())
    return call.state.rendering.page(
        call.request,
        "alert",
        who=call.identity,
        view=view,
        info=shown_info(view),
        alert=alert,
        alert_json=orjson.dumps(alert).decode(),
        deliveries=[delivery_answer(one) for one in deliveries],
        shown_most=SHOWN_DELIVERIES,
    )


async def proof_page(call: Call) -> web.Response:
    """404 and a plain warning for a number that was never given out."""
    view = await _numbered(call)
    rendering, request = call.state.rendering, call.request
    headers = {"X-Robots-Tag": "noindex"}
    if view is None:
        response = rendering.page(request, "proof", 404, view=None, number=call.part("number")[:20])
    else:
        state = view.state(call.now())
        kind = kind_of(alert_from_content(view.content))
        active = state in ACTIVE and kind not in ENDS
        response = rendering.page(
            request,
            "proof",
            view=view,
            number=view.id,
            state=state,
            active=active,
            sharing=await _sharing(call, view) if active else {},
            over={"cancelled": "cancels", "all_clear": "ends", "expired": "runs_out"}.get(kind, ""),
            now=call.now(),
            info=shown_info(view, language_of(request)),
            page=f"{call.hub.settings.web.public_url.rstrip('/')}/a/{view.id}",
            picture_size=(WIDTH // 2, HEIGHT // 2),
        )
    response.headers.update(headers)
    return response


async def _sharing(call: Call, view: AlertView) -> dict[str, str]:
    """Links that open a messenger with the text made for forwarding, by its name; none for what is not to be forwarded."""
    await call.hub.messages.prepare([view.id])
    text = call.hub.messages.wording(view.id, language_of(call.request)).forward
    if not text:
        return {}
    link = f"{call.hub.settings.web.public_url.rstrip('/')}/a/{view.id}"
    own = text.replace(link, "").strip()
    return {
        "WhatsApp": f"https://wa.me/?{urlencode({'text': text}, quote_via=quote)}",
        "Telegram": f"https://t.me/share/url?{urlencode({'url': link, 'text': own}, quote_via=quote)}",
    }


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


async def static_file(call: Call) -> web.Response:
    file = call.state.rendering.files.get(call.part("name"))
    if file is None:
        raise not_found("file", call.part("name"))
    # The address holds a hash of the content (Rendering), so a copy is good for ever; without the hash it is asked for anew.
    for_ever = call.request.query.get("v") == file.tag
    caching = "public, max-age=31536000, immutable" if for_ever else "no-cache"
    return web.Response(body=file.body, headers={"Content-Type": file.content_type, "Cache-Control": caching})


def error_page(rendering: Rendering, request: web.Request, problem: Problem) -> web.Response:
    """The small page of an error; who needs to sign in gets the page for that, and comes back here after it."""
    if problem.status == 401:
        response = rendering.page(request, "signin", 401, wrong=False, onward=request.path_qs)
    else:
        response = rendering.page(request, "error", problem.status, code=problem.status)
    response.headers.update(problem.headers)
    return response


def shown_info(view: AlertView, language: str = "nl") -> ShownInfo:
    """The alert's info in this language, else its first; empty if it has none (a bare Cancel)."""
    infos: list[dict[str, Any]] = view.content.get("info", [])
    info = next((one for one in infos if one["language"].lower().startswith(language)), infos[0] if infos else {})
    return ShownInfo(
        event=info.get("event", ""),
        headline=info.get("headline", ""),
        description=info.get("description", ""),
        sender=info.get("senderName", ""),
        areas=tuple(area["areaDesc"] for area in info.get("area", ()) if area.get("areaDesc")),
    )
