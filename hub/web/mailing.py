"""Mails to people who asked for something: rendered in their language, and put down for the postman (relay/postman.py)."""

from __future__ import annotations

from typing import Any

from hub.service import Hub
from hub.store.mails import Letter
from hub.web.calls import Call


def can_mail(hub: Hub) -> bool:
    """Whether mails go out at all: without, nothing that needs a confirmed address can be asked for."""
    return hub.postman is not None


def written(call: Call, language: str, template: str, /, **values: Any) -> Letter:
    """templates/mail/TEMPLATE.txt, its first line the subject, with these values and `site`, our address."""
    return Letter(*call.state.rendering.mail(language, template, site=call.hub.settings.web.public_url, **values))


async def send_mail(call: Call, to: str, language: str, template: str, /, **values: Any) -> None:
    """The same, on its way; on disk when this returns. Raises Refused for a `to` that is no address."""
    await post(call, to, written(call, language, template, **values))


async def post(call: Call, to: str, letter: Letter) -> None:
    await call.hub.store.mails.put(to, letter.subject, letter.text, call.now())
