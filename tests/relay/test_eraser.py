"""The eraser at work: when it erases, what it forgets, and that a hub goes on where another stopped."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.channel import Can
from hub.domain import DeliveryState
from hub.relay.eraser import Eraser
from hub.relay.message import Messages
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import accept, crowd, deliveries, pass_time, sending

DAY = 24 * 3600


def eraser_of(store: Store, clock: FakeClock, messages: Messages | None = None) -> Eraser:
    return Eraser(
        store.erasing, store.audit, messages or Messages(store.alerts, "https://hub.example"), clock, hours=24
    )


async def described(store: Store, number: str) -> bool:
    view = await store.alerts.view(number)
    assert view is not None
    return "headline" in view.content["info"][0]


@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
async def test_nothing_is_erased_one_minute_early_and_all_is_in_time(
    store: Store, clock: FakeClock, status: str
) -> None:
    await accept(store, clock, "A", "BU06370300", lasts=7200, status=status)
    await clock.advance(7200 + DAY - 60)
    await eraser_of(store, clock).erase()
    assert await described(store, "A")
    await clock.advance(60)
    await eraser_of(store, clock).erase()
    assert not await described(store, "A")


async def test_an_alert_updated_twice_is_erased_part_by_part_as_each_ended(store: Store, clock: FakeClock) -> None:
    names = {"A": "a", "B": "b", "C": "c"}
    await accept(store, clock, "A", "BU06370300", lasts=7200, identifier=names["A"])
    for number, earlier in (("B", "A"), ("C", "B")):
        await clock.advance(600)
        references = f"oc@politie.example,{names[earlier]},2026-01-01T00:00:00+01:00"
        update: dict[str, Any] = {"msgType": "Update", "references": references}
        await accept(store, clock, number, "BU06370300", identifier=names[number], closes=[earlier], **update)
    await clock.advance(DAY - 600)
    await eraser_of(store, clock).erase()
    assert [await described(store, number) for number in "ABC"] == [False, True, True]
    await clock.advance(600)
    await eraser_of(store, clock).erase()
    assert [await described(store, number) for number in "ABC"] == [False, False, True]
    await clock.advance(7200)
    await eraser_of(store, clock).erase()
    assert [await described(store, number) for number in "ABC"] == [False, False, False]


async def test_what_was_made_of_it_in_memory_is_forgotten_also_by_a_hub_that_did_not_erase_it(
    store: Store, clock: FakeClock
) -> None:
    ours, others = (Messages(store.alerts, "https://hub.example") for _ in range(2))
    await accept(store, clock, "A", "BU06370300")
    for messages in (ours, others):
        await messages.prepare(["A"])
        assert "Kerkstraat" in messages.wording("A", "nl").text
    await clock.advance(7200 + DAY)
    await eraser_of(store, clock, ours).erase()
    await eraser_of(store, clock, others).erase()
    assert ours.known() == others.known() == []


async def test_many_at_once_are_all_erased_and_told_without_their_texts(store: Store, clock: FakeClock) -> None:
    for number in range(120):
        await accept(store, clock, f"A{number}", "BU06370300")
    await clock.advance(7200 + DAY)
    beats: list[None] = []
    with capture_logs() as told:
        await eraser_of(store, clock).erase(lambda: beats.append(None))
    assert [one["alerts"] for one in told if one["event"] == "alerts_erased"] == [120]
    assert "Kerkstraat" not in str(told)
    with capture_logs() as told:
        await eraser_of(store, clock).erase()
    assert told == []


async def test_a_cancel_long_after_reaches_who_got_the_alert_though_it_can_answer_no_message(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU06370300", 1)
    channel = FakeChannel(clock, can=Can(frozenset(), frozenset({"button"}), False, 4096))
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU06370300", identifier="x")
        await pass_time(clock, store, 1)
        await clock.advance(7200 + DAY)
        await eraser_of(store, clock).erase()
        cancel: dict[str, Any] = {"msgType": "Cancel", "references": "oc@politie.example,x,2026-01-01T00:00:00+01:00"}
        await accept(store, clock, "C", closes=["A"], **cancel)
        await pass_time(clock, store, 2)
    _, end = (outbound for _, _, outbound in channel.asked)
    assert end.reply_to is None and "INGETROKKEN" in end.wording.text
    assert [row.state for row in await deliveries(store, "C")] == [DeliveryState.SENT]
