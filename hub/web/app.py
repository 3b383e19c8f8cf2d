"""Builds the aiohttp application from the table of routes, and serves it until the context ends.

The only file that knows aiohttp's machinery: guards, headers, errors into answers, start and stop.
"""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import cast

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler as PlainHandler
from aiohttp.typedefs import Middleware

from hub.domain import Mistake, Refused
from hub.service import Hub
from hub.settings import Web
from hub.trust.certificates import serving_context
from hub.trust.passkeys import site_of
from hub.web.account.first import elsewhere
from hub.web.api.openapi import API_VERSION, document
from hub.web.caching import Copy, copy_of
from hub.web.calls import JSON_TYPE, Call
from hub.web.deprecation import Deprecation
from hub.web.door.admitting import admitting
from hub.web.door.connections import Connections
from hub.web.door.headers import isolation
from hub.web.door.limits import Limits
from hub.web.hooks import hooks_of
from hub.web.identity import check_may, check_measuring, check_origin, identify, no_account, no_key
from hub.web.map.base_map import addresses_of, base_of
from hub.web.metrics import Metrics
from hub.web.navigation import COORDINATORS, PUBLIC, STAFF, entry_of, shown
from hub.web.own.entering import admin_of, closed_page
from hub.web.packing import packing
from hub.web.pages import error_page
from hub.web.policy import page_policy
from hub.web.problems import is_for_people, problem_of
from hub.web.readiness import Readiness
from hub.web.rendering import Rendering
from hub.web.request_lines import BY, REFUSALS, WHY, RequestLines
from hub.web.route import Open, Route
from hub.web.routes import ROUTES
from hub.web.state import State

BACKLOG = 1024
"""Connections the system holds while the loop is busy: a burst of webhooks must not be refused."""

SHUTDOWN_SECONDS = 2.0
"""For requests under way when the hub stops, of its 10 s: an alert takes milliseconds; what takes longer hangs."""

LINGER_SECONDS = 2.0
"""For what is still sent of a body that was refused, so that the client reads why."""

REQUEST_ID = "X-Request-Id"
NUMBER = web.RequestKey("request_id", str)
DEPRECATED = web.RequestKey("deprecated", Deprecation)
GIVEN_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")

REDIRECTED, FAILED = 300, 400
"""Statuses of answers that show nothing. A form that is shown again with its mistakes (400) may show what it is about."""

MACHINE_POLICY = "default-src 'none'; frame-ancestors 'none'"


def create_app(hub: Hub, routes: Sequence[Route] = ROUTES) -> web.Application:
    @cache
    def description() -> Copy:
        return copy_of(orjson.dumps(document(routes, hub.settings.web.public_url)), JSON_TYPE, level=9)

    rendering = rendering_of(hub)
    limits = Limits(hub.settings.web, hub.clock)
    metrics = Metrics(hub, versions=hub.settings.web.metrics != "open")
    state = State(metrics, Readiness(hub), rendering, description, hooks_of(hub), limits)
    urgent = {(route.method, route.path) for route in ROUTES if route.urgent}
    # aiohttp's own limit is for form posts and the like; bodies of the API are read by Call.body.
    app = web.Application(
        middlewares=[packing, _measured(hub, state), _told(state), admitting(limits, hub.settings.web, urgent)],
        client_max_size=hub.settings.web.max_body_bytes,
    )
    for route in routes:
        handler = _guarded(route, hub, state)
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET" and route.head:
            app.router.add_route("HEAD", route.path, handler)

    async def close_streams(_: web.Application) -> None:
        state.closing = True
        state.following.wake()
        hub.wakes.changed()

    async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_headers(hub, state, request, response))
        response.headers.setdefault("Cache-Control", "no-store")

    app.on_shutdown.append(close_streams)
    app.on_response_prepare.append(add_headers)
    return app


def rendering_of(hub: Hub) -> Rendering:
    """The pages of this hub."""
    return Rendering(
        policy=page_policy(hub.settings.map),
        secure=hub.settings.web.by_https,
        given={
            "map_base": base_of(hub.settings.map),
            "map_addresses": addresses_of(hub.settings.map),
            "whole_map": lambda: hub.atlas.index.bounds,
            "public_entries": shown(PUBLIC, None, hub.settings.registry),
            "staff_entries": partial(shown, STAFF, registry=hub.settings.registry),
            "section_entries": partial(shown, COORDINATORS, registry=hub.settings.registry),
            "entry_of": entry_of,
            "keys_sign_in": hub.settings.staff.keys_sign_in,
            "sign_ons": [(one.name, one.label) for one in hub.sign_ons],
            "passkeys": site_of(hub.settings.web.public_url) is not None,
        },
    )


