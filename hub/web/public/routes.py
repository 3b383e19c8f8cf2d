"""Pages for everybody: no key is asked for."""

from __future__ import annotations

from hub.web.docs.page import docs_call_page, docs_page
from hub.web.public.contact import (
    ask_group,
    asked_page,
    close_contact,
    confirm,
    confirm_page,
    contact_list,
    group_page,
)
from hub.web.public.embed import framed_groups, framed_map
from hub.web.public.groups import front_page, group_list
from hub.web.public.linking import link_page
from hub.web.public.open_data import groups_file, open_data_page, without_file
from hub.web.public.proof import proof_page, proof_picture
from hub.web.public.security import security_text
from hub.web.route import COORDINATOR, PUBLIC, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", front_page, PUBLIC, "The public register: find mine, the map, the groups"),
    Route("GET", "/groups", group_list, PUBLIC, "All groups, by municipality, messenger or name"),
    Route("GET", "/groups/{id}", group_page, PUBLIC, "A group, and how to join it"),
    Route("POST", "/groups/{id}", ask_group, PUBLIC, "Ask a group to be let in", form=True),
    Route("GET", "/groups/{id}/asked", asked_page, PUBLIC, "Look in your mail"),
    Route("GET", "/contact/{token}", confirm_page, PUBLIC, "What the link in the mail opens"),
    Route("POST", "/contact/{token}", confirm, PUBLIC, "Confirm: it goes to the group's admins", form=True),
    Route("GET", "/coordinator/contacts", contact_list, COORDINATOR, "What visitors asked of groups", shows="contact"),
    Route("POST", "/coordinator/contacts/{id}", close_contact, COORDINATOR, "Dealt with", form=True),
    Route("GET", "/open-data", open_data_page, PUBLIC, "What may be used freely, and how to show it elsewhere"),
    Route("GET", "/open-data/groups.geojson", groups_file, PUBLIC, "Neighbourhoods with their groups"),
    Route("GET", "/open-data/neighbourhoods-without-group.geojson", without_file, PUBLIC, "Neighbourhoods without a group"),
    Route("GET", "/docs", docs_page, PUBLIC, "The API for people: each call, with examples that run"),
    Route("GET", "/docs/{name}", docs_call_page, PUBLIC, "One call: what it takes and answers, and an example"),
    Route("GET", "/embed/map", framed_map, PUBLIC, "The map, for another site's frame"),
    Route("GET", "/embed/groups", framed_groups, PUBLIC, "The groups, for another site's frame"),
    Route("GET", "/a/{number}", proof_page, PUBLIC, "Is this message real, and still active?"),
    Route("GET", "/a/{number}/map.png", proof_picture, PUBLIC, "Where it is, as a picture"),
    Route("GET", "/link/{token}", link_page, PUBLIC, "How an admin links an address"),
    Route("GET", "/.well-known/security.txt", security_text, PUBLIC, "Where to report a weakness"),
)  # fmt: skip
