"""What people do at a real homeserver, and what the hub hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.matrix.channel import MatrixChannel
from hub.channel import (
    Accepted,
    AddressChanged,
    AnswerWithdrawn,
    GroupJoined,
    InvitationSeen,
    Outbound,
    Part,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
)
from hub.clock import SystemClock
from hub.domain import Handle, ReceiptKind
from tests.matrix.faulty import FaultyProxy
from tests.matrix.listening import Ear
from tests.matrix.people import People, Person

pytestmark = pytest.mark.xdist_group("synapse")
Make = Callable[..., Outbound]
MakeChannel = Callable[..., MatrixChannel]


@pytest.fixture
async def ear(channel: MatrixChannel) -> AsyncIterator[Ear]:
    """The hub listens from the beginning."""
    ear = Ear(channel)
    await ear.batch()
    yield ear
    await ear.close()


async def written(channel: MatrixChannel, person: Person, outbound: Outbound) -> tuple[str, str]:
    """A message the person has before them: the room they joined, and our reference of it."""
    result = await channel.send(outbound)
    assert isinstance(result, Accepted), result
    for room in await person.invitations():
        await person.join(room)
    [room] = (await person.call("GET", "joined_rooms"))["joined_rooms"]
    return room, result.provider_ref


async def test_a_sign_is_an_answer_and_taking_it_back_withdraws_it(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    sign = await anna.react(room, ref, "📣")
    answer = await ear.hear(ReplySeen)
    assert (answer.handle, answer.text, answer.provider_ref) == (Handle(anna.user), "📣", ref)
    assert (answer.via, answer.answer_ref) == ("reaction", sign)
    assert abs(answer.at - SystemClock().now()) < 60_000
    await anna.take_back(room, sign)
    withdrawn = await ear.hear(AnswerWithdrawn)
    assert (withdrawn.handle, withdrawn.answer_ref) == (Handle(anna.user), sign)


async def test_a_reply_tells_which_message_it_is_about_and_a_bare_word_does_not(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    named = await anna.reply(room, ref, "> <@hub:hub.test> Inbraak\n> in de Kerkstraat\n\ndoorgestuurd")
    bare = await anna.say(room, "> is een pijltje")
    reply = await ear.hear(ReplySeen, lambda event: event.answer_ref == named)
    word = await ear.hear(ReplySeen, lambda event: event.answer_ref == bare)
    assert (reply.text, reply.provider_ref, reply.via) == ("doorgestuurd", ref, "reply")
    assert (word.text, word.provider_ref) == ("> is een pijltje", None)


async def test_an_answer_put_in_other_words_is_the_same_answer_with_a_new_text(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    first = await anna.reply(room, ref, "kan niet")
    await anna.edit(room, first, "doorgestuurd")
    edited = await ear.hear(ReplySeen, lambda event: event.text == "doorgestuurd")
    assert edited.answer_ref == first
    await anna.take_back(room, first)
    assert (await ear.hear(AnswerWithdrawn)).answer_ref == first


async def test_read_means_read_up_to_and_points_at_our_last_alert_before_it(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, first = await written(channel, anna, outbound(anna.user))
    _, second = await written(channel, anna, outbound(anna.user, "Nog een"))
    await ear.hear(AddressChanged)
    await anna.read(room, second)
    read = await ear.hear(ReceiptSeen)
    assert (read.kind, read.provider_ref, read.up_to) == (ReceiptKind.READ, second, True)
    assert abs(read.at - SystemClock().now()) < 60_000
    # Somebody who reads on, past what we said beside the alerts and past their own words, has read the alert before it.
    await written(channel, anna, outbound(anna.user, "Derde", delivery_id=910001))
    [*_, third] = await anna.screen(room)
    await channel.say(Handle(anna.user), "U bent aangemeld.")
    own = await anna.say(room, "dank")
    await anna.read(room, own)
    later = await ear.hear(ReceiptSeen, lambda event: event.provider_ref not in (first, second))
    assert later.provider_ref == third["event_id"]


async def test_our_own_messages_and_the_reading_of_our_own_client_are_no_news(
    channel: MatrixChannel, ear: Ear, anna: Person, hub: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    await ear.hear(AddressChanged)
    await hub.read(room, ref)
    await hub.react(room, ref, "✅")
    await hub.say(room, "van ons")
    before = len(ear.events)
    batch = await ear.batch()
    while batch.updates:
        batch = await ear.batch()
    assert ear.events[before:] == []


async def test_who_joins_is_reachable_and_who_leaves_is_not(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, _ = await written(channel, anna, outbound(anna.user))
    joined = await ear.hear(AddressChanged)
    assert joined.reachable and joined.handle == Handle(anna.user)
    await anna.call("PUT", "profile", anna.user, "displayname", body={"displayname": "Anna de Vries"})
    await anna.leave(room)
    left = await ear.hear(AddressChanged, lambda event: not event.reachable)
    assert left.handle == Handle(anna.user) and anna.user not in left.reason
    assert len(ear.all(AddressChanged)) == 2


async def test_who_leaves_one_of_two_rooms_can_still_be_reached(
    channel: MatrixChannel, ear: Ear, anna: Person, hub: Person, outbound: Make
) -> None:
    room, _ = await written(channel, anna, outbound(anna.user))
    second = await anna.make_room(hub.user, is_direct=True)
    invitation = await ear.hear(InvitationSeen)
    await channel.admit(invitation.room, welcome=True)
    await ear.hear(AddressChanged, lambda event: "asked in" in event.reason)
    await anna.leave(room)
    await anna.say(second, "ok")
    await ear.hear(ReplySeen)
    assert all(event.reachable for event in ear.all(AddressChanged))
    result = await channel.send(outbound(anna.user, "hier", actions=()))
    assert isinstance(result, Accepted) and (await anna.texts(second))[-1] == "hier"


async def test_an_invitation_names_who_asks_and_can_be_taken_or_declined(
    channel: MatrixChannel, ear: Ear, anna: Person, people: People, hub: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    stranger = people.person("stranger")
    theirs, annas = await stranger.make_room(hub.user), await anna.make_room(hub.user, is_direct=True)
    invitations = [
        await ear.hear(InvitationSeen, lambda event: event.room == theirs),
        await ear.hear(InvitationSeen, lambda event: event.room == annas),
    ]
    assert [event.handle for event in invitations] == [Handle(stranger.user), Handle(anna.user)]
    await channel.admit(theirs, welcome=False)
    await channel.admit(annas, welcome=True)
    assert (await hub.call("GET", "joined_rooms"))["joined_rooms"] == [annas]
    await ear.hear(AddressChanged)
    assert isinstance(await channel.send(outbound(anna.user, "hallo")), Accepted)
    assert proxy.count("createRoom") == 0
    assert annas in (await hub.call("GET", "user", hub.user, "account_data", "m.direct"))[anna.user]


async def test_admitting_never_raises(channel: MatrixChannel, proxy: FaultyProxy) -> None:
    await channel.admit("!nowhere:hub.test", welcome=True)
    await channel.admit("!nowhere:hub.test", welcome=False)


async def test_a_group_that_takes_us_in_is_told_with_its_name_and_what_residents_say_there_stays_there(
    channel: MatrixChannel, ear: Ear, anna: Person, people: People, hub: Person, outbound: Make
) -> None:
    bea = people.person("bea")
    room = await anna.make_room(hub.user, bea.user, name="Buurtapp Kerkstraat")
    await bea.join(room)
    await channel.admit(room, welcome=True)
    group = await ear.hear(GroupJoined)
    assert (group.group, group.by, group.title) == (Handle(room), Handle(anna.user), "Buurtapp Kerkstraat")
    posted = await channel.send(outbound(room, "Let op", actions=(), part=Part.POST))
    assert isinstance(posted, Accepted)
    await anna.say(room, "doorgestuurd, en mijn geheim")
    await bea.react(room, posted.provider_ref, "✅")
    await bea.read(room, posted.provider_ref)
    read = await ear.hear(ReceiptSeen)
    assert read.provider_ref == posted.provider_ref
    assert not ear.all(ReplySeen)
    assert not any(b"geheim" in body for body in ear.bodies)


async def test_when_we_are_put_out_of_a_group_its_address_is_gone_and_comes_back_with_us(
    channel: MatrixChannel, ear: Ear, anna: Person, people: People, hub: Person
) -> None:
    room = await anna.make_room(hub.user, people.person("bea").user, name="Buurt")
    await channel.admit(room, welcome=True)
    await ear.hear(GroupJoined)
    await anna.call("POST", "rooms", room, "kick", body={"user_id": hub.user})
    gone = await ear.hear(AddressChanged, lambda event: not event.reachable)
    assert gone.handle == Handle(room)
    ear.events.clear()
    await anna.invite(room, hub.user)
    await channel.admit((await ear.hear(InvitationSeen)).room, welcome=True)
    back = await ear.hear(AddressChanged)
    assert back.reachable and back.handle == Handle(room)


async def test_a_room_that_is_an_address_stays_one_after_a_restart(
    make_channel: MakeChannel, anna: Person, hub: Person, outbound: Make
) -> None:
    room = await anna.make_room(hub.user)
    first = make_channel()
    await first.admit(room, welcome=True)
    sent = await first.send(outbound(room))
    assert isinstance(sent, Accepted)
    ear = Ear(make_channel())
    await ear.batch()
    await anna.react(room, sent.provider_ref, "✅")
    assert (await ear.hear(ReplySeen)).handle == Handle(room)
    await ear.close()


async def test_what_came_while_the_hub_was_down_is_heard_at_its_return_and_rooms_are_known_again(
    make_channel: MakeChannel, anna: Person, outbound: Make
) -> None:
    first = make_channel()
    ear = Ear(first)
    await ear.batch()
    room, ref = await written(first, anna, outbound(anna.user))
    await ear.hear(AddressChanged)
    await ear.close()
    await anna.react(room, ref, "✅")
    later = Ear(make_channel(), ear.cursor)
    await later.batch()
    [answer] = later.all(ReplySeen)
    assert (answer.handle, answer.provider_ref) == (Handle(anna.user), ref)
    assert not later.all(AddressChanged)
    await later.close()


async def test_a_batch_the_hub_could_not_store_is_fetched_again(
    channel: MatrixChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    await ear.hear(AddressChanged)
    cursor = ear.cursor
    await anna.react(room, ref, "✅")
    await ear.hear(ReplySeen)
    await ear.close()
    again = Ear(channel, cursor)
    await again.hear(ReplySeen)
    await again.close()


async def test_the_very_first_start_hears_an_early_answer_but_does_not_read_years_of_talk(
    make_channel: MakeChannel, anna: Person, outbound: Make
) -> None:
    channel = make_channel()
    room, ref = await written(channel, anna, outbound(anna.user))
    await asyncio.gather(*[anna.say(room, f"oud {n}") for n in range(40)])
    await anna.react(room, ref, "✅")
    ear = Ear(channel)
    await ear.batch()
    answers = ear.all(ReplySeen)
    assert answers[-1].text == "✅" and len(answers) <= 20
    await ear.close()


async def test_a_stored_update_holds_all_that_reading_it_needs(
    channel: MatrixChannel, make_channel: MakeChannel, ear: Ear, anna: Person, outbound: Make
) -> None:
    room, ref = await written(channel, anna, outbound(anna.user))
    await anna.react(room, ref, "✅")
    await ear.hear(ReplySeen)
    stranger = make_channel()
    assert [event for body in ear.bodies for event in stranger.parse(RawUpdate(body))] == ear.events
