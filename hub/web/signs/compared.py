"""A request beside the others: who else asked for the same, and how far the next sign is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.places.nearby import Nearby
from hub.plain import plain
from hub.store.signs import STANDING, Kind, Sign

SAME_METRES: Final = 30.0
"""From one side of a street to the other: nobody hangs two within it."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Another that may be the same. `metres`: None where one of the two has no exact point."""

    sign: Sign
    metres: float | None
    same_place: bool
    same_email: bool


class Compared:
    """`signs`: all that are asked for, planned or placed."""

    def __init__(self, signs: Sequence[Sign]) -> None:
        self._signs = {one.id: one for one in signs}
        self._near = {kind: Nearby(_points([one for one in signs if one.kind is kind])) for kind in Kind}
        self._standing = Nearby(_points([one for one in signs if one.kind is Kind.STREET and one.state in STANDING]))
        self._places: dict[tuple[Kind, str, str], list[int]] = {}
        self._people: dict[tuple[Kind, str], list[int]] = {}
        for one in signs:
            if one.place:
                self._places.setdefault((one.kind, one.code, plain(one.place)), []).append(one.id)
            if one.email:
                self._people.setdefault((one.kind, one.email.casefold()), []).append(one.id)

    def twins(self, sign: Sign) -> list[Twin]:
        """The nearest first; those without an exact point last."""
        near = (
            dict(self._near[sign.kind].within(SAME_METRES, sign.longitude, sign.latitude, sign.id))
            if sign.exact
            else {}
        )
        place = self._places.get((sign.kind, sign.code, plain(sign.place)), []) if sign.place else []
        people = self._people.get((sign.kind, sign.email.casefold()), []) if sign.email else []
        found = {*near, *place, *people} - {sign.id}
        twins = [Twin(self._signs[one], near.get(one), one in place, one in people) for one in found]
        return sorted(twins, key=lambda one: (one.metres is None, one.metres or 0.0, one.sign.id))

    def next_sign(self, sign: Sign) -> tuple[Sign, float] | None:
        """The nearest street sign that stands or is planned, and its metres; None where the point is not exact or there is none."""
        if sign.kind is not Kind.STREET or not sign.exact:
            return None
        found = self._standing.nearest(sign.longitude, sign.latitude, sign.id)
        return None if found is None else (self._signs[found[0]], found[1])


def _points(signs: Sequence[Sign]) -> dict[int, tuple[float, float]]:
    return {one.id: (one.longitude, one.latitude) for one in signs if one.exact}
