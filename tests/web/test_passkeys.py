"""Passkeys as the hub takes them: made on one's own account, signing in without a name, and each way of cheating refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hub.domain import Role
from hub.store.sessions import Strength
from tests.trust.authenticator import Authenticator
from tests.web.staff import OURS, Browser, Person, signed_in, somebody
from tests.web.world import World

ORIGIN, HOST = "https://buurtsein.example", "buurtsein.example"


def device(**how: Any) -> Authenticator:
    return Authenticator(**{"origin": ORIGIN, "host": HOST, **how})


async def options(browser: Browser, path: str) -> str:
    assert (await browser.post(path)).status == 200, browser.body
    return browser.body


async def made(world: World, person: Person, name: str = "werktelefoon") -> tuple[Authenticator, Browser]:
    """A device with a passkey of theirs, and the browser that made it."""
    one, browser = device(), await signed_in(world, person)
    answer = one.make(await options(browser, "/account/passkeys/options"))
    kept = await browser.post("/account/passkeys", name=name, answer=answer)
    assert kept.headers["Location"] == "/account/passkeys?done=made", browser.body
    return one, browser


async def signs_in(browser: Browser, one: Authenticator, **client: Any) -> int:
    answer = one.sign(await options(browser, "/login/passkey/options"), **client)
    return (await browser.post("/login/passkey", answer=answer, next="/console")).status


async def test_a_passkey_is_made_signs_in_without_a_name_is_renamed_and_removed(world: World) -> None:
    anna = await somebody(world, Role.AUDITOR)
    one, browser = await made(world, anna)
    asked = json.loads(await options(browser, "/account/passkeys/options"))
    assert asked["rp"]["id"] == HOST and len(asked["excludeCredentials"]) == 1
    another = Browser(world)
    assert await signs_in(another, one) == 303
    assert (await another.get("/console")).status == 200 and "Anna Admiraal" in another.body
    await another.get("/account")
    assert "een passkey" in another.body
    await another.get("/account/passkeys")
    assert "werktelefoon" in another.body and "laatst gebruikt" in another.body
    (kept,) = set(another.found(r"/account/passkeys/([0-9a-f]{64})/name"))
    await another.post(f"/account/passkeys/{kept}/name", name="reservesleutel")
    await another.get("/account/passkeys")
    assert "reservesleutel" in another.body and "werktelefoon" not in another.body
    assert (await another.post(f"/account/passkeys/{kept}/remove")).headers["Location"].endswith("removed")
    assert await signs_in(Browser(world), one) == 401
    kinds = [change.kind for change in await world.hub.store.audit.page(1 << 62, 100, "")]
    assert {"passkey.added", "passkey.removed", "session.refused"} <= set(kinds)


async def test_whoever_has_no_second_factor_yet_may_make_a_passkey_and_go_on(world: World) -> None:
    anna = await somebody(world, Role.AUDITOR)
    browser = await signed_in(world, anna)
    session = (await world.hub.store.sessions.of(anna.account.id, world.clock.now()))[0]
    await world.hub.store.sessions.replace(session.hash, replace(session, strength=Strength.PASSPHRASE))
    assert (await browser.get("/console")).headers["Location"] == "/account/second-factor"
    answer = device().make(await options(browser, "/account/passkeys/options"))
    before = browser.secret
    await browser.post("/account/passkeys", name="telefoon", answer=answer)
    assert browser.secret != before
    assert (await browser.get("/console")).status == 200


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://buurtsein.example.evil.example"}, {"host": "evil.example"}, {"verifies": False}],
    ids=str,
)
async def test_another_page_or_nobody_verified_signs_nobody_in(world: World, wrong: dict[str, Any]) -> None:
    one, browser = await made(world, await somebody(world, Role.AUDITOR))
    bad = replace(one, **wrong)
    assert await signs_in(Browser(world), bad) == 401
    answer = device(**wrong).make(await options(browser, "/account/passkeys/options"))
    assert (await browser.post("/account/passkeys", name="x", answer=answer)).status == 400
    one.count = bad.count
    assert await signs_in(Browser(world), one) == 303


async def test_an_answer_is_good_once_in_time_and_in_the_browser_that_was_asked(world: World) -> None:
    one, _ = await made(world, await somebody(world, Role.AUDITOR))
    browser, thief = Browser(world), Browser(world)
    answer = one.sign(await options(browser, "/login/passkey/options"))
    await options(thief, "/login/passkey/options")
    assert (await thief.post("/login/passkey", answer=answer)).status == 401
    assert (await browser.post("/login/passkey", answer=answer)).status == 303
    assert (await browser.post("/login/passkey", answer=answer)).status == 401
    late = one.sign(await options(browser, "/login/passkey/options"))
    world.clock.turn(301)
    assert (await browser.post("/login/passkey", answer=late)).status == 401
    # A failed try uses the challenge up: nobody guesses at one.
    asked = await options(browser, "/login/passkey/options")
    assert (await browser.post("/login/passkey", answer=replace(one, verifies=False).sign(asked))).status == 401
    assert (await browser.post("/login/passkey", answer=one.sign(asked))).status == 401


async def test_a_copied_device_is_noticed_by_its_counter(world: World) -> None:
    one, _ = await made(world, await somebody(world, Role.AUDITOR))
    copy = replace(one)
    for _ in range(2):
        assert await signs_in(Browser(world), one) == 303
    assert await signs_in(Browser(world), copy) == 401


async def test_nobody_signs_in_as_another_or_takes_anothers_passkey_over(world: World) -> None:
    anna = await somebody(world, Role.AUDITOR)
    bram = await somebody(world, Role.OPERATOR, login="bram@gemeente.example")
    annas, _ = await made(world, anna)
    brams, browser = await made(world, bram)
    for forged in (
        replace(annas, owner=brams.owner),
        replace(annas, credential_id=brams.credential_id, owner=brams.owner),
    ):
        assert await signs_in(Browser(world), forged) == 401
    # Bram's account cannot keep, rename or remove Anna's.
    same = replace(annas, count=0)
    answer = same.make(await options(browser, "/account/passkeys/options"))
    assert (await browser.post("/account/passkeys", name="x", answer=answer)).status == 400
    (kept,) = await world.hub.store.passkeys.of(anna.account.id)
    assert (await browser.post(f"/account/passkeys/{kept.hash}/name", name="x")).status == 404
    assert (await browser.post(f"/account/passkeys/{kept.hash}/remove")).status == 404
    # What was put to Anna's browser is not answered in Bram's account.
    theirs = await signed_in(world, anna)
    asked = await options(theirs, "/account/passkeys/options")
    browser.asked = theirs.asked
    assert (await browser.post("/account/passkeys", name="x", answer=device().make(asked))).status == 400
    assert len(await world.hub.store.passkeys.of(bram.account.id)) == 1


async def test_a_disabled_account_stays_out(world: World) -> None:
    anna = await somebody(world, Role.AUDITOR)
    one, browser = await made(world, anna)
    await world.hub.store.staff.disable(anna.account.id, world.clock.now())
    assert await signs_in(Browser(world), one) == 401
    assert (await browser.get("/console")).status == 401


async def test_a_passkey_is_made_only_by_who_proved_of_late_who_they_are(world: World) -> None:
    one, browser = await made(world, await somebody(world, Role.AUDITOR))
    world.clock.turn(700)
    for path in ("/account/passkeys/options", "/account/passkeys"):
        assert (await browser.post(path)).headers["Location"].startswith("/account/confirm")
    await browser.get("/account/confirm?next=/account/passkeys")
    assert "Met een passkey" in browser.body
    assert await signs_in(browser, one) == 303
    assert (await browser.get("/account/passkeys")).status == 200


@pytest.mark.parametrize("answer", ["", "x", "{}", "[" * 16_000, '{"id":"AA","rawId":"AA"}', "9" * 20_000])
async def test_what_is_no_answer_is_refused_in_words(world: World, answer: str) -> None:
    browser = Browser(world)
    assert (await browser.post("/login/passkey", answer=answer)).status == 401
    assert "Met deze passkey lukt het niet" in browser.body


async def test_another_site_cannot_ask_for_a_passkey(world: World) -> None:
    for path in ("/login/passkey/options", "/login/passkey"):
        answer = await world.client.post(path, headers={"Origin": "https://evil.example"}, allow_redirects=False)
        assert answer.status == 403
    assert (await world.client.post("/login/passkey/options", headers=OURS)).status == 200
