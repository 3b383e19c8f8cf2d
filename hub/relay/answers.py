"""What a person can answer: the three buttons of a message, and the words and signs that mean the same."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from hub.channel import Action
from hub.domain import AckKind
from hub.relay.words import LANGUAGES, language

STOP = "stop"
_ORDER = (AckKind.RECEIVED, AckKind.FORWARDED, AckKind.CANNOT)
_MEANINGS = {word: meaning for one in LANGUAGES.values() for word, meaning in one.answers.items()}
_ACTION = re.compile(rf"({'|'.join(AckKind)}):([0-9a-f]{{1,16}})")
_LONGEST = max(len(word.split()) for word in _MEANINGS)


def actions_for(delivery_id: int, language_code: str, ended: bool = False) -> tuple[Action, ...]:
    """Received, forwarded, cannot, in the contract's order; the data names answer and delivery in at most 26 signs.

    `ended`: of a message that an alert is over, where nobody need say that they cannot.
    """
    number = f"{delivery_id:x}"
    return tuple([Action(kind, label, prefix + number) for kind, label, prefix in _buttons(language_code, ended)])


@cache
def _buttons(language_code: str, ended: bool) -> tuple[tuple[AckKind, str, str], ...]:
    labels = language(language_code).labels
    return tuple((kind, labels[kind], f"{kind.value}:") for kind in _ORDER[: 2 if ended else 3])


def read_action(data: str) -> tuple[AckKind, int] | None:
    """The answer and the delivery a button stands for; None if it is none of ours."""
    # As it was written, for clients can be made to send anything: no signs, no spaces, nothing past what a database takes.
    found = _ACTION.fullmatch(data)
    if found is None or (number := int(found[2], 16)) >= 1 << 63:
        return None
    return AckKind(found[1]), number


def read_words(text: str) -> AckKind | str | None:
    """What a free reply means: an AckKind, STOP, or None.

    Only a reply made of nothing but known words counts: "niet doorgestuurd" must never cover a neighbourhood. "ok, doorgestuurd"
    is forwarded; yes and no together mean nothing.
    """
    words = _plain(text).split()
    meanings: set[str] = set()
    while words:
        for length in range(min(_LONGEST, len(words)), 0, -1):
            meaning = _MEANINGS.get(" ".join(words[:length]))
            if meaning is not None:
                meanings.add(meaning)
                words = words[length:]
                break
        else:
            return None
    meanings.discard("filler")
    if meanings == {"received", "forwarded"}:
        return AckKind.FORWARDED
    if len(meanings) != 1:
        return None
    only = meanings.pop()
    return STOP if only == STOP else AckKind(only)


def _plain(text: str) -> str:
    """Lower case, without punctuation, skin tones and variation selectors."""
    kept = (
        sign if not unicodedata.category(sign).startswith(("P", "Mn", "Sk", "Cf")) or sign == "'" else " "
        for sign in unicodedata.normalize("NFC", text[:200]).replace("’", "'").lower()
    )
    return "".join(kept).strip()
