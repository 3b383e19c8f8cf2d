"""Pages: what a visitor reads, that nothing foreign can run in them, and signing in."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from aiohttp import ClientResponse, FormData

import hub.web
from hub.domain import Role
from hub.trust.keys import hash_secret
from tests.web.world import API, KEYS, World, an_alert

WEB = Path(hub.web.__file__).parent
EVIL = """</p><script>alert(1)</script><img src=x onerror=alert(2)>"'"""
OURS = {"Origin": "https://buurtsein.example"}


async def sign_in(world: World, role: Role = Role.POLICE) -> dict[str, str]:
    """The header of a browser that is signed in."""
    response = await post_form(world, "/login", {"key": KEYS[role], "next": "/console"}, OURS)
    assert response.status == 303 and response.headers["Location"] == "/console"
    cookie = response.cookies["__Host-buurtsein_session"]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    return {"Cookie": f"__Host-buurtsein_session={cookie.value}"}


async def post_form(world: World, path: str, fields: dict[str, str], headers: dict[str, str]) -> ClientResponse:
    return await world.client.post(path, data=FormData(fields), headers=headers, allow_redirects=False)


async def proof(world: World, number: str, query: str = "", **headers: str) -> str:
    response = await world.get(f"/a/{number}{query}", None, headers=headers)
    assert response.status == 200 and "noindex" in response.headers["X-Robots-Tag"]
    return await response.text()


# the proof page ---------------------------------------------------------------------------------------------------------------


async def test_the_proof_page_of_an_active_alert_says_so_and_what_it_is(world: World) -> None:
    alert = await world.accepted(an_alert())
    page = await proof(world, alert["id"])
    for text in (
        alert["id"],
        "Dit bericht is echt",
        "Actief",
        "Woninginbraak op heterdaad",
        "Man, donkere jas.",
        "Seghwaert",
    ):
        assert text in page
    assert "Oefening" not in page


async def test_the_proof_page_shares_what_is_meant_to_be_forwarded_and_nothing_of_an_exercise(world: World) -> None:
    real, practice = await world.accepted(an_alert()), await world.accepted(an_alert(status="Exercise"))
    page = unquote(html.unescape(await proof(world, real["id"])))
    for link in ("https://wa.me/?text=", "https://t.me/share/url?url=https://buurtsein.example/a/"):
        assert link in page
    assert "Dit is een bericht van de politie" in page and real["id"] in page.partition("wa.me")[2]
    page = await proof(world, practice["id"])
    assert "wa.me" not in page and "t.me" not in page


async def test_the_proof_page_of_what_was_replaced_leads_to_the_latest(world: World) -> None:
    first = await world.accepted(an_alert())
    reference = f"{first['sender']},{first['identifier']},{first['sent']}"
    update = await world.accepted(an_alert(msgType="Update", references=reference))
    page = await proof(world, first["id"])
    assert f'href="/a/{update["id"]}"' in page and "wa.me" not in page, "what is over is not shared any more"
    assert f'href="/a/{update["id"]}"' not in await proof(world, update["id"])


async def test_times_are_those_of_amsterdam(world: World) -> None:
    alert = await world.accepted(an_alert({"expires": "2099-07-01T20:00:00Z"}))
    assert "1 juli 2099, 22:00" in await proof(world, alert["id"])


async def test_after_the_end_no_description_is_left_on_the_page(world: World) -> None:
    alert = await world.accepted(an_alert(identifier="E-1"))
    references = f"{alert['sender']},{alert['identifier']},{alert['sent']}"
    cancel = await world.accepted({"msgType": "Cancel", "references": references})
    page = await proof(world, alert["id"])
    assert "Ingetrokken" in page and "donkere jas" not in page and "op heterdaad" not in page and "Actief" not in page
    assert "Intrekking" in await proof(world, cancel["id"])


async def test_an_expired_alert_is_not_active(world: World) -> None:
    alert = await world.accepted(an_alert())
    world.clock.turn(3 * 3600)
    page = await proof(world, alert["id"])
    assert "Verlopen" in page and "donkere jas" not in page


@pytest.mark.parametrize(("status", "word"), [("Exercise", "Oefening"), ("Test", "Test")])
async def test_an_exercise_cannot_be_taken_for_real(world: World, status: str, word: str) -> None:
    alert = await world.accepted(an_alert(status=status))
    page = await proof(world, alert["id"])
    assert f'<h1 class="giant">{word}</h1>' in page and "Er is niets aan de hand" in page and "verdict" not in page


