"""The emulator: as strict as Meta, tells statuses in every order, and an unmodified pywa gets on with it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from typing import Any, cast

import httpx
import orjson
import pytest
from aiohttp import FormData, web
from pywa_async.client import WhatsApp as Pywa
from pywa_async.errors import WhatsAppError
from pywa_async.types.callback import Button
from pywa_async.types.templates import BodyText, TemplateLanguage

from adapters.whatsapp.definitions import read_definitions
from adapters.whatsapp.emulator import faults
from adapters.whatsapp.emulator.chats import WINDOW
from adapters.whatsapp.emulator.faults import Course
from adapters.whatsapp.emulator.media import LIVES_MS, MOST_BYTES
from adapters.whatsapp.emulator.postman import user_id_of
from adapters.whatsapp.emulator.server import PAIR_BURST
from hub.channel import Accepted, AckSeen, AddressChanged, AnswerWithdrawn, ContactSeen, Deferred, ReplySeen
from hub.domain import Handle, ReceiptKind
from tests.whatsapp.conftest import APP_SECRET, BUSINESS, FIRST, NUMBER, PHONE, TOKEN, World, serve

TO = NUMBER[1:]
TEXT = {"messaging_product": "whatsapp", "to": TO, "type": "text", "text": {"body": "Hallo"}}


def of(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": TO, "type": kind, kind: content}


def buttons(*titles: str, ids: tuple[str, ...] = ("a", "b", "c", "d"), text: str = "Hallo") -> dict[str, Any]:
    rows = [{"type": "reply", "reply": {"id": i, "title": t}} for i, t in zip(ids, titles, strict=False)]
    content = {"type": "button", "body": {"text": text}, "action": {"buttons": rows}}
    return {"messaging_product": "whatsapp", "to": TO, "type": "interactive", "interactive": content}


def template(count: int = 9, *, name: str = "buurtsein_alert", language: str = "nl", text: str = "x") -> dict[str, Any]:
    body = {"type": "body", "parameters": [{"type": "text", "text": text}] * count}
    content = {"name": name, "language": {"code": language}, "components": [body]}
    return {"messaging_product": "whatsapp", "to": TO, "type": "template", "template": content}


async def post(world: World, body: Any, *, token: str = TOKEN, phone: str = PHONE) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with world.session.post(f"{world.base}/v25.0/{phone}/messages", json=body, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"to": TO, "text": {"body": "x"}}, 100, "messaging_product is required"),
        ([], 100, "messaging_product is required"),
        ({**TEXT, "to": ""}, 100, "parameter to is required"),
        ({**TEXT, "to": "hallo"}, 131009, "not valid"),
        ({**TEXT, "type": "poem"}, 100, "must be one of"),
        ({**TEXT, "txt": 1}, 100, "Unexpected key"),
        ({**TEXT, "text": {"body": ""}}, 100, "is required"),
        ({**TEXT, "text": {"body": "x" * 4097}}, 100, "at most 4096"),
        ({**TEXT, "recipient_type": "crowd"}, 100, "recipient_type"),
        ({**TEXT, "biz_opaque_callback_data": "x" * 513}, 100, "at most 512"),
        ({**TEXT, "context": {"message_id": "wamid.unknown"}}, 131009, "not valid"),
        (buttons(), 131009, "Min allowed buttons: 1"),
        (buttons("a", "b", "c", "d"), 131009, "Max allowed buttons: 3"),
        (buttons("x" * 21), 131009, "Max length: 20"),
        (buttons(""), 131009, "Min length: 1"),
        (buttons("a", "a"), 131009, "Duplicate"),
        (buttons("a", "b", ids=("1", "1")), 131009, "Duplicate"),
        (buttons("a", text="x" * 1025), 131009, "Max length: 1024"),
        (buttons("a", text=""), 131009, "Body text length"),
        (template(name="nothing"), 132001, "does not exist in nl"),
        (template(language="fr"), 132001, "does not exist in fr"),
        (template(8), 132000, "(8) does not match the expected number of params (9)"),
        (template(10), 132000, "(10)"),
        (template(text=""), 131008, "missing text value"),
        (template(text="a\nb"), 132018, "new-line/tab"),
        (template(text="a     b"), 132018, "4 consecutive spaces"),
        (template(text="x" * 200), 132005, "1024"),
        (of("image", {"id": "404"}), 100, "does not exist"),
        (of("image", {}), 100, "exactly one"),
        (of("location", {"latitude": 91, "longitude": 4}), 131009, "latitude"),
        (of("reaction", {"message_id": "x", "emoji": "👍"}), 131009, "reaction"),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "x"}, 131009, "not valid"),
    ],
)
async def test_what_meta_refuses_is_refused_in_its_words(world: World, body: Any, code: int, words: str) -> None:
    status, answer = await post(world, body)
    error = answer["error"]
    assert status >= 400 and error["code"] == code
    assert words in error["message"] + str(error.get("error_data", {}).get("details"))
    assert not world.emulator.messages


async def test_a_wrong_token_and_a_wrong_number_are_refused(world: World) -> None:
    status, answer = await post(world, TEXT, token="wrong")
    assert (status, answer["error"]["code"]) == (401, 190)
    status, answer = await post(world, TEXT, phone="123")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


async def test_a_free_message_outside_the_window_is_accepted_and_fails_later(world: World) -> None:
    assert (await post(world, TEXT))[0] == 200
    (receipt,) = await world.receipts()
    assert receipt.reason == "131047 re-engagement"
    world.emulator.say(NUMBER, "hallo")
    assert (await post(world, TEXT))[0] == 200
    assert [e.kind for e in await world.receipts()][1:] == ["sent", "delivered", "read"]


async def test_over_the_rate_it_says_so_until_the_second_has_passed(world: World) -> None:
    world.emulator.rate, world.emulator.course = 3, Course(())
    results = [await world.channel.send(FIRST) for _ in range(5)]
    assert results[3:] == [Deferred("130429 throughput", 1.0)] * 2
    assert world.emulator.too_many == 2
    world.clock.milliseconds += 1000
    assert isinstance(await world.channel.send(FIRST), Accepted)


async def test_over_the_pair_rate_only_that_person_waits(world: World) -> None:
    world.emulator.pair_burst, world.emulator.course = PAIR_BURST, Course(())
    results = [await world.channel.send(FIRST) for _ in range(46)]
    assert all(isinstance(result, Accepted) for result in results[:45])
    assert results[45] == Deferred("131056 pair-rate", 1.0)
    world.clock.milliseconds += 6000
    assert isinstance(await world.channel.send(FIRST), Accepted)


@pytest.mark.parametrize(
    "statuses",
    [
        ("sent", "delivered", "read"),
        ("sent", "read"),
        ("read", "delivered", "sent"),
        ("sent", "failed"),
        ("failed", "delivered"),
        ("sent",),
        (),
    ],
)
@pytest.mark.parametrize("doubled", [False, True])
async def test_statuses_are_told_in_the_order_asked(world: World, statuses: tuple[str, ...], doubled: bool) -> None:
    world.emulator.course = Course(statuses, pause=0, doubled=doubled)
    await world.channel.send(FIRST)
    wanted = [status for status in statuses for _ in range(2 if doubled else 1)]
    assert [(e.kind, e.delivery_id) for e in await world.receipts()] == [(status, 9001) for status in wanted]


async def test_a_blocked_sender_stays_at_sent(world: World) -> None:
    world.emulator.block(NUMBER)
    await world.channel.send(FIRST)
    assert [e.kind for e in await world.receipts()] == ["sent"]
    assert not world.emulator.chat(NUMBER)


async def test_many_statuses_may_come_in_one_webhook(world: World) -> None:
    world.emulator.postman.batch = 100
    for _ in range(5):
        await world.channel.send(FIRST)
    got = await world.receipts()
    assert len(got) == 15
    assert len(world.emulator.postman.hooks) < 15


async def test_a_webhook_is_told_again_until_the_hub_says_200(world: World, runners: list[web.AppRunner]) -> None:
    bodies: list[bytes] = []

    async def hub(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        world.channel.check_hook(request.headers, bodies[-1])
        return web.Response(status=503 if len(bodies) < 4 else 200)

    app = web.Application()
    app.router.add_post("/hooks/whatsapp", hub)
    world.emulator.postman.hook_url = await serve(app, runners) + "/hooks/whatsapp"
    world.emulator.course = Course(("sent",), pause=0)
    before = world.clock.now()
    await world.channel.send(FIRST)
    await world.emulator.settled()
    while len(world.emulator.postman.answers) < 4:
        await world.clock.sleep(0)
    assert list(world.emulator.postman.answers) == [503, 503, 503, 200]
    assert len(set(bodies)) == 1
    assert world.clock.now() - before == 7000  # 1 + 2 + 4 seconds


@pytest.mark.parametrize("meagre", [False, True])
@pytest.mark.parametrize("inside", [False, True])
async def test_the_persons_side_becomes_events(world: World, meagre: bool, inside: bool) -> None:
    world.emulator.postman.meagre = meagre
    await world.channel.send(world.open() if inside else FIRST)
    await world.emulator.settled()
    world.emulator.postman.hooks.clear()
    assert world.emulator.tap(NUMBER, "doorgestuurd") and not world.emulator.tap(NUMBER, "bestaat niet")
    world.emulator.say(NUMBER, "dank é👍")
    assert world.emulator.react(NUMBER, "📣") and world.emulator.react(NUMBER, "")
    world.emulator.change_number(NUMBER, "+31612349999")
    sent = world.emulator.messages[0].id
    ack, reply, reaction, withdrawn, moved = await world.said()
    assert isinstance(ack, AckSeen) and (ack.data, ack.handle.value) == ("a:7:forwarded", NUMBER)
    assert isinstance(reply, ReplySeen) and (reply.text, reply.provider_ref) == ("dank é👍", sent)
    assert isinstance(reaction, ReplySeen) and (reaction.text, reaction.provider_ref) == ("📣", sent)
    assert isinstance(withdrawn, AnswerWithdrawn) and withdrawn.answer_ref == reaction.answer_ref
    assert isinstance(moved, AddressChanged) and moved.moved_to is not None
    assert moved.moved_to.value == "+31612349999"
    assert all(hook.body.isascii() for hook in world.emulator.postman.hooks)


async def test_over_the_daily_limit_of_people_messages_fail_late(world: World) -> None:
    """Meta names no error for it; the emulator says 131048, and the hub goes on to the person's next address."""
    world.emulator.daily = 2
    people = [Handle(f"+3161234000{n}") for n in range(4)]
    world.emulator.open_window(people[3].value)
    for person in (*people, people[0]):
        assert isinstance(await world.channel.send(replace(FIRST, handle=person)), Accepted)
    failed = [e for e in await world.receipts() if e.kind is ReceiptKind.FAILED]
    assert [(e.reason, e.again) for e in failed] == [("131048 spam-limit", None)]
    assert not world.emulator.chat(people[2].value) and len(world.emulator.chat(people[0].value)) == 2
    world.clock.milliseconds += WINDOW
    await world.channel.send(replace(FIRST, handle=people[2]))
    await world.emulator.settled()
    assert len(world.emulator.chat(people[2].value)) == 1


