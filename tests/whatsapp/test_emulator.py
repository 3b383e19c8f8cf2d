"""The emulator: as strict as Meta, tells statuses in every order, and an unmodified pywa gets on with it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import orjson
import pytest
from aiohttp import FormData, web
from pywa_async.client import WhatsApp as Pywa
from pywa_async.errors import WhatsAppError
from pywa_async.types.callback import Button
from pywa_async.types.templates import BodyText, TemplateLanguage

from adapters.whatsapp.emulator import faults
from adapters.whatsapp.emulator.faults import Course
from adapters.whatsapp.emulator.server import PAIR_BURST
from hub.channel import Accepted, AckSeen, AddressChanged, Deferred, Event, ReceiptSeen, ReplySeen
from tests.whatsapp.conftest import APP_SECRET, FIRST, NUMBER, PHONE, TOKEN, World, serve

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
    (receipt,) = await events(world)
    assert isinstance(receipt, ReceiptSeen) and receipt.reason == "131047 re-engagement"
    world.emulator.say(NUMBER, "hallo")
    assert (await post(world, TEXT))[0] == 200
    assert [e.kind for e in await events(world) if isinstance(e, ReceiptSeen)][1:] == ["sent", "delivered", "read"]


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
    assert [(e.kind, e.delivery_id) for e in await events(world) if isinstance(e, ReceiptSeen)] == [
        (status, 9001) for status in wanted
    ]


async def test_a_blocked_sender_stays_at_sent(world: World) -> None:
    world.emulator.block(NUMBER)
    await world.channel.send(FIRST)
    assert [e.kind for e in await events(world) if isinstance(e, ReceiptSeen)] == ["sent"]
    assert not world.emulator.chat(NUMBER)


async def test_many_statuses_may_come_in_one_webhook(world: World) -> None:
    world.emulator.postman.batch = 100
    for _ in range(5):
        await world.channel.send(FIRST)
    got = await events(world)
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
    ack, reply, reaction, moved = await events(world)
    assert isinstance(ack, AckSeen) and (ack.data, ack.handle.value) == ("a:7:forwarded", NUMBER)
    assert isinstance(reply, ReplySeen) and (reply.text, reply.provider_ref) == ("dank é👍", sent)
    assert isinstance(reaction, ReplySeen) and (reaction.text, reaction.provider_ref) == ("📣", sent)
    assert isinstance(moved, AddressChanged) and moved.moved_to is not None
    assert moved.moved_to.value == "+31612349999"
    assert all(hook.body.isascii() for hook in world.emulator.postman.hooks)


async def test_a_fault_hits_as_often_as_asked_and_only_its_number(world: World) -> None:
    world.emulator.fault("+31600000000", faults.refuse(131026))
    world.emulator.fault(None, faults.refuse(131016), times=2)
    results = [await world.channel.send(FIRST) for _ in range(3)]
    assert [isinstance(result, Accepted) for result in results] == [False, False, True]


async def events(world: World) -> list[Event]:
    """What the hub would read from every webhook so far."""
    await world.emulator.settled()
    found: list[Event] = []
    for hook in world.emulator.postman.hooks:
        found += world.channel.parse(world.channel.check_hook(hook.headers, hook.body))
    return found


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
    with caplog.at_level(logging.WARNING):
        for hook in world.emulator.postman.hooks:
            signature = hook.headers["X-Hub-Signature-256"]
            assert await pywa.webhook_update_validator(hook.body, signature) is None
            assert await pywa.webhook_update_handler(hook.body) == ("ok", 200)
    assert not caplog.records
    assert got.count("MessageStatus 9001") == 7
    assert got[7:] == ["CallbackButton", "Message", "Message", "Message", "PhoneNumberChange"]


async def test_media_gets_an_id_that_an_image_may_use(world: World) -> None:
    form = FormData({"messaging_product": "whatsapp", "type": "image/png"})
    form.add_field("file", b"\x89PNG", filename="a.png", content_type="image/png")
    url, headers = f"{world.base}/v25.0/{PHONE}/media", {"Authorization": f"Bearer {TOKEN}"}
    async with world.session.post(url, data=form, headers=headers) as response:
        name = orjson.loads(await response.read())["id"]
    world.emulator.open_window(NUMBER)
    assert (await post(world, {**TEXT, "type": "image", "image": {"id": name}}))[0] == 400  # text beside image
    assert (await post(world, of("image", {"id": name})))[0] == 200
