"""An organisation's sign-on against a real provider, and against one that lies, is slow, or is somebody else."""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hub.clock import SystemClock
from hub.domain import Role
from hub.settings import Mapped, SignOn
from hub.trust.provider import LARGEST_ANSWER, Provider
from hub.trust.signon import SignOnRefused, Why, nonce_of
from tests.sign_on_provider import CLIENT, SECRET, Claims, SignOnProvider, answered, sign_on_provider, user
from tests.web.world import TurnableClock

HUB = "https://buurtsein.example"
HELD, STATE = "what-only-this-browser-has", "state-of-this-sign-in"
OTHER_KEY = RSAKey.generate_key(2048)


@pytest_asyncio.fixture
async def theirs() -> AsyncIterator[SignOnProvider]:
    people = {
        "anna": user("Anna", "coordinators-z", "coordinators-r"),
        "bram": user("Bram", "canteen"),
        "carla": user("Carla", "dispatchers", amr=["pwd"]),
        "dirk": user("Dirk", "auditors", email="dirk@elders.example"),
        "erik": user("Erik", "auditors", email_verified=False),
    }
    async with sign_on_provider(**people) as found:
        found.client(f"{HUB}/login/with/zoetermeer/back")
        yield found


def sign_on(issuer: str, **more: Any) -> SignOn:
    return SignOn(
        name="zoetermeer",
        label="Gemeente Zoetermeer",
        issuer=issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        roles=(
            Mapped(value="coordinators-z", role=Role.COORDINATOR, municipalities=("GM0637",)),
            Mapped(value="coordinators-r", role=Role.COORDINATOR, municipalities=("GM0599",)),
            Mapped(value="dispatchers", role=Role.POLICE, sender="oc@politie.example"),
            Mapped(value="auditors", role=Role.AUDITOR),
        ),
        **{"second_factor": ("mfa",), "email_domains": ("gemeente.example",), "timeout": 2.0, **more},
    )


def provider(issuer: str, clock: SystemClock | None = None, **more: Any) -> Provider:
    return Provider(sign_on(issuer, **more), HUB, clock or SystemClock())