async def test_a_person_who_hides_the_number_is_reached_and_heard_by_user_id(world: World) -> None:
    await world.channel.send(FIRST)
    await world.emulator.settled()
    (met,) = {event for event in await world.events() if isinstance(event, ContactSeen)}
    assert met.handle.value == NUMBER
    world.emulator.postman.hooks.clear()
    world.emulator.hide(NUMBER, "anna")
    assert isinstance(await world.channel.send(replace(FIRST, handle=met.alias)), Accepted)
    await world.emulator.settled()
    assert len(world.emulator.chat(NUMBER)) == 2, "the same phone"
    world.emulator.tap(NUMBER, "Ontvangen")
    world.emulator.say(NUMBER, "gedaan")
    world.emulator.react(NUMBER, "👍")
    events = await world.events()
    assert [type(event).__name__ for event in events] == ["ReceiptSeen"] * 3 + ["AckSeen"] + ["ReplySeen"] * 2
    assert {event.handle for event in events if isinstance(event, AckSeen | ReplySeen)} == {met.alias}
    assert not any(NUMBER[1:].encode() in hook.body for hook in world.emulator.postman.hooks)


@pytest.mark.parametrize("hidden", [False, True], ids=["shown", "hidden"])
async def test_a_person_with_another_number_takes_the_chat_along(world: World, hidden: bool) -> None:
    await world.channel.send(FIRST)
    await world.emulator.settled()
    if hidden:
        world.emulator.hide(NUMBER, "anna")
    world.emulator.postman.hooks.clear()
    world.emulator.change_number(NUMBER, "+31612349999")
    moved = (await world.said())[0]
    assert isinstance(moved, AddressChanged) and moved.moved_to is not None
    assert moved.handle.value.startswith("NL." if hidden else NUMBER)
    assert isinstance(await world.channel.send(replace(FIRST, handle=moved.moved_to)), Accepted)
    await world.emulator.settled()
    assert len(world.emulator.chat("+31612349999")) == 2
    await world.channel.send(FIRST)
    assert (await world.receipts())[-1].reason == "131026 undeliverable", "nobody has the old number"


