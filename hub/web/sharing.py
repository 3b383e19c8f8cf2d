"""Links that open a messenger with a text made for forwarding."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def share_links(text: str, link: str) -> dict[str, str]:
    """By the messenger's name; none for what is not to be forwarded (''). `link`: the proof page, which Telegram takes apart."""
    if not text:
        return {}
    own = text.replace(link, "").strip()
    return {
        "WhatsApp": f"https://wa.me/?{urlencode({'text': text}, quote_via=quote)}",
        "Telegram": f"https://t.me/share/url?{urlencode({'url': link, 'text': own}, quote_via=quote)}",
    }
