"""What unmodified matrix-nio does on a homeserver and what it must see there: it judges the emulator, and Synapse judges it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

import nio

from tests.matrix_emulator.place import Place

SEEN = "m.read"
TALKS: list[Callable[[Place], Awaitable[None]]] = []
PIXELS = b"\x89PNG\r\n\x1a\n" + bytes(64)


def talk(test: Callable[[Place], Awaitable[None]]) -> Callable[[Place], Awaitable[None]]:
    TALKS.append(test)
    return test


async def direct(place: Place, hub: nio.AsyncClient, anna: nio.AsyncClient) -> str:
    """A direct room of the two, with Anna in it."""
    made = await hub.room_create(
        is_direct=True, invite=[place.user("anna")], preset=nio.RoomPreset.trusted_private_chat, name="Buurtsein"
    )
    assert isinstance(made, nio.RoomCreateResponse), made
    assert isinstance(await anna.join(made.room_id), nio.JoinResponse)
    return str(made.room_id)


async def say(
    client: nio.AsyncClient, room: str, content: dict[str, Any], txn: str | None = None, kind: str = "m.room.message"
) -> str:
    sent = await client.room_send(room, kind, content, tx_id=txn, ignore_unverified_devices=True)
    assert isinstance(sent, nio.RoomSendResponse), sent
    return str(sent.event_id)


async def sync(client: nio.AsyncClient, timeout: int = 0, **more: Any) -> nio.SyncResponse:
    answer = await client.sync(timeout=timeout, **more)
    assert isinstance(answer, nio.SyncResponse), answer
    return answer


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": words, **more}


@talk
async def a_login_says_who_we_are(place: Place) -> None:
    client = await place.nio("hub", "FIXED")
    who = await client.whoami()
    assert isinstance(who, nio.WhoamiResponse) and who.user_id == place.user("hub") and who.device_id == "FIXED"
    assert isinstance(await client.logout(), nio.LogoutResponse)


@talk
async def a_wrong_password_and_a_dead_token_are_told(place: Place) -> None:
    client = await place.nio("hub", "DEAD")
    wrong = await client.login("wrong")
    assert isinstance(wrong, nio.LoginError) and wrong.status_code == "M_FORBIDDEN"
    client.access_token = "syt_dead"
    gone = await client.sync(timeout=0)
    assert isinstance(gone, nio.SyncError) and gone.status_code == "M_UNKNOWN_TOKEN"


@talk
async def a_transaction_is_one_event_also_after_a_new_login_with_the_same_device(place: Place) -> None:
    hub, anna = await place.nio("hub", "ONE"), await place.nio("anna", "A1")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    first = await say(hub, room, text("een"), "delivery-1")
    assert await say(hub, room, text("anders"), "delivery-1") == first
    again, other = await place.nio("hub", "ONE"), await place.nio("hub", "TWO")
    for client in (again, other):
        await sync(client, full_state=True)
    assert await say(again, room, text("een"), "delivery-1") == first
    assert await say(other, room, text("een"), "delivery-1") != first
    assert await say(again, room, text("twee"), "delivery-2") != first


@talk
async def a_full_sync_shows_rooms_people_and_the_last_ten_events(place: Place) -> None:
    hub, anna = await place.nio("hub", "FULL"), await place.nio("anna", "A2")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    for number in range(12):
        await say(hub, room, text(str(number)))
    fresh = await place.nio("hub", "FRESH")
    answer = await sync(fresh, full_state=True)
    timeline = answer.rooms.join[room].timeline
    assert [one.body for one in timeline.events if isinstance(one, nio.RoomMessageText)] == [
        str(n) for n in range(2, 12)
    ]
    assert timeline.limited
    assert set(fresh.rooms[room].users) == {place.user("hub"), place.user("anna")}
    assert fresh.rooms[room].name == "Buurtsein" and not fresh.rooms[room].encrypted


@talk
async def an_incremental_sync_brings_what_is_new_and_no_more(place: Place) -> None:
    hub, anna = await place.nio("hub", "INC"), await place.nio("anna", "A3")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    nothing = await sync(hub)
    assert room not in nothing.rooms.join
    sent = await say(anna, room, text("ok"))
    [event] = (await sync(hub)).rooms.join[room].timeline.events
    assert (event.event_id, event.sender, event.body) == (sent, place.user("anna"), "ok")
    assert room not in (await sync(hub)).rooms.join


@talk
async def a_long_poll_ends_when_something_comes(place: Place) -> None:
    hub, anna = await place.nio("hub", "LONG"), await place.nio("anna", "A4")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    await sync(hub)
    waiting = asyncio.create_task(sync(hub, timeout=20_000))
    async with asyncio.timeout(10):
        while not waiting.done():
            await say(anna, room, text("wakker"))
            await asyncio.sleep(0.05)
    assert room in waiting.result().rooms.join


@talk
async def invitation_and_its_answer_are_seen_on_both_sides(place: Place) -> None:
    hub, bram = await place.nio("hub", "INV"), await place.nio("bram", "B1")
    await sync(hub, full_state=True)
    await sync(bram, full_state=True)
    made = await hub.room_create(is_direct=True, invite=[place.user("bram")], name="Wijk")
    assert isinstance(made, nio.RoomCreateResponse)
    invited = (await sync(bram)).rooms.invite[made.room_id]
    asked = [
        one for one in invited.invite_state if isinstance(one, nio.InviteMemberEvent) and one.membership == "invite"
    ]
    assert [(one.sender, one.state_key) for one in asked] == [(place.user("hub"), place.user("bram"))]
    assert isinstance(await bram.room_leave(made.room_id), nio.RoomLeaveResponse)
    events = (await sync(hub)).rooms.join[made.room_id].timeline.events
    [declined] = [one for one in events if isinstance(one, nio.RoomMemberEvent) and one.membership == "leave"]
    assert declined.state_key == place.user("bram") and declined.prev_membership == "invite"
    assert isinstance(await hub.room_invite(made.room_id, place.user("bram")), nio.RoomInviteResponse)
    assert isinstance(await bram.join(made.room_id), nio.JoinResponse)
    joined = await hub.joined_members(made.room_id)
    assert isinstance(joined, nio.JoinedMembersResponse)
    assert {one.user_id for one in joined.members} == {place.user("hub"), place.user("bram")}
    rooms = await bram.joined_rooms()
    assert isinstance(rooms, nio.JoinedRoomsResponse) and made.room_id in rooms.rooms


@talk
async def reactions_come_once_and_go_by_redaction(place: Place) -> None:
    hub, anna = await place.nio("hub", "REACT"), await place.nio("anna", "A5")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    await sync(anna, full_state=True)
    sent = await say(hub, room, text("Inbraak"))
    sign = {"m.relates_to": {"rel_type": "m.annotation", "event_id": sent, "key": "✅"}}
    reaction = await say(anna, room, sign, kind="m.reaction")
    twice = await anna.room_send(room, "m.reaction", sign)
    assert isinstance(twice, nio.RoomSendError) and twice.status_code == "M_DUPLICATE_ANNOTATION"
    events = (await sync(hub)).rooms.join[room].timeline.events
    [seen] = [one for one in events if isinstance(one, nio.ReactionEvent)]
    assert (seen.reacts_to, seen.key, seen.sender) == (sent, "✅", place.user("anna"))
    assert isinstance(await anna.room_redact(room, reaction), nio.RoomRedactResponse)
    events = (await sync(hub)).rooms.join[room].timeline.events
    [taken_back] = [one for one in events if isinstance(one, nio.RedactionEvent)]
    assert (taken_back.redacts, taken_back.sender) == (reaction, place.user("anna"))
    await say(anna, room, sign, kind="m.reaction")


@talk
async def a_receipt_reaches_the_sender(place: Place) -> None:
    hub, anna = await place.nio("hub", "READ"), await place.nio("anna", "A6")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    first, second = await say(hub, room, text("een")), await say(hub, room, text("twee"))
    await sync(hub)
    assert isinstance(await anna.update_receipt_marker(room, second), nio.UpdateReceiptMarkerResponse)
    [event] = (await sync(hub)).rooms.join[room].ephemeral
    assert isinstance(event, nio.ReceiptEvent)
    [receipt] = event.receipts
    assert (receipt.event_id, receipt.receipt_type, receipt.user_id) == (second, SEEN, place.user("anna"))
    assert receipt.timestamp > 1_500_000_000_000
    await anna.update_receipt_marker(room, first)
    assert room not in (await sync(hub)).rooms.join, "a receipt never goes back"


@talk
async def replies_edits_pictures_and_places_arrive_as_they_were_sent(place: Place) -> None:
    hub, anna = await place.nio("hub", "RICH"), await place.nio("anna", "A7")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    await sync(anna, full_state=True)
    sent = await say(hub, room, text("Inbraak"))
    edit = {"m.new_content": text("Voorbij"), "m.relates_to": {"rel_type": "m.replace", "event_id": sent}}
    await say(hub, room, text("* Voorbij", **edit))
    await say(hub, room, text("antwoord", **{"m.relates_to": {"m.in_reply_to": {"event_id": sent}}}))
    uploaded, _ = await hub.upload(io.BytesIO(PIXELS), "image/png", "foto.png", filesize=len(PIXELS))
    assert isinstance(uploaded, nio.UploadResponse) and uploaded.content_uri.startswith(f"mxc://{place.server_name}/")
    info = {"mimetype": "image/png", "size": len(PIXELS)}
    await say(hub, room, {"msgtype": "m.image", "body": "foto.png", "url": uploaded.content_uri, "info": info})
    await say(hub, room, {"msgtype": "m.location", "body": "Kerkstraat", "geo_uri": "geo:52.06070,4.49400"})
    first, edited, reply, picture, spot = (await sync(anna)).rooms.join[room].timeline.events
    assert isinstance(first, nio.RoomMessageText) and first.body == "Inbraak"
    assert edited.source["content"]["m.new_content"]["body"] == "Voorbij"
    assert edited.source["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": sent}
    assert reply.source["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == sent
    assert isinstance(picture, nio.RoomMessageImage)
    assert spot.source["content"]["geo_uri"] == "geo:52.06070,4.49400"
    fetched = await anna.download(picture.url)
    assert isinstance(fetched, nio.DownloadResponse) and fetched.body == PIXELS


@talk
async def whoever_left_hears_no_more_and_can_be_asked_back(place: Place) -> None:
    hub, anna = await place.nio("hub", "LEFT"), await place.nio("anna", "A8")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    await sync(anna, full_state=True)
    assert isinstance(await anna.room_leave(room), nio.RoomLeaveResponse)
    await say(hub, room, text("hoort niemand"))
    left = (await sync(anna)).rooms.leave[room]
    assert [one.source["type"] for one in left.timeline.events] == ["m.room.member"]
    events = (await sync(hub)).rooms.join[room].timeline.events
    assert [one.membership for one in events if isinstance(one, nio.RoomMemberEvent)] == ["leave"]
    await hub.room_leave(room)
    late = await hub.room_send(room, "m.room.message", text("te laat"))
    assert isinstance(late, nio.RoomSendError) and late.status_code == "M_FORBIDDEN"
    assert isinstance(await hub.room_forget(room), nio.RoomForgetResponse)


@talk
async def who_is_put_out_of_a_room_sees_it_end(place: Place) -> None:
    hub, anna = await place.nio("hub", "KICK"), await place.nio("anna", "A9")
    made = await hub.room_create(invite=[place.user("anna")], preset=nio.RoomPreset.private_chat)
    assert isinstance(made, nio.RoomCreateResponse)
    await anna.join(made.room_id)
    await sync(anna, full_state=True)
    assert isinstance(await hub.room_kick(made.room_id, place.user("anna")), nio.RoomKickResponse)
    [event] = (await sync(anna)).rooms.leave[made.room_id].timeline.events
    assert isinstance(event, nio.RoomMemberEvent) and (event.membership, event.sender) == ("leave", place.user("hub"))


@talk
async def the_list_of_direct_rooms_is_kept(place: Place) -> None:
    hub, anna = await place.nio("hub", "LIST"), await place.nio("anna", "A10")
    room = await direct(place, hub, anna)
    token, path = hub.access_token, f"/user/{place.user('hub')}/account_data/m.direct"
    given = {place.user("anna"): [room]}
    assert (await place.call("PUT", path, token, json=given)).status == 200
    assert (await place.call("GET", path, token)).body == given
    rooms = await hub.list_direct_rooms()
    assert isinstance(rooms, nio.DirectRoomsResponse) and rooms.rooms == given


@talk
async def what_bridges_say_passes_as_an_unknown_event(place: Place) -> None:
    hub, anna = await place.nio("hub", "BRIDGE"), await place.nio("anna", "A11")
    room = await direct(place, hub, anna)
    await sync(hub, full_state=True)
    sent = await say(hub, room, text("Inbraak"))
    content = {"m.relates_to": {"rel_type": "m.reference", "event_id": sent}, "status": "SUCCESS"}
    await say(anna, room, content, kind="com.beeper.message_send_status")
    *_, event = (await sync(hub)).rooms.join[room].timeline.events
    assert isinstance(event, nio.UnknownEvent) and event.source["content"] == content


@talk
async def profile_and_name(place: Place) -> None:
    hub = await place.nio("hub", "NAME")
    profile = await hub.get_profile(place.user("anna"))
    assert isinstance(profile, nio.ProfileGetResponse) and profile.displayname == "anna"
    absent = await hub.get_profile(place.user("nobody"))
    assert isinstance(absent, nio.ProfileGetError)
    assert isinstance(await hub.set_displayname("hub"), nio.ProfileSetDisplayNameResponse)
