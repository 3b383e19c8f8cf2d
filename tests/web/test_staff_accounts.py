"""Staff accounts as people meet them: invited, a passphrase and a second factor of their own, in and out, recovered, disabled."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from hub.domain import Role
from hub.settings import Settings
from hub.store.sessions import Strength
from tests.sessions import begun
from tests.web.staff import COOKIE, OURS, PASSPHRASE, Browser, code_of, signed_in, somebody
from tests.web.world import KEYS, World

NEW = "stoffige ladder zingt woensdag"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Behind a proxy of ours, so that people can be told apart."""
    trusted = settings.web.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1/32"),)})
    return settings.model_copy(update={"web": trusted})


async def sign_in(browser: Browser, passphrase: str, code: str, login: str = "anna@gemeente.example") -> int:
    return (await browser.post("/login/account", login=login, passphrase=passphrase, code=code, next="/console")).status


async def changes(world: World, kind: str) -> list[tuple[str, str]]:
    """With the name of whoever did it; '' for a visitor."""
    people = {one.id: one.name for one in await world.hub.store.staff.list()}
    return [(one.kind, people.get(one.who, one.who)) for one in await world.hub.store.audit.page(1 << 62, 100, kind)]


async def test_from_an_invitation_to_the_console_and_back_in_with_a_recovery_code(world: World) -> None:
    operator = Browser(world)
    assert (await operator.post("/login", key=KEYS[Role.OPERATOR])).status == 303
    await operator.post("/staff/invite", name="Bo Berg", login="Bo@Gemeente.example", role="auditor")
    (link,) = operator.found(r"https://buurtsein.example(/welcome/[\w-]+)")
    bo = Browser(world)
    await bo.get(link)
    assert "Bo Berg" in bo.body and "toezichthouder" in bo.body
    assert (await bo.post(link, passphrase="wachtwoord 1234", again="wachtwoord 1234")).status == 400
    assert "te makkelijk te raden" in bo.body and "wachtwoord 1234" not in bo.body
    first = await bo.post(link, passphrase=NEW, again=NEW)
    assert first.headers["Location"] == "/account/second-factor"
    assert (await Browser(world).get(link)).status == 404, "an invitation works once"
    # A passphrase alone opens nothing else.
    assert (await bo.get("/console")).headers["Location"] == "/account/second-factor"
    assert (await bo.get("/api/v1/alerts")).status == 403
    await bo.get("/account/second-factor")
    (secret,) = bo.found(r'id="secret">([A-Z2-7 ]+)<')
    assert (await bo.post("/account/second-factor", code="000000")).status == 400
    weak = bo.secret
    await bo.post("/account/second-factor", code=code_of(secret, world.clock.now()))
    codes = bo.found(r"<code>([a-z2-7-]{29})</code>")
    assert len(codes) == 10 and bo.secret != weak, "another secret with other rights"
    assert (await Browser(world, weak).get("/console")).status == 401
    assert (await bo.get("/console")).status == 200 and "Bo Berg" in bo.body
    assert (await bo.post("/logout")).headers["Location"] == "/login"
    assert (await bo.get("/console")).status == 401
    # The code that confirmed it is used up, the next is not; nor does that work twice.
    again = Browser(world)
    assert await sign_in(again, NEW, code_of(secret, world.clock.now()), "bo@gemeente.example") == 401
    world.clock.turn(30)
    following = code_of(secret, world.clock.now())
    assert await sign_in(again, NEW, following, "BO@gemeente.example") == 303
    assert (await again.get("/console")).status == 200
    assert await sign_in(Browser(world), NEW, following, "bo@gemeente.example") == 401
    lost = Browser(world)
    assert await sign_in(lost, NEW, codes[3].upper().replace("-", " "), "bo@gemeente.example") == 303
    assert (await lost.get("/console")).status == 200
    assert await sign_in(Browser(world), NEW, codes[3], "bo@gemeente.example") == 401, "a recovery code works once"
    assert ("recovery.used", "") in await changes(world, "recovery")
    assert ("session.opened", "Bo Berg") in await changes(world, "session")


