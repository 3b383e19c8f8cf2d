"""Pages about signs: for everybody, and the coordinator's, with who may open each."""

from __future__ import annotations

from hub.web.coordinator.signs import sign_page, signs_csv, work_page
from hub.web.coordinator.signs import signs_page as coordinator_page
from hub.web.coordinator.signs_deciding import move, place, plan, plan_several, refuse, remove
from hub.web.route import COORDINATOR, DIRECTORY_READERS, PUBLIC, Route
from hub.web.signs.asking import ask, ask_page, confirm, confirm_page, sent_page
from hub.web.signs.showing import signs_geojson, signs_page

SIGNS: tuple[Route, ...] = (
    Route("GET", "/signs", signs_page, PUBLIC, "Street signs and stickers: what they are, and where"),
    Route("GET", "/signs/ask", ask_page, PUBLIC, "The form to ask for one"),
    Route("POST", "/signs/ask", ask, PUBLIC, "Ask for one", form=True),
    Route("GET", "/signs/sent", sent_page, PUBLIC, "It waits for the link in the mail"),
    Route("GET", "/signs/confirm/{token}", confirm_page, PUBLIC, "The page behind that link"),
    Route("POST", "/signs/confirm/{token}", confirm, PUBLIC, "Confirm the address", form=True),
    Route("GET", "/open-data/signs.geojson", signs_geojson, PUBLIC, "The signs as open data"),
)  # fmt: skip

COORDINATOR_SIGNS: tuple[Route, ...] = (
    Route("GET", "/coordinator/signs", coordinator_page, DIRECTORY_READERS, "What was asked for, planned and placed"),
    Route("GET", "/coordinator/signs/work", work_page, COORDINATOR, "What is planned, to print", shows="sign"),
    Route("GET", "/coordinator/signs/list.csv", signs_csv, COORDINATOR, "All signs as a table", shows="sign"),
    Route("POST", "/coordinator/signs/plan", plan_several, COORDINATOR, "Plan several at once", form=True),
    Route("GET", "/coordinator/signs/{id}", sign_page, DIRECTORY_READERS, "One request, beside what is there", shows="sign"),
    Route("POST", "/coordinator/signs/{id}/plan", plan, COORDINATOR, "Plan it for a day", form=True, shows="sign"),
    Route("POST", "/coordinator/signs/{id}/place", place, COORDINATOR, "It is there", form=True, shows="sign"),
    Route("POST", "/coordinator/signs/{id}/refuse", refuse, COORDINATOR, "It will not come, and why", form=True, shows="sign"),
    Route("POST", "/coordinator/signs/{id}/move", move, COORDINATOR, "Put it at an exact point", form=True, shows="sign"),
    Route("POST", "/coordinator/signs/{id}/remove", remove, COORDINATOR, "It is there no more", form=True, shows="sign"),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (*SIGNS, *COORDINATOR_SIGNS)