def listen(settings: Web) -> socket.socket:
    """A socket for several processes on settings.web.listen. Raises Refused if the place is taken or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise _not_here(settings, error) from None


@asynccontextmanager
async def serving(hub: Hub, listening: socket.socket | None = None) -> AsyncIterator[None]:
    """Answers on settings.web.listen, or this socket, while the context lasts. Raises Refused if the place is taken or not ours."""
    web_settings = hub.settings.web
    runner = web.AppRunner(
        create_app(hub),
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
        keepalive_timeout=web_settings.idle_seconds,
        lingering_time=LINGER_SECONDS,
        auto_decompress=False,
    )
    await runner.setup()
    connections = Connections(
        cast(web.Server, runner.server),
        most=web_settings.address_connections,
        header_seconds=web_settings.header_seconds,
        trusted=web_settings.trusted_proxies,
    )
    try:
        server = await _server(web_settings, connections, listening)
        try:
            with connections.swept():
                yield
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _server(settings: Web, connections: Connections, listening: socket.socket | None) -> asyncio.Server:
    loop, tls = asyncio.get_running_loop(), serving_context(settings.tls)
    try:
        if listening is not None:
            return await loop.create_server(connections, sock=listening, backlog=BACKLOG, ssl=tls)
        return await loop.create_server(connections, settings.host, settings.port, backlog=BACKLOG, ssl=tls)
    except OSError as error:
        raise _not_here(settings, error) from None


def _not_here(settings: Web, error: OSError) -> Refused:
    taken = error.errno == errno.EADDRINUSE
    reason = "another program listens there: stop it, or choose another" if taken else error.strerror or "not possible"
    return Refused(f"Cannot listen on {settings.listen}", [Mistake("web.listen", reason)])


def _guarded(route: Route, hub: Hub, state: State) -> PlainHandler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if route.described is not None and route.described.deprecated is not None:
            request[DEPRECATED] = route.described.deprecated
        # A bearer's key never comes along unasked; a cookie does.
        if route.form and not request.headers.get("Authorization", "").lower().startswith("bearer "):
            check_origin(hub, request)
        if route.may is Open.ADMIN:
            own = await admin_of(hub, request)
            if own is not None:
                request[BY] = f"admin {own}"
            call = Call(hub, state, request, None, own)
            return await _noted(route, call) if own is not None else closed_page(call)
        if route.may is Open.MEASURING:
            await check_measuring(hub, request, route.scopes)
        if isinstance(route.may, Open) and route.may is not Open.ACCOUNT:
            return await _noted(route, Call(hub, state, request, None))
        who, session = await identify(hub, request, cookie=route.form or request.method in ("GET", "HEAD"))
        if who is None:
            raise no_key()
        request[BY] = who.key_id
        if isinstance(route.may, Open):
            if session is None or not session.strength.of_staff:
                raise no_account()
        else:
            check_may(route.may, route.scopes, who)
        if not route.urgent:
            state.limits.known(who.key_id)
        if session is not None and (first := elsewhere(hub, request, route, session)) is not None:
            return first
        return await _noted(route, Call(hub, state, request, who, session=session))

    return handle


async def _noted(route: Route, call: Call) -> web.StreamResponse:
    """The route's answer; who is shown personal data is in the audit chain, on disk, before any of it leaves."""
    if route.live and route.shows:
        await _note(route, call)
        return await route.handler(call)
    response = await route.handler(call)
    if route.shows and not REDIRECTED <= response.status < FAILED:
        await _note(route, call)
    return response


async def _note(route: Route, call: Call) -> None:
    subject = call.request.match_info.get("id", "")
    await call.looked(route.shows, subject, route=f"{route.method} {route.path}")


def _measured(hub: Hub, state: State) -> Middleware:
    lines = RequestLines(hub.clock)

    @web.middleware
    async def measured(request: web.Request, handler: PlainHandler) -> web.StreamResponse:
        begun = hub.clock.monotonic()
        request[NUMBER] = number = _request_id(request)
        with structlog.contextvars.bound_contextvars(request=number):
            response = await handler(request)
            # The route, never the path: a link's token or a ticket may stand in that, and anything in a query.
            resource = request.match_info.route.resource
            route = resource.canonical if resource else "unknown"
            method, seconds = _method(request), hub.clock.monotonic() - begun
            if isinstance(response, web.Response):  # a live stream lasts as long as somebody looks
                state.metrics.answered(method, route, response.status, seconds)
            lines.tell(request, method, route, response.status, seconds)
        return response

    return measured


def _told(state: State) -> Middleware:
    @web.middleware
    async def told(request: web.Request, handler: PlainHandler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ConnectionError:
            raise
        except Exception as error:
            problem = problem_of(error)
        if problem.status in REFUSALS:
            request[WHY] = problem.title
        if is_for_people(request.path):
            return error_page(state.rendering, request, problem)
        return problem.response()

    return told


def _request_id(request: web.Request) -> str:
    """The one that a proxy before us gave, if it looks like one; else our own."""
    given = request.headers.get(REQUEST_ID, "")
    return given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _method(request: web.Request) -> str:
    """A method of ours, or OTHER: the client's own inventions would grow the metrics without end."""
    return request.method if request.method in ("GET", "HEAD", "POST", "PATCH", "DELETE") else "OTHER"


def _headers(hub: Hub, state: State, request: web.Request, response: web.StreamResponse) -> dict[str, str]:
    # A page that stands alone (a report) brings its own.
    policy = response.headers.get("Content-Security-Policy") or (
        state.rendering.policy if response.content_type == "text/html" else MACHINE_POLICY
    )
    headers = {
        **isolation(policy, response),
        "Content-Security-Policy": policy,
        # Not no-referrer: with that, browsers send `Origin: null` with our own forms. A page without forms may say so itself.
        "Referrer-Policy": response.headers.get("Referrer-Policy", "same-origin"),
        "Server": "Buurtsein",
        REQUEST_ID: request.get(NUMBER, ""),
        "X-Content-Type-Options": "nosniff",
    }
    if "frame-ancestors *" not in policy:
        headers["X-Frame-Options"] = "DENY"  # for browsers that do not know frame-ancestors
    if request.path.startswith("/api/"):
        headers["API-Version"] = API_VERSION
    if (deprecated := request.get(DEPRECATED)) is not None:
        headers |= deprecated.headers
    if hub.settings.web.by_https:
        below = "; includeSubDomains" if hub.settings.web.hsts_subdomains else ""
        headers["Strict-Transport-Security"] = f"max-age=31536000{below}"
    return headers
