"""/metrics: every metric moves when the thing happens, is written down, and names nobody."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from hub.store.claiming import Claim
from tests.metrics import Samples, samples, value
from tests.web.world import API, CODES, KEYS, World, an_alert, signature, until

PATIENCE = 20.0
LABELS = {
    "channel",
    "account",
    "result",
    "le",
    "kind",
    "state",
    "status",
    "loop",
    "method",
    "route",
    "version",
    "python",
}
OTHERS = {"generation", "implementation", "major", "minor", "patchlevel"}
"""Those of prometheus_client's own collectors."""


async def metrics(world: World) -> tuple[Samples, str]:
    response = await world.get("/metrics", None)
    assert response.status == 200 and response.content_type == "text/plain"
    text = await response.text()
    return samples(text), text


async def forward(world: World, number: str) -> None:
    """Everybody taps "forwarded", and the hub has understood it."""
    async with await world.get(f"{API}/alerts/{number}/events") as stream:
        while len(world.channel.sent) < len(CODES):
            await until(stream, "deliveries")
        for one in world.channel.sent:
            await world.tap(one.handle.value, one.actions[1].data)
        await until(stream, "coverage", matched=len(CODES), forwarded=len(CODES))


async def test_a_whole_walk_shows_in_the_metrics(relaying: World) -> None:
    await metrics(relaying)  # what is reported counts from the first look on
    alert = await relaying.accepted(an_alert())
    await forward(relaying, alert["id"])
    bad = b"{not json"
    await relaying.call("POST", "/hooks/whatsapp", None, body=bad, headers={"X-Signature": signature(bad)})
    seen, _ = await metrics(relaying)
    async with asyncio.timeout(PATIENCE):
        while not value(seen, "unreadable_updates_total", channel="whatsapp"):
            seen, _ = await metrics(relaying)

    ours = {"channel": "whatsapp", "account": "main"}
    assert value(seen, "alerts_total", status="Actual") == 1
    for name in ("intake", "plan", "coverage"):
        assert value(seen, f"{name}_seconds_count") == 1, name
    for name in ("claim_wait", "relay"):
        assert value(seen, f"{name}_seconds_count", **ours) == 2, name
    assert value(seen, "send_seconds_count", **ours, result="accepted") == 2
    assert value(seen, "outcomes_total", state="sent") == 2
    assert value(seen, "outcome_lag_seconds_count") >= 1
    assert value(seen, "reports_total", channel="whatsapp", kind="forwarded") == 2
    assert value(seen, "response_seconds_count", channel="whatsapp", kind="forwarded") == 2
    assert value(seen, "update_seconds_count", channel="whatsapp") == 2
    assert value(seen, "store_seconds_count", kind="write") > 0 < value(seen, "store_seconds_count", kind="read")
    assert value(seen, "http_request_seconds_count", route="/hooks/{channel}", status="200") == 3
    assert value(seen, "alerts_open") == 1
    assert value(seen, "open_neighbourhoods") == value(seen, "covered_neighbourhoods") == 2
    assert value(seen, "inbox_updates") == 1, "the unreadable one"
    assert value(seen, "account_rate_limit", **ours) == 2
    assert value(seen, "account_held", **ours) == 1
    assert value(seen, "ready") == value(seen, "store_up") == 1
    assert value(seen, "neighbourhoods") == 26
    assert value(seen, "build_info") == 1
    assert "process_resident_memory_bytes" in seen


async def test_what_waits_shows_with_its_age_until_it_is_gone(world: World) -> None:
    """Its loops do not run, so everything stays where it is."""
    await world.accepted(an_alert())
    await world.tap("+31612340001", "forwarded:1")
    world.clock.turn(30)
    seen, _ = await metrics(world)
    assert 30 <= value(seen, "oldest_update_seconds") < 40
    assert value(seen, "inbox_updates") == 1
    assert value(seen, "covered_neighbourhoods") == 0
    assert value(seen, "deliveries", channel="whatsapp", account="main", state="pending") == 2
    assert 30 <= value(seen, "oldest_due_seconds", channel="whatsapp", account="main") < 40
    await world.hub.store.engine.write(("DELETE FROM inbox",))
    await world.hub.store.outbox.claim(
        Claim("whatsapp", "main", lease=7, lease_until=world.clock.now() + 9999, now=world.clock.now(), limit=1)
    )
    seen, _ = await metrics(world)
    assert value(seen, "deliveries", state="pending") == value(seen, "deliveries", state="sending") == 1
    assert value(seen, "oldest_update_seconds") == 0