async def sent_back(asked: Provider, held: str = HELD, state: str = STATE) -> dict[str, str]:
    """Through the provider with a browser, up to what it brings back."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(await asked.address(held, state), allow_redirects=False) as answer,
    ):
        assert answer.headers["Location"].startswith(asked.redirect), answer.headers["Location"]
        return answered(answer.headers["Location"])


async def refused(asked: Provider, answer: dict[str, str] | None = None, held: str = HELD) -> Why:
    with pytest.raises(SignOnRefused) as error:
        await asked.person(held, STATE, answer or await sent_back(asked))
    return error.value.why


async def test_who_signs_in_there_is_known_here_by_what_the_provider_says(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    anna = await ours.person(HELD, STATE, await sent_back(ours))
    assert (anna.name, anna.role, anna.municipalities) == ("Anna", Role.COORDINATOR, frozenset({"GM0637", "GM0599"}))
    assert anna.issuer == theirs.issuer and anna.subject
    again = await ours.person(HELD, STATE, await sent_back(ours))
    assert again == anna
    assert theirs.asked.count(".well-known/openid-configuration") == theirs.asked.count("jwks.json") == 1


async def test_a_secret_goes_into_the_body_where_the_provider_wants_it_there(theirs: SignOnProvider) -> None:
    theirs.discovered = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    ours = provider(theirs.issuer)
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bram", Why.NO_ROLE),
        ("carla", Why.NO_SECOND_FACTOR),
        ("dirk", Why.NOT_THEIRS),
        ("erik", Why.NOT_THEIRS),
    ],
)
async def test_who_has_no_role_second_factor_or_domain_stays_out(theirs: SignOnProvider, name: str, why: Why) -> None:
    theirs.sign_in_as(name)
    assert await refused(provider(theirs.issuer)) is why


async def test_a_required_claim_keeps_another_tenant_out(theirs: SignOnProvider) -> None:
    assert await refused(provider(theirs.issuer, require={"tid": "ours"})) is Why.NOT_THEIRS
    theirs.twist = _set(tid="ours")
    ours = provider(theirs.issuer, require={"tid": "ours"})
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"


def _set(**changed: Any) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.update(changed)


def _without(name: str) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.pop(name)


TWISTS: dict[str, Callable[[Claims, Claims], None]] = {
    "another issuer": _set(iss="https://login.evil.example"),
    "another audience": _set(aud="another-client"),
    "another audience, as if we had asked": _set(aud="another-client", azp=CLIENT),
    "two audiences, none named": _set(aud=[CLIENT, "another-client"]),
    "two audiences, the other one named": _set(aud=[CLIENT, "another-client"], azp="another-client"),
    "another sign-in's nonce": _set(nonce="of-another-sign-in"),
    "no nonce": _without("nonce"),
    "expired": _set(exp=int(time.time()) - 61),
    "never expires": _without("exp"),
    "of the future": _set(iat=int(time.time()) + 3600),
    "nobody": _without("sub"),
    "a number": _set(sub=7),
    "another access token": _set(at_hash="77QmUPtjPfzWtF2AnpK9RQ"),
    "a list of issuers": _set(iss=[]),
    "times that are words": _set(exp="tomorrow"),
}


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    theirs: SignOnProvider, twist: Callable[[Claims, Claims], None]
) -> None:
    theirs.twist = twist
    assert await refused(provider(theirs.issuer)) is Why.UNTRUSTED


async def test_an_id_token_that_was_signed_again_with_all_as_it_was_is_taken(theirs: SignOnProvider) -> None:
    theirs.twist = lambda header, claims: None
    ours = provider(theirs.issuer)
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"


def _unsigned(claims: Claims) -> str:
    header, body = (urlsafe_b64encode(orjson.dumps(one)).rstrip(b"=").decode() for one in ({"alg": "none"}, claims))
    return f"{header}.{body}."


async def test_an_id_token_without_signature_or_with_anothers_is_refused(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    # Another key under the same id, or one that nobody listed.
    theirs.twist, theirs.key = (lambda header, claims: None), OTHER_KEY
    assert await refused(ours) is Why.UNTRUSTED
    theirs.twist = lambda header, claims: header.update(kid="unknown")
    assert await refused(ours) is Why.UNTRUSTED
    theirs.key = None
    # Their public key, or our own secret, as if it were a secret they share.
    now = int(time.time())
    claims = {**user("Eve", "auditors"), "iss": theirs.issuer, "aud": CLIENT, "sub": "eve", "exp": now + 60, "iat": now}
    claims["nonce"] = nonce_of(HELD, STATE)
    theirs.answer["token"] = _tokens(theirs.signed(claims))
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Eve"
    shared = [OctKey.import_key(theirs.own_key.as_pem(private=False).hex()), OctKey.import_key(SECRET)]
    hashed = [jwt.encode({"alg": "HS256", "kid": theirs.own_key.kid}, claims, key) for key in shared]
    for forged in (_unsigned(claims), *hashed, "a.b.c", "", "é"):
        theirs.answer["token"] = _tokens(forged)
        assert await refused(ours) is Why.UNTRUSTED


def _tokens(token: str) -> Callable[[web.Request], web.Response]:
    return lambda _: web.json_response({"id_token": token})


async def test_a_new_key_of_theirs_is_found_without_waiting_for_the_old_ones_term(theirs: SignOnProvider) -> None:
    clock = TurnableMonotonic()
    ours = provider(theirs.issuer, clock)
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"
    public = {**OTHER_KEY.as_dict(private=False), "kid": "new", "use": "sig"}
    theirs.answer["jwks.json"] = lambda _: web.json_response({"keys": [public]})
    theirs.twist, theirs.key = (lambda header, claims: header.update(kid="new")), OTHER_KEY
    clock.turn(60)
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"
    # A token of a made-up key does not make us ask again and again.
    theirs.twist, asked = (lambda header, claims: header.update(kid="made up")), theirs.asked.count("jwks.json")
    for _ in range(3):
        assert await refused(ours) is Why.UNTRUSTED
    assert theirs.asked.count("jwks.json") == asked, "they were looked at a moment ago"
    clock.turn(31)
    for _ in range(3):
        assert await refused(ours) is Why.UNTRUSTED
    assert theirs.asked.count("jwks.json") == asked + 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, 600),
        ({"Cache-Control": "public, max-age=300"}, 300),
        ({"Cache-Control": "max-age=300", "Age": "100"}, 200),
        ({"Cache-Control": "max-age=86400"}, 3600),
        ({"Cache-Control": "no-store, max-age=300"}, 60),
        ({"Cache-Control": 'max-age="5"'}, 60),
        ({"Cache-Control": "max-age=for ever"}, 600),
    ],
    ids=str,
)
async def test_keys_are_kept_as_long_as_the_provider_says_within_bounds(
    theirs: SignOnProvider, said: dict[str, str], kept: int
) -> None:
    told = theirs.server.keyjar.export_jwks("")
    theirs.answer["jwks.json"] = lambda _: web.json_response(told, headers=said)
    clock = TurnableMonotonic()
    ours = provider(theirs.issuer, clock)
    for after, fetched in ((0, 1), (kept - 1, 1), (2, 2)):
        clock.turn(after)
        await ours.address(HELD, STATE)
        assert theirs.asked.count("jwks.json") == fetched, after


async def test_a_code_is_good_once_and_only_for_the_browser_that_asked_for_it(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    answer = await sent_back(ours)
    # A thief's browser: without our secret there is no verifier, so the provider itself refuses.
    assert await refused(ours, answer, held="another-browser") is Why.UNTRUSTED
    answer = await sent_back(ours)
    assert (await ours.person(HELD, STATE, answer)).name == "Anna"
    assert await refused(ours, answer) is Why.UNTRUSTED


async def test_an_answer_of_another_issuer_is_told_before_its_code_is_sent_anywhere(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    answer = await sent_back(ours)
    for mixed in ({**answer, "iss": "https://login.evil.example"}, {k: v for k, v in answer.items() if k != "iss"}):
        assert await refused(ours, mixed) is Why.UNTRUSTED
    assert "token" not in theirs.asked
    assert await refused(ours, {"iss": theirs.issuer, "error": "access_denied"}) is Why.DECLINED


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://login.evil.example"},
        {"token_endpoint": "http://login.evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": ["https://x.example"]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "http://login.evil.example/"},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_a_discovery_document_of_another_or_with_unsafe_addresses_is_refused(
    theirs: SignOnProvider, told: dict[str, Any]
) -> None:
    theirs.discovered = told
    with pytest.raises(SignOnRefused) as error:
        await provider(theirs.issuer).address(HELD, STATE)
    assert error.value.why is Why.UNTRUSTED


async def _never(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(40 * LARGEST_ANSWER // 65536):
        await response.write(b"[" * 65536)
    return response


ANSWERS: dict[str, Callable[[web.Request], Any]] = {
    "never": _never,
    "megabytes": _endless,
    "no JSON": lambda _: web.Response(text="<html>"),
    "a list": lambda _: web.json_response([1]),
    "deep": lambda _: web.Response(text="[" * 100_000),
    "another place": lambda _: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "500": lambda _: web.Response(status=500),
    "nothing": lambda _: web.json_response({}),
    "odd keys": lambda _: web.json_response(
        {"keys": [7, {"kty": "RSA", "n": "x"}, {"kty": "oct", "k": "AAAA"}, {"kty": "EC"}]}
    ),
}


@pytest.mark.parametrize("path", [".well-known/openid-configuration", "jwks.json", "token"])
async def test_a_provider_that_is_slow_or_answers_anything_is_refused_in_time(
    theirs: SignOnProvider, path: str
) -> None:
    for name, answer in ANSWERS.items():
        ours = provider(theirs.issuer, timeout=0.3)
        brought = await sent_back(ours) if path == "token" else {"code": "x", "iss": theirs.issuer}
        theirs.answer[path] = answer
        begun = time.monotonic()
        with pytest.raises(SignOnRefused):
            await ours.person(HELD, STATE, brought)
        assert time.monotonic() - begun < 3, name
        theirs.answer.clear()


async def test_one_that_is_down_is_asked_once_however_many_wait_and_again_after_a_pause(theirs: SignOnProvider) -> None:
    clock = TurnableMonotonic()
    ours = provider(theirs.issuer, clock)
    theirs.answer[".well-known/openid-configuration"] = ANSWERS["500"]
    for outcome in await asyncio.gather(*(ours.address(HELD, STATE) for _ in range(20)), return_exceptions=True):
        assert isinstance(outcome, SignOnRefused) and outcome.why is Why.UNREACHABLE
    assert len(theirs.asked) == 1
    assert not (await ours.examine()).works and await ours.farewell() == ""
    theirs.answer.clear()
    clock.turn(6)
    assert (await ours.person(HELD, STATE, await sent_back(ours))).name == "Anna"


async def test_doctor_and_signing_out_know_what_discovery_told(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    found = await ours.examine()
    assert found.works and f"{HUB}/login/with/zoetermeer/back" in found.text
    assert (await ours.farewell()).startswith(f"{theirs.issuer}/session?client_id={CLIENT}&post_logout_redirect_uri=")
    nobody = await provider("http://127.0.0.1:1").examine()
    assert not nobody.works and "127.0.0.1:1" in nobody.text


def _farewell(theirs: SignOnProvider, kind: str | None = "logout+jwt", /, **changed: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": theirs.issuer,
        "aud": CLIENT,
        "sub": "anna",
        "iat": now,
        "exp": now + 120,
        "jti": "1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        **changed,
    }
    header = {} if kind is None else {"typ": kind}
    return theirs.signed({name: value for name, value in claims.items() if value is not None}, **header)


async def test_a_logout_token_names_who_signed_out_and_nothing_else_does(theirs: SignOnProvider) -> None:
    ours = provider(theirs.issuer)
    told = await ours.gone(_farewell(theirs))
    assert (told.subject, told.jti) == ("anna", "1") and told.until > (time.time() + 600) * 1000
    for kind in ("JWT", "at+jwt", None):
        with pytest.raises(SignOnRefused, match=r"type is not logout\+jwt"):
            await ours.gone(_farewell(theirs, kind))
    wrong: list[Claims] = [
        {"iss": "https://login.evil.example"},
        {"aud": "another-client"},
        {"events": {}},
        {"events": None},
        {"nonce": "so an ID token"},
        {"exp": int(time.time()) - 61},
        {"iat": int(time.time()) - 661},
        {"sub": None},
        {"jti": None},
    ]
    for one in wrong:
        with pytest.raises(SignOnRefused):
            await ours.gone(_farewell(theirs, **one))
    theirs.key = OTHER_KEY
    with pytest.raises(SignOnRefused):
        await ours.gone(_farewell(theirs))


class TurnableMonotonic(TurnableClock):
    """Both of its times can be put forward."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_ms / 1000
