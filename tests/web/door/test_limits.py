"""How often anybody may call: an address, a key, who shows what is not known; and who is never limited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from hub.domain import Role
from hub.settings import Web
from hub.web.app import create_app
from tests.web.world import API, KEYS, World, an_alert, signature

OPTIONS = "/login/passkey/options"
HERE = Web(
    listen="127.0.0.1:0",
    public_url="https://buurtsein.example",
    trusted_proxies=["127.0.0.0/8"],
    address_rate=0.5,
    address_burst=5,
    key_rate=0.5,
    key_burst=8,
    failures_a_minute=3,
)


@asynccontextmanager
async def limited(world: World, settings: Web = HERE) -> AsyncIterator[World]:
    hub = replace(world.hub, settings=world.hub.settings.model_copy(update={"web": settings}))
    async with TestClient(TestServer(create_app(hub))) as client:
        yield replace(world, hub=hub, client=client)


def from_(address: str, **more: str) -> dict[str, Any]:
    return {"headers": {"X-Forwarded-For": address, **more}}


async def statuses(world: World, times: int, path: str, role: Role | None, address: str, **more: str) -> list[int]:
    return [(await world.get(path, role, **from_(address, **more))).status for _ in range(times)]


async def signing_in(world: World, address: str) -> int:
    headers = {"X-Forwarded-For": address, "Origin": "https://buurtsein.example"}
    form = "application/x-www-form-urlencoded"
    return (await world.call("POST", "/login", None, body=b"key=guess", content_type=form, headers=headers)).status


async def test_an_address_that_calls_too_often_is_told_when_to_come_back_and_others_are_not(world: World) -> None:
    async with limited(world) as door:
        assert await statuses(door, 7, "/healthz", None, "9.9.9.9") == [200] * 5 + [429] * 2
        assert await statuses(door, 1, "/healthz", None, "9.9.9.8") == [200]
        response = await door.get("/healthz", None, **from_("9.9.9.9"))
        assert 1 <= int(response.headers["Retry-After"]) <= 2
        assert (
            response.content_type == "application/problem+json"
            and (await response.json())["title"] == "Too many requests"
        )
        page = await door.get("/signs", None, **from_("9.9.9.9"))
        assert page.status == 429 and "Er kwamen te veel verzoeken" in await page.text() and page.headers["Retry-After"]


async def test_a_key_that_is_used_too_often_waits_and_alerts_never_do(world: World) -> None:
    async with limited(world) as door:
        calls = [await statuses(door, 1, f"{API}/alerts", Role.POLICE, f"9.9.9.{n}") for n in range(10)]
        assert calls == [[200]] * 8 + [[429]] * 2
        for n in range(12):
            response = await door.post(an_alert(identifier=f"many-{n}"), **from_("9.9.9.1"))
            assert response.status == 202, "an alert is not turned away for its number, nor for its address"
        assert await statuses(door, 1, f"{API}/groups", Role.COORDINATOR, "9.9.9.50") == [200]


async def test_guessing_is_cut_short_and_who_has_a_key_at_that_address_is_let_in(world: World) -> None:
    async with limited(world, HERE.model_copy(update={"address_burst": 100})) as door:
        wrong = {"Authorization": "Bearer bs_guess"}
        assert await statuses(door, 5, f"{API}/alerts", None, "9.9.9.9", **wrong) == [401] * 3 + [429] * 2
        assert (await door.post(an_alert(), **from_("9.9.9.9"))).status == 202
        assert await signing_in(door, "9.9.9.9") == 429 and await signing_in(door, "9.9.9.7") == 401
        assert (await door.get("/login", None, **from_("9.9.9.9"))).status == 200, "the page itself guesses nothing"
        assert await statuses(door, 5, "/login/guess", None, "9.9.9.6") == [401] * 3 + [429] * 2


async def test_an_address_that_asks_for_challenge_after_challenge_waits_for_each_is_kept(world: World) -> None:
    async with limited(world, HERE.model_copy(update={"address_burst": 100})) as door:
        ours = {"Origin": "https://buurtsein.example"}
        asked = [await door.call("POST", OPTIONS, None, **from_("9.9.9.9", **ours)) for _ in range(12)]
        assert [one.status for one in asked] == [200] * 9 + [429] * 3 and asked[-1].headers["Retry-After"]
        assert door.rows("SELECT COUNT(*) FROM challenge") == [(9,)]
        assert (await door.call("POST", OPTIONS, None, **from_("9.9.9.8", **ours))).status == 200
        assert await signing_in(door, "9.9.9.9") == 401, "other ways in stay open"


async def test_a_flood_of_forged_hooks_is_cut_short_and_those_that_prove_themselves_never(world: World) -> None:
    async with limited(world) as door:
        body = b"[]"
        for status in [401] * 3 + [429] * 3:
            forged = await door.call(
                "POST", "/hooks/whatsapp", None, body=body, **from_("9.9.9.9", **{"X-Signature": "0"})
            )
            assert forged.status == status
        for _ in range(20):
            proven = from_("9.9.9.1", **{"X-Signature": signature(body)})
            assert (await door.call("POST", "/hooks/whatsapp", None, body=body, **proven)).status == 200


async def test_who_cannot_be_told_apart_is_not_limited(world: World) -> None:
    """Behind a proxy that no setting names everybody has one address: a guesser would shut out the control room."""
    async with limited(world, HERE.model_copy(update={"trusted_proxies": ()})) as door:
        assert set(await statuses(door, 20, "/healthz", None, "9.9.9.9")) == {200}
        wrong = {"Authorization": f"Bearer {KEYS[Role.POLICE]}x"}
        assert set(await statuses(door, 6, f"{API}/alerts", None, "9.9.9.9", **wrong)) == {401}
