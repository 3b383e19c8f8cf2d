"""Pages of text: to be read by everybody, and changed by coordinators."""

from __future__ import annotations

from hub.web.route import COORDINATOR, PUBLIC, Route
from hub.web.texts.editing import change_text, edit_text, text_list
from hub.web.texts.show import text_page

ROUTES: tuple[Route, ...] = (
    Route("GET", "/pages/{slug}", text_page, PUBLIC, "House rules, tips, privacy, about, accessibility"),
    Route("GET", "/coordinator/pages", text_list, COORDINATOR, "The texts of public pages"),
    Route("GET", "/coordinator/pages/{slug}", edit_text, COORDINATOR, "Change one"),
    Route("POST", "/coordinator/pages/{slug}", change_text, COORDINATOR, "Keep it, or put the shipped one back", form=True),
)  # fmt: skip
