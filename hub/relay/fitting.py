"""Makes texts fit: counts as the providers do and cuts where a reader would, never through a sign that belongs together."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import TypeVar

# What gives way, after the description: the longest of these. Number, times, links and "bel 112" never do.
_GIVES_WAY = ("instruction", "headline", "place", "event")
# Signs that one visible sign is made of at most; beyond it (stacked accents) the cut is where it is.
_LONGEST_SIGN = 40
_JOINER = "\u200d"


T = TypeVar("T")


def units(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts: never less than the characters other providers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if 2 * len(text) <= most or units(text) <= most:  # no sign takes more than two
        return text
    if most < 2:
        return ""
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    end = len(kept)
    while end > max(0, len(kept) - _LONGEST_SIGN) and _joined(text, end):
        end -= 1
    if _joined(text, end):
        end = len(kept)
    return text[:end].rstrip("… \n") + "…"


def fit(make: Callable[[Mapping[str, str]], T], pieces: Mapping[str, str], most: int, length: Callable[[T], int]) -> T:
    """What is made of the pieces, with as much of the description as fits, and then less of the longest other.

    `length`: of what was made, in UTF-16 units. It is longer than `most` only where nothing is left to give way.
    """
    kept = {name: cut(text, most) for name, text in pieces.items()}
    made = make(kept)
    while (excess := length(made) - most) > 0:
        name = "description" if kept["description"] else max(_GIVES_WAY, key=lambda name: units(kept[name]))
        if not kept[name]:
            break
        # A piece may stand in the text twice; a few rounds of cutting are cheap and right for any template. Half at a time, so that
        # the longest becomes as long as the next one, and not nothing.
        long = units(kept[name])
        least = 0 if name == "description" else long // 2
        kept[name] = cut(kept[name], max(least, long - max(2, excess // 2 + 1)))
        made = make(kept)
    return made


def _joined(text: str, at: int) -> bool:
    """Whether what stands before and after this place is one sign to a reader: an accent, a skin tone, a family, a flag."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before == _JOINER or after == _JOINER or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if _is_half_flag(before) and _is_half_flag(after):
        flags = len(text[:at]) - len(text[:at].rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
        return flags % 2 == 1
    return False


def _is_half_flag(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
