"""Every route of the hub, with who may call it. The application is built from this table alone, so there is no door without a lock.

`openapi.py` describes the same table, and a test tries every lock with every role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hub.domain import Role
from hub.web.alerts_api import get_alert, list_alerts, list_deliveries, post_alert, simulate_alert
from hub.web.calls import Handler
from hub.web.cap_api import get_alert_cap, get_alerts_feed
from hub.web.clocks_api import get_clock, get_statistics
from hub.web.directory_api import (
    create_admin,
    create_group,
    delete_admin,
    delete_group,
    get_admin,
    get_group,
    list_admins,
    list_groups,
    update_admin,
    update_group,
)
from hub.web.directory_health_api import get_directory_health
from hub.web.drills_api import post_drill
from hub.web.group_results_api import list_group_results
from hub.web.hooks import hook_challenge, receive_hook
from hub.web.linking_api import create_link
from hub.web.linking_pages import link_page
from hub.web.neighbourhoods_api import get_neighbourhood, list_neighbourhoods
from hub.web.openapi import get_openapi
from hub.web.outcomes_api import post_outcome
from hub.web.pages import alert_page, alerts_page, front_page, proof_page, proof_picture, static_file
from hub.web.reports import report_csv, report_page, report_pdf
from hub.web.sightings_api import get_sighting_picture, list_sightings
from hub.web.signin import sign_in, sign_in_page, sign_in_with_ticket, sign_out
from hub.web.status import healthz, metrics, readyz
from hub.web.stream import alert_events
from hub.web.widenings_api import decide_widening, list_widenings


class Open(Enum):
    """Routes that ask for no key."""

    PUBLIC = "public"
    VERIFIED_BY_PROVIDER = "the messenger's signature is checked by its channel"


PUBLIC = Open.PUBLIC
ANY_KEY = frozenset(Role)
POLICE = frozenset({Role.POLICE})
COORDINATOR = frozenset({Role.COORDINATOR})
COORDINATOR_OR_POLICE = frozenset({Role.COORDINATOR, Role.POLICE})
DIRECTORY_READERS = frozenset({Role.COORDINATOR, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Described:
    """What openapi.json says of a route beyond its path. Names of parameters and schemas stand in openapi.py.

    `answers`: status → schema. 401, 403 and 503 need not be named, every guarded route has them.
    """

    tag: str
    answers: Mapping[int, str]
    errors: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """`may`: the roles let in. `head`: whether HEAD works as well as GET; not where looking has an effect or never ends."""

    method: str
    path: str
    handler: Handler
    may: frozenset[Role] | Open
    summary: str
    described: Described | None = field(default=None, kw_only=True)
    head: bool = field(default=True, kw_only=True)


API = "/api/v1"
LISTED = ("limit", "cursor")
WRITE_ERRORS = (400, 413, 415)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{API}/alerts", post_alert, POLICE, "Post an alert; answered once it is on disk, or with 503 while too much waits",
        described=Described(
            "alerts", {202: "Alert", 200: "Alert"}, (*WRITE_ERRORS, 409), ("allowEmpty", "Idempotency-Key"), "alert"
        ),
    ),
    Route(
        "POST", f"{API}/alerts/_simulate", simulate_alert, POLICE, "Who would get it; sends and stores nothing",
        described=Described("alerts", {200: "SimulationAnswer"}, WRITE_ERRORS, (), "alert"),
    ),
    Route(
        "GET", f"{API}/alerts", list_alerts, ANY_KEY, "Alerts, newest first",
        described=Described("alerts", {200: "AlertPage"}, (400,), LISTED),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}", get_alert, ANY_KEY, "One alert as it stands now",
        described=Described("alerts", {200: "Alert"}, (400, 404)),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/deliveries", list_deliveries, ANY_KEY, "Its deliveries, nearest to the scene first",
        described=Described("alerts", {200: "DeliveryPage"}, (400, 404), LISTED),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/events", alert_events, ANY_KEY, "Its live stream (server-sent events)", head=False,
        described=Described("alerts", {200: "stream"}, (400, 404, 429), ("Last-Event-ID", "lastEventId")),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/cap", get_alert_cap, ANY_KEY, "The alert as a CAP 1.2 document, signed where a key is set",
        described=Described("alerts", {200: "cap", 304: ""}, (400, 404), ("pictures", "If-None-Match", "If-Modified-Since")),
    ),
    Route(
        "GET", f"{API}/feeds/alerts.atom", get_alerts_feed, ANY_KEY, "The newest 50 alerts as an Atom feed, each with its CAP",
        described=Described("alerts", {200: "atom", 304: ""}, (400,), ("If-None-Match", "If-Modified-Since")),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/widenings", list_widenings, ANY_KEY, "The rings it may be widened by, nearest first",
        described=Described("alerts", {200: "WideningPage"}, (400, 404)),
    ),
    Route(
        "POST", f"{API}/alerts/{{id}}/widenings/{{number}}", decide_widening, POLICE, "Take or refuse a ring",
        described=Described("alerts", {200: "WideningAnswer"}, (*WRITE_ERRORS, 404, 409), (), "DecisionGiven"),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/clock", get_clock, ANY_KEY, "When each admin, group and neighbourhood came to each step",
        described=Described("alerts", {200: "ClockAnswer"}, (400, 404)),
    ),
    Route(
        "POST", f"{API}/alerts/{{id}}/outcome", post_outcome, POLICE, "Say what came of it; who got the alert is thanked, once",
        described=Described("alerts", {202: "OutcomeAnswer", 200: "OutcomeAnswer"}, (*WRITE_ERRORS, 404, 409), (), "OutcomeGiven"),
    ),
    Route(
        "GET", f"{API}/statistics", get_statistics, ANY_KEY, "How long each step took, by district or month",
        described=Described("alerts", {200: "StatisticsAnswer"}, (400,), ("from", "to", "by")),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/groups", list_group_results, ANY_KEY, "How far it came, group by group",
        described=Described("alerts", {200: "GroupResultPage"}, (400, 404), LISTED),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/sightings", list_sightings, POLICE, "What admins wrote or sent us while it was active",
        described=Described("alerts", {200: "SightingPage"}, (400, 404), LISTED),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/sightings/{{sid}}/picture", get_sighting_picture, POLICE, "The picture of a sighting",
        described=Described("alerts", {200: "picture"}, (400, 404)),
    ),
    Route(
        "POST", f"{API}/drills", post_drill, COORDINATOR_OR_POLICE, "Begin a drill: an exercise to one district",
        described=Described("alerts", {202: "Alert"}, (*WRITE_ERRORS, 409), (), "DrillGiven"),
    ),
    Route(
        "GET", f"{API}/neighbourhoods", list_neighbourhoods, ANY_KEY, "Neighbourhoods at a point or in a box",
        described=Described("neighbourhoods", {200: "FeatureCollection"}, (400,), ("point", "bbox")),
    ),
    Route(
        "GET", f"{API}/neighbourhoods/{{code}}", get_neighbourhood, ANY_KEY, "One neighbourhood by its CBS code",
        described=Described("neighbourhoods", {200: "Feature"}, (400, 404)),
    ),
    Route(
        "GET", f"{API}/admins", list_admins, DIRECTORY_READERS, "Admins",
        described=Described("directory", {200: "AdminPage"}, (400,), LISTED),
    ),
    Route(
        "POST", f"{API}/admins", create_admin, COORDINATOR, "Add an admin",
        described=Described("directory", {201: "AdminAnswer"}, WRITE_ERRORS, (), "AdminGiven"),
    ),
    Route(
        "GET", f"{API}/admins/{{id}}", get_admin, DIRECTORY_READERS, "One admin",
        described=Described("directory", {200: "AdminAnswer"}, (400, 404)),
    ),
    Route(
        "PATCH", f"{API}/admins/{{id}}", update_admin, COORDINATOR, "Change an admin; what is left out stays",
        described=Described("directory", {200: "AdminAnswer"}, (*WRITE_ERRORS, 404), (), "AdminGiven"),
    ),
    Route(
        "DELETE", f"{API}/admins/{{id}}", delete_admin, COORDINATOR, "Remove an admin",
        described=Described("directory", {204: ""}, (400, 404)),
    ),
    Route(
        "POST", f"{API}/admins/{{id}}/links", create_link, COORDINATOR, "Make a link by which an admin links an address",
        described=Described("directory", {201: "LinkAnswer"}, (*WRITE_ERRORS, 404), (), "LinkGiven"),
    ),
    Route(
        "GET", f"{API}/groups", list_groups, DIRECTORY_READERS, "Groups",
        described=Described("directory", {200: "GroupPage"}, (400,), LISTED),
    ),
    Route(
        "POST", f"{API}/groups", create_group, COORDINATOR, "Add a group",
        described=Described("directory", {201: "GroupAnswer"}, WRITE_ERRORS, (), "GroupGiven"),
    ),
    Route(
        "GET", f"{API}/groups/{{id}}", get_group, DIRECTORY_READERS, "One group",
        described=Described("directory", {200: "GroupAnswer"}, (400, 404)),
    ),
    Route(
        "PATCH", f"{API}/groups/{{id}}", update_group, COORDINATOR, "Change a group; what is left out stays",
        described=Described("directory", {200: "GroupAnswer"}, (*WRITE_ERRORS, 404), (), "GroupGiven"),
    ),
    Route(
        "DELETE", f"{API}/groups/{{id}}", delete_group, COORDINATOR, "Remove a group, and its admins who have no other",
        described=Described("directory", {204: ""}, (400, 404)),
    ),
    Route(
        "GET", f"{API}/directory/health", get_directory_health, DIRECTORY_READERS, "What is wrong with the directory",
        described=Described("directory", {200: "DirectoryHealthAnswer"}),
    ),
    Route(
        "GET", f"{API}/openapi.json", get_openapi, PUBLIC, "This description",
        described=Described("description", {200: "openapi"}),
    ),
    Route("GET", "/healthz", healthz, PUBLIC, "The process is up"),
    Route("GET", "/readyz", readyz, PUBLIC, "Store and loops are well"),
    Route("GET", "/metrics", metrics, PUBLIC, "Figures for Prometheus"),
    Route("GET", "/hooks/{channel}", hook_challenge, Open.VERIFIED_BY_PROVIDER, "A provider sets its webhook up"),
    Route("POST", "/hooks/{channel}", receive_hook, Open.VERIFIED_BY_PROVIDER, "A provider tells us something"),
    Route("GET", "/", front_page, PUBLIC, "To the console"),
    Route("GET", "/login", sign_in_page, PUBLIC, "Sign-in page"),
    Route("POST", "/login", sign_in, PUBLIC, "Sign in with an API key"),
    Route("GET", "/login/{ticket}", sign_in_with_ticket, PUBLIC, "Sign in with a one-time link", head=False),
    Route("POST", "/logout", sign_out, PUBLIC, "Sign out"),
    Route("GET", "/console", alerts_page, ANY_KEY, "The alerts"),
    Route("GET", "/console/alerts/{id}", alert_page, ANY_KEY, "One alert, live"),
    Route("GET", "/console/alerts/{id}/report", report_page, ANY_KEY, "What came of it, to print"),
    Route("GET", "/console/alerts/{id}/report.pdf", report_pdf, ANY_KEY, "The same as a PDF"),
    Route("GET", "/console/alerts/{id}/report.csv", report_csv, ANY_KEY, "Its clock as a table"),
    Route("GET", "/a/{number}", proof_page, PUBLIC, "Is this message real, and still active?"),
    Route("GET", "/a/{number}/map.png", proof_picture, PUBLIC, "Where it is, as a picture"),
    Route("GET", "/link/{token}", link_page, PUBLIC, "How an admin links an address"),
    Route("GET", "/static/{name}", static_file, PUBLIC, "Styles and scripts"),
)  # fmt: skip
