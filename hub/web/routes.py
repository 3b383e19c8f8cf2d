"""Every route of the hub, with who may call it. The application is built from this table alone, so there is no door without a lock.

Each folder keeps its own part of it. A test tries every lock with every role.
"""

from __future__ import annotations

from hub.web.api.routes import ROUTES as API
from hub.web.console.routes import ROUTES as CONSOLE
from hub.web.hooks import hook_challenge, receive_hook
from hub.web.map.routes import ROUTES as MAP
from hub.web.pages import front_page, static_file
from hub.web.public.routes import ROUTES as PUBLIC_PAGES
from hub.web.route import PUBLIC, Open, Route
from hub.web.signin import sign_in, sign_in_page, sign_in_with_ticket, sign_out
from hub.web.status import healthz, metrics, readyz

ROUTES: tuple[Route, ...] = (
    *API,
    Route("GET", "/healthz", healthz, PUBLIC, "The process is up"),
    Route("GET", "/readyz", readyz, PUBLIC, "Store and loops are well"),
    Route("GET", "/metrics", metrics, PUBLIC, "Figures for Prometheus"),
    Route("GET", "/hooks/{channel}", hook_challenge, Open.VERIFIED_BY_PROVIDER, "A provider sets its webhook up"),
    Route("POST", "/hooks/{channel}", receive_hook, Open.VERIFIED_BY_PROVIDER, "A provider tells us something"),
    Route("GET", "/", front_page, PUBLIC, "To the console"),
    Route("GET", "/login", sign_in_page, PUBLIC, "Sign-in page"),
    Route("POST", "/login", sign_in, PUBLIC, "Sign in with an API key", form=True),
    Route("GET", "/login/{ticket}", sign_in_with_ticket, PUBLIC, "Sign in with a one-time link", head=False),
    Route("POST", "/logout", sign_out, PUBLIC, "Sign out", form=True),
    *CONSOLE,
    *PUBLIC_PAGES,
    *MAP,
    Route("GET", "/static/{name}", static_file, PUBLIC, "Styles and scripts"),
)  # fmt: skip
