"""Every route of the hub, with who may call it. The application is built from this table alone, so there is no door without a lock.

Each folder keeps its own part of it. A test tries every lock with every role.
"""

from __future__ import annotations

from hub.domain import Scope
from hub.web.account.routes import ROUTES as ACCOUNT
from hub.web.api.routes import ROUTES as API
from hub.web.auditor.routes import ROUTES as AUDITOR_PAGES
from hub.web.console.routes import ROUTES as CONSOLE
from hub.web.coordinator.applications_routes import ROUTES as APPLICATIONS
from hub.web.coordinator.routes import ROUTES as COORDINATOR_PAGES
from hub.web.hooks import hook_challenge, receive_hook
from hub.web.join.routes import ROUTES as JOIN
from hub.web.map.routes import ROUTES as MAP
from hub.web.own.routes import ROUTES as OWN
from hub.web.pages import static_file
from hub.web.public.routes import ROUTES as PUBLIC_PAGES
from hub.web.route import ALERTS, DIRECTORY, METRICS, PUBLIC, Open, Route, scoped
from hub.web.signin import sign_in, sign_in_page, sign_in_with_ticket, sign_out, ticket_page
from hub.web.signs.routes import ROUTES as SIGNS
from hub.web.staff.routes import ROUTES as STAFF
from hub.web.status import healthz, metrics, readyz
from hub.web.texts.routes import ROUTES as TEXTS

ROUTES: tuple[Route, ...] = (
    *API,
    Route("GET", "/healthz", healthz, PUBLIC, "The process is up"),
    Route("GET", "/readyz", readyz, PUBLIC, "Store and loops are well"),
    Route("GET", "/metrics", metrics, Open.MEASURING, "Figures for Prometheus", scopes=METRICS),
    Route("GET", "/hooks/{channel}", hook_challenge, Open.VERIFIED_BY_PROVIDER, "A provider sets its webhook up"),
    Route("POST", "/hooks/{channel}", receive_hook, Open.VERIFIED_BY_PROVIDER, "A provider tells us something"),
    Route("GET", "/login", sign_in_page, PUBLIC, "Sign-in page"),
    Route("POST", "/login", sign_in, PUBLIC, "Sign in with an API key", form=True),
    Route("GET", "/login/{ticket}", ticket_page, PUBLIC, "A one-time link to sign in with"),
    Route("POST", "/login/{ticket}", sign_in_with_ticket, PUBLIC, "Use it", form=True),
    Route("POST", "/logout", sign_out, PUBLIC, "Sign out", form=True),
    *ACCOUNT,
    *STAFF,
    *scoped(*ALERTS, CONSOLE),
    *scoped(*DIRECTORY, APPLICATIONS),
    *scoped(*DIRECTORY, COORDINATOR_PAGES),
    *scoped(Scope.AUDIT_READ, Scope.AUDIT_READ, AUDITOR_PAGES),
    *scoped(*DIRECTORY, PUBLIC_PAGES),
    *JOIN,
    *OWN,
    *scoped(*DIRECTORY, TEXTS),
    *MAP,
    *scoped(*DIRECTORY, SIGNS),
    Route("GET", "/static/{name}", static_file, PUBLIC, "Styles and scripts"),
)  # fmt: skip
