"""The menu of the coordinators' pages: its parts, in the order they are read."""

from __future__ import annotations

from typing import Final

from hub.domain import Role
from hub.settings import Settings
from hub.web.languages import N_
from hub.web.navigation import Entry

COORDINATOR: Final = frozenset({Role.COORDINATOR})
START: Final = "/coordinator"

SECTIONS: Final = (
    Entry(START, N_("Overzicht")),
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


def section_entries(role: Role, settings: Settings) -> tuple[Entry, ...]:
    """Those of what is switched on, and they may open."""
    off = {"/coordinator/applications": not settings.registry.join, "/coordinator/signs": not settings.registry.signs}
    return tuple(one for one in SECTIONS if role in one.may and not off.get(one.path))


def is_here(entry: Entry, path: str) -> bool:
    """Whether a page belongs to this part; the start page only to itself."""
    return path == entry.path or (entry.path != START and path.startswith(entry.path + "/"))
