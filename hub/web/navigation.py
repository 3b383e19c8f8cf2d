"""What stands in the bar on top of every page: for visitors, and for whoever is signed in by their role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.domain import Role
from hub.settings import Settings
from hub.web.languages import N_

ANYBODY: Final = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Entry:
    """`label`: Dutch, marked for translation."""

    path: str
    label: str
    may: frozenset[Role] = ANYBODY


PUBLIC: Final = (
    Entry("/", N_("Kaart")),
    Entry("/join", N_("Meedoen")),
    Entry("/signs", N_("Bordjes")),
    Entry("/pages/huisregels", N_("Huisregels")),
)
STAFF: Final = (
    Entry("/console", N_("Meldingen")),
    Entry("/console/write", N_("Nieuwe melding"), frozenset({Role.POLICE})),
    Entry("/console/neighbour-reports", N_("Meldingen van buren"), frozenset({Role.POLICE, Role.COORDINATOR})),
    Entry("/coordinator", N_("Coördinator"), frozenset({Role.COORDINATOR, Role.AUDITOR})),
    Entry("/", N_("Openbare kaart")),
)


def public_entries(settings: Settings) -> tuple[Entry, ...]:
    """Those of what is switched on."""
    off = {"/join": not settings.registry.join, "/signs": not settings.registry.signs}
    return tuple(one for one in PUBLIC if not off.get(one.path))


def entry_of(path: str, entries: Sequence[Entry]) -> str:
    """The path of the entry that a page belongs to, the nearest of several; '' for none."""
    above = [one.path for one in entries if path == one.path or (one.path != "/" and path.startswith(one.path + "/"))]
    return max(above, key=len, default="")


def staff_entries(role: Role, settings: Settings) -> tuple[Entry, ...]:
    off = {"/console/neighbour-reports": not settings.registry.neighbour_reports}
    return tuple(one for one in STAFF if role in one.may and not off.get(one.path))
