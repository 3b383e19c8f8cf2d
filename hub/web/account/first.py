"""What a session must do first, before a page that asks more of it: set up a second factor, or prove once more who it is."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from hub.service import Hub
from hub.store.sessions import Session, Strength
from hub.web.problems import Problem, is_for_people
from hub.web.route import Open, Route

ACCOUNT: Final = "/account"
SECOND_FACTOR: Final = "/account/second-factor"
CONFIRM: Final = "/account/confirm"


def is_weak(hub: Hub, session: Session) -> bool:
    """A passphrase alone, where a second factor is asked of everybody."""
    return hub.settings.staff.second_factor and session.strength is Strength.PASSPHRASE


def is_confirmed(hub: Hub, session: Session) -> bool:
    """They proved who they are a short while ago, by signing in or since."""
    return hub.clock.now() - session.confirmed_at < hub.settings.staff.confirmed * 1000


def elsewhere(hub: Hub, request: web.Request, route: Route, session: Session) -> web.Response | None:
    """Where this session has to go first; None: it may go on. Problem 403 for what is no page."""
    if route.path == CONFIRM:
        return None
    if is_weak(hub, session) and route.may is not Open.ACCOUNT:
        page = SECOND_FACTOR
    elif route.sensitive and not is_confirmed(hub, session):
        page = f"{CONFIRM}?{urlencode({'next': _page_of(request)})}"
    else:
        return None
    if not is_for_people(request.path):
        raise Problem(403, "This session may not do that", f"Open {page} in your browser first.")
    return web.Response(status=303, headers={"Location": page})


def _page_of(request: web.Request) -> str:
    """The page to come back to: this one, or the one that the form stands on."""
    return request.path_qs if request.method in ("GET", "HEAD") else urlsplit(request.headers.get("Referer", "")).path
