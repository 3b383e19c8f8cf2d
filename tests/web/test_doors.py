"""Every route of the table, tried with every role: no door without its lock."""

from __future__ import annotations

import re

import pytest

from hub.domain import Role
from hub.web.route import Open, Route
from hub.web.routes import ROUTES
from tests.web.world import World

OURS = {"Origin": "https://buurtsein.example"}
"""As a form of our own pages is sent."""
GUARDED = [route for route in ROUTES if not isinstance(route.may, Open)]
METHODS = [
    (method, route)
    for route in GUARDED
    for method in (route.method, "HEAD")
    if method == route.method or (route.head and route.method == "GET")
]


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "0", route.path)


@pytest.mark.parametrize(("method", "route"), METHODS, ids=lambda one: one if isinstance(one, str) else one.path)
async def test_a_guarded_route_lets_in_its_roles_and_nobody_else(world: World, method: str, route: Route) -> None:
    assert isinstance(route.may, frozenset)
    nobody = await world.call(method, path_of(route), None, headers=OURS)
    assert nobody.status == 401 and "Bearer" in nobody.headers["WWW-Authenticate"]
    wrong = await world.call(method, path_of(route), None, headers={**OURS, "Authorization": "Bearer wrong"})
    assert wrong.status == 401
    basic = await world.call(
        method, path_of(route), None, headers={**OURS, "Authorization": "Basic a2V5LW9mLXBvbGljZTo="}
    )
    assert basic.status == 401
    for role in Role:
        answer = await world.call(method, path_of(route), role)
        assert (answer.status == 403) == (role not in route.may), (role, answer.status)
        assert answer.status != 401


@pytest.mark.parametrize("route", [route for route in ROUTES if route.form], ids=lambda one: one.path)
async def test_a_form_of_another_site_is_refused_before_it_is_read(world: World, route: Route) -> None:
    for origin in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
        session = {"Cookie": "buurtsein_session=whatever"}
        assert (await world.call("POST", path_of(route), None, headers={**origin, **session})).status == 403


def test_only_these_routes_ask_for_no_key() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.may is Open.PUBLIC} == {
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/login/{ticket}"),
        ("POST", "/logout"),
        ("GET", "/"),
        ("GET", "/groups"),
        ("GET", "/groups/{id}"),
        ("POST", "/groups/{id}"),
        ("GET", "/groups/{id}/asked"),
        ("GET", "/contact/{token}"),
        ("POST", "/contact/{token}"),
        ("GET", "/docs"),
        ("GET", "/docs/{name}"),
        ("GET", "/open-data"),
        ("GET", "/open-data/groups.geojson"),
        ("GET", "/open-data/neighbourhoods-without-group.geojson"),
        ("GET", "/embed/map"),
        ("GET", "/embed/groups"),
        ("GET", "/a/{number}"),
        ("GET", "/a/{number}/map.png"),
        ("GET", "/link/{token}"),
        ("GET", "/join"),
        ("GET", "/join/group"),
        ("POST", "/join/group"),
        ("GET", "/join/admin"),
        ("POST", "/join/admin"),
        ("GET", "/join/starting"),
        ("POST", "/join/starting"),
        ("GET", "/join/neighbourhoods"),
        ("GET", "/join/sent"),
        ("POST", "/join/sent"),
        ("GET", "/join/confirm/{token}"),
        ("POST", "/join/confirm/{token}"),
        ("GET", "/mine/{ticket}"),
        ("POST", "/mine/{ticket}"),
        ("GET", "/pages/{slug}"),
        ("GET", "/map/neighbourhoods"),
        ("GET", "/map/search"),
        ("GET", "/map/tiles.pmtiles"),
        ("GET", "/signs"),
        ("GET", "/signs/ask"),
        ("POST", "/signs/ask"),
        ("GET", "/signs/sent"),
        ("GET", "/signs/confirm/{token}"),
        ("POST", "/signs/confirm/{token}"),
        ("GET", "/open-data/signs.geojson"),
        ("GET", "/static/{name}"),
    }
    assert {route.path for route in ROUTES if route.may is Open.VERIFIED_BY_PROVIDER} == {"/hooks/{channel}"}


def test_an_admin_s_own_routes_lie_where_their_cookie_goes() -> None:
    assert all(route.path.startswith("/mine") for route in ROUTES if route.may is Open.ADMIN)
    assert all(route.form for route in ROUTES if route.may is Open.ADMIN and route.method != "GET")


def test_only_police_post_alerts_and_only_coordinators_change_the_directory() -> None:
    may = {(route.method, route.path): route.may for route in ROUTES}
    assert may["POST", "/api/v1/alerts"] == may["POST", "/api/v1/alerts/_simulate"] == frozenset({Role.POLICE})
    for method, path in may:
        if re.match("/api/v1/(admins|groups)", path):
            others = {Role.AUDITOR} if method == "GET" else set()
            assert may[method, path] == frozenset({Role.COORDINATOR, *others})


async def test_a_revoked_key_is_a_wrong_key(world: World) -> None:
    assert (await world.get("/api/v1/alerts")).status == 200
    await world.hub.store.keys.revoke("id-police", world.clock.now())
    assert (await world.get("/api/v1/alerts")).status == 401
