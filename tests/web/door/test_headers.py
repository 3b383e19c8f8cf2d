"""What every answer of the route table says to browsers, whatever became of the request."""

from __future__ import annotations

import re

from hub.domain import Role
from hub.web.routes import ROUTES
from tests.web.door.test_limits import HERE, limited
from tests.web.world import World

SHARED = {"/embed/map", "/embed/groups"}
"""Made to be shown on other sites."""


async def test_every_route_keeps_other_sites_at_a_distance(world: World) -> None:
    looked = {(route.path, "GET" if route.method == "GET" else route.method) for route in ROUTES} | {
        ("/nothing", "GET")
    }
    for path, method in sorted(looked):
        streams = path.endswith(("/events", "/stream"))
        role = None if streams else Role.COORDINATOR
        response = await world.call(method, re.sub(r"{\w+}", "1", path), role)
        said, told = response.headers, (method, path, response.status)
        policy = said["Content-Security-Policy"]
        assert (
            "default-src 'none'" in policy
            and "unsafe" not in policy
            and "*" not in policy.replace("frame-ancestors *", "")
        ), told
        assert said["X-Content-Type-Options"] == "nosniff", told
        assert said["Cross-Origin-Opener-Policy"] == "same-origin", told
        assert "camera=()" in said["Permissions-Policy"] and "geolocation=(self)" in said["Permissions-Policy"], told
        assert said["Referrer-Policy"] in ("same-origin", "no-referrer"), told
        assert said["Strict-Transport-Security"].startswith("max-age=31536000"), told
        assert said["Server"] == "Buurtsein" and "X-Powered-By" not in said, told
        assert said["Cache-Control"], told
        framed = path in SHARED
        assert ("frame-ancestors 'none'" not in policy) == framed and ("X-Frame-Options" not in said) == framed, told
        open_data = said.get("Access-Control-Allow-Origin") == "*"
        assert said["Cross-Origin-Resource-Policy"] == ("cross-origin" if framed or open_data else "same-origin"), told
        assert not open_data or path.startswith("/open-data") or path.endswith("/openapi.json"), told
        if "public" in said["Cache-Control"]:
            assert "Set-Cookie" not in said, told
        for cookie in response.cookies.values():
            assert cookie.key.startswith("__Host-") and cookie["path"] == "/", told
            assert cookie["secure"] and not cookie["domain"] and len(cookie.OutputString()) < 4096, told


async def test_what_needs_a_key_is_kept_by_no_cache(world: World) -> None:
    for route in ROUTES:
        if (
            route.method == "GET"
            and isinstance(route.may, frozenset)
            and not route.path.endswith(("/events", "/stream"))
        ):
            response = await world.get(re.sub(r"{\w+}", "1", route.path), next(iter(route.may)))
            assert "public" not in response.headers["Cache-Control"], route.path


async def test_names_below_ours_are_asked_by_https_alone_where_that_is_set(world: World) -> None:
    for setting, said in ((False, "max-age=31536000"), (True, "max-age=31536000; includeSubDomains")):
        async with limited(world, HERE.model_copy(update={"hsts_subdomains": setting})) as door:
            assert (await door.get("/healthz", None)).headers["Strict-Transport-Security"] == said
