"""Mails to people who asked for something: rendered in their language, and put down for the postman (relay/postman.py)."""

from __future__ import annotations

from typing import Any

from hub.service import Hub
from hub.web.rendering import Rendering


def can_mail(hub: Hub) -> bool:
    """Whether mails go out at all: without, nothing that needs a confirmed address can be asked for."""
    return hub.postman is not None


async def send_mail(hub: Hub, rendering: Rendering, to: str, language: str, template: str, /, **values: Any) -> None:
    """templates/mail/TEMPLATE.txt, its first line the subject, with these values and `site`, our address. Raises Refused for a `to`
    that is no address."""
    subject, text = rendering.mail(language, template, site=hub.settings.web.public_url, **values)
    await hub.store.mails.put(to, subject, text, hub.clock.now())
