"""Reading a form: field by field, every mistake noted beside its field, so that the page can be shown again with all of them.

What was filled in is never lost: `given` holds it as it came. Sentences are in Dutch, marked for translation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qsl

from hub.domain import Refused
from hub.web.languages import N_
from hub.web.problems import Problem

MOST_FIELDS: Final = 600
EMAIL: Final = re.compile(
    r"[^\s@<>(),;:\\\"\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.[A-Za-z]{2,24}"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAKS: Final = re.compile(r"[\t\r\n\u2028\u2029]+")


class Form:
    """`mistakes`: field → sentence (Dutch, marked), '' being the form as a whole. `about`: field → that sentence's %(name)s."""

    def __init__(self, given: Mapping[str, list[str]] | None = None) -> None:
        self.given = {name: list(values) for name, values in (given or {}).items()}
        self.mistakes: dict[str, str] = {}
        self.about: dict[str, dict[str, object]] = {}

    @property
    def ok(self) -> bool:
        return not self.mistakes

    def shown(self, name: str, otherwise: str = "") -> str:
        """What stands in a field when the page is shown."""
        return self.given[name][0] if self.given.get(name) else otherwise

    def chosen(self, name: str) -> list[str]:
        """What is chosen of several."""
        return self.given.get(name, [])

    def wrong(self, name: str, sentence: str, **about: object) -> None:
        """The first mistake of a field is the one that is told."""
        if name not in self.mistakes:
            self.mistakes[name] = sentence
            self.about[name] = about

    def refused(self, error: Refused, fields: Mapping[str, str] | None = None) -> None:
        """What a layer below refused, at these fields by its places; the rest as a whole."""
        for mistake in error.mistakes:
            # As a value, for it may hold what was filled in: values are escaped, sentences are ours.
            self.wrong((fields or {}).get(mistake.place, ""), N_("%(reason)s"), reason=mistake.reason)

    # reading -----------------------------------------------------------------------------------------------------------------

    def line(self, name: str, *, most: int = 200, required: bool = True) -> str:
        """One line of text, without control signs, its spaces tidied."""
        return self._text(name, " ".join(_BREAKS.sub(" ", self.shown(name)).split()), most, required)

    def text(self, name: str, *, most: int = 2000, required: bool = True) -> str:
        """Text of several lines."""
        return self._text(name, self.shown(name).replace("\r\n", "\n").strip(), most, required)

    def choice(self, name: str, among: Collection[str], *, required: bool = True) -> str:
        value = self.shown(name).strip()
        if value not in among:
            if value or required:
                self.wrong(name, N_("Kies een van de mogelijkheden."))
            return ""
        return value

    def several(self, name: str, among: Collection[str], *, required: bool = True) -> list[str]:
        """Those chosen, each once, in the order given."""
        values = list(dict.fromkeys(one.strip() for one in self.chosen(name)))
        if any(one not in among for one in values) or (required and not values):
            self.wrong(name, N_("Kies er een of meer uit de lijst."))
        return [one for one in values if one in among]

    def flag(self, name: str) -> bool:
        return bool(self.shown(name))

    def number(self, name: str, least: int, most: int, *, required: bool = True) -> int:
        """A whole number; `least` where there is none."""
        value = self.shown(name).strip()
        if not value and not required:
            return least
        if not (value.isascii() and value.isdecimal() and len(value) < 12 and least <= int(value) <= most):
            self.wrong(name, N_("Vul een heel getal in van %(least)s tot %(most)s."), least=least, most=most)
            return least
        return int(value)

    def degrees(self, name: str, least: float, most: float) -> float | None:
        """A coordinate in degrees; None and a mistake where it is none."""
        try:
            value = float(self.shown(name))
        except ValueError:
            value = least - 1
        if not least <= value <= most:  # also NaN
            self.wrong(name, N_("Kies een plek op de kaart."))
            return None
        return value

    def email(self, name: str, *, required: bool = True) -> str:
        value = self.line(name, most=254, required=required)
        if value and not EMAIL.fullmatch(value):
            self.wrong(name, N_("Vul een e-mailadres in zoals naam@voorbeeld.nl."))
        return value

    def _text(self, name: str, value: str, most: int, required: bool) -> str:
        if required and not value:
            self.wrong(name, N_("Vul dit in."))
        elif len(value) > most:
            self.wrong(name, N_("Dit is te lang: houd het op %(most)s tekens."), most=most)
        elif _CONTROL.search(value):
            self.wrong(name, N_("Hier staan tekens in die geen tekst zijn."))
        return value


def tidy(text: str, most: int = 100) -> str:
    """What somebody searches for, as one short line; what is no text is left out, for nobody's name has it."""
    given = _CONTROL.sub(" ", text.encode("utf-8", "ignore").decode())
    return " ".join(given.split())[:most]


def read_form(raw: bytes) -> Form:
    """The fields of a posted form, as browsers write them. Problem 413 for more of them than any form of ours has."""
    try:
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(413, "The form has too many fields", f"None of ours has more than {MOST_FIELDS}.") from None
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        # A lone surrogate cannot be stored or written; it is no text.
        given.setdefault(name, []).append(value.encode("utf-8", "replace").decode("utf-8"))
    return Form(given)
