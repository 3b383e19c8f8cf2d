"""Pages for everybody: no key is asked for."""

from __future__ import annotations

from hub.web.public.groups import front_page, group_list, group_page
from hub.web.public.linking import link_page
from hub.web.public.proof import proof_page, proof_picture
from hub.web.route import PUBLIC, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", front_page, PUBLIC, "The public register: find mine, the map, the groups"),
    Route("GET", "/groups", group_list, PUBLIC, "All groups, by municipality, messenger or name"),
    Route("GET", "/groups/{id}", group_page, PUBLIC, "A group, and how to join it"),
    Route("GET", "/a/{number}", proof_page, PUBLIC, "Is this message real, and still active?"),
    Route("GET", "/a/{number}/map.png", proof_picture, PUBLIC, "Where it is, as a picture"),
    Route("GET", "/link/{token}", link_page, PUBLIC, "How an admin links an address"),
)  # fmt: skip
