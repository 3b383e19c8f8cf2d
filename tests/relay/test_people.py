"""What people do besides answering: take an answer back, invite us, put us into their chat, sign off, be known by two names."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channel import AnswerWithdrawn, ContactSeen, GroupJoined, InvitationSeen, ReplySeen
from hub.domain import AckKind, DeliveryState, Handle
from hub.store.database import Store
from hub.store.sealing import sealer
from tests.clock import FakeClock
from tests.relay.receiving import ConfirmingChannel, Receiving, receiving
from tests.relay.test_receiver import acks, sent, tap
from tests.relay.world import states, until

ANNA, STRANGER = Handle("BU1-0"), Handle("stranger")


class InvitedChannel(ConfirmingChannel):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.admitted: list[tuple[str, bool]] = []

    async def admit(self, room: str, welcome: bool) -> None:
        self.admitted.append((room, welcome))


@pytest.fixture
def hub(store: Store, clock: FakeClock) -> Receiving:
    return receiving(store, clock)


async def forwarded(store: Store) -> int:
    view = await store.alerts.view("A")
    assert view is not None
    return view.forwarded


async def test_a_reaction_counts_until_it_is_taken_back(store: Store, clock: FakeClock, hub: Receiving) -> None:
    (delivery,) = await sent(store, clock)
    reaction = ReplySeen(ANNA, "📣", 7, f"ref-{delivery.id}-1", via="reaction", answer_ref="$1")
    await hub.receive(reaction)
    assert await acks(store) == [[(AckKind.FORWARDED, "reaction")]]
    assert await forwarded(store) == 1
    await hub.receive(AnswerWithdrawn(ANNA, "$1", 9))
    assert await acks(store) == [[]]
    assert await forwarded(store) == 0
    await hub.receive(reaction)
    assert await forwarded(store) == 1


async def test_put_and_taken_back_in_one_update_it_does_not_count(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    (delivery,) = await sent(store, clock)
    await hub.receive(
        ReplySeen(ANNA, "📣", 7, f"ref-{delivery.id}-1", via="reaction", answer_ref="$1"),
        AnswerWithdrawn(ANNA, "$1", 9),
    )
    assert await forwarded(store) == 0


async def test_a_sign_is_an_answer_and_never_a_command(store: Store, clock: FakeClock, hub: Receiving) -> None:
    await sent(store, clock)
    await hub.receive(ReplySeen(ANNA, "START", 7, via="reaction"))
    assert hub.channel.said == []


async def test_a_person_answers_under_another_name_of_theirs(store: Store, clock: FakeClock, hub: Receiving) -> None:
    (delivery,) = await sent(store, clock)
    alias = Handle("NL.1234567890")
    await hub.receive(tap(AckKind.RECEIVED, delivery, handle=alias.value))
    assert await acks(store) == [[]]
    await hub.receive(ContactSeen(ANNA, alias))
    await hub.receive(tap(AckKind.RECEIVED, delivery, handle=alias.value))
    assert await acks(store) == [[(AckKind.RECEIVED, "button")]]


async def test_who_is_in_the_directory_may_invite_us_and_nobody_else(store: Store, clock: FakeClock) -> None:
    hub = receiving(store, clock, kind=InvitedChannel)
    channel = hub.channel
    assert isinstance(channel, InvitedChannel)
    await sent(store, clock)
    await hub.receive(InvitationSeen(ANNA, "!one", 5), InvitationSeen(STRANGER, "!two", 5))
    await until(lambda: len(channel.admitted) == 2)
    assert sorted(channel.admitted) == [("!one", True), ("!two", False)]


async def test_put_into_a_chat_by_its_admin_the_chat_is_the_group_s(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    await sent(store, clock)
    await hub.receive(GroupJoined(Handle("-100"), ANNA, "Onze buurt", 5), GroupJoined(Handle("-200"), STRANGER, "x", 5))
    rows = await store.engine.read("SELECT handle, account FROM group_chat")
    assert [(sealer().open(handle, "group_chat.handle"), account) for handle, account in rows] == [("-100", "main")]
    await until(lambda: len(hub.channel.said) == 1)
    assert hub.channel.said[0][0] == ANNA.value


async def test_who_says_stop_is_told_that_it_was_heard(store: Store, clock: FakeClock, hub: Receiving) -> None:
    await sent(store, clock)
    await hub.receive(ReplySeen(ANNA, "STOP", 7))
    await until(lambda: len(hub.channel.said) == 1)
    handle, text = hub.channel.said[0]
    assert handle == ANNA.value and "START" in text
    await hub.receive(ReplySeen(ANNA, "start", 9))
    await until(lambda: len(hub.channel.said) == 2)
    assert [a.state for admin in await store.directory.admins() for a in admin.addresses] == ["verified"]
    assert await states(store) == {DeliveryState.SENT: 1}
