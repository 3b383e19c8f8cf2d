"""A page of a long list: what it is filtered and sorted by, and links to others like it. Nothing personal is in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from hub.web.calls import Call
from hub.web.forms import Form

SIZE: Final = 50
MOST_PAGES: Final = 20_000
"""A million rows; beyond that a number in an address is no page of ours."""


@dataclass(frozen=True, slots=True)
class Listing:
    """`kept`: parameter → value, of those that are set; `total`: rows there are."""

    path: str
    kept: Mapping[str, str]
    page: int
    total: int
    size: int = SIZE

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    def to(self, **changed: object) -> str:
        """The same list, otherwise: `page` begins at 1 again unless it is given."""
        kept = {**self.kept, **{name: str(value) for name, value in changed.items()}}
        asked = urlencode({name: value for name, value in kept.items() if value and (name, value) != ("page", "1")})
        return f"{self.path}?{asked}" if asked else self.path


def page_asked(call: Call) -> int:
    given = call.parameter("page") or ""
    fits = given.isascii() and given.isdecimal() and len(given) < 7
    return min(max(int(given), 1), MOST_PAGES) if fits else 1


def asked(call: Call, name: str, among: Collection[str]) -> str:
    """A parameter of the address if it is one of these, else ''."""
    given = call.parameter(name) or ""
    return given if given in among else ""


def tidy(text: str) -> str:
    """What somebody searches for, as it can be looked for; '' if it cannot."""
    form = Form({"text": [text.encode("utf-8", "replace").decode("utf-8")]})
    found = form.line("text", most=100, required=False)
    return found if form.ok else ""