async def test_an_unknown_number_is_not_to_be_trusted(world: World) -> None:
    response = await world.get("/a/AAAA-AAAA", None)
    page = await response.text()
    assert response.status == 404 and "Niet bekend" in page and "Vertrouw dit bericht niet" in page


async def test_a_number_is_known_however_it_was_typed(world: World) -> None:
    alert = await world.accepted(an_alert())
    typed = alert["id"].replace("-", "").lower().replace("0", "o").replace("1", "l")
    assert alert["id"] in await proof(world, typed)


async def test_english_is_there_for_who_asks_or_whose_browser_does(world: World) -> None:
    alert = await world.accepted(an_alert())
    assert "This message is real" in await proof(world, alert["id"], "?lang=en")
    assert "This message is real" in await proof(world, alert["id"], **{"Accept-Language": "en-GB,en;q=0.9,nl;q=0.8"})
    assert "Dit bericht is echt" in await proof(world, alert["id"], **{"Accept-Language": "de,fr"})
    assert "Dit bericht is echt" in await proof(world, alert["id"], "?lang=nl", **{"Accept-Language": "en"})


# the console ------------------------------------------------------------------------------------------------------------------


async def test_the_console_lists_alerts_and_shows_one(relaying: World) -> None:
    cookie = await sign_in(relaying)
    assert "loopt nu geen melding" in await (await relaying.get("/console", None, headers=cookie)).text()
    alert = await relaying.accepted(an_alert())
    page = await (await relaying.get("/console", None, headers=cookie)).text()
    assert alert["id"] in page and "0 van 2" in page
    page = await (await relaying.get(f"/console/alerts/{alert['id']}", None, headers=cookie)).text()
    assert "Woninginbraak op heterdaad" in page and "nog niet doorgestuurd" in page and "/static/live.js" in page
    assert (await relaying.get("/console/alerts/AAAA-AAAA", None, headers=cookie)).status == 404


async def test_a_long_list_goes_on_with_older_ones(world: World) -> None:
    cookie = await sign_in(world)
    numbers = [(await world.accepted(an_alert(identifier=f"N-{n}")))["id"] for n in range(51)]
    page = await (await world.get("/console", None, headers=cookie)).text()
    (older,) = re.findall(r'href="(/console\?[^"]*cursor=[^"]+)"', page)
    page += await (await world.get(html.unescape(older), None, headers=cookie)).text()
    assert all(number in page for number in numbers)


async def test_words_of_strangers_stay_words(world: World) -> None:
    area = {"areaDesc": EVIL, "geocode": [{"valueName": "CBS-WK", "value": "WK063703"}]}
    words = {"event": EVIL, "headline": EVIL, "description": EVIL, "senderName": EVIL, "area": [area]}
    alert = await world.accepted(an_alert(words))
    cookie = await sign_in(world)
    for path in ("/console", f"/console/alerts/{alert['id']}", f"/a/{alert['id']}", f"/a/{quote(EVIL, safe='')}"):
        page = await (await world.get(path, None, headers=cookie)).text()
        assert "&lt;" in page and "<script>" not in page and "<img src=x" not in page


async def every_page(world: World) -> list[ClientResponse]:
    alert = await world.accepted(an_alert())
    cookie = await sign_in(world)
    paths = (
        "/login",
        "/console",
        f"/console/alerts/{alert['id']}",
        f"/a/{alert['id']}",
        "/a/x",
        "/nowhere",
        "/console?cursor=x",
    )
    signed_in = [await world.get(path, None, headers=cookie) for path in paths]
    return [
        *signed_in,
        await world.get("/console", None),
        await world.get("/console", None, headers={"Authorization": "Bearer x"}),
    ]


async def test_no_page_runs_anything_but_our_own_files(world: World) -> None:
    for response in await every_page(world):
        page = await response.text()
        assert (
            response.content_type == "text/html" and "default-src 'none'" in response.headers["Content-Security-Policy"]
        )
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert (
            response.headers["X-Content-Type-Options"] == "nosniff" and response.headers["Cache-Control"] == "no-store"
        )
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
        page = re.sub(r'<a class="button" href="https://(wa.me|t.me)/', "", page)  # sharing: nothing before a tap
        assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", page), "another host"
        assert '<html lang="' in page and 'class="skip"' in page and "<main" in page and "<h1>" in page


