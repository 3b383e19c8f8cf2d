"""/docs: every call is on it, in both languages, and every example on it runs as it stands."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from markupsafe import escape

from hub.domain import Role
from hub.service import Hub
from hub.store.sightings import Sighting
from hub.web.api.openapi import document
from hub.web.api.routes import API as BASE
from hub.web.api.routes import ROUTES
from hub.web.app import create_app
from hub.web.deprecation import Deprecation
from hub.web.docs.drawn import written
from hub.web.docs.snippets import Asked, for_curl, for_python, path_of
from hub.web.route import PUBLIC, Described, Route
from tests.web.world import API, KEYS, World, an_alert

FLED = {"parameter": [{"valueName": "flightMode", "value": "bike"}]}
ENDS = ("delete_admin", "delete_group")
"""Called last: the others are about what these take away."""

RUNNER = """
import contextlib, io, json, os, sys
for name, key, source in json.load(sys.stdin):
    os.environ["KEY"], said = key, io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(source, name, "exec"), {})
    except Exception as error:
        said.write(f"{type(error).__name__} {error} " + getattr(error, "read", bytes)().decode())
    print(json.dumps([name, said.getvalue()]))
"""


def operations() -> Iterator[tuple[str, str, Asked]]:
    """(operationId, a key that may, the call) of every call, those that take something away last."""
    described = document(ROUTES, "https://buurtsein.example")["paths"]
    found = []
    for route in ROUTES:
        path = route.path.removeprefix(BASE)
        operation = described[path][route.method.lower()]
        key = KEYS[min(route.may)] if isinstance(route.may, frozenset) else ""
        found.append((operation["operationId"], key, written(path, route.method, operation)))
    yield from sorted(found, key=lambda one: one[0] in ENDS)


NOT_HELD = "post_agreement"
"""The example's alert waits for nobody: it is answered so."""


async def furnished(world: World) -> dict[str, str]:
    """The variables that the examples need, of a hub in which there is something of everything."""
    alert = (await world.accepted(an_alert(FLED)))["id"]
    await world.hub.widener.plan()
    (admin, *_) = await world.hub.store.directory.admins()
    (group, *_) = await world.hub.store.directory.groups()
    now = world.clock.now()
    statements = world.hub.store.sightings.keep(
        Sighting(6, alert, admin.id, now, "picture"), now, ("whatsapp", "main"), "file-1"
    )
    await world.hub.store.receipts.apply(statements, [])
    assert await world.hub.store.sightings.put_picture(6, b"\x89PNG\r\n\x1a\n a photo", "image/png", now)
    home = str(world.client.make_url(API))
    return {"HUB": home, "ALERT": alert, "ADMIN": str(admin.id), "GROUP": str(group.id), "SIGHTING": "6"}


