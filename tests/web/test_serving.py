"""Starting and stopping the server, and what an unexpected failure tells whom."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
import structlog
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from hub.domain import Refused
from hub.service import Hub
from hub.settings import Web
from hub.web.app import create_app, serving
from tests.web.world import API, KEYS, World, an_alert


def at(hub: Hub, port: int) -> Hub:
    web = Web(listen=f"127.0.0.1:{port}", public_url="http://127.0.0.1")
    return replace(hub, settings=hub.settings.model_copy(update={"web": web}))


async def test_it_answers_while_the_context_lasts_and_then_no_more(hub: Hub) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with ClientSession() as client:
        async with serving(at(hub, port)), client.get(f"http://127.0.0.1:{port}/healthz") as response:
            assert response.status == 200 and response.headers["Server"] == "Buurtsein"
        with pytest.raises(OSError):
            await client.get(f"http://127.0.0.1:{port}/healthz")


async def test_a_place_that_is_taken_is_refused_in_words(hub: Hub) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Refused) as refused:
            async with serving(at(hub, taken.getsockname()[1])):
                pass
    assert refused.value.mistakes[0].place == "web.listen" and "another program" in refused.value.mistakes[0].reason


async def test_an_unexpected_failure_is_logged_by_place_and_told_without_its_text(hub: Hub, world: World) -> None:
    class Broken:
        async def page(self, *_: Any) -> Any:
            raise ValueError("+31612340001 is in here")

    broken = replace(hub, store=replace(hub.store, alerts=Broken()))  # type: ignore[arg-type]
    async with TestClient(TestServer(create_app(broken))) as client:
        with structlog.testing.capture_logs() as logs:
            response = await client.get(
                f"{API}/alerts", headers={"Authorization": f"Bearer {next(iter(KEYS.values()))}"}
            )
        assert response.status == 500 and response.content_type == "application/problem+json"
        assert "31612340001" not in await response.text() + str(logs)
        failed, told = logs
        assert failed["where"].startswith("test_serving.py:")
        assert failed == {**failed, "event": "request_failed", "log_level": "error", "error": "ValueError"}
        assert (told["event"], told["route"], told["status"]) == ("request", f"{API}/alerts", 500)


async def test_no_key_reaches_a_log(world: World) -> None:
    with structlog.testing.capture_logs() as logs:
        await world.post(an_alert())
        await world.get("/console", None, headers={"Authorization": "Bearer bs_wrong"})
    assert not any(key in str(logs) for key in (*KEYS.values(), "bs_wrong"))
