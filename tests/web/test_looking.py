"""Who is shown personal data is in the audit chain: every route of a furnished hub is asked, and its answer looked through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientResponse

from hub.domain import Role
from hub.web.route import Open, Route
from hub.web.routes import ROUTES
from tests.browser.pages import PAGES, route_of
from tests.browser.show import ANNA, Showcase, Who
from tests.browser.showcase import showcase
from tests.web.world import API, KEYS

OK: Final = 200
WHERE: Final = {
    "admin": ("name",),
    "address": ("handle",),
    "application": ("name", "email"),
    "contact_request": ("name", "email", "phone", "message"),
    "sign": ("name", "email"),
    "neighbour_report": ("text",),
    "sighting": ("text",),
}
"""The columns that hold what is personal, by their tables."""


def personal(show: Showcase) -> set[str]:
    """Everything personal there is, as it may stand in an answer."""
    there = {row[0] for row in show.world.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(WHERE) <= there
    found: set[str] = set()
    for table, names in WHERE.items():
        columns = {row[1] for row in show.world.rows(f"PRAGMA table_info({table})")}
        for name in columns.intersection(names):
            found |= {str(row[0]) for row in show.world.opened(table, name) if row[0]}
    return {one for one in found if len(one) > 3}


def asked(show: Showcase) -> Iterator[tuple[Route, str, Who | None]]:
    """Every route that is looked at, with a path of the furnished hub, and somebody who may."""
    named: dict[str, str] = show.named
    seen: set[str] = set()
    for page in PAGES:
        route = route_of(page.path)
        if (
            route is not None
            and route.may is not Open.PUBLIC
            and page.path not in seen
            and not page.fill
            and page.status == 200
            and not page.empty
        ):
            seen.add(page.path)
            yield route, page.path.format_map(named), page.who
    pages = {route.path for page in PAGES if (route := route_of(page.path)) is not None and not page.fill}
    for route in ROUTES:
        if route.method == "GET" and route.path not in pages and not route.live and route.may is not Open.PUBLIC:
            path = route.path.replace("{number}", named["active"]).replace("{code}", "BU06370300").replace("{sid}", "1")
            subject = next((named[name] for part, name in SUBJECTS.items() if part in path), named["active"])
            yield route, re.sub(r"{id}", subject, path), who_may(route)


SUBJECTS: Final = {"/admins/": "anna", "/groups/{id}": "west", "/signs/": "sign_asked", "/drills/": "drill"}


def who_may(route: Route) -> Who | None:
    if route.may is Open.ADMIN:
        return ANNA
    if isinstance(route.may, Open):
        return None
    return next(role for role in (Role.COORDINATOR, Role.POLICE, Role.AUDITOR, Role.OPERATOR) if role in route.may)


async def answered(show: Showcase, method: str, path: str, who: Who | None, **more: Any) -> ClientResponse:
    headers = {"Authorization": f"Bearer {KEYS[who]}"} if isinstance(who, Role) else {}
    return await show.world.client.request(
        method, path, headers=headers, cookies=show.cookies(who) if not headers else None, allow_redirects=False, **more
    )


async def test_a_route_that_shows_personal_data_says_so_and_it_is_noted(tmp_path: Path) -> None:
    """`shows` in its table is what notes it: one that is forgotten is named here."""
    async with showcase(tmp_path) as show:
        sought = personal(show)
        assert {"Anna de Vries", "+31612340001"} <= sought
        wrong: list[str] = []
        shown: set[str] = set()
        for route, path, who in asked(show):
            before = looks(show)
            answer = await answered(show, "GET", path, who)
            told = (await answer.read()).decode(errors="replace")
            found = sorted(one for one in sought if one in told)
            noted = looks(show)[len(before) :]
            if found and not route.shows:
                wrong.append(f"{route.path}: shows {found[:3]}")
            if route.shows and answer.status == OK and [kind for kind, _ in noted] != [f"{route.shows}.looked"]:
                wrong.append(f"{route.path}: notes {noted}")
            if found:
                shown.add(route.path)
        assert not wrong, "\n".join(wrong)
        assert {f"{API}/admins", "/coordinator/admins/{id}", "/console/alerts/{id}", "/mine/data.json"} <= shown
        assert (await show.world.hub.store.audit.verify()).faults == ()


def looks(show: Showcase) -> list[tuple[Any, ...]]:
    return show.world.rows("SELECT kind, who FROM audit WHERE look ORDER BY sequence")