async def test_failures_doubled_batched_and_out_of_order_are_all_told(world: World) -> None:
    world.emulator.postman.batch = 50
    world.emulator.course = Course(("failed", "sent", "delivered"), pause=0, doubled=True, code=131056)
    for _ in range(10):
        await world.channel.send(FIRST)
    got = await world.receipts()
    assert len(got) == 60 and len(world.emulator.postman.hooks) < 60
    assert {(e.again, e.reason) for e in got if e.kind is ReceiptKind.FAILED} == {(4.0, "131056 pair-rate")}


@pytest.mark.parametrize(
    ("status", "code"),
    [("PAUSED", 132015), ("DISABLED", 132016), ("PENDING", 132001), ("REJECTED", 132001), ("FLAGGED", None)],
)
async def test_a_template_is_sent_for_as_long_as_meta_approves_of_it(
    world: World, status: str, code: int | None
) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", status)
    answer = (await post(world, template()))[1]
    assert answer.get("error", {}).get("code") == code


def registration(**changed: Any) -> dict[str, Any]:
    return {**orjson.loads(orjson.dumps(read_definitions()["buurtsein_alert", "nl"].given)), "name": "new", **changed}


def body(text: str, *examples: str) -> list[dict[str, Any]]:
    return [{"type": "BODY", "text": text, "example": {"body_text": [list(examples)]}}]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (registration(name="New one"), "lowercase"),
        (registration(name="buurtsein_alert"), "already nl content"),
        (registration(category="ALERT"), "category must be one of"),
        (registration(language=""), "language is required"),
        (registration(components=7), "components is required"),
        (registration(components=[]), "1 to 1024"),
        (registration(components=body("{{1}} staat vooraan in deze tekst", "x")), "start or end"),
        (registration(components=body("hier staat achteraan dan de {{1}}.", "x")), "start or end"),
        (registration(components=body("te {{1}} kort {{2}} is dit", "x", "y")), "too many variables"),
        (registration(components=body("een {{2}} die bij twee begint is fout", "x")), "in order"),
        (registration(components=body("een {{1}} zonder voorbeeld is ook fout")), "needs an example"),
        (registration(message_send_ttl_seconds=29), "between 30 and 43200"),
        (registration(message_send_ttl_seconds=43201), "between 30 and 43200"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_meta_does_not_register_is_refused(world: World, given: dict[str, Any], words: str) -> None:
    url, headers = f"{world.base}/v25.0/{BUSINESS}/message_templates", {"Authorization": f"Bearer {TOKEN}"}
    async with world.session.post(url, json=given, headers=headers) as response:
        error = (await response.json())["error"]
    assert response.status == 400 and error["code"] == 100
    assert words in error["message"] + error.get("error_user_msg", "")


async def upload(world: World, content: bytes, mime: str) -> dict[str, Any]:
    form = FormData({"messaging_product": "whatsapp", "type": mime})
    form.add_field("file", BytesIO(content), filename="a.png", content_type=mime)
    url, headers = f"{world.base}/v25.0/{PHONE}/media", {"Authorization": f"Bearer {TOKEN}"}
    async with world.session.post(url, data=form, headers=headers) as response:
        return cast(dict[str, Any], await response.json())


async def test_media_gets_an_id_that_an_image_may_use_for_30_days(world: World) -> None:
    name = (await upload(world, b"\x89PNG", "image/png"))["id"]
    world.emulator.open_window(NUMBER)
    assert (await post(world, {**TEXT, "type": "image", "image": {"id": name}}))[0] == 400  # text beside image
    assert (await post(world, of("image", {"id": name})))[0] == 200
    world.clock.milliseconds += LIVES_MS
    answer = (await post(world, of("image", {"id": name})))[1]
    assert (answer["error"]["code"], answer["error"]["error_subcode"]) == (100, 33)


@pytest.mark.parametrize(
    ("content", "mime", "code"),
    [
        (b"\xff\xd8\xff", "image/jpeg", None),
        (b"\x89PNG" + b"x" * (MOST_BYTES - 4), "image/png", None),
        (b"\x89PNG" + b"x" * (MOST_BYTES - 3), "image/png", 131053),
        (b"GIF89a", "image/gif", 100),
        (b"GIF89a", "image/jpeg", 131053),
    ],
    ids=["jpeg", "5 MB", "5 MB and a byte", "gif", "gif that says jpeg"],
)
async def test_uploads_are_jpeg_or_png_of_at_most_5_mb(
    world: World, content: bytes, mime: str, code: int | None
) -> None:
    assert (await upload(world, content, mime)).get("error", {}).get("code") == code


async def test_a_fault_hits_as_often_as_asked_and_only_its_number(world: World) -> None:
    world.emulator.fault("+31600000000", faults.refuse(131026))
    world.emulator.fault(None, faults.refuse(131016), times=2)
    results = [await world.channel.send(FIRST) for _ in range(3)]
    assert [isinstance(result, Accepted) for result in results] == [False, False, True]


# --- pywa as the independent oracle -------------------------------------------------------------------------------


@pytest.fixture
async def pywa(world: World) -> AsyncIterator[Any]:
    async with httpx.AsyncClient() as session:
        client = cast(Any, Pywa)(
            phone_id=PHONE, token=TOKEN, session=session, server=None, app_secret=APP_SECRET, verify_token="x"
        )
        client.api._session.base_url = f"{world.base}/v25.0"
        yield client


async def test_pywa_can_send_everything_the_emulator_takes(world: World, pywa: Any) -> None:
    world.emulator.open_window(NUMBER)
    sent = await pywa.send_message(to=TO, text="Hallo", tracker="77")
    await pywa.send_message(
        to=TO,
        text="Kiest u maar",
        buttons=[Button("Ontvangen", callback_data="a:1"), Button("Kan niet", callback_data="a:2")],
    )
    await pywa.send_location(to=TO, latitude=52.06, longitude=4.49, name="Seghwaert", address="Zoetermeer")
    await pywa.send_image(to=TO, image="https://buurtsein.example/kaart.png", caption="kaart")
    await pywa.send_reaction(to=TO, emoji="👍", message_id=sent.id)
    await pywa.send_template(
        to=TO, name="buurtsein_alert", language=TemplateLanguage.DUTCH, params=[BodyText.params(*"123456789")]
    )
    kinds = [bubble.content.kind for bubble in world.emulator.messages]
    assert kinds == ["text", "interactive", "location", "image", "reaction", "template"]
    assert world.emulator.messages[0].request["biz_opaque_callback_data"] == "77"


async def test_pywa_can_register_and_read_templates(world: World, pywa: Any) -> None:
    new = {**read_definitions()["buurtsein_alert", "nl"].given, "name": "buurtsein_nieuw"}
    made = await pywa.api.create_template(BUSINESS, new)
    assert (made["status"], made["category"]) == ("PENDING", "UTILITY")
    found = list(await pywa.get_templates(waba_id=BUSINESS))
    assert len(found) == len(read_definitions()) + 1
    (one,) = [one for one in found if one.name == "buurtsein_nieuw"]
    assert (one.status, one.category, one.message_send_ttl_seconds) == ("PENDING", "UTILITY", 7200)
    with pytest.raises(WhatsAppError):
        await pywa.api.create_template(BUSINESS, new)


async def test_pywa_can_upload_a_picture_and_ask_about_the_number(world: World, pywa: Any) -> None:
    world.emulator.open_window(NUMBER)
    media = await pywa.upload_media(media=b"\x89PNG", mime_type="image/png", filename="a.png")
    await pywa.send_image(to=TO, image=media.id)
    assert world.emulator.messages[-1].content.picture == media.id
    number = await pywa.api.get_business_phone_number(PHONE, fields=("verified_name", "quality_rating"))
    assert (number["verified_name"], number["quality_rating"]) == ("Buurtsein", "GREEN")
    apps = await pywa.api.get_waba_subscribed_apps(BUSINESS)
    assert [one["whatsapp_business_api_data"]["name"] for one in apps["data"]] == ["Buurtsein"]


async def test_pywa_knows_the_errors_by_name(world: World, pywa: Any) -> None:
    world.emulator.fault(NUMBER, faults.refuse(131026))
    with pytest.raises(WhatsAppError) as error:
        await pywa.send_message(to=TO, text="Hallo")
    assert type(error.value).__name__ == "MessageUndeliverable"


async def test_pywa_reads_every_webhook_the_emulator_tells(
    world: World, pywa: Any, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[str] = []

    async def note(_: Any, update: Any) -> None:
        got.append(type(update).__name__ + (f" {update.tracker}" if hasattr(update, "tracker") else ""))

    for decorate in (pywa.on_message, pywa.on_message_status, pywa.on_callback_button, pywa.on_phone_number_change):
        decorate()(note)
    await world.channel.send(FIRST)
    await world.channel.send(world.open())
    world.emulator.fault(NUMBER, faults.fail(131026))
    await world.channel.send(FIRST)
    await world.emulator.settled()
    world.emulator.tap(NUMBER, "Ontvangen")
    world.emulator.say(NUMBER, "ok")
    world.emulator.react(NUMBER, "👍")
    world.emulator.react(NUMBER, "")
    world.emulator.change_number(NUMBER, "+31612349999")
    await world.emulator.settled()
    # pywa 4.5.0 cannot read a change of a hidden number (it needs `from`), so this person stays.
    hidden = Handle(user_id_of("31612340002"))
    world.emulator.hide("+31612340002", "bram")
    await world.channel.send(replace(FIRST, handle=hidden))
    await world.emulator.settled()
    world.emulator.tap("+31612340002", "Ontvangen")
    world.emulator.say("+31612340002", "ok")
    world.emulator.react("+31612340002", "👍")
    await world.emulator.settled()
    with caplog.at_level(logging.WARNING):
        for hook in world.emulator.postman.hooks:
            signature = hook.headers["X-Hub-Signature-256"]
            assert await pywa.webhook_update_validator(hook.body, signature) is None
            assert await pywa.webhook_update_handler(hook.body) == ("ok", 200)
    assert not caplog.records
    assert got.count("MessageStatus 9001") == 10
    assert [what for what in got if not what.startswith("MessageStatus")] == [
        *("CallbackButton", "Message", "Message", "Message", "PhoneNumberChange"),
        *("CallbackButton", "Message", "Message"),
    ]
