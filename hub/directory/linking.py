"""Links by which an admin links an address: a one-time token, the page's address, and a QR code of what the button opens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

import segno

from hub.clock import DAY_MS
from hub.domain import Mistake, Refused
from hub.store.database import Store

LASTS_DAYS = 7
REMEMBERED_DAYS = 90
"""How long a used or ended link is still known as one, so that whoever opens it late reads why it does not work."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """`url`: the page that shows how to link. The token in it is nowhere else: the store keeps a hash."""

    url: str = field(repr=False)
    channel: str
    expires_at: int


async def make_link(
    store: Store, channels: tuple[str, ...], admin_id: int, channel: str, public_url: str, now: int
) -> MadeLink:
    """A link for this admin and channel; an earlier one is void. Raises Refused. `channels`: those with a sender account."""
    if channel not in channels:
        known = ", ".join(sorted(set(channels))) or "none"
        raise Refused("No link was made", [Mistake("channel", f"give a channel the hub sends on, now: {known}")])
    token = make_token()
    expires_at = now + LASTS_DAYS * DAY_MS
    sweep = now - REMEMBERED_DAYS * DAY_MS
    if not await store.linking.offer(hash_token(token), admin_id, channel, now=now, expires_at=expires_at, sweep=sweep):
        raise Refused("No link was made", [Mistake("admin", "there is no such admin any more")])
    return MadeLink(f"{public_url.rstrip('/')}/link/{token}", channel, expires_at)


def make_token() -> str:
    """43 signs of A-Z a-z 0-9 _ -: 256 random bits. Telegram's start parameter takes 64 of these signs."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """All that is stored of a token. 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def drawn(text: str) -> str:
    """A QR code as SVG, to stand in a page: without a colour, style or script of its own."""
    code = segno.make(text, error="m", micro=False)
    svg: str = code.svg_inline(scale=4, border=4, omitsize=True, lineclass=None, svgclass="qr")
    return svg
