"""The page of an emulated phone: what a person reads, taps and types."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from adapters.whatsapp.emulator.phone import marks
from hub.channel import Accepted, AckSeen, Location, Part, Picture, ReplySeen
from tests.whatsapp.conftest import FIRST, NUMBER, PHONE, TOKEN, WORDING, World


async def page(world: World, query: str = "") -> str:
    async with world.session.get(f"{world.base}/phone/{NUMBER}{query}") as response:
        assert response.status == 200
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return await response.text()


async def form(world: World, path: str, **fields: str) -> int:
    async with world.session.post(f"{world.base}/phone/{NUMBER}/{path}", data=fields) as response:
        return response.status


async def test_an_unknown_phone_is_empty_and_not_an_error(world: World) -> None:
    assert "Nog geen berichten." in await page(world)


async def test_a_message_shows_with_its_buttons_and_everything_escaped(world: World) -> None:
    evil = "<script>alert('x')</script>\"&"
    wording = replace(WORDING, parts={**WORDING.parts, "headline": evil})
    world.emulator.postman.names["31612340001"] = "<i>Anna</i>"
    await world.channel.send(replace(FIRST, wording=wording))
    await world.emulator.settled()
    world.emulator.say(NUMBER, evil)
    for html in (await page(world), await page(world, "?part=chat")):
        assert "<script>alert" not in html and "<i>Anna" not in html
        assert html.count("&lt;script&gt;alert") == 2
        assert "<strong>Woninginbraak</strong>" in html
        assert 'value="Doorgestuurd"' in html
        assert "//" not in html.replace("https://buurtsein.example", "")
    assert "<html" not in await page(world, "?part=chat")


async def test_a_tap_and_a_typed_answer_reach_the_hub(world: World) -> None:
    await world.channel.send(FIRST)
    await world.emulator.settled()
    world.emulator.postman.hooks.clear()
    bubble = world.emulator.messages[0]
    assert await form(world, "tap", message=bubble.id, label="Doorgestuurd") == 200
    assert await form(world, "say", text="  gedaan  ") == 200
    assert await form(world, "say", text="   ") == 200
    ack, reply = await world.said()
    assert isinstance(ack, AckSeen) and ack.data == "a:7:forwarded"
    assert isinstance(reply, ReplySeen) and (reply.text, reply.provider_ref) == ("gedaan", None)
    html = await page(world)
    assert 'class="chosen"' in html and "gedaan" in html


@pytest.mark.parametrize(("message", "label"), [("wamid.unknown", "Doorgestuurd"), ("", ""), (None, "bestaat niet")])
async def test_a_button_that_is_not_there_cannot_be_tapped(world: World, message: str | None, label: str) -> None:
    await world.channel.send(FIRST)
    await world.emulator.settled()
    message = world.emulator.messages[0].id if message is None else message
    assert await form(world, "tap", message=message, label=label) == 404


async def test_phones_lists_who_was_written_to(world: World) -> None:
    await world.channel.send(FIRST)
    await world.emulator.settled()
    world.emulator.postman.names["31612340001"] = "Anna"
    ((number, name, text),) = world.emulator.phones()
    assert (number, name) == (NUMBER, "Anna") and text.startswith("*Bericht van de politie*")


async def test_a_picture_and_a_pin_show_above_what_they_answer(world: World) -> None:
    content = b"\x89PNG of the suspect"
    picture = Picture(content, "image/png", hashlib.sha256(content).hexdigest())
    wording = replace(WORDING, picture=picture, location=Location(52.0607, 4.494, "Amaliaplaats <b>"))
    alert = world.open(replace(FIRST, wording=wording))
    sent = await world.channel.send(alert)
    assert isinstance(sent, Accepted)
    for part in (Part.PICTURE, Part.LOCATION):
        await world.channel.send(replace(alert, part=part, reply_to=sent.provider_ref))
    await world.emulator.settled()
    html = await page(world)
    assert html.count('class="quote"') == 2 and html.count("Woninginbraak op heterdaad in Seghwaert.") == 3
    assert 'href="geo:52.0607,4.494"' in html and "Amaliaplaats &lt;b&gt;" in html and "52.06070, 4.49400" in html
    (source,) = re.findall(r'<img src="([^"]+)" alt="Foto bij de melding">', html)
    async with world.session.get(f"{world.base}/phone/{source}") as response:
        assert (await response.read(), response.content_type) == (content, "image/png")
    world.emulator.media.lose_all()
    async with world.session.get(f"{world.base}/phone/{source}") as response:
        assert response.status == 404


async def test_a_template_is_marked_as_one_and_shows_no_quote(world: World) -> None:
    sent = await world.channel.send(world.open())
    assert isinstance(sent, Accepted)
    await world.emulator.settled()
    assert "sjabloon" not in await page(world)
    body = {"type": "body", "parameters": [{"type": "text", "text": "x"}] * 9}
    template = {"name": "buurtsein_ended", "language": {"code": "nl"}, "components": [body]}
    message = {"messaging_product": "whatsapp", "to": NUMBER, "type": "template", "template": template}
    answering = {**message, "context": {"message_id": sent.provider_ref}}
    url, headers = f"{world.base}/v25.0/{PHONE}/messages", {"Authorization": f"Bearer {TOKEN}"}
    async with world.session.post(url, json=answering, headers=headers) as response:
        assert response.status == 200
    await world.emulator.settled()
    html = await page(world)
    assert html.count("sjabloon") == 1 and 'class="quote"' not in html
    assert html.count('value="Ontvangen"') == 2 and html.count('value="Kan niet"') == 1, (
        "what has ended has two answers"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*vet* en 2*3*4", "<strong>vet</strong> en 2*3*4"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "zie https://a.example/b?c=1&d=2.",
            'zie <a href="https://a.example/b?c=1&amp;d=2" target="_blank" rel="noopener noreferrer">'
            "https://a.example/b?c=1&amp;d=2</a>.",
        ),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
    ],
)
def test_marks_of_whatsapp_become_html_and_nothing_else_does(text: str, html: str) -> None:
    assert str(marks(text)) == html
