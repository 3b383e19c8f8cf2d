"""How CAP values are really written: reads what authorities send instead of what CAP asks, and says so in a warning.

Each function takes the text of one element without the white space around it and gives the value as our strict JSON has
it. The text comes back unchanged where nothing is wrong, or where it matters and is beyond repair; the schema then says
what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.cap.schema import CATEGORIES, RESPONSE_TYPES, SCOPES
from hub.cap.values import is_plain_name, parse_number
from hub.domain import Certainty, MsgType, Severity, Status, Urgency

# Seen: +0200 and +02 for +02:00, a space for the T, no seconds, the basic form without hyphens and colons.
_LOOSE_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ]\s*(\d\d):?(\d\d)(?::?(\d\d)([.,]\d+)?)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d)?)", re.ASCII
)
_CHOICES: dict[str, tuple[str, ...]] = {
    "status": tuple(map(str, Status)),
    "msgType": tuple(map(str, MsgType)),
    "scope": SCOPES,
    "category": CATEGORIES,
    "responseType": RESPONSE_TYPES,
    "urgency": tuple(map(str, Urgency)),
    "severity": tuple(map(str, Severity)),
    "certainty": tuple(map(str, Certainty)),
}
# What stands in for a word CAP does not have. Whether a message is an exercise or a cancel is never guessed.
_OTHERWISE: dict[str, str | None] = {
    "category": "Other",
    "responseType": None,
    "urgency": Urgency.UNKNOWN.value,
    "severity": Severity.UNKNOWN.value,
    "certainty": Certainty.UNKNOWN.value,
}


@dataclass(slots=True)
class Warnings:
    """The warnings of one message, in order."""

    said: list[str] = field(default_factory=list)

    @property
    def few(self) -> bool:
        """Whether it is still worth some time to be helpful."""
        return len(self.said) < 50

    def say(self, place: str, sentence: str) -> None:
        self.said.append(f"{place}: {sentence}" if place else sentence)


Reader = Callable[[str, str, str, Warnings], str | float | None]
"""(name of the element, its text, its place, warnings) → the value, or None to leave it out."""


def read_text(name: str, text: str, place: str, warnings: Warnings) -> str:
    return text


def read_name(name: str, text: str, place: str, warnings: Warnings) -> str:
    """identifier and sender; a name that breaks CAP 1.2 section 3.2.1 is kept, as it is how the message is known."""
    if not is_plain_name(text):
        warnings.say(place, "holds a space, comma, < or &, so that no reference can name it")
    return " ".join(text.split())


def read_choice(name: str, text: str, place: str, warnings: Warnings) -> str | None:
    choices = _CHOICES[name]
    if text in choices:
        return text
    # CAP 1.2 section 3.2.2: "Very Likely" of CAP 1.0 should be treated as "Likely".
    wanted = "likely" if name == "certainty" and text.lower() == "very likely" else text.lower()
    for choice in choices:
        if choice.lower() == wanted:
            warnings.say(place, f"is not written as in CAP; taken as {choice}")
            return choice
    if name not in _OTHERWISE:
        return text
    otherwise = _OTHERWISE[name]
    warnings.say(place, f"is not one of {', '.join(choices)}; {f'taken as {otherwise}' if otherwise else 'left out'}")
    return otherwise


def read_time(name: str, text: str, place: str, warnings: Warnings) -> str | None:
    """effective and onset decide nothing here, so one that cannot be read is left out."""
    found = _LOOSE_TIME.fullmatch(text)
    if not found:
        if name in ("sent", "expires"):
            return text
        warnings.say(place, "is not a time with its offset; left out")
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    offset = "Z" if zulu else f"{sign}{hours}:{minutes or '00'}"
    # Nine digits: more than any clock has, and what RFC 3339 readers expect at most.
    fraction = (fraction or "").replace(",", ".")[:10]
    written = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{fraction}{offset}"
    if written != text:
        warnings.say(place, f"is not written as in CAP; taken as {written}")
    return written


def read_circle(name: str, text: str, place: str, warnings: Warnings) -> str:
    words = re.split(r"[\s,]+", text)
    if len(words) != 3 or text.split() == [f"{words[0]},{words[1]}", words[2]]:
        return text
    written = f"{words[0]},{words[1]} {words[2]}"
    warnings.say(place, 'is not written as "latitude,longitude radius"; taken as that')
    return written


def read_polygon(name: str, text: str, place: str, warnings: Warnings) -> str:
    if all("," in word[1:-1] for word in text.split()):
        return text
    numbers = [word for word in re.split(r"[\s,;]+", text) if word]
    if len(numbers) % 2:
        return text
    warnings.say(place, 'is not written as "latitude,longitude" pairs with spaces between; taken as that')
    return " ".join(f"{north},{east}" for north, east in zip(numbers[::2], numbers[1::2], strict=True))


def read_references(name: str, text: str, place: str, warnings: Warnings) -> str | None:
    """The references that can be read; a message that needs one and has none is refused later."""
    words = text.split()
    readable = [word for word in words if len(word.split(",")) == 3 and all(word.split(","))]
    if len(readable) < len(words):
        warnings.say(place, 'holds something else than "sender,identifier,sent"; that is left out')
    return " ".join(readable) or None


def read_number(name: str, text: str, place: str, warnings: Warnings) -> float | None:
    """altitude, ceiling and size: nothing we relay depends on them, so one that cannot be read is left out."""
    number = parse_number(text)
    if number is None or (name == "size" and not (0 <= number < 2**53 and number.is_integer())):
        warnings.say(place, "is not a number; left out")
        return None
    return int(number) if name == "size" else number


def read_language(name: str, text: str, place: str, warnings: Warnings) -> str | None:
    written = text.replace("_", "-")
    if not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}", written):
        warnings.say(place, "is not a language code; left out")
        return None
    if written != text:
        warnings.say(place, "has an underscore for a hyphen")
    return written


def read_link(name: str, text: str, place: str, warnings: Warnings) -> str | None:
    if not re.match(r"https?://[^\s/]", text, re.IGNORECASE):
        warnings.say(place, "is not a web address; left out")
        return None
    return text
