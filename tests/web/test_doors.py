"""Every route of the table, tried with every role: no door without its lock."""

from __future__ import annotations

import re
from collections.abc import Collection

import pytest
from aiohttp.web_urldispatcher import DynamicResource, PlainResource

from hub.domain import Role, Scope
from hub.service import Hub
from hub.settings import ROOT
from hub.trust.keys import hash_secret, make_key
from hub.web.app import create_app
from hub.web.route import ANY_SCOPE, Open, Route
from hub.web.routes import ROUTES
from hub.web.routes_written import as_markdown
from tests.web.proofs import session_of
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
    one_of_its_roles = min(route.may)
    others = [] if route.scopes == ANY_SCOPE else [set(Scope) - route.scopes]
    for scopes in [*({scope} for scope in route.scopes), *others]:
        secret = f"scoped {' '.join(sorted(scopes))}"
        await put_scoped(world, secret, one_of_its_roles, scopes)
        answer = await world.call(method, path_of(route), None, headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status == 403) == (not scopes & route.scopes), (scopes, answer.status)


async def put_scoped(world: World, secret: str, role: Role, scopes: Collection[str]) -> None:
    key_id, now = make_key(role)[0], world.clock.now()
    await world.hub.store.keys.put(
        key_id, name="x", role=role, sender="x", hash=hash_secret(secret), now=now, scopes=scopes
    )


async def test_a_session_has_the_scopes_of_the_key_it_was_opened_with(world: World) -> None:
    await put_scoped(world, "narrow", Role.COORDINATOR, {Scope.STATISTICS_READ})
    session = await session_of(world, "narrow")
    assert (await world.get("/coordinator/statistics", None, headers=session)).status == 200
    refused = await world.get("/api/v1/admins", None, headers=session)
    assert refused.status == 403 and "this needs directory:read" in (await refused.json())["detail"]
    form = await world.call("POST", "/coordinator/groups/new", None, headers={**OURS, **session})
    assert form.status == 403


def test_every_guarded_route_names_its_scopes() -> None:
    # Who works here is decided by people, and by a key that may do all: no scope lets a key in.
    unscoped = {route.path for route in GUARDED if not route.scopes}
    assert unscoped == {route.path for route in GUARDED if route.path.startswith("/staff")}
    assert {scope for route in ROUTES for scope in route.scopes} == set(Scope)


def test_no_route_is_registered_that_is_not_in_the_table(hub: Hub) -> None:
    registered = [
        (route.method, route.resource.canonical) for route in create_app(hub).router.routes() if route.resource
    ]
    heads = [("HEAD", route.path) for route in ROUTES if route.method == "GET" and route.head]
    assert sorted(registered) == sorted([*((route.method, route.path) for route in ROUTES), *heads])
    assert {type(one) for one in create_app(hub).router.resources()} <= {PlainResource, DynamicResource}, (
        "no folder of files"
    )


@pytest.mark.parametrize("role", [None, *Role])
async def test_an_address_that_is_not_in_the_table_is_nowhere_for_everybody(world: World, role: Role | None) -> None:
    for path in (
        "/api/v1/keys",
        "/api/v1",
        "/api/v2/alerts",
        "/admin",
        "/static/../run.py",
        "/static/%2e%2e/run.py",
        "/console/",
    ):
        for method in ("GET", "POST", "OPTIONS"):
            assert (await world.call(method, path, role, headers=OURS)).status == 404, (method, path)
    for method in ("OPTIONS", "PUT", "TRACE", "PROPFIND"):
        assert (await world.call(method, "/api/v1/alerts", role)).status == 405, method


def test_the_document_is_in_step_with_the_table() -> None:
    written = (ROOT / "hub" / "web" / "ROUTES.md").read_text(encoding="utf-8")
    assert written == as_markdown(ROUTES), "run `make routes`"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.form], ids=lambda one: one.path)
async def test_a_form_of_another_site_is_refused_before_it_is_read(world: World, route: Route) -> None:
    for origin in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}):
        session = {"Cookie": "__Host-buurtsein_session=whatever"}
        assert (await world.call("POST", path_of(route), None, headers={**origin, **session})).status == 403


def test_only_these_routes_ask_for_no_key() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.may is Open.PUBLIC} == {
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/login/{ticket}"),
        ("POST", "/login/{ticket}"),
        ("POST", "/logout"),
        ("POST", "/login/account"),
        ("POST", "/login/passkey"),
        ("POST", "/login/passkey/options"),
        ("POST", "/login/with/{name}"),
        ("GET", "/login/with/{name}/back"),
        ("GET", "/login/with/{name}/out"),
        ("GET", "/welcome/{token}"),
        ("POST", "/welcome/{token}"),
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
        ("GET", "/.well-known/security.txt"),
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
    assert {route.path for route in ROUTES if route.may is Open.VERIFIED_BY_PROVIDER} == {
        "/hooks/{channel}",
        "/login/with/{name}/gone",
    }


def test_one_s_own_account_is_for_accounts_alone() -> None:
    assert {route.path.split("/")[1] for route in ROUTES if route.may is Open.ACCOUNT} == {"account"}
    assert all(route.form for route in ROUTES if route.may is Open.ACCOUNT and route.method != "GET")


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
