"""What somebody searched the admins for, which may be a name: kept by their browser, sealed, while their session lasts.

Never in an address, for addresses are written down everywhere. Only the session that searched opens it; signing out ends it.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from hub.service import Hub
from hub.store.sealing import Unopened, sealer
from hub.web.calls import Call
from hub.web.cookies import drop_cookie, get_cookie, set_cookie
from hub.web.forms import tidy

COOKIE: Final = "buurtsein_sought"


def remember(call: Call, response: web.Response, text: str) -> None:
    if text:
        sealed = sealer().seal(text, _where(call))
        set_cookie(response, COOKIE, sealed, None, secure=call.hub.settings.web.by_https)
    else:
        forget(call.hub, response)


def remembered(call: Call) -> str:
    """'' where nothing is, or another session searched for it."""
    sealed = get_cookie(call.request, COOKIE, secure=call.hub.settings.web.by_https)
    try:
        return tidy(sealer().open(sealed, _where(call)))
    except Unopened:
        return ""


def forget(hub: Hub, response: web.Response) -> None:
    drop_cookie(response, COOKIE, secure=hub.settings.web.by_https)


def _where(call: Call) -> str:
    return f"cookie {COOKIE} {call.session.hash if call.session else ''}"
