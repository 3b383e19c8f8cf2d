"""The phone page shows what was sent and nothing more than that, and what is tapped there reaches the hub."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import aclosing

import aiohttp
import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator
from hub.channel import Accepted, AckSeen, Action, Event, Location, Outbound, Part, Picture, ReplySeen
from hub.domain import AckKind

ANNA = 700001
PICTURE = Picture(b"\x89PNG\r\n\x1a\n" + b"P" * 50, "image/png", "b" * 64)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> \"'>& https://x.example/?a=1&b=<b>"


async def read(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        assert response.status == 200
        return await response.text()


async def test_what_somebody_wrote_is_inert_on_the_page(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    emulator.chat(8, EVIL)
    await channel.send(outbound(EVIL, chat=8, actions=(Action(AckKind.RECEIVED, EVIL, "r:1"),)))
    emulator.reply(8, EVIL)
    emulator.tap(8, EVIL)
    async with session.get(f"{url}/phone/8") as response:
        policy, page = response.headers["Content-Security-Policy"], await response.text()
    fragment = await read(session, f"{url}/phone/8/messages")
    for html in (page, fragment):
        assert "<script>alert" not in html and "<img" not in html and "&lt;script&gt;alert(1)" in html
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy
    assert 'href="https://x.example/' in fragment and 'rel="noopener noreferrer"' in fragment


async def test_the_page_needs_nothing_from_outside(url: str, session: aiohttp.ClientSession) -> None:
    page = await read(session, f"{url}/phone/{ANNA}")
    assert "http://" not in page and "https://" not in page and 'lang="nl"' in page


@pytest.mark.parametrize("label", ["Ontvangen", "Doorgestuurd", "Kan niet"])
async def test_tapping_and_typing_there_reach_the_hub(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
    label: str,
) -> None:
    await channel.send(outbound())
    [message] = emulator.messages(ANNA)
    phone = f"{url}/phone/{ANNA}"
    tapped = {"label": label, "message_id": str(message.message_id)}
    async with session.post(f"{phone}/tap", data=tapped, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, f"../{ANNA}")
    said = {"text": " ok ", "reply_to": str(message.message_id)}
    async with session.post(f"{phone}/say", data=said) as response:
        assert response.status == 200 and str(response.url) == phone
    async with session.post(f"{phone}/say", data={"text": "los"}) as response:
        assert response.status == 200
    events: list[Event] = []
    async with aclosing(channel.updates("")) as updates:
        events = [event for update in (await anext(updates)).updates for event in channel.parse(update)]
    tap, reply, loose = events
    assert (
        isinstance(tap, AckSeen) and tap.data == {"Ontvangen": "r:1", "Doorgestuurd": "f:1", "Kan niet": "c:1"}[label]
    )
    assert isinstance(reply, ReplySeen) and (reply.text, reply.provider_ref) == ("ok", str(message.message_id))
    assert isinstance(loose, ReplySeen) and loose.provider_ref is None
    await channel.confirm(tap.token, "Genoteerd")
    assert "Genoteerd" in await read(session, f"{phone}/messages")


async def test_a_picture_and_a_place_are_shown_with_what_they_answer_and_what_was_edited(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    first = await channel.send(outbound(short="Inbraak", picture=PICTURE))
    assert isinstance(first, Accepted)
    about = {"location": Location(52.06, 4.49, EVIL), "parts": {"event": "Inbraak"}, "part": Part.LOCATION}
    await channel.send(outbound(reply_to=first.provider_ref, **about))
    edit = outbound(short="Voorbij", picture=PICTURE, part=Part.AMEND, reply_to=first.provider_ref)
    await channel.send(edit)
    emulator.react(ANNA, "👍", message_id=int(first.provider_ref))
    html = await read(session, f"{url}/phone/{ANNA}/messages")
    assert "bewerkt" in html and "Voorbij" in html and "stil" in html and "👍" in html
    assert 'class="quote"' in html and "openstreetmap.org/?mlat=52.06" in html and "<img src=x" not in html
    [source] = re.findall(r'<img src="([^"]+)"', html)
    async with session.get(f"{url}/phone/{source}") as response:
        assert (response.content_type, await response.read()) == ("image/png", PICTURE.content)
    async with session.get(f"{url}/phone/8/{source.partition('/')[2]}") as response:
        assert response.status == 404  # it stands on no other screen


async def test_formatting_shows_and_what_was_written_as_markup_does_not(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    await channel.send(outbound(f"Politie\n{EVIL}\n———\nStuur door\n{EVIL}\n———\neinde", parts={"headline": EVIL}))
    html = await read(session, f"{url}/phone/{ANNA}/messages")
    assert "<b>Politie</b>" in html and "<b>&lt;script&gt;alert(1)" in html
    assert "———<pre>Stuur door\n&lt;script&gt;" in html and "</pre>———" in html
    assert (
        "<script" not in html
        and "<img" not in html
        and "<b>" not in html.replace("<b>Politie", "").replace("<b>&lt;", "")
    )


async def test_opening_the_link_on_the_phone_presses_start(
    channel: TelegramChannel, emulator: TelegramEmulator, url: str, session: aiohttp.ClientSession
) -> None:
    emulator.chat(8, "Bram", started=False)
    assert "START" in await read(session, f"{url}/phone/8")
    for text in ("https://t.me/buurtsein_bot?start=tok-en_1", "t.me/buurtsein_bot?start=x", "/start"):
        async with session.post(f"{url}/phone/8/say", data={"text": text}) as response:
            assert "START" not in await response.text()
    async with aclosing(channel.updates("")) as updates:
        events = [event for update in (await anext(updates)).updates for event in channel.parse(update)]
    assert [event.text for event in events if isinstance(event, ReplySeen)] == ["/start tok-en_1", "/start x", "/start"]


async def test_a_group_has_a_page_with_its_title_the_posts_and_who_said_what(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    emulator.join(-5, "Buurtwacht <b>", by=ANNA)
    await channel.send(outbound("Voor bewoners", chat=-5, part=Part.POST))
    emulator.reply(-5, "Dank", by=emulator.chat(9, "Chris"))
    html = await read(session, f"{url}/phone/-5")
    for shown in ("Buurtwacht &lt;b&gt;", "groep", "Anna heeft Buurtsein toegevoegd", "Voor bewoners", "Chris", "Dank"):
        assert shown in html
    assert 'class="keyboard"' not in html and "↩ antwoord" not in html


async def test_the_messages_are_sent_again_only_when_something_changed(
    emulator: TelegramEmulator, url: str, session: aiohttp.ClientSession
) -> None:
    phone = f"{url}/phone/{ANNA}/messages"
    async with session.get(phone) as response:
        version = response.headers["X-Version"]
    async with session.get(phone, params={"seen": version}) as response:
        assert response.status == 204
    emulator.reply(ANNA, "nieuw")
    assert "nieuw" in await read(session, f"{phone}?seen={version}")


async def test_there_is_no_phone_and_no_button_where_there_is_none(url: str, session: aiohttp.ClientSession) -> None:
    for path in ("/phone/1", "/phone/x", "/phone/99999999999999999999"):
        async with session.get(url + path) as response:
            assert response.status == 404
    async with session.post(f"{url}/phone/{ANNA}/tap", data={"label": "Ontvangen"}) as response:
        assert response.status == 404


async def test_a_phone_that_is_looked_at_has_nothing_unread(
    channel: TelegramChannel,
    emulator: TelegramEmulator,
    outbound: Callable[..., Outbound],
    url: str,
    session: aiohttp.ClientSession,
) -> None:
    await channel.send(outbound("dag"))
    assert [(phone.name, phone.unread, phone.last) for phone in emulator.phones()] == [("Anna", 1, "dag")]
    await read(session, f"{url}/phone/{ANNA}")
    assert [phone.unread for phone in emulator.phones()] == [0]
