"""Signing in at one's own organisation, through a real provider: who becomes whom here, and who stays out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from hub.commands.doctor import examined
from hub.domain import Refused, Role
from hub.settings import Mapped, Settings, SignOn, SignOns
from tests.sign_on_provider import CLIENT, SECRET, SignOnProvider, answered, sign_on_provider, user
from tests.web.staff import ASKED, PASSPHRASE, Browser
from tests.web.world import KEYS, World

HUB = "https://buurtsein.example"
WITH = "/login/with/zoetermeer"


@pytest_asyncio.fixture
async def theirs() -> AsyncIterator[SignOnProvider]:
    people = {
        "anna": user("Anna", "coordinators"),
        "bram": user("Bram", "canteen"),
        "carla": user("Carla", "dispatchers"),
    }
    async with sign_on_provider(**people) as found:
        found.client(f"{HUB}{WITH}/back")
        yield found


@pytest.fixture
def settings(settings: Settings, theirs: SignOnProvider) -> Settings:
    one = SignOn(
        name="zoetermeer",
        label="Gemeente Zoetermeer",
        issuer=theirs.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        roles=(
            Mapped(value="coordinators", role=Role.COORDINATOR, municipalities=("GM0637",)),
            Mapped(value="dispatchers", role=Role.POLICE, sender="oc@politie.example"),
        ),
        second_factor=("mfa",),
        timeout=1.0,
    )
    return settings.model_copy(update={"signon": SignOns(providers=(one,))})


async def through(browser: Browser, **fields: str) -> str:
    """To the provider as a browser goes, and where that sends it back to: a path of ours."""
    async with (
        aiohttp.ClientSession() as walk,
        walk.get(await leading(browser, **fields), allow_redirects=False) as answer,
    ):
        return answer.headers["Location"].removeprefix(HUB)


async def leading(browser: Browser, **fields: str) -> str:
    """Where the button on our page leads to."""
    left = await browser.post(WITH, **fields)
    assert left.status == 200, browser.body
    (address,) = browser.found('content="0; url=([^"]*)"')
    assert f'href="{address}"' in browser.body
    return address


async def signs_in(world: World) -> Browser:
    browser = Browser(world)
    back = await browser.get(await through(browser))
    assert back.status == 200, browser.body
    return browser


async def kinds(world: World) -> list[str]:
    return [change.kind for change in await world.hub.store.audit.page(1 << 62, 100, "")]


async def test_who_signs_in_there_is_signed_in_here_with_the_role_that_their_groups_give(world: World) -> None:
    browser = Browser(world)
    await browser.get("/login?next=/coordinator")
    (form,) = browser.found(rf'(?s)<form method="post" action="{WITH}">.*?</form>')
    assert "Aanmelden via Gemeente Zoetermeer" in form and 'name="next" value="/coordinator"' in form
    back = await browser.get(await through(browser, next="/coordinator"))
    # A page of ours that goes on: by a redirect from another site a strict cookie would not come along.
    assert back.status == 200 and "url=/coordinator" in browser.body
    assert (await browser.get("/coordinator")).status == 200 and "Anna" in browser.body
    assert (await browser.get("/console/write")).status == 403
    (account,) = await world.hub.store.staff.list()
    assert (account.name, account.role, account.municipalities) == ("Anna", Role.COORDINATOR, frozenset({"GM0637"}))
    assert {"staff.signed_on", "session.opened"} <= set(await kinds(world))
    await signs_in(world)
    assert await world.hub.store.staff.list() == [account] or (await world.hub.store.staff.list())[0].id == account.id


async def test_whom_no_group_gives_a_role_gets_no_account_and_hears_why(world: World, theirs: SignOnProvider) -> None:
    theirs.sign_in_as("bram")
    browser = Browser(world)
    assert (await browser.get(await through(browser))).status == 403
    assert "geeft u hier geen rol" in browser.body and not browser.secret
    assert await world.hub.store.staff.list() == [] and "session.refused" in await kinds(world)


async def test_another_role_there_is_another_role_here_at_the_next_coming_and_none_ends_every_session(
    world: World, theirs: SignOnProvider
) -> None:
    first = await signs_in(world)
    theirs.twist = lambda _, claims: claims.update(roles=["dispatchers"])
    second = await signs_in(world)
    assert (await first.get("/coordinator")).status == 401, "who may something else from now on signs in anew"
    assert (await second.get("/console/write")).status == 200
    (account,) = await world.hub.store.staff.list()
    assert (account.role, account.sender, account.municipalities) == (Role.POLICE, "oc@politie.example", frozenset())
    theirs.twist = lambda _, claims: claims.update(roles=[])
    third = Browser(world)
    assert (await third.get(await through(third))).status == 403
    assert (await second.get("/console")).status == 401


async def test_a_disabled_account_stays_out(world: World) -> None:
    browser = await signs_in(world)
    (account,) = await world.hub.store.staff.list()
    await world.hub.store.staff.disable(account.id, world.clock.now())
    assert (await browser.get("/console")).status == 401
    again = Browser(world)
    assert (await again.get(await through(again))).status == 403
    assert "uitgezet" in again.body and not again.secret


async def test_what_another_browser_began_or_somebody_used_or_is_too_old_signs_nobody_in(world: World) -> None:
    victim, thief = Browser(world), Browser(world)
    back = await through(victim)
    await through(thief)
    assert (await thief.get(back)).status == 400 and "in een andere browser begonnen" in thief.body
    assert (await Browser(world).get(back)).status == 400
    assert (await victim.get(back)).status == 200
    assert (await victim.get(back)).status == 400
    late = await through(victim)
    world.clock.turn(601)
    assert (await victim.get(late)).status == 400
    # No state, an unknown one, two of them.
    for query in ("", "?state=x&code=y", "?state=x&state=y&code=z"):
        assert (await victim.get(f"{WITH}/back{query}")).status == 400


async def test_a_lie_on_the_way_back_signs_nobody_in(world: World, theirs: SignOnProvider) -> None:
    browser = Browser(world)
    back = await through(browser)
    assert (await browser.get(back.replace("iss=http", "iss=https"))).status == 403
    assert "geweigerd" in browser.body
    theirs.twist = lambda _, claims: claims.update(nonce="another")
    assert (await browser.get(await through(browser))).status == 403
    state = answered(await through(browser))["state"]
    said_no = f"{WITH}/back?error=access_denied&state={state}&iss={theirs.issuer}"
    assert (await browser.get(said_no)).status == 403 and "niet aangemeld" in browser.body
    assert not browser.secret and await world.hub.store.staff.list() == []


async def test_anybodys_link_or_form_signs_nobody_in(world: World, theirs: SignOnProvider) -> None:
    """Who is signed in there would be signed in here without doing anything."""
    followed = Browser(world)
    assert (await followed.get(f"{WITH}?next=/console")).status == 405 and not followed.asked
    posted = await world.client.post(WITH, headers={"Origin": "https://evil.example"}, allow_redirects=False)
    assert posted.status == 403 and "authorization" not in theirs.asked
    # Nor what a page loads without anybody going there, though this browser did ask.
    browser = Browser(world)
    back = await through(browser)
    for loaded in ("image", "iframe", "empty"):
        headers = {"Cookie": f"{ASKED}={browser.asked}", "Sec-Fetch-Dest": loaded}
        assert (await world.client.get(back, headers=headers)).status == 400
    assert (await browser.get(back)).status == 200


async def test_onward_leads_to_no_other_site(world: World) -> None:
    for path in ("https://evil.example", "//evil.example", "/\\evil.example"):
        browser = Browser(world)
        await browser.get(await through(browser, next=path))
        assert "url=/console" in browser.body and "evil" not in browser.body


async def test_a_provider_that_is_down_says_so_and_hinders_no_other_way_in(
    world: World, theirs: SignOnProvider
) -> None:
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    theirs.answer[".well-known/openid-configuration"] = never
    waiting = asyncio.create_task(Browser(world).post(WITH))
    begun, operator = time.monotonic(), Browser(world)
    assert (await operator.get("/login")).status == 200
    assert (await operator.post("/login", key=KEYS[Role.OPERATOR])).status == 303
    assert time.monotonic() - begun < 1 and not waiting.done()
    assert (await waiting).status == 503
    late = Browser(world)
    assert (await late.post(WITH)).status == 503 and "geeft geen antwoord" in late.body
    with pytest.raises(Refused, match=r"sign-on zoetermeer: .*no answer"):
        await examined(world.hub)


async def test_an_account_from_there_has_no_other_way_in(world: World, theirs: SignOnProvider) -> None:
    browser = await signs_in(world)
    await browser.get("/account")
    assert "via uw eigen organisatie" in browser.body and 'name="passphrase"' not in browser.body
    for path in ("/account/passphrase", "/account/passkeys", "/account/passkeys/options", "/account/recovery-codes"):
        assert (await browser.post(path, passphrase=PASSPHRASE, again=PASSPHRASE, name="x")).status == 403
    assert (await browser.get("/account/second-factor")).status == 403
    (account,) = await world.hub.store.staff.list()
    operator = Browser(world)
    await operator.post("/login", key=KEYS[Role.OPERATOR])
    await operator.get(f"/staff/{account.id}")
    assert "via de eigen organisatie" in operator.body
    assert (await operator.post(f"/staff/{account.id}/reset")).status == 409


async def test_what_is_sensitive_asks_them_to_sign_in_there_anew(world: World, theirs: SignOnProvider) -> None:
    theirs.twist = lambda _, claims: claims.update(auth_time=int(time.time()) - 3600)
    browser = await signs_in(world)
    world.clock.turn(601)
    await browser.get("/account/confirm?next=/account")
    assert "Meld u opnieuw aan via Gemeente Zoetermeer" in browser.body
    assert browser.found(rf'(?s)action="{WITH}">.*?name="anew" value="1"')
    assert answered(await leading(browser, anew="1"))["prompt"] == "login"
    world.clock.ahead_ms = 0  # the provider has the machine's time
    back = await through(browser, anew="1")
    assert (await browser.get(back)).status == 403, "they were signed in there an hour ago, and did not sign in anew"
    theirs.twist = None
    old = browser.secret
    assert (await browser.get(await through(browser, anew="1"))).status == 200
    assert browser.secret != old


def farewell(theirs: SignOnProvider, subject: str, jti: str = "1") -> dict[str, str]:
    now = int(time.time())
    events: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    claims = {
        "iss": theirs.issuer,
        "aud": CLIENT,
        "sub": subject,
        "iat": now,
        "exp": now + 60,
        "jti": jti,
        "events": events,
    }
    return {"logout_token": theirs.signed(claims, typ="logout+jwt")}


async def test_signing_out_here_offers_to_sign_out_there_and_there_signs_out_here(
    world: World, theirs: SignOnProvider
) -> None:
    browser = await signs_in(world)
    gone = await browser.post("/logout")
    await browser.get(gone.headers["Location"])
    assert "Bij Gemeente Zoetermeer bent u dat nog niet" in browser.body
    (link,) = browser.found(rf'href="({WITH}/out)"')
    assert (await browser.get(link)).headers["Location"].startswith(f"{theirs.issuer}/session?")
    browser = await signs_in(world)
    (account,) = await world.hub.store.staff.list()
    subject = account.login.removeprefix("zoetermeer:")
    forged = {"logout_token": farewell(theirs, subject)["logout_token"][:-8] + "AAAAAAAA"}
    for wrong in (forged, {}, farewell(theirs, "somebody-else", "0")):
        answer = await world.client.post(f"{WITH}/gone", data=wrong)
        assert answer.status == (200 if wrong and wrong is not forged else 400)
        assert (await browser.get("/account")).status == 200
    told = farewell(theirs, subject)
    assert (await world.client.post(f"{WITH}/gone", data=told)).status == 200
    assert (await browser.get("/account")).status == 401
    # Whoever kept it signs nobody out again.
    back_again = await signs_in(world)
    assert (await world.client.post(f"{WITH}/gone", data=told)).status == 400
    assert (await back_again.get("/account")).status == 200


async def test_doctor_tries_discovery(world: World, tmp_path: Path) -> None:
    found = await examined(world.hub)
    assert any(line.startswith("sign-on zoetermeer: discovery works") for line in found["works"])
