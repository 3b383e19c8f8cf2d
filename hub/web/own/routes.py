"""An admin's own pages: by a one-time link, then by a session of their own."""

from __future__ import annotations

from hub.web.own.alerts import alerts_page, answer_alert
from hub.web.own.data import data_file, data_page, erase, leave_group, leave_page
from hub.web.own.entering import enter, leave, leave_everywhere, ticket_page
from hub.web.own.me import (
    be_away,
    be_back,
    link_another,
    move_address,
    my_page,
    refuse_to_stand_in,
    set_language,
    set_test_messages,
)
from hub.web.own.report import report, report_page
from hub.web.route import PUBLIC, Open, Route

ADMIN = Open.ADMIN

ROUTES: tuple[Route, ...] = (
    Route("GET", "/mine", my_page, ADMIN, "My groups, addresses and settings", shows="own"),
    Route("POST", "/mine/addresses", move_address, ADMIN, "The order of my addresses", form=True),
    Route("POST", "/mine/link", link_another, ADMIN, "Link another address", form=True),
    Route("POST", "/mine/language", set_language, ADMIN, "My language", form=True),
    Route("POST", "/mine/test-messages", set_test_messages, ADMIN, "Test messages on or off", form=True),
    Route("POST", "/mine/away", be_away, ADMIN, "I am away, and who stands in", form=True),
    Route("POST", "/mine/back", be_back, ADMIN, "I am back", form=True),
    Route("POST", "/mine/stand-in", refuse_to_stand_in, ADMIN, "I stand in no longer", form=True),
    Route("GET", "/mine/alerts", alerts_page, ADMIN, "What I got, and what I answered", shows="own"),
    Route("POST", "/mine/alerts/{id}", answer_alert, ADMIN, "Answer an alert", form=True),
    Route("GET", "/mine/data", data_page, ADMIN, "All that the hub holds about me", shows="own"),
    Route("GET", "/mine/data.json", data_file, ADMIN, "The same as a file", shows="own"),
    Route("POST", "/mine/erase", erase, ADMIN, "Erase me", form=True),
    Route("GET", "/mine/groups/{id}/leave", leave_page, ADMIN, "Am I sure that I leave this group?"),
    Route("POST", "/mine/groups/{id}/leave", leave_group, ADMIN, "Leave a group", form=True),
    Route("GET", "/mine/report", report_page, ADMIN, "Pass something suspicious on to groups nearby", shows="own"),
    Route("POST", "/mine/report", report, ADMIN, "The same, filled in", form=True),
    Route("POST", "/mine/logout", leave, ADMIN, "Out of my own page", form=True),
    Route("POST", "/mine/logout-everywhere", leave_everywhere, ADMIN, "Out of it in every browser", form=True),
    Route("GET", "/mine/{ticket}", ticket_page, PUBLIC, "A one-time link to somebody's own page"),
    Route("POST", "/mine/{ticket}", enter, PUBLIC, "Use it", form=True),
)  # fmt: skip