async def test_whatever_is_wrong_the_answer_is_the_same(world: World) -> None:
    person = await somebody(world, Role.AUDITOR)
    right = code_of(person.totp, world.clock.now())
    answers = set()
    for login, passphrase, code in (
        ("nobody@gemeente.example", PASSPHRASE, right),
        ("anna@gemeente.example", "x" * 5000, right),
        ("anna@gemeente.example", PASSPHRASE, "123456"),
        ("anna@gemeente.example", PASSPHRASE, ""),
    ):
        browser = Browser(world)
        status = await sign_in(browser, passphrase, code, login)
        answers.add((status, browser.body.replace(login, "")))
        assert passphrase not in browser.body
    assert len(answers) == 1 and answers.pop()[0] == 401
    assert await sign_in(Browser(world), PASSPHRASE, right) == 303


async def test_who_fails_waits_longer_each_time_and_is_never_locked_out(world: World) -> None:
    person = await somebody(world, Role.AUDITOR)
    waits = []
    for _ in range(9):
        while (status := await sign_in(browser := Browser(world), "verkeerd", "")) == 429:
            (seconds,) = browser.found(r"Wacht (\d+) second")
            waits.append(int(seconds))
            world.clock.turn(int(seconds))
        assert status == 401
    assert waits == [1, 2, 4, 8, 16]
    # What is right has to wait too, and then goes on.
    code = code_of(person.totp, world.clock.now())
    assert await sign_in(Browser(world), PASSPHRASE, code) == 429
    world.clock.turn(32)
    assert await sign_in(Browser(world), PASSPHRASE, code_of(person.totp, world.clock.now())) == 303


async def test_a_hundred_guesses_at_once_are_no_more_than_one_after_the_other(world: World) -> None:
    await somebody(world, Role.AUDITOR)
    statuses = await asyncio.gather(*(sign_in(Browser(world), "verkeerd", "") for _ in range(30)))
    assert statuses.count(429) >= 25


async def test_who_knows_the_passphrase_does_not_go_on_guessing_codes(world: World) -> None:
    person = await somebody(world, Role.POLICE)
    waits: list[int] = []
    for _ in range(20):
        while (
            await sign_in(browser := Browser(world, address=f"198.51.100.{len(waits) % 250}"), PASSPHRASE, "000000")
            == 429
        ):
            waits.append(int(browser.found(r"Wacht (\d+) second")[0]))
            world.clock.turn(waits[-1])
    assert max(waits) > 250, "five minutes for each, of which the account's own wait is a part; from wherever they come"
    world.clock.turn(301)
    code = code_of(person.totp, world.clock.now())
    assert await sign_in(Browser(world), PASSPHRASE, code) == 303, "and its owner is let in"
    world.clock.turn(30)
    assert await sign_in(Browser(world), PASSPHRASE, "000000") == 401, "who begins anew"


async def test_others_failures_do_not_slow_down_who_signed_in_from_here_before(world: World) -> None:
    person = await somebody(world, Role.POLICE)
    assert await sign_in(Browser(world), PASSPHRASE, code_of(person.totp, world.clock.now())) == 303
    # An attacker elsewhere, at the same account and from everywhere.
    for _ in range(40):
        await world.hub.store.sign_in_attempts.begin(await hashes(world, "anna@gemeente.example", "203.0.113.9"), lambda _: 0, world.clock.now())  # fmt: skip  # noqa: E501
    world.clock.turn(30)
    code = code_of(person.totp, world.clock.now())
    assert await sign_in(Browser(world), PASSPHRASE, code) == 303


async def hashes(world: World, login: str, address: str) -> list[str]:
    from hub.trust.slowing import Slowing

    store = world.hub.store
    return Slowing(store.sign_in_attempts, await store.form_keys.key())._hashes(login, address)


async def test_a_session_ends_unused_and_after_a_shift_however_much_it_is_used(world: World) -> None:
    person = await somebody(world, Role.AUDITOR)
    idle = await signed_in(world, person)
    world.clock.turn(30)
    now = world.clock.now()
    used = Browser(world, "used")
    await world.hub.store.sessions.put(
        begun("used", person.account.id, now, now + 43_200_000, Strength.TOTP, idle_at=now + 3_600_000)
    )
    for _ in range(12):
        assert (await used.get("/console")).status == 200
        world.clock.turn(3590)
    assert (await used.get("/console")).status == 200, "used every hour"
    world.clock.turn(121)
    assert (await used.get("/console")).status == 401, "twelve hours are over"
    assert (await idle.get("/console")).status == 401