async def test_static_files_are_served_and_nothing_else(world: World) -> None:
    page = await (await world.get("/login", None)).text()
    (style,) = re.findall(r'href="(/static/style\.css\?v=\w+)"', page)
    response = await world.get(style, None)
    assert (
        response.status == 200
        and response.content_type == "text/css"
        and "immutable" in response.headers["Cache-Control"]
    )
    assert (await world.get("/static/style.css", None)).headers["Cache-Control"] == "no-cache"
    for path in ("/static/..%2Fapp.py", "/static/%2e%2e/app.py", "/static/nothing.js"):
        assert (await world.get(path, None)).status == 404


# signing in and out -----------------------------------------------------------------------------------------------------------


async def test_only_the_hash_of_a_session_is_kept_and_it_ends_after_twelve_hours(world: World) -> None:
    cookie = await sign_in(world)
    secret = cookie["Cookie"].partition("=")[2]
    assert len(secret) >= 43 and [row[0] for row in world.rows("SELECT hash FROM web_session")] == [hash_secret(secret)]
    assert (await world.get("/console", None, headers=cookie)).status == 200
    world.clock.turn(12 * 3600 + 1)
    assert (await world.get("/console", None, headers=cookie)).status == 401


async def test_signing_out_ends_the_session(world: World) -> None:
    cookie = await sign_in(world)
    assert (await post_form(world, "/logout", {}, {**cookie, **OURS})).status == 303
    assert (await world.get("/console", None, headers=cookie)).status == 401
    assert world.rows("SELECT * FROM web_session") == []


async def test_a_wrong_key_does_not_sign_in(world: World) -> None:
    response = await post_form(world, "/login", {"key": "bs_police_wrong", "next": "/console"}, OURS)
    page = await response.text()
    assert (
        response.status == 401
        and not response.cookies
        and "niet (meer) geldig" in page
        and "bs_police_wrong" not in page
    )


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_form_of_another_site_is_refused(world: World, path: str, origin: str) -> None:
    headers = {"Origin": origin} if origin else {}
    assert (await post_form(world, path, {"key": KEYS[Role.POLICE]}, headers)).status == 403


async def test_a_ticket_opens_one_session_once(world: World) -> None:
    now = world.clock.now()
    await world.hub.store.sessions.offer(hash_secret("ticket-1"), "id-auditor", now + 60_000)
    await world.hub.store.sessions.offer(hash_secret("ticket-2"), "id-auditor", now + 60_000)
    for _ in range(2):  # a messenger fetches it for a preview
        looked = await world.get("/login/ticket-1", None)
        assert looked.status == 200 and "Meld mij aan" in await looked.text() and not looked.cookies
    first = await post_form(world, "/login/ticket-1", {}, OURS)
    assert first.status == 303 and first.headers["Location"] == "/console" and first.cookies
    assert (await world.get("/login/ticket-1", None)).status == 401
    assert (await post_form(world, "/login/ticket-1", {}, OURS)).status == 401
    ticket_as_cookie = {"Cookie": "__Host-buurtsein_session=ticket-2"}
    assert (await world.get("/console", None, headers=ticket_as_cookie)).status == 401
    world.clock.turn(61)
    assert (await world.get("/login/ticket-2", None)).status == 401
    assert (await post_form(world, "/login/ticket-2", {}, OURS)).status == 401


@pytest.mark.parametrize(
    ("onward", "lands"),
    [
        ("/console/alerts/X", "/console/alerts/X"),
        ("//evil.example", "/console"),
        ("/\\evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/a\r\nSet-Cookie: x=y", "/console"),
        ("", "/console"),
    ],
)
async def test_signing_in_goes_on_to_pages_of_ours_only(world: World, onward: str, lands: str) -> None:
    response = await post_form(world, "/login", {"key": KEYS[Role.POLICE], "next": onward}, OURS)
    assert response.status == 303 and response.headers["Location"] == lands


async def test_who_must_sign_in_first_comes_back_where_they_were(world: World) -> None:
    page = await (await world.get("/console/alerts/X?a=1", None)).text()
    assert 'name="next" value="/console/alerts/X?a=1"' in page


async def test_the_api_takes_the_cookie_for_the_live_page(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    assert (await world.get(f"{API}/alerts", None, headers=cookie)).status == 200
