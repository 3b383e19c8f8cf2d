"""A page of a long list: what it is filtered and sorted by, and links to others like it. Nothing personal is in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from hub.web.calls import Call

SIZE: Final = 50


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


def asked(call: Call, name: str, among: Collection[str]) -> str:
    """A parameter of the address if it is one of these, else ''."""
    given = call.parameter(name) or ""
    return given if given in among else ""
