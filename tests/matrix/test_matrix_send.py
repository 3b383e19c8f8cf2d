"""A message at a real homeserver: what the person sees, once, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from hub.channel import (
    Accepted,
    Admits,
    Channel,
    Deferred,
    Listens,
    Location,
    Outbound,
    Part,
    Picture,
    Rejected,
    Uncertain,
)
from hub.clock import SystemClock
from hub.domain import Handle
from hub.settings import MatrixAccount
from tests.matrix import faulty
from tests.matrix.faulty import Fault, FaultyProxy
from tests.matrix.listening import Ear
from tests.matrix.people import People, Person
from tests.matrix.synapse import Synapse

pytestmark = pytest.mark.xdist_group("synapse")
Make = Callable[..., Outbound]
MakeChannel = Callable[..., MatrixChannel]
PIXEL = b"\x89PNG\r\n\x1a\n" + b"0" * 40
PICTURE = Picture(PIXEL, "image/png", hashlib.sha256(PIXEL).hexdigest())


async def accepted(channel: MatrixChannel, outbound: Outbound) -> str:
    result = await channel.send(outbound)
    assert isinstance(result, Accepted), result
    return result.provider_ref


async def room_of(person: Person) -> str:
    """The one room the person was invited to; they join it."""
    [room] = await person.invitations()
    await person.join(room)
    return room


def test_the_channel_keeps_the_contract(session: object) -> None:
    account = MatrixAccount(homeserver="http://127.0.0.1:1")
    channel: Channel = MatrixChannel(account, session, SystemClock())  # type: ignore[arg-type]  # never used
    assert isinstance(channel, Listens) and isinstance(channel, Admits)
    assert channel.name == "matrix" and channel.can.idempotent


async def test_a_stranger_is_invited_to_a_room_with_the_message_and_the_three_signs(
    channel: MatrixChannel, anna: Person, outbound: Make
) -> None:
    ref = await accepted(channel, outbound(anna.user))
    room = await room_of(anna)
    [message] = await anna.screen(room)
    assert message["event_id"] == ref
    assert message["content"]["body"] == ("Inbraak in de Kerkstraat\n\n✅ Ontvangen   📣 Doorgestuurd   ❌ Kan niet")
    assert message["content"]["msgtype"] == "m.text" and "formatted_body" not in message["content"]


async def test_the_second_message_comes_into_the_same_room_with_a_single_request(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    await accepted(channel, outbound(anna.user, "een"))
    before = len(proxy.requests)
    await accepted(channel, outbound(anna.user, "twee", actions=()))
    assert len(proxy.requests) == before + 1
    room = await room_of(anna)
    assert (await anna.texts(room))[1:] == ["twee"]


async def test_the_same_delivery_twice_is_one_message_also_with_other_words(
    channel: MatrixChannel, anna: Person, outbound: Make
) -> None:
    first = await accepted(channel, outbound(anna.user, "een", delivery_id=900001))
    again = await accepted(channel, outbound(anna.user, "anders", delivery_id=900001))
    assert first == again
    assert len(await anna.texts(await room_of(anna))) == 1


async def test_a_new_process_finds_the_room_and_the_same_delivery_is_still_one_message(
    make_channel: MakeChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    first = await accepted(make_channel(), outbound(anna.user, delivery_id=900002))
    again = await accepted(make_channel(), outbound(anna.user, delivery_id=900002))
    assert first == again and proxy.count("createRoom") == 1 and proxy.count("POST /_matrix/client/v3/login") == 2
    assert len(await anna.texts(await room_of(anna))) == 1


async def test_a_new_process_that_has_synced_asks_nothing_before_it_sends(
    make_channel: MakeChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    await accepted(make_channel(), outbound(anna.user))
    channel = make_channel()
    ear = Ear(channel)
    await ear.batch()
    before = len(proxy.requests)
    await accepted(channel, outbound(anna.user))
    assert len(proxy.requests) == before + 1
    await ear.close()


async def test_a_room_that_was_never_noted_is_found_by_who_is_in_it(
    make_channel: MakeChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    proxy.break_down(faulty.INTERNAL, "PUT /_matrix/client/v3/user")
    await accepted(make_channel(), outbound(anna.user))
    proxy.mend()
    channel = make_channel()
    ear = Ear(channel)
    await ear.batch()
    await accepted(channel, outbound(anna.user))
    assert proxy.count("createRoom") == 1
    await ear.close()


async def test_after_the_homeserver_dropped_our_token_we_sign_in_again_and_nothing_comes_twice(
    make_channel: MakeChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    channel = make_channel()
    first = await accepted(channel, outbound(anna.user, delivery_id=900003))
    proxy.break_down(faulty.UNKNOWN_TOKEN, "/send/", times=1)
    result = await channel.send(outbound(anna.user, delivery_id=900003))
    assert result == Deferred("token refused: M_UNKNOWN_TOKEN", whole_account=True)
    assert await accepted(channel, outbound(anna.user, delivery_id=900003)) == first
    assert proxy.count("/login") == 2


async def test_after_a_restart_of_the_homeserver_the_same_delivery_is_still_one_message(
    make_channel: MakeChannel, anna: Person, outbound: Make, synapse: Synapse
) -> None:
    channel = make_channel()
    first = await accepted(channel, outbound(anna.user, delivery_id=900004))
    synapse.stop()
    assert isinstance(await channel.send(outbound(anna.user, delivery_id=900004)), Deferred | Uncertain)
    await asyncio.to_thread(synapse.start)
    assert await accepted(channel, outbound(anna.user, delivery_id=900004)) == first


async def test_many_first_messages_to_one_person_make_one_room(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    await asyncio.gather(*[accepted(channel, outbound(anna.user, f"nr {n}", actions=())) for n in range(8)])
    assert proxy.count("createRoom") == 1 and proxy.count("/login") == 1
    assert sorted(await anna.texts(await room_of(anna))) == [f"nr {n}" for n in range(8)]


async def test_a_person_who_does_not_exist_is_a_dead_address(channel: MatrixChannel, outbound: Make) -> None:
    result = await channel.send(outbound("@nobody.here:hub.test"))
    assert result == Rejected("there is no such person", address_dead=True)


async def test_a_person_whose_server_is_shut_to_ours_cannot_be_invited(channel: MatrixChannel, outbound: Make) -> None:
    result = await channel.send(outbound("@eve:elsewhere.test"))
    assert isinstance(result, Rejected) and not result.address_dead and "eve" not in result.reason


async def test_a_person_who_left_is_asked_in_again_when_we_write_to_them(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    await accepted(channel, outbound(anna.user, "een", actions=()))
    room = await room_of(anna)
    await anna.leave(room)
    ear = Ear(channel)
    await ear.batch()
    await accepted(channel, outbound(anna.user, "twee", actions=()))
    assert await anna.invitations() == [room] and proxy.count("createRoom") == 1
    await ear.close()


async def test_when_we_are_not_in_the_room_any_more_the_next_attempt_makes_another(
    channel: MatrixChannel, anna: Person, hub: Person, outbound: Make
) -> None:
    await accepted(channel, outbound(anna.user, "een"))
    room = await room_of(anna)
    await hub.leave(room)
    again = outbound(anna.user, "twee", actions=())
    assert await channel.send(again) == Deferred("not allowed in the room: M_FORBIDDEN")
    await accepted(channel, again)
    assert await anna.texts(await room_of(anna)) == ["twee"]


async def test_an_address_may_be_a_room(channel: MatrixChannel, anna: Person, hub: Person, outbound: Make) -> None:
    room = await anna.make_room(hub.user)
    await channel.admit(room, welcome=True)
    await accepted(channel, outbound(room, "Voor de buurt", actions=(), part=Part.POST))
    assert await anna.texts(room) == ["Voor de buurt"]


async def test_a_room_we_are_not_in_is_refused_and_counts_as_a_strike(
    channel: MatrixChannel, anna: Person, outbound: Make
) -> None:
    room = await anna.make_room()
    assert await channel.send(outbound(room)) == Rejected("not allowed in the room: M_FORBIDDEN", strike=True)


async def test_what_residents_read_has_no_signs_and_a_reply_points_at_what_it_answers(
    channel: MatrixChannel, anna: Person, outbound: Make
) -> None:
    first = await accepted(channel, outbound(anna.user))
    await accepted(channel, outbound(anna.user, "Voorbij", actions=(), reply_to=first))
    await accepted(channel, outbound(anna.user, "Let op elkaar", part=Part.POST))
    _, reply, post = await anna.screen(await room_of(anna))
    assert reply["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == first
    assert post["content"]["body"] == "Let op elkaar"


async def test_the_picture_is_uploaded_once_for_everybody(
    channel: MatrixChannel, anna: Person, people: People, outbound: Make, proxy: FaultyProxy
) -> None:
    others = [anna, people.person("bea"), people.person("cor")]
    await asyncio.gather(*[accepted(channel, outbound(one.user, picture=PICTURE, part=Part.PICTURE)) for one in others])
    assert proxy.count("/upload") == 1
    [image] = await anna.screen(await room_of(anna))
    content = image["content"]
    assert content["msgtype"] == "m.image" and content["info"] == {"mimetype": "image/png", "size": len(PIXEL)}
    server, media = content["url"].removeprefix("mxc://").split("/")
    where = f"{proxy.url}/_matrix/client/v1/media/download/{server}/{media}"
    headers = {"Authorization": f"Bearer {anna._token}"}
    async with aiohttp.ClientSession() as client, client.get(where, headers=headers) as answer:
        assert await answer.read() == PIXEL


async def test_a_send_that_is_given_up_leaves_its_picture_to_the_next(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    message = outbound(anna.user, picture=PICTURE, part=Part.PICTURE)
    given_up = asyncio.create_task(channel.send(message))
    await proxy.until("/upload")
    given_up.cancel()
    await asyncio.wait([given_up, *(task for task in asyncio.all_tasks() if task.get_name().startswith("picture"))])
    assert given_up.cancelled() and await accepted(channel, message)
    assert proxy.count("/upload") == 1


async def test_the_scene_comes_as_a_place_on_the_map(channel: MatrixChannel, anna: Person, outbound: Make) -> None:
    scene = Location(52.370216, 4.895168, "Kerkstraat, Centrum")
    await accepted(channel, outbound(anna.user, location=scene, part=Part.LOCATION))
    [place] = await anna.screen(await room_of(anna))
    assert place["content"]["msgtype"] == "m.location" and place["content"]["geo_uri"] == "geo:52.370216,4.895168"
    assert place["content"]["body"].startswith("Kerkstraat, Centrum")


async def test_an_amended_alert_reads_anew_where_it_stood(channel: MatrixChannel, anna: Person, outbound: Make) -> None:
    first = await accepted(channel, outbound(anna.user))
    await accepted(channel, outbound(anna.user, "Voorbij", actions=(), reply_to=first, part=Part.AMEND))
    room = await room_of(anna)
    shown = await anna.call("GET", "rooms", room, "event", first)
    assert shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"] == "Voorbij"


@pytest.mark.parametrize("part", [Part.PICTURE, Part.LOCATION, Part.AMEND], ids=lambda part: part.value)
async def test_a_part_without_what_it_is_made_of_is_refused(
    channel: MatrixChannel, anna: Person, outbound: Make, part: Part
) -> None:
    assert await channel.send(outbound(anna.user, part=part)) == Rejected("nothing to send for this part")


async def test_half_an_emoji_and_other_naughty_signs_arrive(
    channel: MatrixChannel, anna: Person, outbound: Make
) -> None:
    await accepted(channel, outbound(anna.user, "half \ud83d <b>& \u202e \u0000 ok", actions=()))
    [text] = await anna.texts(await room_of(anna))
    assert text.startswith("half � <b>& \u202e")


async def test_what_is_said_beside_alerts_is_plain_text_and_each_time_its_own_message(
    channel: MatrixChannel, anna: Person
) -> None:
    for _ in range(2):
        assert isinstance(await channel.say(Handle(anna.user), "U bent aangemeld."), Accepted)
    assert await anna.texts(await room_of(anna)) == ["U bent aangemeld."] * 2


async def test_an_access_token_serves_instead_of_a_password(
    make_channel: MakeChannel, anna: Person, hub: Person, outbound: Make, proxy: FaultyProxy
) -> None:
    channel = make_channel(password=SecretStr(""), access_token=SecretStr(hub._token), user_id="")
    await accepted(channel, outbound(anna.user))
    assert proxy.count("/login") == 0 and len(await anna.texts(await room_of(anna))) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"password": SecretStr("wrong-secret")}, "sign-in refused: M_FORBIDDEN"),
        ({"password": SecretStr(""), "access_token": SecretStr("wrong-secret")}, "token refused: M_UNKNOWN_TOKEN"),
        ({"password": SecretStr("")}, "set access_token or password in channels.matrix"),
    ],
    ids=["password", "token", "neither"],
)
async def test_who_cannot_sign_in_is_told_so_and_no_person_is_blamed(
    make_channel: MakeChannel, anna: Person, outbound: Make, settings: dict[str, SecretStr], words: str
) -> None:
    channel = make_channel(**settings)
    assert await channel.send(outbound(anna.user)) == Deferred(words, whole_account=True)
    [*_, last] = await channel.examine()
    assert not last.works and "wrong-secret" not in last.text


BROKEN: list[tuple[Fault, type, int]] = [
    (faulty.INTERNAL, Uncertain, 0),
    (faulty.BAD_GATEWAY, Uncertain, 0),
    (faulty.UNAVAILABLE, Deferred, 0),
    (faulty.LIMITED, Deferred, 0),
    (faulty.LIMITED_HEADER, Deferred, 0),
    (faulty.LIMITED_BARE, Deferred, 0),
    (faulty.GARBAGE, Uncertain, 0),
    (faulty.EMPTY_OBJECT, Uncertain, 0),
    (faulty.WRONG_SHAPE, Uncertain, 0),
    (faulty.TRUNCATED, Uncertain, 0),
    (faulty.TRUNCATED_AFTER, Uncertain, 1),
    (faulty.DROPPED, Uncertain, 0),
    (faulty.DROPPED_AFTER, Uncertain, 1),
    (faulty.HANGS, Uncertain, 0),
]


@pytest.mark.parametrize(("fault", "kind", "there"), BROKEN, ids=[str(fault) for fault, _, _ in BROKEN])
async def test_every_fault_costs_one_request_and_the_next_attempt_brings_the_message_once(
    make_channel: MakeChannel,
    anna: Person,
    outbound: Make,
    proxy: FaultyProxy,
    fault: Fault,
    kind: type,
    there: int,
) -> None:
    channel = make_channel(timeout=1.0 if fault is faulty.HANGS else 5.0)
    await accepted(channel, outbound(anna.user, "eerst", actions=()))
    room = await room_of(anna)
    proxy.break_down(fault, "/send/")
    before = len(proxy.requests)
    message = outbound(anna.user, "dan", actions=())
    assert type(await channel.send(message)) is kind
    assert len(proxy.requests) == before + 1
    assert await anna.texts(room) == ["eerst", *["dan"] * there]
    proxy.mend()
    await accepted(channel, message)
    assert await anna.texts(room) == ["eerst", "dan"]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(faulty.LIMITED, 1.5), (faulty.LIMITED_HEADER, 7.0), (faulty.LIMITED_BARE, None)],
    ids=["body", "header", "neither"],
)
async def test_a_wait_the_homeserver_asks_for_is_the_wait_we_report(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy, fault: Fault, seconds: float | None
) -> None:
    proxy.break_down(fault, "/send/")
    result = await channel.send(outbound(anna.user))
    assert isinstance(result, Deferred) and result.retry_after == seconds and not result.whole_account


@pytest.mark.parametrize("where", ["/login", "/profile/", "createRoom", "/state/", "/upload"])
@pytest.mark.parametrize(
    "fault", [faulty.INTERNAL, faulty.BAD_GATEWAY, faulty.GARBAGE, faulty.DROPPED, faulty.TRUNCATED], ids=str
)
async def test_a_fault_before_the_message_leaves_is_never_uncertain_and_blames_no_person(
    channel: MatrixChannel, anna: Person, outbound: Make, proxy: FaultyProxy, where: str, fault: Fault
) -> None:
    message = outbound(anna.user, picture=PICTURE, part=Part.PICTURE)
    proxy.break_down(fault, where)
    result = await channel.send(message)
    # What a homeserver tells of a profile or a room's state is not needed word by word: only that it answered.
    assert isinstance(result, Deferred | Accepted)
    assert isinstance(result, Deferred) or where in ("/profile/", "/state/")
    proxy.mend()
    await accepted(channel, message)


@pytest.mark.parametrize("where", ["/login", "createRoom", "/send/"])
async def test_a_send_that_is_cancelled_leaves_nothing_hanging_and_the_next_one_works(
    make_channel: MakeChannel, anna: Person, outbound: Make, proxy: FaultyProxy, where: str
) -> None:
    channel = make_channel(timeout=1.0)
    proxy.break_down(faulty.HANGS, where, times=1)
    task = asyncio.create_task(channel.send(outbound(anna.user, "eens", delivery_id=900100)))
    await proxy.until(where)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    message = outbound(anna.user, "eens", actions=())
    if where != "/send/":  # what was begun for all goes on, and is given up in its own time
        assert isinstance(await channel.send(message), Deferred)
    await asyncio.sleep(1.1)  # the request that hangs ends at its timeouts, 2 s
    await accepted(channel, message)
    assert (await anna.texts(await room_of(anna)))[-1] == "eens"
