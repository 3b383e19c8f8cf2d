"""What stands in a message: the text that fits, what of it is bold or copied with one tap, and the buttons under it.

Formatting goes as entities (positions in the text), not as HTML or Markdown: Telegram reads no markup in our texts, so there is
nothing to escape and no string that could break a message. Made once a wording, for all its recipients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from hub.channel import Action, Wording

# Bot API: sendMessage 1-4096 characters, captions 0-1024; counted here in UTF-16 code units, as Telegram counts
# everywhere else: never too many.
LONGEST_TEXT: Final = 4096
LONGEST_CAPTION: Final = 1024
# Nowhere documented for a button; browsers and proxies take 2,048 of a URL and more.
LONGEST_URL: Final = 2048
# Two such lines enclose what is to be forwarded (config/messages).
RULE: Final = "———"
# Wordings alive at the same time: alerts being relayed × languages × parts, and room to spare.
KEPT_WORDINGS: Final = 500

Entities = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Dressed:
    """A wording as Telegram takes it: as a message of its own, and as the caption of a picture."""

    wording: Wording = field(repr=False)
    text: str = field(repr=False)
    entities: Entities = field(repr=False)
    caption: str = field(repr=False)
    caption_entities: Entities = field(repr=False)
    share: dict[str, str] | None = field(repr=False)


class Wardrobe:
    """Each wording dressed once. Known by identity: the hub makes a wording once, and comparing long texts costs more."""

    def __init__(self) -> None:
        self._dressed: dict[int, Dressed] = {}

    def dress(self, wording: Wording) -> Dressed:
        dressed = self._dressed.get(id(wording))
        if dressed is None:
            if len(self._dressed) >= KEPT_WORDINGS:
                self._dressed.clear()
            # It holds the wording, so that no other can get the same id.
            dressed = self._dressed[id(wording)] = dress(wording)
        return dressed


def dress(wording: Wording) -> Dressed:
    text = fitting(wording.text, wording.short_text)
    caption = fitting(wording.short_text or wording.text, most=LONGEST_CAPTION)
    headline = wording.parts.get("headline", "")
    return Dressed(wording, text, entities(text, headline), caption, entities(caption, headline), sharing(wording))


def fitting(text: str, shorter: str = "", most: int = LONGEST_TEXT) -> str:
    """The whole text, else the shorter one, else as much as fits and an ellipsis; never a second message.

    Half an emoji (a lone surrogate), which no HTTP body can carry, becomes U+FFFD.
    """
    units = b""
    for one in (text, shorter or text):
        units = one.encode("utf-16-le", "surrogatepass")
        if len(units) <= 2 * most:
            return units.decode("utf-16-le", "replace")
    # The cut may have halved the last emoji; "ignore" drops that half.
    return units[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def entities(text: str, headline: str) -> Entities:
    """The first line and the headline in bold; what is to be forwarded as a block that a tap copies whole.

    Telegram copies "pre" at a tap, a quotation only by hand. Its price: links in it cannot be tapped.
    """
    found: Entities = []
    rules: list[tuple[int, int]] = []
    at, wanted = 0, headline.strip()
    for line in text.split("\n"):
        length = len(line.encode("utf-16-le")) // 2
        title = not rules and wanted != "" and line.strip() == wanted
        if line.strip() and (at == 0 or title):
            found.append({"type": "bold", "offset": at, "length": length})
        if title:
            wanted = ""
        if line == RULE:
            rules.append((at, at + length))
        at += length + 1
    # With more than two, somebody wrote one in the alert itself: then it is not clear what is enclosed.
    if len(rules) == 2:
        start, end = rules[0][1] + 1, rules[1][0] - 1
        if end > start:
            found.append({"type": "pre", "offset": start, "length": end - start})
    return found


def keyboard(actions: Sequence[Action], share: dict[str, str] | None = None) -> dict[str, Any]:
    """Inline keyboard, two buttons to a row: three in one row cut "Doorgestuurd" off on a small phone. `share`: a row below."""
    buttons: list[dict[str, str]] = [{"text": action.label, "callback_data": action.data} for action in actions]
    rows = [buttons[start : start + 2] for start in range(0, len(buttons), 2)]
    return {"inline_keyboard": [*rows, [share]] if share else rows}


def sharing(wording: Wording) -> dict[str, str] | None:
    """Telegram's own button to choose a chat for the text that is made for forwarding; None if nothing is to be forwarded.

    Its page takes a link, which it puts first, and a text: as much of it as fits into a URL.
    """
    if not wording.forward:
        return None
    link = wording.parts.get("link", "")
    text, most = wording.forward.replace(link, "").strip(), LONGEST_URL
    while len(url := f"https://t.me/share/url?{urlencode({'url': link, 'text': text}, quote_via=quote)}") > LONGEST_URL:
        most = most * 9 // 10
        text = fitting(text, most=most)
    return {"text": wording.share, "url": url}
