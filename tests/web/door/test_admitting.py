"""The first look at a request: names that are not ours, packed bodies, and forms that other sites send."""

from __future__ import annotations

import gzip
import re

from hub.domain import Role
from hub.web.routes import ROUTES
from tests.web.world import API, World

OURS = {"Origin": "https://buurtsein.example"}
WRITERS = [route for route in ROUTES if route.method in ("POST", "PATCH", "DELETE")]


async def test_under_another_name_there_are_no_pages_of_ours(world: World) -> None:
    """A name of somebody else's that leads to this machine (DNS rebinding) is the same site to a browser."""
    for host in (
        "evil.example",
        "evil.example:443",
        "buurtsein.example.evil.example",
        "[::2]",
        "127.0.0.1.evil.example",
        "a@b",
        "[",
    ):
        for path in ("/", "/login", "/mine", f"{API}/alerts", "/static/main.css", "/hooks/whatsapp"):
            response = await world.get(path, None, headers={"Host": host})
            assert response.status == 421, (host, path)
        assert (await world.get("/healthz", None, headers={"Host": host})).status == 200
        assert (await world.get(f"{API}/alerts", Role.POLICE, headers={"Host": host})).status == 200, (
            "a key is no cookie"
        )
    for host in ("buurtsein.example", "BUURTSEIN.example:443", "localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert (await world.get("/", None, headers={"Host": host})).status == 200
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "Forwarded": "host=evil.example"}
    page = await (await world.get("/", None, headers=forwarded)).text()
    assert "evil.example" not in page and "ftp://" not in page


async def test_a_form_is_taken_from_our_own_pages_alone(world: World) -> None:
    async def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await world.call("POST", "/logout", None, headers=named)).status

    port = world.client.port or 0
    assert await status(**OURS) == 303
    assert await status(**OURS, Sec_Fetch_Site="same-origin") == 303
    assert await status(Origin=f"http://127.0.0.1:{port}") == 303
    for site in ("cross-site", "same-site", "nonsense"):
        assert await status(**OURS, Sec_Fetch_Site=site) == 403
    for origin in (
        "http://buurtsein.example",
        "https://buurtsein.example:8443",
        "https://buurtsein.example.evil.example",
        "null",
        "",
    ):
        assert await status(Origin=origin) == 403
    # Of another program on this machine, and of a name that somebody made lead to it.
    assert await status(Origin=f"http://localhost:{port + 1}") == 403
    assert await status(Origin="http://evil.example", Host="evil.example", X_Forwarded_Host="evil.example") == 421


async def test_no_route_takes_a_packed_body(world: World) -> None:
    bomb = gzip.compress(b" " * 200_000)
    for route in WRITERS:
        path = re.sub(r"{\w+}", "1", route.path)
        headers = {**OURS, "Content-Encoding": "gzip"}
        response = await world.call(route.method, path, Role.COORDINATOR, body=bomb, headers=headers)
        assert response.status == 415, (route.path, response.status)
    for coding in ("gzip, gzip", "GZIP", "x-nonsense"):
        headers = {"Content-Encoding": coding}
        response = await world.call("POST", f"{API}/alerts", Role.POLICE, body=b"{}", headers=headers)
        assert response.status == 415, coding
