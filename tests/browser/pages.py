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
from tests.browser.show import ANNA, BRAM, SANNE, Who


@dataclass(frozen=True, slots=True)
class Page:
    """`name`: the screenshot's, its part of the site first. `path`: `{…}` is what the showcase has under that name.

    `who`: signed in as. `status`: what the hub answers. `fill`: fields of the page's own form, sent: the page is what that
    leads to. `empty`: on a hub where nothing has happened yet. `shows`: a selector to wait for, where a script builds the page.
    `ends`: what the hub answers once the page's own form was sent, if not the same.
    """

    name: str
    path: str
    who: Who | None = None
    status: int = 200
    fill: Mapping[str, str] = field(default_factory=dict)
    empty: bool = False
    shows: str = ""
    ends: int = 0

    @property
    def statuses(self) -> tuple[int, int]:
        """One of these, after anything was done."""
        return self.status, self.ends or self.status


POLICE, COORDINATOR, AUDITOR, OPERATOR = Role.POLICE, Role.COORDINATOR, Role.AUDITOR, Role.OPERATOR

LIVE: Final = "#connection.good"
"""What says that a page hears of what happens."""
AREA: Final = ".map-area >> visible=true"
"""What a map draws."""

LISTED: Final = (
    "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
    "Seghwaert West,whatsapp,190,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1\n"
    "Meerzicht,whatsapp,75,BU06370100|BU06370101,Gerda Post,nl,whatsapp,+31612340077,1\n"
)
THEIRS: Final = (
    "groep;platform;leden;buurten\nSeghwaert West;whatsapp;190;BU06370300|BU06370301\nMeerzicht;signal;75;BU06370100\n"
)
"""Lists of groups as a coordinator has them: ours, and another's."""

EMPTIED: Final = {"decision": "pass", "text": ""}
NAMELESS: Final = {"into": "new", "name": "", "members": "x"}
LONG_AGO: Final = {"date": "2020-01-01"}
LOOK_AT_IT: Final = {"action": "preview", "text": "# Tips\n\nSlot erop."}
UNTITLED: Final = {"action": "save", "text": "Zonder titel"}

