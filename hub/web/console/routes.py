"""The control room's pages, with who may open each."""

from __future__ import annotations

from hub.web.console.alerts import alert_page, alerts_page
from hub.web.console.drafts import decide_draft, draft_page, take_back
from hub.web.console.neighbours import decide
from hub.web.console.neighbours import report_page as neighbour_report_page
from hub.web.console.neighbours import reports_page as neighbour_reports_page
from hub.web.console.reports import report_csv, report_page, report_pdf
from hub.web.console.write import preview, write, write_page
from hub.web.route import ANY_KEY, COORDINATOR_OR_POLICE, POLICE, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/console", alerts_page, ANY_KEY, "The alerts"),
    Route("GET", "/console/write", write_page, POLICE, "Write an alert"),
    Route("POST", "/console/write", write, POLICE, "Preview it, send it, throw the draft away", form=True),
    Route("POST", "/console/write/preview", preview, POLICE, "The preview alone; keeps the draft", form=True),
    Route("GET", "/console/drafts/{id}", draft_page, ANY_KEY, "An alert that waits for a second pair of eyes"),
    Route("POST", "/console/drafts/{id}", decide_draft, POLICE, "Send it, or refuse it", form=True),
    Route("POST", "/console/drafts/{id}/take-back", take_back, POLICE, "Go on writing it", form=True),
    Route("GET", "/console/alerts/{id}", alert_page, ANY_KEY, "One alert, live"),
    Route("GET", "/console/alerts/{id}/report", report_page, ANY_KEY, "What came of it, to print"),
    Route("GET", "/console/alerts/{id}/report.pdf", report_pdf, ANY_KEY, "The same as a PDF"),
    Route("GET", "/console/alerts/{id}/report.csv", report_csv, ANY_KEY, "Its clock as a table"),
    Route("GET", "/console/neighbour-reports", neighbour_reports_page, COORDINATOR_OR_POLICE, "What neighbours report"),
    Route("GET", "/console/neighbour-reports/{id}", neighbour_report_page, COORDINATOR_OR_POLICE, "One of these"),
    Route("POST", "/console/neighbour-reports/{id}", decide, COORDINATOR_OR_POLICE, "Pass it on, or not", form=True),
)  # fmt: skip
