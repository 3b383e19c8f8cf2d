"""The auditor's page, with who may open it."""

from __future__ import annotations

from hub.web.auditor.record import record_page
from hub.web.route import AUDITOR, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/auditor", record_page, AUDITOR, "The audit chain: what was changed and looked at", shows="audit"),
)  # fmt: skip