PAGES: Final = (
    # signing in
    Page("signin", "/login"),
    Page("signin/wrong-key", "/login", fill={"key": "bs_police_wrong"}, status=401),
    Page("signin/wrong-account", "/login", fill={"login": "niemand", "passphrase": "fout", "code": "1"}, status=401),
    Page("signin/needed", "/console", status=401),
    Page("signin/link", "/login/{signin_ticket}", ends=401),
    Page("signin/used-link", "/login/gone", status=401),
    Page("signin/passkey-wrong", "/login", fill={"answer": "x"}, status=401),
    Page("signin/sign-on-down", "/login", fill={"next": "/console"}, status=503),
    Page("signin/sign-on-late", "/login/with/gemeente/back?state=x", status=400),
    Page("signin/sign-on-unknown", "/login/with/unknown/out", status=404),
    Page("signin/sign-on-leaving", "/_passing/leaving"),
    Page("signin/sign-on-returned", "/_passing/returned"),
    Page("signin/sign-on-left", "/login?out=gemeente"),
    # one's own account
    Page("account/welcome", "/welcome/{welcome}", ends=404),
    Page("account/welcome-mistakes", "/welcome/{welcome}", fill={"passphrase": "kort"}, status=400, ends=404),
    Page("account/welcome-gone", "/welcome/gone", status=404),
    Page("account", "/account", SANNE),
    Page("account/mistakes", "/account", SANNE, fill={"passphrase": "password12345", "again": "x"}, status=400),
    Page("account/second-factor", "/account/second-factor", SANNE),
    Page("account/second-factor-wrong", "/account/second-factor", SANNE, fill={"code": "x"}, status=400),
    Page("account/recovery", "/account", SANNE, fill={"renew": "1"}),
    Page("account/passkeys", "/account/passkeys", SANNE),
    Page("account/passkeys-mistakes", "/account/passkeys", SANNE, fill={"name": "", "answer": ""}, status=400),
    Page("account/passkeys-failed", "/account/passkeys", SANNE, fill={"name": "telefoon", "answer": "x"}, status=400),
    Page("account/confirm", "/account/confirm", SANNE),
    Page("account/confirm-wrong", "/account/confirm", SANNE, fill={"passphrase": "fout"}, status=401),
    Page("account/confirm-key", "/account/confirm", OPERATOR),
    # who works with the hub
    Page("staff", "/staff", OPERATOR),
    Page("staff/empty", "/staff", OPERATOR, empty=True),
    Page("staff/invite", "/staff/invite", OPERATOR),
    Page("staff/invite-mistakes", "/staff/invite", OPERATOR, fill={"name": "", "municipalities": "Atlantis"}, status=400),
    Page("staff/invited", "/staff/invite", OPERATOR, fill={"name": "Nieuw", "login": "nieuw", "sender": "oc@politie.example"}),
    Page("staff/person", "/staff/{staff_colleague}", OPERATOR),
    Page("staff/person-mistakes", "/staff/{staff_colleague}", OPERATOR, fill={"name": "", "sender": ""}, status=400),
    Page("staff/person-disabled", "/staff/{staff_disabled}", OPERATOR),
    # the public register
    Page("public/front", "/", shows=AREA),
    Page("public/front-empty", "/", empty=True, shows=AREA),
    Page("public/front-found", "/?q=Seghwaert", shows=AREA),
    Page("public/front-none", "/?q=Atlantis", shows=AREA),
    Page("public/groups", "/groups"),
    Page("public/groups-empty", "/groups", empty=True),
    Page("public/groups-none", "/groups?q=Atlantis"),
    Page("public/group", "/groups/{west}", shows=AREA),
    Page("public/group-mistakes", "/groups/{west}", fill={"name": "Els", "email": "els@", "phone": "x"}, status=400, shows=AREA),
    Page("public/group-asked", "/groups/{west}/asked"),
    Page("public/contact", "/contact/{contact_unconfirmed}"),
    Page("public/contact-done", "/contact/{contact_open}"),
    Page("public/open-data", "/open-data"),
    Page("public/docs", "/docs"),
    Page("public/docs-call", "/docs/post_alert"),
    Page("public/docs-unknown", "/docs/call_the_moon", status=404),
    Page("public/embed-map", "/embed/map?municipality=GM0637", shows=AREA),
    Page("public/embed-groups", "/embed/groups?municipality=GM0637"),
    Page("texts/rules", "/pages/huisregels"),
    Page("texts/tips", "/pages/tips"),
    Page("texts/privacy", "/pages/privacy"),
    Page("texts/about", "/pages/over"),
    Page("texts/accessibility", "/pages/toegankelijkheid"),
    # joining in
    Page("join", "/join"),
    Page("join/closed", "/join/group", empty=True),
    Page("join/group", "/join/group?neighbourhood=BU06370300", shows=AREA),
    Page("join/group-found", "/join/group", fill={"group": "Buurtapp Nieuw", "place": "Seghwaert"}, shows=AREA),
    Page("join/group-mistakes", "/join/group", fill={"group": "", "members": "0", "email": "x"}, status=400, shows=AREA),
    Page("join/admin", "/join/admin?district=WK063703"),
    Page("join/admin-mistakes", "/join/admin", fill={"email": "x"}, status=400),
    Page("join/starting", "/join/starting", shows=AREA),
    Page("join/starting-mistakes", "/join/starting", fill={"email": "x"}, status=400, shows=AREA),
    Page("join/sent", "/join/sent"),
    Page("join/sent-again", "/join/sent", fill={"email": "iemand@voorbeeld.nl"}),
    Page("join/confirm", "/join/confirm/{confirm_unconfirmed}"),
    Page("join/confirm-done", "/join/confirm/{confirm_group}"),
    Page("join/confirm-unknown", "/join/confirm/unknown", status=404),
    # street signs and stickers
    Page("signs", "/signs", shows=AREA),
    Page("signs/closed", "/signs/ask", empty=True),
    Page("signs/ask", "/signs/ask?kind=street&neighbourhood=BU06370300", shows=AREA),
    Page("signs/ask-mistakes", "/signs/ask", fill={"email": "x"}, status=400, shows=AREA),
    Page("signs/sent", "/signs/sent"),
    Page("signs/confirm", "/signs/confirm/{confirm_sign_unconfirmed}"),
    Page("signs/confirm-done", "/signs/confirm/{confirm_sign_asked}"),
    Page("signs/confirm-unknown", "/signs/confirm/unknown", status=404),
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
    Page("link/whatsapp", "/link/{link_whatsapp}", ends=410),
    Page("link/telegram", "/link/{link_telegram}", ends=410),
    Page("link/matrix", "/link/{link_matrix}", ends=410),
    Page("link/unknown", "/link/unknown", status=404),
    # an admin's own page
    Page("own/link", "/mine/{ticket}", ends=404),
    Page("own/link-used", "/mine/gone", status=404),
    Page("own/closed", "/mine", status=401),
    Page("own/me", "/mine", ANNA),
    Page("own/me-mistakes", "/mine", ANNA, fill={"until": "2020-01-01"}, status=400),
    Page("own/me-away", "/mine", BRAM),
    Page("own/alerts", "/mine/alerts", ANNA),
    Page("own/data", "/mine/data", ANNA),
    Page("own/data-mistakes", "/mine/data", ANNA, fill={"word": "nee"}, status=400),
    Page("own/leave", "/mine/groups/{oost}/leave", ANNA, ends=404),
    Page("own/report", "/mine/report", ANNA),
    Page("own/report-mistakes", "/mine/report", ANNA, fill={"text": "kort"}, status=400),
    # the control room
    Page("console/alerts", "/console", POLICE, shows=LIVE),
    Page("console/alerts-empty", "/console", POLICE, empty=True, shows=LIVE),
    Page("console/alert-active", "/console/alerts/{active}", POLICE, shows=LIVE),
    Page("console/alert-flight", "/console/alerts/{flight}", POLICE, shows=LIVE),
    Page("console/alert-waiting", "/console/alerts/{waiting}", COORDINATOR, shows=LIVE),
    Page("console/alert-held", "/console/alerts/{held}", POLICE, shows=LIVE),
    Page("console/alert-held-colleague", "/console/alerts/{held}", SANNE, shows=LIVE),
    Page("console/alert-held-mistakes", "/console/alerts/{held}", POLICE, fill={"reason": "kort"}, status=400),
    Page("console/alert-exercise", "/console/alerts/{exercise}", AUDITOR, shows=LIVE),
    Page("console/alert-cancelled", "/console/alerts/{cancelled}", POLICE, shows=LIVE),
    Page("console/alert-ended", "/console/alerts/{ended}", POLICE, shows=LIVE),
    Page("console/alert-mistakes", "/console/alerts/{active}", POLICE, fill={"outcome-text": "x"}, status=400, shows=LIVE),
    Page("console/deliveries", "/console/alerts/{active}/deliveries", POLICE),
    Page("console/report", "/console/alerts/{expired}/report", POLICE),
    Page("console/write", "/console/write", POLICE, shows=AREA),
    Page("console/write-draft", "/console/write?draft={draft_draft}", POLICE, shows=AREA),
    Page("console/write-preview", "/console/write?draft={draft_draft}", POLICE, fill={"place": "Zoetermeer"}, shows=AREA),
    Page("console/write-found", "/console/write?q=Seghwaert", POLICE, shows=AREA),
    Page("console/write-mistakes", "/console/write", POLICE, fill={"shape": "circle", "latitude": "x"}, status=400, shows=AREA),
    Page("console/write-update", "/console/write?update={active}", POLICE, shows=AREA),
    Page("console/draft-own", "/console/drafts/{draft_own}", POLICE),
    Page("console/draft-waiting", "/console/drafts/{draft_waiting}", POLICE),
    Page("console/draft-refused", "/console/drafts/{draft_refused}", POLICE),
    Page("console/draft-auditor", "/console/drafts/{draft_waiting}", AUDITOR),
    Page("console/neighbour-reports", "/console/neighbour-reports", COORDINATOR),
    Page("console/neighbour-reports-empty", "/console/neighbour-reports", POLICE, empty=True),
    Page("console/neighbour-report", "/console/neighbour-reports/{report_waiting}", COORDINATOR),
    Page("console/neighbour-report-mistakes", "/console/neighbour-reports/{report_waiting}", COORDINATOR, fill=EMPTIED, status=400),
    Page("console/neighbour-report-refused", "/console/neighbour-reports/{report_refused}", POLICE),
    # coordinators
    Page("coordinator", "/coordinator", COORDINATOR),
    Page("coordinator/empty", "/coordinator", COORDINATOR, empty=True),
    Page("coordinator/auditor", "/coordinator", AUDITOR),
    Page("coordinator/groups", "/coordinator/groups", COORDINATOR),
    Page("coordinator/groups-none", "/coordinator/groups?q=Atlantis", COORDINATOR),
    Page("coordinator/group", "/coordinator/groups/{west}", COORDINATOR),
    Page("coordinator/group-new", "/coordinator/groups/new", COORDINATOR),
    Page("coordinator/group-mistakes", "/coordinator/groups/new", COORDINATOR, fill={"name": "", "members": "x"}, status=400),
    Page("coordinator/group-change", "/coordinator/groups/{west}/change", COORDINATOR),
    Page("coordinator/group-remove", "/coordinator/groups/{leyens}/remove", COORDINATOR, ends=404),
    Page("coordinator/admins", "/coordinator/admins", COORDINATOR),
    Page("coordinator/admins-none", "/coordinator/admins", COORDINATOR, fill={"q": "Atlantis"}),
    Page("coordinator/admin", "/coordinator/admins/{anna}", COORDINATOR),
    Page("coordinator/admin-auditor", "/coordinator/admins/{joris}", AUDITOR),
    Page("coordinator/admin-new", "/coordinator/admins/new?group={west}", COORDINATOR),
    Page("coordinator/admin-mistakes", "/coordinator/admins/new", COORDINATOR, fill={"name": ""}, status=400),
    Page("coordinator/admin-change", "/coordinator/admins/{anna}/change", COORDINATOR),
    Page("coordinator/admin-link", "/coordinator/admins/{anna}", COORDINATOR, fill={"channel": "telegram"}),
    Page("coordinator/admin-remove", "/coordinator/admins/{ed}/remove", COORDINATOR, ends=404),
    Page("coordinator/import", "/coordinator/import", COORDINATOR),
    Page("coordinator/import-mistakes", "/coordinator/import", COORDINATOR, fill={"file": "group,platform\n,x"}, status=400),
    Page("coordinator/import-plan", "/coordinator/import", COORDINATOR, fill={"file": LISTED}),
    Page("coordinator/reconcile", "/coordinator/reconcile", COORDINATOR),
    Page("coordinator/reconcile-mistakes", "/coordinator/reconcile", COORDINATOR, fill={"file": "x"}, status=400),
    Page("coordinator/reconcile-found", "/coordinator/reconcile", COORDINATOR, fill={"file": THEIRS}),
    Page("coordinator/coverage", "/coordinator/coverage", COORDINATOR, shows=AREA),
    Page("coordinator/health", "/coordinator/health", COORDINATOR),
    Page("coordinator/drills", "/coordinator/drills", COORDINATOR),
    Page("coordinator/drills-empty", "/coordinator/drills", COORDINATOR, empty=True),
    Page("coordinator/drill", "/coordinator/drills/{drill}", COORDINATOR),
    Page("coordinator/drill-begin", "/coordinator/drills/new?district=WK063703", COORDINATOR),
    Page("coordinator/statistics", "/coordinator/statistics", COORDINATOR),
    Page("coordinator/statistics-empty", "/coordinator/statistics", COORDINATOR, empty=True),
    Page("coordinator/statistics-mistakes", "/coordinator/statistics?from=2026-12-01&to=2026-01-01", AUDITOR, status=400),
    Page("coordinator/changes", "/coordinator/changes", COORDINATOR),
    Page("coordinator/applications", "/coordinator/applications", COORDINATOR),
    Page("coordinator/applications-empty", "/coordinator/applications", COORDINATOR, empty=True),
    Page("coordinator/applications-decided", "/coordinator/applications?state=decided", COORDINATOR),
    Page("coordinator/application-group", "/coordinator/applications/{application_group}", COORDINATOR),
    Page("coordinator/application-wrong", "/coordinator/applications/{application_group}", COORDINATOR, fill=NAMELESS, status=400),
    Page("coordinator/application-admin", "/coordinator/applications/{application_admin}", COORDINATOR),
    Page("coordinator/application-starting", "/coordinator/applications/{application_starting}", COORDINATOR),
    Page("coordinator/application-accepted", "/coordinator/applications/{application_accepted}", COORDINATOR),
    Page("coordinator/application-refused", "/coordinator/applications/{application_refused}", COORDINATOR),
    Page("coordinator/contacts", "/coordinator/contacts", COORDINATOR),
    Page("coordinator/signs", "/coordinator/signs", COORDINATOR, shows=AREA),
    Page("coordinator/signs-planned", "/coordinator/signs?state=planned", AUDITOR, shows=AREA),
    Page("coordinator/signs-work", "/coordinator/signs/work", COORDINATOR),
    Page("coordinator/sign-asked", "/coordinator/signs/{sign_asked}", COORDINATOR, shows=AREA),
    Page("coordinator/sign-mistakes", "/coordinator/signs/{sign_asked}", COORDINATOR, fill=LONG_AGO, status=400, shows=AREA),
    Page("coordinator/sign-placed", "/coordinator/signs/{sign_placed}", COORDINATOR, shows=AREA),
    Page("coordinator/texts", "/coordinator/pages", COORDINATOR),
    Page("coordinator/text", "/coordinator/pages/tips", COORDINATOR),
    Page("coordinator/text-preview", "/coordinator/pages/tips", COORDINATOR, fill=LOOK_AT_IT),
    Page("coordinator/text-mistakes", "/coordinator/pages/tips", COORDINATOR, fill=UNTITLED, status=400),
    # the auditor
    Page("auditor/record", "/auditor", AUDITOR),
    Page("auditor/record-mistakes", "/auditor?from=2026-12-01&to=2026-01-01", AUDITOR, status=400),
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
    "/a/{number}/map.png": "a picture",
    "/console/alerts/{id}/beside": "a part of a page",
    "/console/alerts/{id}/events": "a live stream",
    "/console/alerts/{id}/report.csv": "a table",
    "/console/alerts/{id}/report.pdf": "a PDF",
    "/console/events": "a live stream",
    "/coordinator/changes.csv": "a table",
    "/coordinator/export.csv": "a table",
    "/coordinator/signs/list.csv": "a table",
    "/coordinator/statistics.csv": "a table",
    "/join/neighbourhoods": "JSON",
    "/mine/data.json": "JSON",
    "/open-data/groups.geojson": "GeoJSON",
    "/open-data/neighbourhoods-without-group.geojson": "GeoJSON",
    "/open-data/signs.geojson": "GeoJSON",
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
