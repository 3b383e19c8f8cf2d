"""What goes beside an alert (picture, location), what this channel cannot do, and words that are no alert."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.emulator import faults
from adapters.whatsapp.emulator.media import MOST_BYTES
from adapters.whatsapp.emulator.server import UPLOAD
from hub.channel import Accepted, Deferred, Location, Outbound, Part, Picture, Rejected, Result, Uncertain
from hub.domain import Handle
from tests.whatsapp.conftest import FIRST, NUMBER, WORDING, World


def picture(content: bytes = b"\x89PNG picture", mime: str = "image/png") -> Picture:
    return Picture(content, mime, hashlib.sha256(content).hexdigest())


SCENE = Location(52.0607, 4.4940, "Amaliaplaats, Seghwaert")
BESIDE = replace(FIRST, wording=replace(WORDING, location=SCENE, picture=picture()))
KEPT_DAYS = 29
_UNKNOWN = faults.refuse(100, subcode=33)


def beside(world: World, part: Part, outbound: Outbound = BESIDE) -> Outbound:
    return replace(world.open(outbound), part=part)


async def test_a_picture_is_uploaded_once_and_sent_by_its_id(world: World) -> None:
    await world.channel.send(world.open())
    alert = world.emulator.messages[-1].id
    for _ in range(3):
        sent = replace(beside(world, Part.PICTURE), reply_to=alert)
        result = await world.channel.send(sent)
        shown = world.emulator.messages[-1]
        assert result == Accepted(shown.id)
        assert (shown.content.kind, shown.content.reply_to) == ("image", alert)
        medium = world.emulator.media.get(shown.content.picture)
        assert medium is not None and (medium.content, medium.mime) == (b"\x89PNG picture", "image/png")
        assert shown.request["biz_opaque_callback_data"] == "9001"
    assert (world.emulator.media.uploads, world.emulator.requests) == (1, 4)


async def test_many_who_want_the_same_picture_wait_for_one_upload(world: World) -> None:
    world.emulator.latency = 0.01
    results = await asyncio.gather(*(world.channel.send(beside(world, Part.PICTURE)) for _ in range(20)))
    assert all(isinstance(result, Accepted) for result in results)
    assert world.emulator.media.uploads == 1


async def test_another_picture_and_another_account_have_an_upload_of_their_own(world: World) -> None:
    other = replace(BESIDE.wording, picture=picture(b"\xff\xd8\xff another", "image/jpeg"))
    await world.channel.send(beside(world, Part.PICTURE))
    await world.channel.send(beside(world, Part.PICTURE, replace(BESIDE, wording=other)))
    await WhatsAppChannel(world.account(), world.session, world.clock).send(beside(world, Part.PICTURE))
    assert world.emulator.media.uploads == 3


async def test_an_id_is_kept_for_29_days(world: World) -> None:
    await world.channel.send(beside(world, Part.PICTURE))
    for days, uploads in ((KEPT_DAYS - 1, 1), (2, 2)):
        world.clock.milliseconds += round(timedelta(days=days) / timedelta(milliseconds=1))
        assert isinstance(await world.channel.send(beside(world, Part.PICTURE)), Accepted)
        assert world.emulator.media.uploads == uploads


async def test_a_picture_that_meta_forgot_is_uploaded_anew_at_the_next_attempt(world: World) -> None:
    await world.channel.send(beside(world, Part.PICTURE))
    world.emulator.media.lose_all()
    assert await world.channel.send(beside(world, Part.PICTURE)) == Deferred("picture:100 unknown-object", 0.0)
    assert isinstance(await world.channel.send(replace(beside(world, Part.PICTURE), attempt=2)), Accepted)
    assert world.emulator.media.uploads == 2


async def test_a_picture_refused_right_after_its_upload_is_given_up(world: World) -> None:
    """And the account goes on: an object that Meta does not know is the picture here, not our number."""
    for fault, reason in ((faults.refuse(131053), "131053 media-upload"), (_UNKNOWN, "100 unknown-object")):
        world.emulator.fault(NUMBER, fault)
        assert await world.channel.send(beside(world, Part.PICTURE)) == Rejected(f"picture:{reason}")
    assert world.emulator.media.uploads == 2


async def test_a_picture_that_fails_later_is_uploaded_anew(world: World) -> None:
    world.emulator.fault(NUMBER, faults.fail(131052))
    await world.channel.send(beside(world, Part.PICTURE))
    (receipt,) = await world.receipts()
    assert receipt.again == 0
    assert isinstance(await world.channel.send(replace(beside(world, Part.PICTURE), attempt=2)), Accepted)
    assert world.emulator.media.uploads == 2


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (faults.refuse(131053), Rejected("upload:131053 media-upload")),
        (faults.refuse(131016), Deferred("upload:131016 service-unavailable")),
        (faults.refuse(131016, retry_after=7), Deferred("upload:131016 service-unavailable", 7.0)),
        (faults.refuse(190), Deferred("upload:190 token", whole_account=True)),
        (faults.refuse(80007), Deferred("upload:80007 business-call-limit", whole_account=True)),
        (faults.html(502), Deferred("upload:http-502")),
        (faults.html(504), Deferred("upload:http-504")),
        (faults.html(413), Rejected("upload:http-413")),
        (faults.GARBAGE, Deferred("upload:http-200")),
        (faults.TRUNCATED, Deferred("upload:no-answer")),
        (faults.HANG, Deferred("upload:no-answer")),
        (faults.DROP_ACCEPTED, Deferred("upload:no-answer")),
    ],
    ids=str,
)
async def test_an_upload_that_fails_reaches_nobody_and_is_tried_again(
    world: World, fault: faults.Fault, wanted: Result
) -> None:
    channel = WhatsAppChannel(world.account(timeout=0.4), world.session, world.clock)
    world.emulator.fault(UPLOAD, fault)
    assert await channel.send(beside(world, Part.PICTURE)) == wanted
    assert world.emulator.requests == 0
    assert isinstance(await channel.send(replace(beside(world, Part.PICTURE), attempt=2)), Accepted)


@pytest.mark.parametrize(
    "given",
    [
        picture(b"\x89PNG" + b"x" * MOST_BYTES),
        picture(b"GIF89a", "image/gif"),
        picture(b"GIF89a", "image/png"),
    ],
    ids=["too large", "of another kind", "not what it says"],
)
async def test_a_picture_that_meta_does_not_take_is_rejected(world: World, given: Picture) -> None:
    outbound = replace(BESIDE, wording=replace(BESIDE.wording, picture=given))
    result = await world.channel.send(beside(world, Part.PICTURE, outbound))
    assert isinstance(result, Rejected) and result.reason.startswith("upload:1") and not result.address_dead
    assert world.emulator.requests == 0


async def test_who_gives_up_waiting_does_not_take_the_picture_from_the_others(world: World) -> None:
    world.emulator.latency = 0.01
    first, second = (asyncio.create_task(world.channel.send(beside(world, Part.PICTURE))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert isinstance(await second, Accepted)
    with pytest.raises(asyncio.CancelledError):
        await first
    assert world.emulator.media.uploads == 1


async def test_closing_gives_up_an_upload_that_hangs(world: World) -> None:
    world.emulator.fault(UPLOAD, faults.HANG)
    send = asyncio.create_task(world.channel.send(beside(world, Part.PICTURE)))
    await asyncio.sleep(0)
    await world.channel.close()
    with pytest.raises(asyncio.CancelledError):
        await send


async def test_the_scene_goes_out_as_a_pin(world: World) -> None:
    result = await world.channel.send(beside(world, Part.LOCATION))
    shown = world.emulator.messages[-1]
    assert result == Accepted(shown.id)
    assert shown.request["location"] == {"latitude": 52.0607, "longitude": 4.494, "name": "Amaliaplaats, Seghwaert"}
    assert shown.content.place == (52.0607, 4.494)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 5000, "half \ud83d"], ids=["none", "lines", "long", "broken"])
async def test_any_name_of_a_place_arrives(world: World, name: str) -> None:
    outbound = replace(BESIDE, wording=replace(BESIDE.wording, location=replace(SCENE, name=name)))
    assert isinstance(await world.channel.send(beside(world, Part.LOCATION, outbound)), Accepted)
    assert "\n" not in world.emulator.messages[-1].content.text


@pytest.mark.parametrize("part", [Part.PICTURE, Part.LOCATION])
async def test_nothing_goes_beside_an_alert_when_the_window_is_closed(world: World, part: Part) -> None:
    for until in (0, world.clock.now()):
        outbound = replace(BESIDE, part=part, window_open_until=until)
        assert await world.channel.send(outbound) == Rejected("window-closed")
    assert (world.emulator.requests, world.emulator.media.uploads) == (0, 0)


@pytest.mark.parametrize("part", [Part.PICTURE, Part.LOCATION])
@pytest.mark.parametrize("code", [131047, 131026, 131000])
async def test_what_goes_beside_an_alert_has_no_template_to_fall_back_on(world: World, part: Part, code: int) -> None:
    world.emulator.fault(NUMBER, faults.refuse(code))
    result = await world.channel.send(beside(world, part))
    wanted = {
        131047: Rejected("131047 re-engagement"),
        131026: Rejected("131026 undeliverable", strike=True),
        131000: Deferred("131000 something-went-wrong"),
    }
    assert result == wanted[code]


@pytest.mark.parametrize(
    ("part", "wording", "wanted"),
    [
        (Part.PICTURE, WORDING, Rejected("no-picture")),
        (Part.LOCATION, WORDING, Rejected("no-location")),
        (Part.AMEND, BESIDE.wording, Rejected("whatsapp-cannot-amend")),
        (Part.POST, BESIDE.wording, Rejected("whatsapp-cannot-post")),
    ],
)
async def test_what_there_is_not_or_cannot_be_is_rejected_without_a_request(
    world: World, part: Part, wording: object, wanted: Result
) -> None:
    outbound = replace(world.open(), part=part, wording=wording, reply_to="wamid.1")  # type: ignore[arg-type]
    assert await world.channel.send(outbound) == wanted
    assert (world.emulator.requests, world.emulator.media.uploads) == (0, 0)
    assert world.channel.can.parts == {Part.PICTURE, Part.LOCATION}


async def test_words_that_are_no_alert_go_out_as_plain_text(world: World) -> None:
    world.emulator.open_window(NUMBER)
    result = await world.channel.say(Handle(NUMBER), "U bent afgemeld.\n\nStuur START om terug te komen.")
    shown = world.emulator.messages[-1]
    assert result == Accepted(shown.id)
    assert (shown.content.kind, shown.content.text) == ("text", "U bent afgemeld.\n\nStuur START om terug te komen.")
    assert "biz_opaque_callback_data" not in shown.request
    assert world.emulator.requests == 1


async def test_words_to_somebody_known_by_user_id_arrive_too(world: World) -> None:
    assert isinstance(await world.channel.say(Handle("NL.13491208655302741918"), "x" * 9000), Accepted)
    assert world.emulator.messages[-1].request["recipient"] == "NL.13491208655302741918"


@pytest.mark.parametrize(
    ("handle", "text", "wanted"),
    [("nobody", "hallo", Rejected("handle-malformed", address_dead=True)), (NUMBER, " \n", Rejected("text-empty"))],
    ids=["no handle", "no words"],
)
async def test_words_to_nobody_or_none_at_all_are_not_sent(
    world: World, handle: str, text: str, wanted: Result
) -> None:
    assert await world.channel.say(Handle(handle), text) == wanted
    assert world.emulator.requests == 0


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (faults.refuse(131047), Rejected("131047 re-engagement")),
        (faults.refuse(131026), Rejected("131026 undeliverable", strike=True)),
        (faults.refuse(190), Deferred("190 token", whole_account=True)),
        (faults.DROP, Uncertain("connection-broken")),
        (faults.GARBAGE, Uncertain("answer-unreadable")),
    ],
    ids=str,
)
async def test_words_that_fail_are_told_so_and_tried_once(world: World, fault: faults.Fault, wanted: Result) -> None:
    world.emulator.fault(NUMBER, fault)
    assert await world.channel.say(Handle(NUMBER), "hallo") == wanted
    assert world.emulator.requests == 1
