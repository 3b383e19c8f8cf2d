"""The first look at every request, before its handler: is it for this hub, is it packed, does its sender call too often?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from hub.settings import Web
from hub.web.door.connections import Gate
from hub.web.door.limits import Limits, shows_something
from hub.web.problems import Problem

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
PROBES: Final = ("/healthz", "/readyz", "/metrics")
"""Asked for by the number of a machine, which has many."""


def admitting(limits: Limits, settings: Web, urgent: Collection[tuple[str, str]]) -> Middleware:
    """`urgent`: method and path of the routes that are never turned away for how often they are called."""
    hosts = hosts_of(settings)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        gate = request.transport.get_protocol() if request.transport else None
        if isinstance(gate, Gate):
            gate.entered()
        try:
            _check_host(request, hosts)
            _check_coding(request)
            resource = request.match_info.route.resource
            limits.arrived(request, urgent=resource is not None and (request.method, resource.canonical) in urgent)
            return await _heard(request, handler, limits)
        finally:
            if isinstance(gate, Gate):
                gate.left()

    return admit


async def _heard(request: web.Request, handler: Handler, limits: Limits) -> web.StreamResponse:
    try:
        response = await handler(request)
    except Problem as problem:
        if problem.status == 401 and shows_something(request):
            limits.unknown(request)
        raise
    if response.status == 401 and shows_something(request):
        limits.unknown(request)
    return response


def hosts_of(settings: Web) -> frozenset[str]:
    """The names this hub goes by."""
    public = urlsplit(settings.public_url).hostname or ""
    return LOOPBACK | {public.lower()} | {host.lower() for host in settings.hosts}


def host_name(request: web.Request) -> str:
    """What the client calls us, without the port; '' for what is no name of a host."""
    try:
        return (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        return ""


def _check_host(request: web.Request, hosts: frozenset[str]) -> None:
    """Problem 421 for another host's name: a page of that host would be the same origin as ours to a browser (DNS rebinding).

    A key never comes along unasked, so whoever shows one may call us what they like; so may those who only look whether we are up.
    """
    if host_name(request) in hosts or request.path in PROBES:
        return
    if request.headers.get("Authorization", "").lower().startswith("bearer "):
        return
    raise Problem(
        421, "This hub does not go by that name", "Use the address in web.public_url, or add this one to web.hosts."
    )


def _check_coding(request: web.Request) -> None:
    """Problem 415 for a packed body: a kilobyte may hold a gigabyte, and nobody who talks to us needs it."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise Problem(
            415,
            "Packed bodies are not taken",
            "Send it as it is, without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )
