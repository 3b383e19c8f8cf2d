"""What is known already of what somebody applies for: groups called the same or alike, groups in the same neighbourhoods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.domain import Group
from hub.plain import plain

ALIKE = 0.5
"""Of the words of two names together, the share that is in both."""
_EVERYWHERE = {
    "buurtapp",
    "buurtpreventie",
    "buurtwhatsapp",
    "whatsapp",
    "groep",
    "groepsapp",
    "app",
    "appgroep",
    "buurt",
}
_EVERYWHERE |= {"preventie", "wijk", "de", "het", "van", "en", "in", "alert", "wabp", "watch"}
MOST = 12


class Like(StrEnum):
    """Why a group is shown beside an application."""

    SAME_NAME = "same name"
    LIKE_NAME = "similar name"
    SAME_PLACE = "same neighbourhoods"


@dataclass(frozen=True, slots=True)
class Similar:
    """`shared`: the neighbourhoods it has in common with what is asked."""

    group: Group
    why: tuple[Like, ...]
    shared: tuple[str, ...]


def similar(names: Sequence[str], codes: Iterable[str], groups: Iterable[Group]) -> list[Similar]:
    """The likeliest first; names count before places."""
    wanted, place = [_words(one) for one in names if one.strip()], set(codes)
    spelled = {plain(one) for one in names if one.strip()}
    found = []
    for group in groups:
        shared = tuple(code for code in group.neighbourhoods if code in place)
        why = []
        if plain(group.name) in spelled:
            why.append(Like.SAME_NAME)
        elif any(_alike(one, _words(group.name)) for one in wanted):
            why.append(Like.LIKE_NAME)
        if shared:
            why.append(Like.SAME_PLACE)
        if why:
            found.append(Similar(group, tuple(why), shared))
    order = list(Like)
    return sorted(found, key=lambda one: (order.index(one.why[0]), -len(one.shared), one.group.name))[:MOST]


def admin_group_name(district_name: str, municipality_name: str) -> str:
    """What the group of a district's admins is called where the hub makes it."""
    return f"Beheerders {district_name} ({municipality_name})"


def _words(name: str) -> frozenset[str]:
    """Those that tell it apart; all of them where none does."""
    words = frozenset(plain(name).split())
    return words - _EVERYWHERE or words


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    both = one | other
    return bool(both) and len(one & other) / len(both) >= ALIKE
