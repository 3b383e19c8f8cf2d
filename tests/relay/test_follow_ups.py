"""What goes after and beside an alert, as the messenger sees it: updates, ends, edits, pictures, posts in a group's chat."""

from __future__ import annotations

from typing import Any

from hub.channel import Can, Part
from hub.domain import AckKind, Handle
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.receiving import BESIDE
from tests.relay.world import accept, crowd, deliveries, pass_time, sending

ABLE = Can(frozenset(), frozenset({"button"}), False, 4096, parts=frozenset(Part))
EARLIER = "oc@politie.example,x,2026-01-01T00:00:00+01:00"
CANCEL: dict[str, Any] = {"msgType": "Cancel", "references": EARLIER}
UPDATE: dict[str, Any] = {"msgType": "Update", "references": EARLIER}


async def acknowledge(store: Store, clock: FakeClock, kind: AckKind) -> None:
    (row,) = await deliveries(store)
    statements = store.receipts.acknowledge(
        "telegram",
        Handle("BU1-0"),
        row.id,
        kind,
        at=clock.now(),
        via="button",
        now=clock.now(),
        beside={"telegram": BESIDE},
        first_id=store.ids.block(),
    )
    await store.receipts.apply(statements, [])


async def test_a_cancel_answers_the_message_and_then_the_message_itself_says_so(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, can=ABLE)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", identifier="x")
        await pass_time(clock, store, 1)
        await accept(store, clock, "C", closes=["A"], **CANCEL)
        await store.outbox.deliveries("C")
        await pass_time(clock, store, 3)
    first, end = (outbound for _, _, outbound in channel.asked)
    assert end.reply_to == f"ref-{first.delivery_id}-1"
    assert end.wording.template == "ended"
    assert [action.kind for action in end.actions] == [AckKind.RECEIVED, AckKind.FORWARDED]


async def test_where_the_channel_can_edit_the_first_message_is_edited_after_it(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, can=ABLE)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", identifier="x")
        await pass_time(clock, store, 1)
        await accept(store, clock, "B", "BU1", closes=["A"], amends={"telegram": ["amend"]}, **UPDATE)
        await pass_time(clock, store, 3)
    first, update, amend = (outbound for _, _, outbound in channel.asked)
    assert (update.part, amend.part) == (Part.MESSAGE, Part.AMEND)
    assert amend.reply_to == update.reply_to == f"ref-{first.delivery_id}-1"
    assert amend.actions == ()
    assert amend.wording.text != first.wording.text and "Kerkstraat" in amend.wording.text


async def test_the_location_follows_the_first_answer(store: Store, clock: FakeClock) -> None:
    await crowd(store, "BU1", 1)
    channel = FakeChannel(clock, can=ABLE)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", beside=("location",))
        await pass_time(clock, store, 1)
        await acknowledge(store, clock, AckKind.RECEIVED)
        await pass_time(clock, store, 2)
    first, place = (outbound for _, _, outbound in channel.asked)
    assert place.part is Part.LOCATION
    assert place.wording.location is not None and place.actions == ()
    assert place.reply_to == f"ref-{first.delivery_id}-1"


async def test_forwarded_is_posted_where_we_are_in_the_group_as_residents_should_read_it(
    store: Store, clock: FakeClock
) -> None:
    await crowd(store, "BU1", 1)
    (group,) = await store.directory.groups()
    await store.receipts.apply(store.linking.link_chat(group.id, "telegram", "main", Handle("-100")), [])
    channel = FakeChannel(clock, can=ABLE)
    async with sending(store, clock, channel) as hub:
        await hub.relay("A", "BU1", identifier="x")
        await pass_time(clock, store, 1)
        await acknowledge(store, clock, AckKind.FORWARDED)
        await pass_time(clock, store, 2)
        await accept(store, clock, "C", closes=["A"], **CANCEL)
        await pass_time(clock, store, 3)
    posts = [outbound for _, handle, outbound in channel.asked if handle == "-100"]
    assert [one.part for one in posts] == [Part.POST, Part.POST]
    assert all(one.actions == () and "knop" not in one.wording.text for one in posts)
    assert posts[1].reply_to == f"ref-{posts[0].delivery_id}-1"
