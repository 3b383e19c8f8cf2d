"""Words of strangers where they could become something else: paths, headers, lines of a log, formulas, and files on disk."""

from __future__ import annotations

import json
import re

import pytest
from aiohttp import ClientResponse
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from hub.directory.table import guard
from hub.domain import Refused, Role
from hub.log import configure
from hub.settings import Log
from hub.web.routes import ROUTES
from hub.web.signin import safe_path
from hub.web.texts.markdown import rendered
from tests.web.world import KEYS, World, an_alert

TRAVERSALS = (
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "..%252f..%252fetc%252fpasswd",
    "%2fetc%2fpasswd",
    "%00",
    "a%0d%0aSet-Cookie:%20a=b",
    "%22;filename=%22evil.html",
    "%ff%fe",
    "file:%2f%2f%2fetc%2fpasswd",
    "1%20OR%201=1--",
    "%F0%9F%93%A3",
    "9" * 40,
    "-1",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", '=HYPERLINK("http://evil.example")')
OURS = {"Origin": "https://buurtsein.example"}


async def test_no_part_of_a_path_reaches_a_file_or_a_header(world: World) -> None:
    wrong = []
    for route in ROUTES:
        if "{" not in route.path or route.path.endswith(("/events", "/stream")):
            continue
        role = next(iter(route.may)) if isinstance(route.may, frozenset) else None
        for number, given_ in enumerate(TRAVERSALS):
            if (number + len(route.path)) % 3 and route.path != "/static/{name}":
                continue  # each route gets a third of them, the next route the next ones
            path = URL(str(world.client.make_url("/")).rstrip("/") + re.sub(r"{\w+}", given_, route.path), encoded=True)
            headers = {**OURS, **({"Authorization": f"Bearer {KEYS[role]}"} if role else {})}
            async with world.client.session.request(
                route.method, path, headers=headers, allow_redirects=False
            ) as response:
                await harmless(response, f"{route.method} {route.path} with {given_}")
                if response.status not in (200, 303, 400, 401, 403, 404, 405, 410, 415):
                    wrong.append((route.path, given_, response.status))
    assert not wrong


async def harmless(response: ClientResponse, told: str) -> None:
    body = await response.read()
    assert b"root:" not in body and b"Traceback" not in body, told
    assert "Set-Cookie" not in response.headers or "a=b" not in response.headers["Set-Cookie"], told
    assert "evil" not in response.headers.get("Content-Disposition", ""), told
    assert "\r" not in response.headers.get("Location", ""), told


@given(st.text())
def test_one_goes_on_to_pages_of_ours_only(path: str) -> None:
    for text in (path, "/" + path, "//" + path, "/\\" + path, "/%0d%0a" + path, "/\r\n" + path):
        onward = safe_path(text)
        assert onward.startswith("/") and not onward.startswith(("//", "/\\")) and onward.isprintable()


async def test_what_is_asked_for_breaks_no_line_of_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "%0a%1b[31m%22,%22level%22:%22error%22,%22x%22:%22"
    for kind in ("json", "console"):
        configure(Log(level="debug", format=kind))
        capsys.readouterr()
        for path in (f"/groups/{nasty}", f"/?q={nasty}", f"/a/{nasty}", f"/nothing/{nasty}", f"/static/{nasty}"):
            url = URL(str(world.client.make_url("/")).rstrip("/") + path, encoded=True)
            headers = {"X-Request-Id": "a b\tc", "User-Agent": "31m", "Referer": 'x","a":"b'}
            async with world.client.session.request("GET", url, headers=headers, allow_redirects=False) as response:
                await response.read()
        await world.post(an_alert(identifier='x\x1b[31m"', note="a\nb") | {"sender": "a\nb"})
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) >= 5 and not any("\x1b[31m" in line or "31m" in line for line in lines)
        if kind == "json":
            assert all(json.loads(line)["level"] != "error" for line in lines)


@pytest.mark.parametrize("text", FORMULAS)
async def test_no_export_holds_a_formula(world: World, text: str) -> None:
    assert not re.match(r"[=+\-@\t\r]", guard(text))
    group = {"name": f"x{text}", "platform": "whatsapp", "members": 9, "neighbourhoods": ["BU06370300"]}
    await world.call("POST", "/api/v1/groups", Role.COORDINATOR, body={**group, "name": text.strip() or "x"})
    body = await (await world.get("/coordinator/export", Role.COORDINATOR)).text()
    assert not re.search(r"(^|[,;\n])\"?[=+\-@\t\r](?!\d{6,})", body), body


async def test_a_mail_cannot_be_given_another_recipient_or_subject(world: World) -> None:
    mails = world.hub.store.mails
    for recipient, subject in (
        ("a@b.nl\nBcc: c@d.nl", "x"),
        ("a@b.nl, c@d.nl", "x"),
        ("a@b.nl", "x\r\nBcc: c@d.nl"),
        ("a@b.nl", "x\nX: y"),
        ("<a@b.nl>", "x\x00"),
    ):
        with pytest.raises(Refused):
            await mails.put(recipient, subject, "text", 0)
    assert world.rows("SELECT * FROM mail") == []


def test_texts_of_pages_are_text() -> None:

    shown = str(
        rendered(
            "<script>a</script>\n\n[a](javascript:x) [b](data:text/html,x) ![c](https://evil.example/x.png)\n\n<img src=x>"
        )
    )
    assert (
        "<script" not in shown and "<img" not in shown and 'href="javascript' not in shown and 'href="data' not in shown
    )