async def said(
    command: Sequence[str], variables: Mapping[str, str], cwd: Path, *, given: bytes = b"", until: bytes = b""
) -> tuple[int, str]:
    """Exit code and all output of a program; ended by us as soon as it has said `until`."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **variables},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(given)
    process.stdin.close()
    read = b""
    while chunk := await process.stdout.read(65536):
        read += chunk
        if until and until in read:
            process.kill()
            return 0, read.decode()
    return await process.wait(), read.decode()


async def test_every_example_for_curl_runs(world: World, tmp_path: Path) -> None:
    assert shutil.which("curl"), "curl is not installed: run `make test`, or install it (Debian: apt install curl)"
    variables = await furnished(world)
    for name, key, asked in operations():
        until = b"event: alert" if asked.answered == "text/event-stream" else b""
        code, output = await said(("sh", "-c", for_curl(asked)), {**variables, "KEY": key}, tmp_path, until=until)
        assert code == 0 or (name == NOT_HELD and "409" in output), f"{name}: {output}"
        assert not until or until.decode() in output
    assert (tmp_path / "picture").read_bytes().startswith(b"\x89PNG")


async def test_every_example_for_python_runs_and_is_answered_as_documented(world: World, tmp_path: Path) -> None:
    found = list(operations())
    given = orjson.dumps([(name, key, for_python(asked)) for name, key, asked in found])
    variables = await furnished(world)
    code, output = await said((sys.executable, "-I", "-c", RUNNER), variables, tmp_path, given=given)
    assert code == 0, output
    told = dict(map(json.loads, output.splitlines()))
    good = {route.handler.__name__: {str(s) for s in route.described.answers} for route in ROUTES if route.described}
    assert told.keys() == good.keys()
    for name, _, asked in found:
        if asked.answered == "text/event-stream":
            assert '"state"' in told[name]
        elif name == NOT_HELD:
            assert "409" in told[name]
        else:
            assert told[name].split()[0] in good[name], f"{name}: {told[name]}"


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_every_call_has_a_page_with_its_examples_and_all_it_leads_to(world: World, language: str) -> None:
    index = await (await world.get(f"/docs?lang={language}", None)).text()
    for name, _, asked in operations():
        assert f'href="/docs/{name}"' in index
        response = await world.get(f"/docs/{name}?lang={language}", None)
        page = await response.text()
        assert response.status == 200 and response.headers["Content-Language"] == language
        assert escape(for_curl(asked)) in page and escape(for_python(asked)) in page
        assert ("Antwoorden" in page) == (language == "nl") and "#schema-Problem" in page
        inside = set(re.findall(r'href="#([^"]+)"', page)) - {"content"}
        assert inside <= set(re.findall(r'id="([^"]+)"', page)), f"{name}: a link on the page leads nowhere"
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page), "no other host is asked for anything"
    assert (await world.get("/docs/call_the_moon", None)).status == 404


async def test_the_front_page_leads_to_it(world: World) -> None:
    assert 'href="/docs"' in await (await world.get("/", None)).text()


def test_ids_in_a_path_are_variables() -> None:
    assert path_of("/alerts/{id}/sightings/{sid}/picture", {}) == "/alerts/$ALERT/sightings/$SIGHTING/picture"
    assert path_of("/alerts/{id}/widenings/{number}", {"number": "1"}) == "/alerts/$ALERT/widenings/1"


def test_a_quote_in_an_example_ends_nothing() -> None:
    asked = Asked("POST", "/alerts", {}, {"text": 'it\'s $HOME `id` "x"'}, "application/json", True)
    assert "'{\n  \"text\": \"it'\\''s $HOME `id`" in for_curl(asked)
    compile(for_python(asked), "example", "exec")


async def test_the_description_is_kept_by_who_has_it(world: World) -> None:
    first = await world.get(f"{API}/openapi.json", None)
    tag = first.headers["ETag"]
    assert first.headers["Access-Control-Allow-Origin"] == "*" and "max-age" in first.headers["Cache-Control"]
    again = await world.get(f"{API}/openapi.json", None, headers={"If-None-Match": tag})
    assert again.status == 304 and again.headers["API-Version"] and not await again.read()


OLD = Deprecation(date(2027, 1, 1), date(2027, 9, 1), "/api/v1/alerts")


async def test_a_call_that_will_end_says_so_in_every_answer_and_in_the_description(hub: Hub) -> None:
    async def old(_: Any) -> Any:
        raise LookupError("deliberate")

    described = Described("alerts", {200: "AlertPage"}, deprecated=OLD)
    route = Route("GET", f"{API}/old", old, frozenset({Role.POLICE}), "An old one", described=described)
    other = Route("GET", f"{API}/new", old, PUBLIC, "A new one", described=Described("alerts", {200: "AlertPage"}))
    operation = document([route], "https://buurtsein.example")["paths"]["/old"]["get"]
    assert operation["deprecated"] is True and "ends on 2027-09-01" in operation["description"]
    assert {"Deprecation", "Sunset"} <= operation["responses"]["200"]["headers"].keys()
    async with TestClient(TestServer(create_app(hub, [route, other]))) as client:
        for key, status in (("", 401), (KEYS[Role.AUDITOR], 403), (KEYS[Role.POLICE], 500)):
            answer = await client.get(f"{API}/old", headers={"Authorization": f"Bearer {key}"} if key else {})
            assert answer.status == status
            assert answer.headers["Deprecation"] == "@1798761600"
            assert answer.headers["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
            assert answer.headers["Link"].startswith('</api/v1/alerts>; rel="successor-version"')
        assert "Deprecation" not in (await client.get(f"{API}/new")).headers


def test_nobody_is_told_too_late() -> None:
    with pytest.raises(ValueError, match="at the earliest"):
        Deprecation(date(2027, 1, 1), date(2027, 6, 1), "/api/v1/alerts")
