"""SIGTERM ends the hub in order within ten seconds, whatever hangs: no send is forgotten, and what was not begun is put back."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import aiohttp

from hub.domain import DeliveryState
from hub.settings import Database, Relay, WhatsAppAccount
from tests.faults.world import hub_process, prepared, silent_provider
from tests.walk.world import alert, until

PEOPLE = 100
ROWS = [f"W{i},whatsapp,50,BU06370300,W {i},nl,whatsapp,+316000{i:05d},1" for i in range(PEOPLE)]
AT_ONCE = WhatsAppAccount().concurrency
HALF_A_REQUEST = b"POST /hooks/whatsapp HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\n{"


async def test_stopped_with_hanging_sends_a_stuck_webhook_and_a_live_stream(tmp_path: Path) -> None:
    key = await prepared(Database(url=f"sqlite://{tmp_path}/hub.db"), ROWS)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        silent_provider() as provider,
        hub_process(tmp_path, provider.url, HUB_RELAY__SHUTDOWN="1") as (process, url),
        aiohttp.ClientSession(url, headers=headers) as police,
    ):
        async with police.post("/api/v1/alerts", json=alert()) as answer:
            accepted = await answer.json()

        async def all_hang() -> bool:
            return provider.taken == AT_ONCE

        await until(all_hang)
        reader, stuck = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        stuck.write(HALF_A_REQUEST)
        async with police.get(f"/api/v1/alerts/{accepted['id']}/events") as stream:
            assert await stream.content.readline()
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)  # an operator who is in a hurry changes nothing
            with suppress(aiohttp.ClientError):
                await stream.content.read()
            assert time.monotonic() - begun < 2, "the page is told at once"
        assert await asyncio.wait_for(process.wait(), 15) == 0
        assert time.monotonic() - begun < 10 - (Relay().shutdown - 1)
        stuck.close()
        del reader
    with closing(sqlite3.connect(tmp_path / "hub.db")) as db:
        states = dict(db.execute("SELECT state, COUNT(*) FROM delivery GROUP BY state").fetchall())
        leased = db.execute("SELECT COUNT(*) FROM delivery WHERE lease IS NOT NULL").fetchone()[0]
    assert states == {DeliveryState.SENDING: AT_ONCE, DeliveryState.PENDING: PEOPLE - AT_ONCE}
    assert leased == AT_ONCE, (
        "what may have arrived is counted at the next start; the others go out then as if nothing had been"
    )
