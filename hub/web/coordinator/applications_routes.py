"""The inbox of applications and the comparing of lists: coordinators only, for names and addresses stand there."""

from __future__ import annotations

from hub.web.coordinator.applications import (
    accept,
    application_page,
    ask,
    drill_again,
    inbox_page,
    mail_links,
    refuse,
)
from hub.web.coordinator.reconcile import compare_lists, reconcile_page, take_over_chosen
from hub.web.route import COORDINATOR, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/coordinator/applications", inbox_page, COORDINATOR, "What people ask", shows="application"),
    Route("GET", "/coordinator/applications/{id}", application_page, COORDINATOR, "One of them", shows="application"),
    Route("POST", "/coordinator/applications/{id}/accept", accept, COORDINATOR, "Accept it", form=True, shows="application"),
    Route("POST", "/coordinator/applications/{id}/refuse", refuse, COORDINATOR, "Refuse it", form=True, shows="application"),
    Route("POST", "/coordinator/applications/{id}/ask", ask, COORDINATOR, "Ask something back", form=True, shows="application"),
    Route(
        "POST", "/coordinator/applications/{id}/links", mail_links, COORDINATOR, "Mail the links again",
        form=True, shows="application",
    ),
    Route(
        "POST", "/coordinator/applications/{id}/drill", drill_again, COORDINATOR, "A drill for one",
        form=True, shows="application",
    ),
    Route("GET", "/coordinator/reconcile", reconcile_page, COORDINATOR, "Choose a list to compare"),
    Route("POST", "/coordinator/reconcile", compare_lists, COORDINATOR, "A list beside ours", form=True, shows="directory"),
    Route("POST", "/coordinator/reconcile/confirm", take_over_chosen, COORDINATOR, "Take over what is chosen", form=True),
)  # fmt: skip
