"""Every page of the hub, and every state it is shown in. A new page is one line here; a test finds those that are missing.

Read by the tests that look at all of them (test_every_page.py), by those that fill in what is nasty, and by `screenshots`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.domain import Role
from hub.web.problems import is_for_people
from hub.web.route import Route
from hub.web.routes import ROUTES


@dataclass(frozen=True, slots=True)
class Page:
    """`name`: the screenshot's, its part of the site first. `path`: `{…}` is what the showcase has under that name.

    `who`: signed in as. `status`: what the hub answers. `fill`: fields of the page's own form, sent: the page is what that
    leads to. `empty`: on a hub where nothing has happened yet. `shows`: a selector to wait for, where a script builds the page.
    """

    name: str
    path: str
    who: Role | None = None
    status: int = 200
    fill: Mapping[str, str] = field(default_factory=dict)
    empty: bool = False
    shows: str = ""


POLICE, COORDINATOR, AUDITOR = Role.POLICE, Role.COORDINATOR, Role.AUDITOR

PAGES: Final = (
    # signing in
    Page("signin", "/login"),
    Page("signin/wrong-key", "/login", fill={"key": "bs_police_wrong"}, status=401),
    Page("signin/needed", "/console", status=401),
    Page("signin/used-link", "/login/gone", status=401),
    # is this message real
    Page("proof/active", "/a/{active}"),
    Page("proof/exercise", "/a/{exercise}"),
    Page("proof/test", "/a/{test}"),
    Page("proof/expired", "/a/{expired}"),
    Page("proof/cancelled", "/a/{cancelled}"),
    Page("proof/cancelled-by", "/a/{cancelled_end}"),
    Page("proof/replaced", "/a/{replaced}"),
    Page("proof/replaced-by", "/a/{replaced_end}"),
    Page("proof/ended", "/a/{ended}"),
    Page("proof/ended-by", "/a/{ended_end}"),
    Page("proof/unknown", "/a/AAAA-AAAA", status=404),
    # linking an address
    Page("link/whatsapp", "/link/{link_whatsapp}"),
    Page("link/telegram", "/link/{link_telegram}"),
    Page("link/matrix", "/link/{link_matrix}"),
    Page("link/unknown", "/link/unknown", status=404),
    # the control room
    Page("console/alerts", "/console", POLICE),
    Page("console/alerts-empty", "/console", POLICE, empty=True),
    Page("console/alert-active", "/console/alerts/{active}", POLICE, shows="#connection.good"),
    Page("console/alert-waiting", "/console/alerts/{waiting}", COORDINATOR, shows="#connection.good"),
    Page("console/alert-exercise", "/console/alerts/{exercise}", AUDITOR, shows="#connection.good"),
    Page("console/alert-cancelled", "/console/alerts/{cancelled}", POLICE, shows="#connection.good"),
    Page("console/report", "/console/alerts/{expired}/report", POLICE),
    # errors
    Page("error/400", "/console?cursor=x", POLICE, status=400),
    Page("error/403", "/_failing/403", POLICE, status=403),
    Page("error/404", "/nowhere", status=404),
    Page("error/405", "/logout", status=405),
    Page("error/413", "/_failing/413", status=413),
    Page("error/500", "/_failing/500", POLICE, status=500),
    Page("error/503", "/_failing/503", status=503),
)  # fmt: skip

NO_PAGES: Final = {
    "/": "leads on to the console",
    "/a/{number}/map.png": "a picture",
    "/console/alerts/{id}/report.pdf": "a PDF",
    "/console/alerts/{id}/report.csv": "a table",
}
"""Paths people open that are no page of their own, and why."""


def routes_for_people() -> Iterator[Route]:
    return (route for route in ROUTES if route.method == "GET" and is_for_people(route.path))


def route_of(path: str, method: str = "GET") -> Route | None:
    """The route of a path of the catalogue: of those it fits, the one that says most of it."""
    path = re.sub(r"{\w+}", "x", path.partition("?")[0])
    fitting = [
        route
        for route in ROUTES
        if route.method == method and re.fullmatch(re.sub(r"{\w+(:[^}]*)?}", "[^/]+", route.path), path)
    ]
    return min(fitting, key=lambda route: route.path.count("{"), default=None)