async def test_disabled_changed_or_signed_out_by_an_operator_is_out_at_the_next_request(world: World) -> None:
    boss = await somebody(world, Role.OPERATOR, login="boss")
    operator = await signed_in(world, boss)
    for path, fields in (
        ("sign-out", {}),
        ("", {"name": "Anna Admiraal", "role": "coordinator"}),
        ("reset", {}),
        ("disable", {}),
    ):
        login = f"anna{path}"
        person = await somebody(world, Role.AUDITOR, login=login)
        browser = await signed_in(world, person)
        assert (await browser.get("/console")).status == 200
        await operator.post(f"/staff/{person.account.id}/{path}".rstrip("/"), **fields)
        assert (await browser.get("/console")).status == 401, path
        world.clock.turn(30)
        status = await sign_in(Browser(world), PASSPHRASE, code_of(person.totp, world.clock.now()), login)
        assert status == (401 if path in ("reset", "disable") else 303), path
    assert (await operator.post(f"/staff/{boss.account.id}/disable")).status == 400, "nobody disables themselves"


async def test_what_is_sensitive_asks_once_more_who_it_is(world: World) -> None:
    person = await somebody(world, Role.OPERATOR)
    browser = await signed_in(world, person)
    other = await signed_in(world, person)
    world.clock.turn(601)
    asked = await browser.post("/account/passphrase", passphrase=NEW, again=NEW)
    assert asked.headers["Location"].startswith("/account/confirm")
    assert (await browser.get("/staff/invite")).headers["Location"] == "/account/confirm?next=%2Fstaff%2Finvite"
    before = browser.secret
    wrong = await browser.post("/account/confirm", passphrase=PASSPHRASE, code="", next="/staff/invite")
    assert wrong.status == 401
    code = code_of(person.totp, world.clock.now())
    right = await browser.post("/account/confirm", passphrase=PASSPHRASE, code=code, next="/staff/invite")
    assert right.headers["Location"] == "/staff/invite" and browser.secret != before
    assert (await Browser(world, before).get("/account")).status == 401, "the old secret is void"
    assert (await browser.post("/account/passphrase", passphrase=NEW, again=NEW)).status == 303
    assert (await other.get("/account")).status == 401, "who changes it signs all others out"
    assert (await browser.get("/account")).status == 200


async def test_my_browsers_are_listed_and_signed_out_one_by_one_and_all(world: World) -> None:
    person = await somebody(world, Role.AUDITOR)
    browsers = []
    for _ in range(3):
        world.clock.turn(30)
        browsers.append(Browser(world))
        assert await sign_in(browsers[-1], PASSPHRASE, code_of(person.totp, world.clock.now())) == 303
    one, two, three = browsers
    await one.get("/account")
    assert one.body.count("Firefox, Windows") >= 3 and "203" not in one.found("Firefox")
    others = one.found(r'name="session" value="([0-9a-f]{64})"')
    assert len(others) == 2
    await one.post("/account/sessions/end", session=others[0])
    assert sorted([(await b.get("/account")).status for b in browsers]) == [200, 200, 401]
    stranger = await signed_in(world, await somebody(world, Role.AUDITOR, login="stranger"))
    for theirs in (others[1], "x" * 300, ""):
        assert (await stranger.post("/account/sessions/end", session=theirs)).status == 404
    await one.post("/account/sessions/end-others")
    assert [(await b.get("/account")).status for b in (two, three)] == [401, 401]
    assert (await one.get("/account")).status == 200


async def test_the_cookie_is_of_this_host_alone(world: World) -> None:
    person = await somebody(world, Role.AUDITOR)
    form = {"login": "anna@gemeente.example", "passphrase": PASSPHRASE, "code": code_of(person.totp, world.clock.now())}
    answer = await world.client.post("/login/account", data=form, headers=OURS, allow_redirects=False)
    cookie = answer.cookies[COOKIE]
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Strict"
    assert cookie["path"] == "/" and not cookie["domain"]


async def test_a_key_has_no_account(world: World) -> None:
    browser = Browser(world)
    await browser.post("/login", key=KEYS[Role.OPERATOR])
    assert (await browser.get("/account")).status == 403
    assert (await browser.get("/staff")).status == 200
    for nobody in ("0", "x" * 300, "%00"):
        assert (await browser.get(f"/staff/{nobody}")).status == 404
