"""The control room's pages, with who may open each."""

from __future__ import annotations

from hub.web.console.actions import clear, decide_ring, say_outcome, widen, withdraw
from hub.web.console.alerts import alerts_page
from hub.web.console.reports import report_csv, report_page, report_pdf
from hub.web.console.streams import alert_stream, list_stream
from hub.web.console.watch import alert_beside, alert_page, deliveries_page
from hub.web.route import ANY_KEY, POLICE, Route

ALERT = "/console/alerts/{id}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/console", alerts_page, ANY_KEY, "The alerts"),
    Route("GET", "/console/events", list_stream, ANY_KEY, "Their live stream", head=False),
    Route("GET", ALERT, alert_page, ANY_KEY, "One alert, live"),
    Route("GET", f"{ALERT}/events", alert_stream, ANY_KEY, "Its live stream, as its page shows it", head=False),
    Route("GET", f"{ALERT}/beside", alert_beside, ANY_KEY, "What stands beside its people, anew"),
    Route("GET", f"{ALERT}/deliveries", deliveries_page, ANY_KEY, "Its deliveries, one by one"),
    Route("POST", f"{ALERT}/widen", widen, POLICE, "Widen it now", form=True),
    Route("POST", f"{ALERT}/rings/{{number}}", decide_ring, POLICE, "Take or refuse a ring", form=True),
    Route("POST", f"{ALERT}/clear", clear, POLICE, "Say that it is over", form=True),
    Route("POST", f"{ALERT}/cancel", withdraw, POLICE, "Take it back", form=True),
    Route("POST", f"{ALERT}/outcome", say_outcome, POLICE, "Say what came of it", form=True),
    Route("GET", f"{ALERT}/report", report_page, ANY_KEY, "What came of it, to print"),
    Route("GET", f"{ALERT}/report.pdf", report_pdf, ANY_KEY, "The same as a PDF"),
    Route("GET", f"{ALERT}/report.csv", report_csv, ANY_KEY, "Its clock as a table"),
)  # fmt: skip
