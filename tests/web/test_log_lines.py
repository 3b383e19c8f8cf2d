"""The log of a whole walk: each line one JSON object with its ids, and nothing of anybody in it."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from hub.domain import Role
from hub.log import configure
from hub.settings import Log
from hub.web.request_lines import RequestLines
from tests.clock import FakeClock
from tests.web.test_metrics import forward
from tests.web.world import API, CODES, KEYS, World, an_alert, signature

PATIENCE = 20.0
PRIVATE = (
    "Anna",
    "Vries",
    "Bram",
    "Jansen",
    "3161234",
    "Kerkstraat",
    "donkere",
    "zaak-2026",
    "geheim",
    "hook-secret",
    "ref-",
)


AS_JSON = Log(level="debug", format="json")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Every line, as the object it is."""
    told: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    for one in told:
        assert {"event", "level", "timestamp"} <= one.keys(), one
    return told


async def test_every_line_of_a_walk_is_json_with_ids_and_without_anything_private(
    relaying: World, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(AS_JSON)
    spoken = {"headline": "Inbraak bij Jansen", "description": "Man, donkere jas, Kerkstraat 12"}
    alert = await relaying.accepted(an_alert(spoken, identifier="zaak-2026-118"))
    await forward(relaying, alert["id"])
    bad = b"{not json: Anna de Vries +31612340001"
    await relaying.call("POST", "/hooks/whatsapp", None, body=bad, headers={"X-Signature": signature(bad)})
    await relaying.get("/login/een-geheim-kaartje", None)
    await relaying.get("/link/een-geheim-kenmerk?token=geheim", None)
    await relaying.get(f"{API}/alerts?cursor=geheim", headers={"Authorization": "Bearer bs_geheim"})
    await relaying.post({"info": "geheim"})
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while not any(one["event"] == "update_failed" for one in told):
            await relaying.get("/healthz", None)
            told += lines(capsys)

    by_event: dict[str, list[dict[str, Any]]] = {}
    for one in told:
        by_event.setdefault(one["event"], []).append(one)
    assert by_event["alert_accepted"][0]["alert"] == alert["id"]
    assert [alert["id"]] in [one["alerts"] for one in by_event["deliveries_claimed"]]
    assert {one["alert"] for one in by_event["delivery_claimed"]} == {alert["id"]}
    sent = {one["delivery"] for one in by_event["outcome_stored"] if one["state"] == "sent"}
    assert sent == {outbound.delivery_id for outbound in relaying.channel.sent}
    assert sum(one.get("sent", 0) for one in by_event["outcomes_stored"]) == 2
    assert sum(one["reports"] for one in by_event["updates_understood"]) == 2
    assert {one["level"] for one in told if one["event"].endswith(("_claimed", "_stored")) and "delivery" in one} == {
        "debug"
    }
    everything = json.dumps(told, ensure_ascii=False)
    assert len(everything) > 2000, "there was something to look at"
    assert not [word for word in (*PRIVATE, *KEYS.values(), *CODES) if word in everything]


async def test_a_request_has_one_number_in_its_answer_and_in_all_that_was_logged_for_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(AS_JSON)
    response = await world.post(an_alert())
    number = response.headers["X-Request-Id"]
    other = (await world.get("/nowhere", None)).headers["X-Request-Id"]
    assert number != other
    told = lines(capsys)
    assert [(one["event"], one["request"]) for one in told] == [
        ("alert_accepted", number),
        ("request", number),
        ("request", other),
    ]
    assert told[1] == {**told[1], "method": "POST", "route": f"{API}/alerts", "status": 202}
    assert told[2] == {**told[2], "route": "unknown", "status": 404}


async def test_the_callers_number_is_kept_if_it_can_be_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    configure(AS_JSON)
    response = await world.get("/healthz", None, headers={"X-Request-Id": "trace-0123456789"})
    assert response.headers["X-Request-Id"] == "trace-0123456789"
    for strange in ("x", "a" * 65, 'a" onmouseover=1', "+31612340001 Anna"):
        response = await world.get("/healthz", None, headers={"X-Request-Id": strange})
        assert response.headers["X-Request-Id"] != strange
    assert [one["level"] for one in lines(capsys)] == ["debug"] * 5


async def test_a_log_that_cannot_be_written_stops_no_alert(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(AS_JSON)
    # No buffer, so that writing fails and not only flushing.
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr("sys.stderr", io.TextIOWrapper(full, write_through=True))
        assert await world.accepted(an_alert())


async def test_a_line_tells_by_whom_and_why_it_was_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ids = {role: id for id, role in world.rows("SELECT id, role FROM api_key")}
    ours, form = {"Origin": "https://buurtsein.example"}, "application/x-www-form-urlencoded"
    configure(AS_JSON)
    await world.post(an_alert())
    await world.call("POST", f"{API}/alerts", Role.AUDITOR, body=an_alert())
    await world.call("POST", "/console/write", None, headers={"Origin": "https://elsewhere.example"})
    await world.get(f"{API}/alerts", None, headers={"Authorization": "Bearer bs_police_unknown"})
    await world.get("/login/a-ticket-nobody-has", None)
    for key in ("guess", KEYS[Role.POLICE]):
        await world.call("POST", "/login", None, body=f"key={key}".encode(), content_type=form, headers=ours)
    told = [(one["status"], one.get("by"), one.get("why")) for one in lines(capsys) if one["event"] == "request"]
    assert told == [
        (202, ids["police"], None),
        (403, ids["auditor"], "This role may not do that"),
        (403, None, "This form was not sent from a page of ours"),
        (401, None, "This key is not known"),
        (401, None, "This link is not known, or was used"),
        (401, None, "This key is not known, or opens no session"),
        (303, ids["police"], None),
    ]


async def test_forged_webhooks_are_told_once_a_minute_with_how_many(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(AS_JSON)
    for _ in range(20):
        await world.call("POST", "/hooks/whatsapp", None, body=b"[]", headers={"X-Signature": "0" * 64})
    warnings = [one for one in lines(capsys) if one["level"] == "warning"]
    assert [(one["event"], one["channel"], one["status"], one["times"]) for one in warnings] == [
        ("requests_refused", "whatsapp", 401, 1)
    ]


async def test_those_after_the_first_are_counted_until_the_minute_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    configure(AS_JSON)
    clock = FakeClock()
    told, forged = RequestLines(clock), make_mocked_request("POST", "/hooks/whatsapp")
    for _ in range(7):
        for _ in range(100):
            told.tell(forged, "POST", "/hooks/{channel}", 401, 0.001)
        await clock.advance(20)
    warnings = [one for one in lines(capsys) if one["level"] == "warning"]
    assert [one["times"] for one in warnings] == [1, 300, 300]
