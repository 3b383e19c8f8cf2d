"""Providers' webhooks: proven, on disk, and only then answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hub.service import Sender, build_hub
from hub.settings import Account
from hub.store.engine import Row, Statement, StoreUnavailable
from hub.store.receipts import Receipts
from hub.store.sqlite.queries import SQLITE
from hub.web.app import create_app
from tests.web.world import FakeChannel, World, signature

BODY = b'[["+31612340001", "received:1", 1]]'


async def test_a_proven_call_is_committed_before_it_is_answered(world: World) -> None:
    response = await world.call(
        "POST", "/hooks/whatsapp", None, body=BODY, headers={"X-Signature": signature(BODY), "X-Key": "7"}
    )
    assert response.status == 200
    assert world.opened("inbox", "channel", "account", "key", "body") == [("whatsapp", "main", "7", BODY)]
    assert world.hub.wakes.receiver.is_set()


async def test_without_the_store_a_call_is_not_answered_200(world: World) -> None:
    store = replace(world.hub.store, receipts=Receipts(BrokenEngine(), SQLITE))
    hub = build_hub(world.hub.settings, store, world.hub.senders, world.clock, Random(1))
    async with TestClient(TestServer(create_app(hub))) as client:
        response = await client.post("/hooks/whatsapp", data=BODY, headers={"X-Signature": signature(BODY)})
        assert response.status == 503 and not hub.wakes.receiver.is_set()


async def test_an_unproven_call_is_401_and_keeps_nothing(world: World) -> None:
    for headers in ({}, {"X-Signature": "0" * 64}, {"X-Signature": signature(b"other")}):
        assert (await world.call("POST", "/hooks/whatsapp", None, body=BODY, headers=headers)).status == 401
    assert world.rows("SELECT * FROM inbox") == []


async def test_the_account_whose_secret_fits_gets_the_update(world: World) -> None:
    class Other(FakeChannel):
        def check_headers(self, headers: Any) -> None: ...

        def check_hook(self, headers: Any, body: bytes) -> Any:
            return super().check_hook({"X-Signature": headers.get("X-Other", "")}, body)

    senders = [Sender(Other(account="north"), Account()), Sender(FakeChannel(account="south"), Account())]
    hub = build_hub(world.hub.settings, world.hub.store, senders, world.clock, Random(1))
    async with TestClient(TestServer(create_app(hub))) as client:
        assert (await client.post("/hooks/whatsapp", data=BODY, headers={"X-Signature": signature(BODY)})).status == 200
        assert (await client.post("/hooks/whatsapp", data=BODY, headers={"X-Other": signature(BODY)})).status == 200
    assert world.rows("SELECT account FROM inbox ORDER BY id") == [("south",), ("north",)]


async def test_the_challenge_is_given_back_to_who_knows_the_verify_token(world: World) -> None:
    query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    right = await world.get(f"/hooks/whatsapp?{query}verify-me", None)
    assert right.status == 200 and await right.text() == "1158201444" and right.content_type == "text/plain"
    assert (await world.get(f"/hooks/whatsapp?{query}guess", None)).status == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_channel_that_is_not_ours_has_no_hook(world: World, method: str) -> None:
    assert (await world.call(method, "/hooks/telegram", None)).status == 404


async def test_a_hook_may_be_larger_than_an_alert_but_not_endless(world: World) -> None:
    body = b"[" + b" " * (2 << 20) + b"]"
    assert (
        await world.call("POST", "/hooks/whatsapp", None, body=body, headers={"X-Signature": signature(body)})
    ).status == 200
    body = b" " * ((3 << 20) + 1)
    assert (
        await world.call("POST", "/hooks/whatsapp", None, body=body, headers={"X-Signature": signature(body)})
    ).status == 413


class BrokenEngine:
    """A database whose disk is full."""

    async def write(self, *statements: Statement) -> list[list[Row]]:
        raise StoreUnavailable("disk full")

    async def read(self, sql: str, *parameters: Any) -> list[Row]:
        raise StoreUnavailable("disk full")

    async def read_together(self, *statements: Statement) -> list[list[Row]]:
        raise StoreUnavailable("disk full")

    async def tell(self, text: str) -> None:
        raise StoreUnavailable("disk full")

    def hear(self, callback: Callable[[str], None]) -> None: ...

    async def ping(self) -> None:
        raise StoreUnavailable("disk full")

    async def close(self) -> None: ...
