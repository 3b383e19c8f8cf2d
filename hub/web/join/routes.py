"""The pages for joining in. Anybody may; what they ask waits for a confirmed address and a coordinator."""

from __future__ import annotations

from hub.web.join.applying import (
    admin_page,
    apply_admin,
    apply_group,
    apply_starting,
    found_neighbourhoods,
    group_page,
    join_page,
    starting_page,
)
from hub.web.join.confirming import confirm, confirm_page, send_again, sent_page
from hub.web.route import PUBLIC, Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/join", join_page, PUBLIC, "What one can do here"),
    Route("GET", "/join/group", group_page, PUBLIC, "Register a group"),
    Route("POST", "/join/group", apply_group, PUBLIC, "Register a group", form=True),
    Route("GET", "/join/admin", admin_page, PUBLIC, "Apply as admin"),
    Route("POST", "/join/admin", apply_admin, PUBLIC, "Apply as admin", form=True),
    Route("GET", "/join/starting", starting_page, PUBLIC, "Say that a group is being started"),
    Route("POST", "/join/starting", apply_starting, PUBLIC, "Say that a group is being started", form=True),
    Route("GET", "/join/neighbourhoods", found_neighbourhoods, PUBLIC, "Neighbourhoods by postcode or name"),
    Route("GET", "/join/sent", sent_page, PUBLIC, "Look at your mail"),
    Route("POST", "/join/sent", send_again, PUBLIC, "The mail once more", form=True),
    Route("GET", "/join/confirm/{token}", confirm_page, PUBLIC, "A button to confirm an address"),
    Route("POST", "/join/confirm/{token}", confirm, PUBLIC, "Confirm an address", form=True),
)  # fmt: skip
