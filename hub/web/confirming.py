"""Proving an e-mail address: a link by mail, of whose token only a hash is kept, and a button behind it that confirms.

Opening the link changes nothing: mail scanners and previews open links too. The mail is templates/mail/confirm.txt, the page
templates/confirm.html; each part that asks says in its own what it is about.
"""

from __future__ import annotations

from typing import Any, Protocol

from aiohttp import web

from hub.clock import DAY_MS
from hub.directory.linking import make_token
from hub.relay.forgetting import CONFIRM_DAYS
from hub.store.mails import Letter
from hub.web.calls import Call
from hub.web.mailing import written


class Waiting(Protocol):
    """What was asked. `state`: unconfirmed, or what came after."""

    @property
    def state(self) -> str: ...
    @property
    def created_at(self) -> int: ...


def make_letter(call: Call, language: str, path: str, template: str, /, **values: Any) -> tuple[Letter, str]:
    """The mail, and the token of the link in it: below `path`."""
    token = make_token()
    link = f"{call.hub.settings.web.public_url}{path}/{token}"
    return written(call, language, template, link=link, days=CONFIRM_DAYS, **values), token


def oldest(call: Call) -> int:
    """What was asked before this moment (ms), or at it, cannot be confirmed any more."""
    return call.now() - CONFIRM_DAYS * DAY_MS


def is_open(call: Call, found: Waiting) -> bool:
    return found.state == "unconfirmed" and found.created_at > oldest(call)


def show(call: Call, template: str, found: Waiting | None, /, **values: Any) -> web.Response:
    """The page behind the link: 404 for a token we never gave out, 410 for one that ended."""
    if found is None:
        standing, status = "unknown", 404
    elif is_open(call, found):
        standing, status = "open", 200
    elif found.state == "unconfirmed":
        standing, status = "ended", 410
    else:
        standing, status = "confirmed", 200
    return call.show(template, status, standing=standing, one=found, **values)
