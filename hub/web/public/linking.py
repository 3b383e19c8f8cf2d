"""The public page behind a one-time link: how to link an address, as a button and a QR code. Opening it uses nothing up.

The token in the address is the proof; whoever fetches the page for a preview of the link changes nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from markupsafe import Markup

from hub.channel import Linkable
from hub.directory.linking import drawn, hash_token
from hub.web.calls import Call
from hub.web.languages import N_

if TYPE_CHECKING:
    from hub.store.linking import OfferedLink

log = structlog.get_logger()

ASK_SECONDS = 5.0
"""How long a channel may take to tell where a link leads (Telegram is asked for the bot's name once)."""

OPENING = {
    "telegram": N_("Tik in Telegram op Start."),
    "whatsapp": N_("Verstuur het bericht dat klaarstaat. Verander er niets aan."),
    "matrix": N_("Begin een gesprek met ons en stuur de tekst hieronder."),
}
"""What to do once a channel is open."""

CLOSED = {
    "used": (N_("Gekoppeld"), N_("Deze link is gebruikt. U kunt deze pagina sluiten.")),
    "ended": (
        N_("Deze link geldt niet meer"),
        N_("Hij is verlopen, of er is een nieuwere gemaakt. Vraag uw gemeente om een nieuwe link."),
    ),
    "unknown": (
        N_("Deze link kennen we niet"),
        N_(
            "Misschien is hij niet helemaal meegekopieerd. "
            "Open hem opnieuw uit het bericht, of vraag uw gemeente om een nieuwe."
        ),
    ),
}
"""A link that links nothing (any more): what it is, and what to do."""


async def link_page(call: Call) -> web.Response:
    """404 for a token we never gave out, 410 for one that ended."""
    token = call.part("token")
    link = await call.hub.store.linking.find(hash_token(token))
    if link is None:
        return _closed(call, "unknown", 404)
    if link.used:
        return _closed(call, "used")
    if link.expires_at <= call.now():
        return _closed(call, "ended", 410)
    opened = await _opened(call, link, token)
    code = Markup(drawn(opened)) if opened else ""  # noqa: S704  # drawn by segno: lines, and nothing that was given
    text = f"koppel {token}"
    return _page(
        call,
        "open",
        channel=link.channel,
        opened=opened,
        opening=OPENING.get(link.channel, ""),
        text=text,
        code=code,
        expires_at=link.expires_at,
    )


def _closed(call: Call, standing: str, status: int = 200) -> web.Response:
    return _page(call, standing, status, said=CLOSED[standing])


def _page(call: Call, standing: str, status: int = 200, **values: Any) -> web.Response:
    response = call.show("public/link", status, standing=standing, **values)
    response.headers.update({"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"})
    return response


async def _opened(call: Call, link: OfferedLink, token: str) -> str:
    """What the button opens: a chat with one of the channel's accounts, always the same for one person; '' if none can tell."""
    senders = [one.channel for one in call.hub.senders if one.channel.name == link.channel]
    start = link.admin_id % len(senders) if senders else 0
    for channel in [*senders[start:], *senders[:start]]:
        if not isinstance(channel, Linkable):
            continue
        try:
            async with asyncio.timeout(ASK_SECONDS):
                found = await channel.link(token)
        except Exception as error:  # a provider that is down must not hide the text that links as well
            log.warning("link_untold", channel=channel.name, account=channel.account, error=type(error).__name__)
            continue
        if found is not None:
            return found
    return ""
