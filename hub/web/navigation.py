"""The menus: the bar on top of every page, for visitors and by role, and the coordinators' own; and where in them a page is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.domain import Role
from hub.settings import Registry
from hub.web.languages import N_

ANYBODY: Final = frozenset(Role)
COORDINATOR: Final = frozenset({Role.COORDINATOR})


@dataclass(frozen=True, slots=True)
class Entry:
    """`label`: Dutch, marked for translation. `also`: what the paths of its pages begin with, beside its own."""

    path: str
    label: str
    may: frozenset[Role] = ANYBODY
    also: tuple[str, ...] = ()


PUBLIC: Final = (
    Entry("/", N_("Kaart"), also=("/groups",)),
    Entry("/join", N_("Meedoen")),
    Entry("/signs", N_("Bordjes")),
    Entry("/pages/huisregels", N_("Huisregels")),
)
STAFF: Final = (
    Entry("/console", N_("Meldingen")),
    Entry("/console/write", N_("Nieuwe melding"), frozenset({Role.POLICE}), also=("/console/drafts",)),
    Entry("/console/neighbour-reports", N_("Meldingen van buren"), frozenset({Role.POLICE, Role.COORDINATOR})),
    Entry("/coordinator", N_("Coördinator"), frozenset({Role.COORDINATOR, Role.AUDITOR})),
    Entry("/staff", N_("Medewerkers"), frozenset({Role.OPERATOR})),
    Entry("/auditor", N_("Logboek"), frozenset({Role.AUDITOR})),
    Entry("/", N_("Openbare kaart")),
)
COORDINATORS: Final = (
    Entry("/coordinator", N_("Overzicht")),
    Entry("/coordinator/groups", N_("Groepen")),
    Entry("/coordinator/admins", N_("Beheerders")),
    Entry("/coordinator/applications", N_("Aanvragen"), COORDINATOR),
    Entry("/coordinator/contacts", N_("Berichten"), COORDINATOR),
    Entry("/coordinator/reconcile", N_("Vergelijken"), COORDINATOR),
    Entry("/coordinator/signs", N_("Bordjes")),
    Entry("/coordinator/import", N_("Bestand")),
    Entry("/coordinator/coverage", N_("Dekking")),
    Entry("/coordinator/health", N_("Onderhoud")),
    Entry("/coordinator/drills", N_("Oefeningen")),
    Entry("/coordinator/statistics", N_("Cijfers")),
    Entry("/coordinator/pages", N_("Teksten"), COORDINATOR),
    Entry("/coordinator/changes", N_("Wijzigingen")),
)


def shown(entries: Sequence[Entry], role: Role | None, registry: Registry) -> tuple[Entry, ...]:
    """Those for this role (None: a visitor) of what is switched on."""
    off = {
        "/join": not registry.join,
        "/signs": not registry.signs,
        "/console/neighbour-reports": not registry.neighbour_reports,
        "/coordinator/applications": not registry.join,
        "/coordinator/signs": not registry.signs,
    }
    return tuple(one for one in entries if not off.get(one.path) and (role is None or role in one.may))


def entry_of(entries: Sequence[Entry], path: str) -> Entry | None:
    """Which of them a page belongs to: that whose path, or what else it has, is most of the page's own; None for none of them."""
    fits = [
        (len(start), entry)
        for entry in entries
        for start in (entry.path, *entry.also)
        if path == start or (start != "/" and path.startswith(f"{start}/"))
    ]
    return max(fits, key=lambda one: one[0])[1] if fits else None
