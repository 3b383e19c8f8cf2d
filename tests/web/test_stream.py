"""The live stream of one alert: what is told, in which order, and what a client that comes back gets."""

from __future__ import annotations

import pytest
from aiohttp import ClientResponse, TCPConnector
from aiohttp.test_utils import TestClient, TestServer

from hub.domain import AckKind, Handle
from hub.service import Hub
from hub.web.app import create_app
from hub.web.streaming import MOST_STREAMS
from tests.web.world import API, KEYS, Told, World, an_alert, events, until

ANNA = Handle("+31612340001")


async def test_a_new_client_gets_the_alert_then_its_whole_log_then_the_alert_anew(world: World) -> None:
    alert = await world.accepted(an_alert())
    stream = await world.get(f"{API}/alerts/{alert['id']}/events")
    assert stream.content_type == "text/event-stream" and stream.headers["Cache-Control"] == "no-store"
    first, log, planned, again = await until_snapshot_with_id(stream)
    assert (first.kind, first.id, first.data["id"]) == ("alert", "", alert["id"])
    assert (log.kind, log.data.keys()) == ("accepted", {"at"})
    assert (planned.kind, again.kind, again.id) == ("planned", "alert", planned.id)
    stream.close()


async def test_every_change_is_told_live_up_to_covered(relaying: World) -> None:
    alert = await relaying.accepted(an_alert())
    stream = await relaying.get(f"{API}/alerts/{alert['id']}/events")
    told = await until(stream, "alert", state="relayed")
    sent = [one for event in told if event.kind == "deliveries" for one in event.data["deliveries"]]
    assert {(one["state"], one["channel"]) for one in sent} >= {("sent", "whatsapp")}
    assert all(isinstance(one["id"], str) and isinstance(one["admin"], str) for one in sent)
    for outbound in relaying.channel.sent:
        forwarded = next(action for action in outbound.actions if action.kind is AckKind.FORWARDED)
        assert (await relaying.tap(outbound.handle.value, forwarded.data)).status == 200
    acknowledged = (await until(stream, "acknowledgement"))[-1]
    assert acknowledged.data["kind"] == "forwarded" and acknowledged.data["at"].endswith("Z")
    covered = (await until(stream, "coverage", matched=2, forwarded=2))[-1]
    snapshot = (await until(stream, "alert"))[-1]
    assert snapshot.data["coverage"]["dark"] == [] and int(snapshot.id) >= int(covered.id)
    stream.close()


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_client_that_comes_back_gets_only_what_is_newer(world: World, by_header: bool) -> None:
    alert = await world.accepted(an_alert(identifier="S-1"))
    stream = await world.get(f"{API}/alerts/{alert['id']}/events")
    last = (await until_snapshot_with_id(stream))[-1].id
    stream.close()
    references = f"{alert['sender']},{alert['identifier']},{alert['sent']}"
    assert (await world.post({"msgType": "Cancel", "references": references})).status == 202
    query, headers = ("", {"Last-Event-ID": last}) if by_header else (f"?lastEventId={last}", {})
    stream = await world.get(f"{API}/alerts/{alert['id']}/events{query}", headers=headers)
    told = await until(stream, "alert")
    assert [one.kind for one in told] == ["closed", "alert"]
    assert told[0].data["as"] == "cancelled" and told[1].data["state"] == "cancelled"
    assert all(int(one.id) > int(last) for one in told)
    stream.close()


async def test_an_alert_that_expires_is_told_though_no_log_holds_it(world: World) -> None:
    alert = await world.accepted(an_alert())
    stream = await world.get(f"{API}/alerts/{alert['id']}/events")
    await until_snapshot_with_id(stream)
    world.clock.turn(3 * 3600)
    await until(stream, "alert", state="expired")
    stream.close()


async def test_events_written_by_another_process_are_told_too(world: World) -> None:
    alert = await world.accepted(an_alert())
    stream = await world.get(f"{API}/alerts/{alert['id']}/events")
    await until_snapshot_with_id(stream)
    assert await world.hub.store.outbox.expire(world.clock.now() + 30 * 86_400_000)  # without a wake-up
    await until(stream, "deliveries")
    stream.close()


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40, "１"])
async def test_a_last_event_id_that_is_none_is_refused(world: World, last: str) -> None:
    alert = await world.accepted(an_alert())
    assert (await world.get(f"{API}/alerts/{alert['id']}/events?lastEventId={last}")).status == 400


async def test_a_key_has_so_many_streams_and_no_more(world: World) -> None:
    alert = await world.accepted(an_alert())
    async with TestClient(TestServer(create_app(world.hub)), connector=TCPConnector(limit=0)) as client:
        headers = {"Authorization": f"Bearer {next(iter(KEYS.values()))}"}
        path = f"{API}/alerts/{alert['id']}/events"
        open_streams = [await client.get(path, headers=headers) for _ in range(MOST_STREAMS)]
        refused = await client.get(path, headers=headers)
        assert refused.status == 429 and int(refused.headers["Retry-After"]) > 0
        for stream in open_streams:
            stream.close()


async def test_streams_end_when_the_server_stops(hub: Hub, world: World) -> None:
    alert = await world.accepted(an_alert())
    server = TestServer(create_app(hub))
    async with TestClient(server) as client:
        headers = {"Authorization": f"Bearer {next(iter(KEYS.values()))}"}
        stream = await client.get(f"{API}/alerts/{alert['id']}/events", headers=headers)
        await until_snapshot_with_id(stream)
        await server.close()
        assert [one.kind async for one in events(stream)] == []
        assert stream.content.at_eof()


async def until_snapshot_with_id(stream: ClientResponse) -> list[Told]:
    seen = []
    async for one in events(stream):
        seen.append(one)
        if one.kind == "alert" and one.id:
            return seen
    raise AssertionError("the stream ended early")
