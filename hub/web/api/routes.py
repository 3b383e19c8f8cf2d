"""The API's routes, with who may call each. `openapi.py` describes the same table."""

from __future__ import annotations

from hub.web.api.agreements import post_agreement
from hub.web.api.alerts import get_alert, list_alerts, list_deliveries, post_alert, simulate_alert
from hub.web.api.audit import list_audit
from hub.web.api.cap import get_alert_cap, get_alerts_feed
from hub.web.api.clocks import get_clock, get_statistics
from hub.web.api.directory import (
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
from hub.web.api.directory_health import get_directory_health
from hub.web.api.drills import post_drill
from hub.web.api.group_results import list_group_results
from hub.web.api.linking import create_link
from hub.web.api.neighbourhoods import get_neighbourhood, list_crss, list_neighbourhoods
from hub.web.api.openapi import get_openapi
from hub.web.api.outcomes import post_outcome
from hub.web.api.sightings import get_sighting_picture, list_sightings
from hub.web.api.stream import alert_events
from hub.web.api.widenings import decide_widening, list_widenings
from hub.web.route import (
    ALERTS,
    ANY_KEY,
    ANY_SCOPE,
    AUDITOR,
    COORDINATOR,
    COORDINATOR_OR_POLICE,
    DIRECTORY,
    DIRECTORY_READERS,
    DRILLS,
    POLICE,
    PUBLIC,
    SIGHTINGS,
    STATISTICS,
    Described,
    Route,
    scoped,
)

API = "/api/v1"
LISTED = ("limit", "cursor")
TOLD_IN = ("crs", "Accept-Crs")
WRITE_ERRORS = (400, 413, 415)

ALERT_ROUTES: tuple[Route, ...] = (
    Route(
        "POST", f"{API}/alerts", post_alert, POLICE, "Post an alert; answered once it is on disk, or with 503 while too much waits",
        urgent=True,
        described=Described(
            "alerts", {202: "Alert", 200: "Alert"}, (*WRITE_ERRORS, 409),
            ("allowEmpty", "Idempotency-Key", "Break-Glass", "Content-Crs"), "alert"
        ),
    ),
    Route(
        "POST", f"{API}/alerts/_simulate", simulate_alert, POLICE, "Who would get it; sends and stores nothing",
        described=Described("alerts", {200: "SimulationAnswer"}, WRITE_ERRORS, ("Content-Crs",), "alert"),
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
        described=Described("alerts", {200: "DeliveryPage"}, (400, 404), LISTED), shows="alert",
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/events", alert_events, ANY_KEY, "Its live stream (server-sent events)", head=False, live=True,
        described=Described("alerts", {200: "StreamEvent"}, (400, 404, 429), ("Last-Event-ID", "lastEventId")),
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
        described=Described("alerts", {200: "WideningAnswer"}, (*WRITE_ERRORS, 404, 409), ("Break-Glass",), "DecisionGiven"),
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
        "POST", f"{API}/alerts/{{id}}/agreement", post_agreement, POLICE, "Agree to a held alert, refuse it, or break the glass",
        described=Described("alerts", {200: "Alert"}, (*WRITE_ERRORS, 404, 409), (), "AgreementGiven"),
    ),
    Route(
        "GET", f"{API}/statistics", get_statistics, ANY_KEY, "How long each step took, by district or month",
        scopes=STATISTICS,
        described=Described("alerts", {200: "StatisticsAnswer"}, (400,), ("from", "to", "by")),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/groups", list_group_results, ANY_KEY, "How far it came, group by group",
        described=Described("alerts", {200: "GroupResultPage"}, (400, 404), LISTED),
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/sightings", list_sightings, POLICE, "What admins wrote or sent us while it was active",
        scopes=SIGHTINGS,
        described=Described("alerts", {200: "SightingPage"}, (400, 404), LISTED), shows="sighting",
    ),
    Route(
        "GET", f"{API}/alerts/{{id}}/sightings/{{sid}}/picture", get_sighting_picture, POLICE, "The picture of a sighting",
        scopes=SIGHTINGS,
        described=Described("alerts", {200: "picture"}, (400, 404)), shows="sighting",
    ),
    Route(
        "POST", f"{API}/drills", post_drill, COORDINATOR_OR_POLICE, "Begin a drill: an exercise to one district",
        scopes=DRILLS,
        described=Described("alerts", {202: "Alert"}, (*WRITE_ERRORS, 409), (), "DrillGiven"),
    ),
)  # fmt: skip

PLACE_ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{API}/neighbourhoods", list_neighbourhoods, ANY_KEY, "Neighbourhoods at a point or in a box", scopes=ANY_SCOPE,
        described=Described("neighbourhoods", {200: "FeatureCollection"}, (400, 406), ("point", "bbox", "bboxCrs", *TOLD_IN)),
    ),
    Route(
        "GET", f"{API}/neighbourhoods/{{code}}", get_neighbourhood, ANY_KEY, "One neighbourhood by its CBS code", scopes=ANY_SCOPE,
        described=Described("neighbourhoods", {200: "Feature"}, (400, 404, 406), TOLD_IN),
    ),
    Route(
        "GET", f"{API}/crss", list_crss, ANY_KEY, "The coordinate reference systems to ask and be told in", scopes=ANY_SCOPE,
        described=Described("neighbourhoods", {200: "CrsAnswer"}),
    ),
)  # fmt: skip

DIRECTORY_ROUTES: tuple[Route, ...] = (
    Route(
        "GET", f"{API}/admins", list_admins, DIRECTORY_READERS, "Admins; auditors see the last two signs of a handle",
        described=Described("directory", {200: "AdminPage"}, (400,), LISTED), shows="admin",
    ),
    Route(
        "POST", f"{API}/admins", create_admin, COORDINATOR, "Add an admin",
        described=Described("directory", {201: "AdminAnswer"}, WRITE_ERRORS, (), "AdminGiven"),
    ),
    Route(
        "GET", f"{API}/admins/{{id}}", get_admin, DIRECTORY_READERS, "One admin; auditors see the last two signs of a handle",
        described=Described("directory", {200: "AdminAnswer"}, (400, 404)), shows="admin",
    ),
    Route(
        "PATCH", f"{API}/admins/{{id}}", update_admin, COORDINATOR, "Change an admin; what is left out stays",
        described=Described("directory", {200: "AdminAnswer"}, (*WRITE_ERRORS, 404), (), "AdminGiven"), shows="admin",
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
        described=Described("directory", {200: "DirectoryHealthAnswer"}), shows="admin",
    ),
    Route(
        "GET", f"{API}/audit", list_audit, AUDITOR, "The audit chain: what was changed and looked at, oldest first",
        described=Described("audit", {200: "AuditPage"}, (400,), LISTED), shows="audit",
    ),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    *scoped(*ALERTS, ALERT_ROUTES),
    *PLACE_ROUTES,
    *scoped(*DIRECTORY, DIRECTORY_ROUTES),
    Route(
        "GET", f"{API}/openapi.json", get_openapi, PUBLIC, "This description",
        described=Described("description", {200: "openapi", 304: ""}, (400,), ("If-None-Match",)),
    ),
)  # fmt: skip
