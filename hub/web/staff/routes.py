"""The pages of who works with this hub: for operators."""

from __future__ import annotations

from hub.web.route import OPERATOR, Route
from hub.web.staff.pages import (
    change_person,
    disable_person,
    invite,
    invite_page,
    person_page,
    reset_person,
    sign_person_out,
    staff_page,
)

ROUTES: tuple[Route, ...] = (
    Route("GET", "/staff", staff_page, OPERATOR, "Who works with this hub"),
    Route("GET", "/staff/invite", invite_page, OPERATOR, "The form of an invitation", sensitive=True),
    Route("POST", "/staff/invite", invite, OPERATOR, "Invite somebody", form=True, sensitive=True),
    Route("GET", "/staff/{id}", person_page, OPERATOR, "One of them"),
    Route("POST", "/staff/{id}", change_person, OPERATOR, "Change what they may", form=True, sensitive=True),
    Route("POST", "/staff/{id}/disable", disable_person, OPERATOR, "Disable the account", form=True, sensitive=True),
    Route("POST", "/staff/{id}/reset", reset_person, OPERATOR, "Invite them anew", form=True, sensitive=True),
    Route("POST", "/staff/{id}/sign-out", sign_person_out, OPERATOR, "Sign them out", form=True, sensitive=True),
)  # fmt: skip
