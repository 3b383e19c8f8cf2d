"""The menus: what is in them for whom, and which entry a page is marked under."""

from __future__ import annotations

import re

import pytest

from hub.domain import Role
from hub.settings import Registry
from hub.web.navigation import COORDINATORS, PUBLIC, STAFF, entry_of, shown
from hub.web.route import PUBLIC as ANYBODY
from hub.web.routes import ROUTES
from tests.web.world import World

ALL = Registry(neighbour_reports=True)
MARKED = re.compile(r'<nav class="[^"]*" aria-label="([^"]+)">(.*?)</nav>', re.DOTALL)


@pytest.mark.parametrize(
    ("path", "bar", "menu"),
    [
        ("/console", "/console", None),
        ("/console/alerts/1/deliveries", "/console", None),
        ("/console/write", "/console/write", None),
        ("/console/drafts/7", "/console/write", None),
        ("/console/neighbour-reports/3", "/console/neighbour-reports", None),
        ("/coordinator", "/coordinator", "/coordinator"),
        ("/coordinator/groups/5/change", "/coordinator", "/coordinator/groups"),
        ("/coordinator/signs/work", "/coordinator", "/coordinator/signs"),
        ("/", "/", None),
        ("/login", None, None),
    ],
)
def test_a_page_is_marked_under_the_entry_it_belongs_to(path: str, bar: str | None, menu: str | None) -> None:
    found = entry_of(STAFF, path)
    assert (found.path if found else None) == bar
    if menu:
        inside = entry_of(COORDINATORS, path)
        assert inside is not None and inside.path == menu


def test_visitors_pages_are_too() -> None:
    for path, start in (("/groups/7/asked", "/"), ("/join/sent", "/join"), ("/signs/confirm/x", "/signs")):
        found = entry_of(PUBLIC, path)
        assert found is not None and found.path == start


@pytest.mark.parametrize("role", [None, *Role])
def test_a_menu_leads_only_where_its_reader_may_go(role: Role | None) -> None:
    may = {route.path: route.may for route in ROUTES if route.method == "GET"}
    for entries in (
        (PUBLIC,) if role is None else (STAFF, COORDINATORS if role in (Role.COORDINATOR, Role.AUDITOR) else ())
    ):
        for one in shown(entries, role, ALL):
            allowed = may["/pages/{slug}" if one.path.startswith("/pages/") else one.path]
            assert allowed == ANYBODY or (isinstance(allowed, frozenset) and role in allowed), (role, one.path)


def test_what_is_switched_off_is_in_no_menu() -> None:
    off = Registry(join=False, signs=False)
    paths = [one.path for entries in (PUBLIC, STAFF, COORDINATORS) for one in shown(entries, Role.COORDINATOR, off)]
    assert not [
        path for path in paths if "signs" in path or "join" in path or "applications" in path or "reports" in path
    ]


async def test_the_page_says_where_one_is(world: World) -> None:
    for path in ("/coordinator/groups", "/coordinator/applications", "/coordinator/contacts", "/coordinator/pages"):
        page = await (await world.get(path, Role.COORDINATOR)).text()
        marks = {
            name: re.findall(r'href="([^"]+)" aria-current="(\w+)"', links) for name, links in MARKED.findall(page)
        }
        assert marks == {"Hoofdmenu": [("/coordinator", "true")], "Coördinator": [(path, "page")]}
