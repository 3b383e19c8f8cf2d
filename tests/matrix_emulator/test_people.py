"""People on the emulator do what people with a Matrix client do, and their phones show what was sent and nothing more."""

from __future__ import annotations

import nio
import pytest

from adapters.matrix.emulator import MatrixEmulator
from tests.matrix_emulator.oracle import PIXELS, say, sync, text
from tests.matrix_emulator.place import Place

CARLA = "@carla:hub.test"
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'>& https://x.example/?a=1&b=<b>"


@pytest.fixture
async def hub(place: Place) -> nio.AsyncClient:
    return await place.nio("hub", "PEOPLE")


async def room_with(emulator: MatrixEmulator, hub: nio.AsyncClient, handle: str = CARLA, name: str = "Carla") -> str:
    emulator.person(handle, name)
    made = await hub.room_create(is_direct=True, invite=[handle], preset=nio.RoomPreset.trusted_private_chat)
    assert isinstance(made, nio.RoomCreateResponse)
    await sync(hub, full_state=True)
    return str(made.room_id)


async def test_who_is_invited_comes_in_unless_they_wait(emulator: MatrixEmulator, hub: nio.AsyncClient) -> None:
    room = emulator.server.rooms[await room_with(emulator, hub)]
    assert room.membership(CARLA) == "join"
    emulator.person("@dirk:hub.test", "Dirk", accepts=False)
    await hub.room_invite(room.id, "@dirk:hub.test")
    assert room.membership("@dirk:hub.test") == "invite"
    emulator.decline("@dirk:hub.test")
    assert room.membership("@dirk:hub.test") == "leave"
    await hub.room_invite(room.id, "@dirk:hub.test")
    emulator.accept("@dirk:hub.test")
    assert room.membership("@dirk:hub.test") == "join"
    emulator.leave("@dirk:hub.test")
    assert room.membership("@dirk:hub.test") == "leave"


async def test_signs_words_reading_and_taking_back_reach_the_hub(
    emulator: MatrixEmulator, hub: nio.AsyncClient
) -> None:
    room = await room_with(emulator, hub)
    sent = await say(hub, room, text("Inbraak"))
    await sync(hub)
    sign = emulator.react(CARLA, "✅")
    emulator.reply(CARLA, "ok")
    loose = emulator.say(CARLA, "los")
    assert loose is not None
    emulator.take_back(CARLA, loose)
    emulator.unreact(CARLA, "✅")
    emulator.read(CARLA)
    part = (await sync(hub)).rooms.join[room]
    kinds = [one.source["type"] for one in part.timeline.events]
    assert kinds == ["m.reaction", "m.room.message", "m.room.message", "m.room.redaction", "m.room.redaction"]
    reply = part.timeline.events[1].source["content"]
    assert reply["body"] == "ok" and reply["m.relates_to"] == {"m.in_reply_to": {"event_id": sent}}
    assert [one.redacts for one in part.timeline.events if isinstance(one, nio.RedactionEvent)] == [loose, sign]
    [event] = part.ephemeral
    assert isinstance(event, nio.ReceiptEvent)
    assert [(one.user_id, one.event_id) for one in event.receipts] == [(CARLA, sent)]


async def test_people_invite_the_hub_to_direct_rooms_and_groups(emulator: MatrixEmulator, hub: nio.AsyncClient) -> None:
    emulator.person(CARLA, "Carla")
    direct = emulator.invite(CARLA, "@hub:hub.test")
    group = emulator.invite(CARLA, "@hub:hub.test", title="Buurtapp Seghwaert")
    invited = (await sync(hub, full_state=True)).rooms.invite
    told = {
        room: [one for one in part.invite_state if isinstance(one, nio.InviteMemberEvent)][-1]
        for room, part in invited.items()
    }
    assert set(told) == {direct, group}
    assert told[direct].content.get("is_direct") is True and "is_direct" not in told[group].content
    names = [one.name for one in invited[group].invite_state if isinstance(one, nio.InviteNameEvent)]
    assert names == ["Buurtapp Seghwaert"]


async def test_the_screen_shows_edits_pictures_places_signs_and_what_was_taken_back(
    place: Place, emulator: MatrixEmulator, hub: nio.AsyncClient
) -> None:
    room = await room_with(emulator, hub)
    first = await say(hub, room, text("Inbraak"))
    edit = {"m.new_content": text("Voorbij"), "m.relates_to": {"rel_type": "m.replace", "event_id": first}}
    await say(hub, room, text("* Voorbij", **edit))
    await say(hub, room, text("Nadere melding", **{"m.relates_to": {"m.in_reply_to": {"event_id": first}}}))
    headers = {"Content-Type": "image/png", "Authorization": f"Bearer {hub.access_token}"}
    async with place.session.post(f"{place.url}/_matrix/media/v3/upload", data=PIXELS, headers=headers) as response:
        address = (await response.json())["content_uri"]
    await say(hub, room, {"msgtype": "m.image", "body": "foto.png", "url": address})
    await say(hub, room, {"msgtype": "m.location", "body": "Kerkstraat", "geo_uri": "geo:52.06070,4.49400"})
    gone = await say(hub, room, text("Vergissing"))
    await hub.room_redact(room, gone)
    emulator.react(CARLA, "✅", first)
    edited, reply, picture, spot, removed = emulator.messages(CARLA)
    assert (edited.text, edited.edited, edited.reactions) == ("Voorbij", True, {"✅": [CARLA]})
    assert reply.reply_to == first and picture.media == address and spot.place == (52.0607, 4.494)
    assert removed.removed and not removed.text
    async with place.session.get(f"{place.url}/phone/{CARLA}") as response:
        page = await response.text()
    for seen in ("Voorbij", "(bewerkt)", "Nadere melding", "Kerkstraat", "52,06070° NB", "Bericht verwijderd", "✅"):
        assert seen in page
    assert "* Voorbij" not in page and "Vergissing" not in page
    name = address.rpartition("/")[2]
    async with place.session.get(f"{place.url}/phone/{CARLA}/media/{name}") as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/png", PIXELS)


