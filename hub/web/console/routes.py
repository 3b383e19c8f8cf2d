"""The control room's pages, with who may open each."""

from __future__ import annotations

from hub.domain import Scope
from hub.web.console.actions import clear, decide_held, decide_ring, say_outcome, widen, withdraw
from hub.web.console.alerts import alerts_page
from hub.web.console.drafts import decide_draft, draft_page, take_back
from hub.web.console.neighbours import decide
from hub.web.console.neighbours import report_page as neighbour_report_page
from hub.web.console.neighbours import reports_page as neighbour_reports_page
from hub.web.console.reports import report_csv, report_page, report_pdf
from hub.web.console.streams import alert_stream, list_stream
from hub.web.console.watch import alert_beside, alert_page, deliveries_page
from hub.web.console.write import preview, write, write_page
from hub.web.route import ANY_KEY, COORDINATOR_OR_POLICE, POLICE, Route
from hub.web.route import SIGHTINGS as SEEN

ALERT = "/console/alerts/{id}"
WRITING = frozenset({Scope.ALERTS_WRITE})

ROUTES: tuple[Route, ...] = (
    Route("GET", "/console", alerts_page, ANY_KEY, "The alerts"),
    Route("GET", "/console/events", list_stream, ANY_KEY, "Their live stream", head=False, live=True),
    Route("GET", ALERT, alert_page, ANY_KEY, "One alert, live", shows="alert"),
    Route(
        "GET", f"{ALERT}/events", alert_stream, ANY_KEY, "Its live stream, as its page shows it",
        head=False, shows="alert", live=True,
    ),
    Route("GET", f"{ALERT}/beside", alert_beside, ANY_KEY, "What stands beside its people, anew", shows="sighting"),
    Route("GET", f"{ALERT}/deliveries", deliveries_page, ANY_KEY, "Its deliveries, one by one", shows="alert"),
    Route("POST", f"{ALERT}/widen", widen, POLICE, "Widen it now", form=True),
    Route("POST", f"{ALERT}/rings/{{number}}", decide_ring, POLICE, "Take or refuse a ring", form=True),
    Route("POST", f"{ALERT}/clear", clear, POLICE, "Say that it is over", form=True),
    Route("POST", f"{ALERT}/cancel", withdraw, POLICE, "Take it back", form=True),
    Route("POST", f"{ALERT}/outcome", say_outcome, POLICE, "Say what came of it", form=True, shows="alert"),
    Route("POST", f"{ALERT}/agreement", decide_held, POLICE, "A second pair of eyes for one that is held", form=True),
    Route("GET", f"{ALERT}/report", report_page, ANY_KEY, "What came of it, to print", shows="alert"),
    Route("GET", f"{ALERT}/report.pdf", report_pdf, ANY_KEY, "The same as a PDF", shows="alert"),
    Route("GET", f"{ALERT}/report.csv", report_csv, ANY_KEY, "Its clock as a table", shows="alert"),
    Route("GET", "/console/write", write_page, POLICE, "Write an alert", scopes=WRITING),
    Route("POST", "/console/write", write, POLICE, "Preview it, send it, throw the draft away", form=True),
    Route("POST", "/console/write/preview", preview, POLICE, "The preview alone; keeps the draft", form=True),
    Route("GET", "/console/drafts/{id}", draft_page, ANY_KEY, "An alert that waits for a second pair of eyes"),
    Route("POST", "/console/drafts/{id}", decide_draft, POLICE, "Send it, or refuse it", form=True),
    Route("POST", "/console/drafts/{id}/take-back", take_back, POLICE, "Go on writing it", form=True),
    Route(
        "GET", "/console/neighbour-reports", neighbour_reports_page, COORDINATOR_OR_POLICE, "What neighbours tell",
        scopes=SEEN, shows="neighbour_report",
    ),
    Route(
        "GET", "/console/neighbour-reports/{id}", neighbour_report_page, COORDINATOR_OR_POLICE, "One of these",
        scopes=SEEN, shows="neighbour_report",
    ),
    Route(
        "POST", "/console/neighbour-reports/{id}", decide, COORDINATOR_OR_POLICE, "Pass it on, or not",
        form=True, shows="neighbour_report",
    ),
)  # fmt: skip