async def test_an_answer_after_full_coverage_does_not_count_it_again(relaying: World) -> None:
    await metrics(relaying)
    alert = await relaying.accepted(an_alert())
    await forward(relaying, alert["id"])
    seen, _ = await metrics(relaying)
    assert value(seen, "coverage_seconds_count") == 1
    async with await relaying.get(f"{API}/alerts/{alert['id']}/events") as stream:
        first = relaying.channel.sent[0]
        for action in (first.actions[1], first.actions[0]):  # "forwarded" once more, then "received"
            await relaying.tap(first.handle.value, action.data)
        await until(stream, "acknowledgement", kind="received")
    seen, _ = await metrics(relaying)
    assert value(seen, "coverage_seconds_count") == 1
    assert value(seen, "response_seconds_count", kind="received") == 1


async def test_an_open_breaker_shows(world: World) -> None:
    world.hub.dispatchers[0].breaker.trip("refused")
    seen, _ = await metrics(world)
    assert value(seen, "breaker_open", channel="whatsapp", account="main") == 1
    assert value(seen, "account_held") == 0, "nothing runs here"
    assert seen["buurtsein_oldest_due_seconds"] == {(("account", "main"), ("channel", "whatsapp")): 0}, "nothing waits"


async def test_a_store_that_does_not_answer_is_counted_and_what_only_it_knows_is_left_out(world: World) -> None:
    await world.hub.store.engine.close()
    seen, _ = await metrics(world)
    assert value(seen, "store_up") == value(seen, "ready") == 0
    assert value(seen, "store_errors_total", kind="read") >= 1
    assert "buurtsein_deliveries" not in seen


async def test_requests_are_timed_by_route(world: World) -> None:
    await world.get("/nowhere/+31612340001?token=secret", None)
    await world.call("PROPFIND", "/nowhere", None)
    seen, text = await metrics(world)
    assert value(seen, "http_request_seconds_count", route="unknown", status="404") == 2
    assert value(seen, "http_request_seconds_count", method="OTHER") == 1
    assert "PROPFIND" not in text and "31612340001" not in text and "secret" not in text


async def test_no_label_and_no_value_names_a_person_or_an_alert(relaying: World) -> None:
    await metrics(relaying)
    spoken: dict[str, Any] = {"headline": "Inbraak bij Jansen", "description": "Man, donkere jas, Kerkstraat 12"}
    alert = await relaying.accepted(an_alert(spoken, identifier="zaak-2026-118"))
    await forward(relaying, alert["id"])
    await relaying.tap("+31612340099", "forwarded:zzzz")
    await relaying.get(f"{API}/alerts/{alert['id']}")
    seen, text = await metrics(relaying)
    labels = {name for by_labels in seen.values() for given in by_labels for name, _ in given}
    assert labels <= LABELS | OTHERS
    values = {told for by_labels in seen.values() for given in by_labels for _, told in given}
    plain = re.compile(
        r"[A-Za-z][A-Za-z_ /]*|[0-9.]+(e[-+]?\d+)?|\+Inf|(/[a-z.]*|/[{][a-z]+[}])+|[0-9.]+\+?[a-z0-9]*|/"
    )
    strange = {told for told in values if told and not plain.fullmatch(told)}
    assert strange <= {"/api/v1/alerts", "/api/v1/alerts/{id}", "/api/v1/alerts/{id}/events"}, strange
    private = ["Anna", "Vries", "Bram", "Jansen", "3161234", "Kerkstraat", "zaak", "donkere", "politie.example"]
    private += [alert["id"], *KEYS.values(), *CODES, "Seghwaert", "hook-secret", "ref-"]
    assert not [one for one in private if str(one) in text]


async def test_two_hubs_in_one_process_count_apart(world: World) -> None:
    await world.accepted(an_alert())
    seen, _ = await metrics(world)
    assert value(seen, "alerts_total") == 1
