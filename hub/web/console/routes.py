"""The control room's pages, with who may open each."""

from __future__ import annotations

from hub.web.console.alerts import alert_page, alerts_page
from hub.web.console.neighbours import decide
from hub.web.console.neighbours import report_page as neighbour_report_page
from hub.web.console.neighbours import reports_page as neighbour_reports_page
from hub.web.console.reports import report_csv, report_page, report_pdf
from hub.web.route import ANY_KEY, COORDINATOR_OR_POLICE, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/console", alerts_page, ANY_KEY, "The alerts"),
    Route("GET", "/console/alerts/{id}", alert_page, ANY_KEY, "One alert, live"),
    Route("GET", "/console/alerts/{id}/report", report_page, ANY_KEY, "What came of it, to print"),
    Route("GET", "/console/alerts/{id}/report.pdf", report_pdf, ANY_KEY, "The same as a PDF"),
    Route("GET", "/console/alerts/{id}/report.csv", report_csv, ANY_KEY, "Its clock as a table"),
    Route("GET", "/console/neighbour-reports", neighbour_reports_page, COORDINATOR_OR_POLICE, "What neighbours report"),
    Route("GET", "/console/neighbour-reports/{id}", neighbour_report_page, COORDINATOR_OR_POLICE, "One of these"),
    Route("POST", "/console/neighbour-reports/{id}", decide, COORDINATOR_OR_POLICE, "Pass it on, or not", form=True),
)  # fmt: skip