async def test_nobody_sees_a_picture_that_was_not_sent_to_them(place: Place, emulator: MatrixEmulator) -> None:
    emulator.person(CARLA, "Carla")
    token = await place.token("hub", "MEDIA")
    uploaded = await place.call("POST", "/_matrix/media/v3/upload", token, data=PIXELS)
    name = uploaded.body["content_uri"].rpartition("/")[2]
    async with place.session.get(f"{place.url}/phone/{CARLA}/media/{name}") as response:
        assert response.status == 404


async def test_what_somebody_wrote_is_inert_on_the_page(
    place: Place, emulator: MatrixEmulator, hub: nio.AsyncClient
) -> None:
    room = await room_with(emulator, hub, "@evil:hub.test", EVIL)
    await say(hub, room, text(EVIL))
    await say(hub, room, {"msgtype": "m.location", "body": EVIL, "geo_uri": f"geo:{EVIL}"})
    emulator.react("@evil:hub.test", EVIL)
    emulator.reply("@evil:hub.test", EVIL)
    async with place.session.get(f"{place.url}/phone/@evil:hub.test") as response:
        policy, page = response.headers["Content-Security-Policy"], await response.text()
    assert "<script>alert" not in page and "<img" not in page and "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy
    assert 'href="https://x.example/' in page and 'rel="noopener noreferrer"' in page


async def test_tapping_and_typing_on_the_page_reach_the_hub(
    place: Place, emulator: MatrixEmulator, hub: nio.AsyncClient
) -> None:
    room = await room_with(emulator, hub)
    sent = await say(hub, room, text("Inbraak"))
    await sync(hub)
    phone = f"{place.url}/phone/{CARLA}"
    tapped = {"sign": "📣", "message": sent}
    async with place.session.post(f"{phone}/react", data=tapped, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "../%40carla%3Ahub.test")
    assert emulator.messages(CARLA)[0].reactions == {"📣": [CARLA]}
    async with place.session.post(f"{phone}/react", data=tapped) as response:
        assert response.status == 200 and response.url.path.endswith("/phone/@carla:hub.test")
    assert emulator.messages(CARLA)[0].reactions == {}, "a second tap takes it back"
    for said in ({"text": " ok ", "reply_to": sent}, {"text": "los"}, {"text": "  "}):
        async with place.session.post(f"{phone}/say", data=said) as response:
            assert response.status == 200
    contents = [one.source["content"] for one in (await sync(hub)).rooms.join[room].timeline.events[-2:]]
    assert [one["body"] for one in contents] == ["ok", "los"]
    assert contents[0]["m.relates_to"]["m.in_reply_to"]["event_id"] == sent and "m.relates_to" not in contents[1]


async def test_looking_is_reading(place: Place, emulator: MatrixEmulator, hub: nio.AsyncClient) -> None:
    room = await room_with(emulator, hub)
    await say(hub, room, text("een"))
    sent = await say(hub, room, text("twee"))
    assert emulator.unread(CARLA) == 2
    async with place.session.get(f"{place.url}/phone/{CARLA}/messages") as response:
        version = response.headers["X-Version"]
    assert emulator.unread(CARLA) == 0
    assert [mark.event_id for mark in emulator.server.rooms[room].marks.values()] == [sent]
    async with place.session.get(f"{place.url}/phone/{CARLA}/messages?seen={version}") as response:
        assert response.status == 204
    emulator.say(CARLA, "nieuw")
    async with place.session.get(f"{place.url}/phone/{CARLA}/messages?seen={version}") as response:
        assert "nieuw" in await response.text()


async def test_there_is_no_phone_and_no_message_where_there_is_none(place: Place, emulator: MatrixEmulator) -> None:
    async with place.session.get(f"{place.url}/phone/@nobody:hub.test") as response:
        assert response.status == 404
    emulator.person(CARLA, "Carla")
    async with place.session.get(f"{place.url}/phone/{CARLA}") as response:
        page = await response.text()
    assert "Nog geen berichten" in page and 'lang="nl"' in page and "http://" not in page and "https://" not in page
    async with place.session.post(f"{place.url}/phone/{CARLA}/react", data={"sign": "✅", "message": "$x"}) as response:
        assert response.status == 404
    async with place.session.post(f"{place.url}/phone/{CARLA}/say", data={"text": "hallo"}) as response:
        assert response.status == 200, "to nobody, but no fault"
    assert emulator.react(CARLA, "✅") is None and emulator.reply(CARLA, "x") is None
