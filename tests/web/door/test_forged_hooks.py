"""Webhooks that are forged, changed on the way, told again or kept for later, of each messenger: none of them changes anything."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from adapters.telegram.channel import TelegramChannel
from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.hooks import SIGNATURE, sign
from hub.domain import Address, Admin, Group, Handle
from hub.relay.commands import Commands
from hub.relay.receiver import Receiver
from hub.service import Sender, build_hub
from hub.settings import MatrixAccount, TelegramAccount, WhatsAppAccount
from hub.store.sealing import handle_hash
from hub.web.app import create_app
from tests.web.world import World, an_alert

SECRET, TOKEN, NUMBER_ID = "app-secret", "hook-token", "106540352242922"
TOKEN_HEADER = "X-Telegram-Bot-Api-Secret-Token"
HANDLES = {"whatsapp": "+31612340001", "telegram": "700002", "matrix": "@bea:x"}
DAY = 24 * 3600
Json = dict[str, Any]


@dataclass
class Hooked(World):
    """A hub with the real channels, one person on each, whose updates are understood when the test says so."""

    said: int = 0

    def hook(self, channel: str, *, text: str = "", tap: str = "", ago: int = 0, handle: str = "") -> bytes:
        """What the provider sends when its person writes or taps, each of them another."""
        self.said += 1
        who, at = handle or HANDLES[channel], self.clock.now() // 1000 - ago
        return json.dumps((whatsapp if channel == "whatsapp" else telegram)(self.said, who, at, text, tap)).encode()

    async def call_hook(self, channel: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        given = proof(channel, body) if headers is None else headers
        response = await self.call("POST", f"/hooks/{channel}", None, body=body, headers=given)
        await self.hub.receiver.read_all()
        return response.status

    async def synced(self, key: str, *timeline: Json, handle: str = HANDLES["matrix"]) -> None:
        """A piece of a sync, as the listener keeps it."""
        room = {"handle": handle, "person": handle, "bot": "", "timeline": list(timeline), "read": []}
        body = {"me": "@hub:x", "at": self.clock.now(), "rooms": [room], "invites": []}
        await self.hub.store.receipts.keep("matrix", "main", [(key, json.dumps(body).encode())], self.clock.now())
        await self.hub.receiver.read_all()

    async def posted(self, name: str) -> None:
        """An alert, brought to everybody."""
        await self.accepted(an_alert(identifier=name))
        await self.hub.store.engine.write(
            ("UPDATE delivery SET state = 4, attempt = 1, provider_ref = '$' || channel",)
        )

    def state(self) -> Json:
        """Everything in the database, but what an update is known by."""
        with closing(sqlite3.connect(self.database)) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: db.execute(f"SELECT * FROM {name}").fetchall()
                for name in tables
                if name not in ("heard", "inbox", "sqlite_sequence")
            }

    def answers(self) -> list[tuple[str, str]]:
        """Who answered what, newest last."""
        return self.rows(
            "SELECT d.channel, k.kind FROM acknowledgement k JOIN delivery d ON d.id = k.delivery_id ORDER BY k.id"
        )

    def delivery(self, channel: str) -> str:
        mine = f"a.handle_hash = '{handle_hash(HANDLES[channel])}' AND d.part = ''"
        [(number,)] = self.rows(f"SELECT MAX(d.id) FROM delivery d JOIN address a ON a.id = d.address_id WHERE {mine}")
        return f"{number:x}"


def whatsapp(number: int, who: str, at: int, text: str, tap: str, phone: str = NUMBER_ID) -> Json:
    button = {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": tap, "title": "x"}}}
    message: Json = {"from": who[1:], "id": f"wamid.{number}", "timestamp": str(at)}
    message |= button if tap else {"type": "text", "text": {"body": text}}
    value = {"metadata": {"phone_number_id": phone}, "contacts": [{"wa_id": who[1:]}], "messages": [message]}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


def telegram(number: int, who: str, at: int, text: str, tap: str) -> Json:
    chat = {"id": int(who), "type": "private"}
    message = {"message_id": number, "date": at, "chat": chat, "text": text}
    said = (
        {"callback_query": {"id": "1", "from": chat, "message": message, "data": tap}} if tap else {"message": message}
    )
    return {"update_id": number, **said}


def proof(channel: str, body: bytes) -> dict[str, str]:
    return {SIGNATURE: sign(SECRET, body)} if channel == "whatsapp" else {TOKEN_HEADER: TOKEN}


@pytest_asyncio.fixture
async def hooked(world: World) -> AsyncIterator[Hooked]:
    people = [Admin(0, f"Op {name}", "nl", (Address(name, Handle(handle), 1),)) for name, handle in HANDLES.items()]
    groups = [Group(0, one.name, "whatsapp", 100, ("BU06370300",)) for one in people]
    await world.hub.store.directory.replace_groups(groups, [(one, [one.name]) for one in people])
    async with aiohttp.ClientSession() as session:
        whatsapps = WhatsAppAccount(token=SecretStr("t"), phone_number_id=NUMBER_ID, app_secret=SecretStr(SECRET))
        telegrams = TelegramAccount(token=SecretStr("1:t"), updates="webhook", webhook_secret=SecretStr(TOKEN))
        matrices = MatrixAccount(homeserver="http://127.0.0.1:9", user_id="@hub:x", access_token=SecretStr("t"))
        senders = [
            Sender(WhatsAppChannel(whatsapps, session, world.clock), whatsapps),
            Sender(TelegramChannel(telegrams, session, world.clock, "https://buurtsein.example"), telegrams),
            Sender(MatrixChannel(matrices, session, world.clock), matrices),
        ]
        hub = build_hub(world.hub.settings, world.hub.store, senders, world.clock, Random(1))
        # No loop runs here, the one that takes leases neither: this reads what comes for every account.
        receiver = Receiver(
            hub.store,
            [(one.channel, one.account) for one in senders],
            Commands(hub.store.linking, hub.clock, hub.store.own_sessions, ""),
            hub.wakes,
            hub.clock,
            hub.routes,
            poll=1.0,
        )
        hub = replace(hub, receiver=receiver)
        await hub.atlas.refresh()
        async with TestClient(TestServer(create_app(hub))) as client:
            yield Hooked(hub, client, world.clock, world.channel, world.database)


def changed(channel: str, body: bytes) -> Iterator[tuple[str, bytes, Mapping[str, str]]]:
    """The same webhook, not as its provider sent it."""
    right = proof(channel, body)
    name = next(iter(right))
    yield "nothing shown", body, {}
    yield "an empty proof", body, {name: ""}
    yield "another's proof", body, {name: sign("other", body) if channel == "whatsapp" else "other-token"}
    yield "a proof cut short", body, {name: right[name][:-1]}
    yield "a proof and more", body, {name: right[name] + "0"}
    yield "no text at all", body, {name: "sha256=" + "é" * 64}
    yield "the other messenger's", body, proof("telegram" if channel == "whatsapp" else "whatsapp", body)
    if channel == "whatsapp":
        yield "the old kind of signature", body, {"X-Hub-Signature": right[name].replace("sha256", "sha1")}
        yield "cut short", body[:-1], right
        yield "longer", body + b" ", right
        yield "one bit", bytes([body[0] ^ 1]) + body[1:], right
        yield "empty", b"", right
        other = json.dumps(whatsapp(1, HANDLES[channel], 1, "stop", "", phone="999")).encode()
        yield "of another number of ours", other, proof(channel, other)
    else:
        yield "of another bot", body, {name: "x" * 256}


@pytest.mark.parametrize("messenger", ["whatsapp", "telegram"])
async def test_what_the_provider_did_not_send_is_refused_and_changes_nothing(hooked: Hooked, messenger: str) -> None:
    await hooked.posted("only")
    tap = hooked.hook(messenger, tap=f"forwarded:{hooked.delivery(messenger)}")
    before = hooked.state()
    for what, body, headers in changed(messenger, tap):
        assert await hooked.call_hook(messenger, body, headers) == 401, what
        assert hooked.rows("SELECT * FROM inbox") == [] and hooked.state() == before, what
    assert await hooked.call_hook(messenger, tap) == 200
    assert hooked.answers() == [(messenger, "forwarded")], "and this is what they were after"


@pytest.mark.parametrize("messenger", ["whatsapp", "telegram"])
async def test_what_was_heard_is_not_heard_again(hooked: Hooked, messenger: str) -> None:
    """Proven each time, for it is the provider's own words: somebody kept them, or the provider did not hear that we had them."""
    await hooked.posted("first")
    said, stop = hooked.hook(messenger, text="ok"), hooked.hook(messenger, text="stop")
    assert await hooked.call_hook(messenger, said) == 200 and hooked.answers() == [(messenger, "received")]
    assert await hooked.call_hook(messenger, stop) == 200
    await hooked.hub.store.engine.write(("UPDATE address SET state = 'verified'",))  # they came back
    await hooked.posted("second")
    before = hooked.state()
    for _ in range(3):
        for body in (stop, said, stop):
            assert await hooked.call_hook(messenger, body) == 200, "or a provider would go on telling"
            assert hooked.rows("SELECT * FROM inbox") == [] and hooked.state() == before
    assert await hooked.call_hook(messenger, hooked.hook(messenger, text="ok")) == 200
    assert hooked.answers() == [(messenger, "received")] * 2, "the same word said once more is another"


async def test_what_telegram_s_token_came_with_and_nobody_can_read_lies_for_the_operator(hooked: Hooked) -> None:
    """Telegram signs nothing: what was cut off on the way has the right token."""
    await hooked.posted("only")
    whole, before = hooked.hook("telegram", text="stop"), hooked.state()
    for body in (whole[:-1], b"\xff\xfe", b"[]", b'{"update_id": "x"}', b'{"update_id":' + b"[" * 100_000, b"{}"):
        assert await hooked.call_hook("telegram", body) == 200
        assert hooked.state() == before
    assert {error != "" for (error,) in hooked.rows("SELECT error FROM inbox")} == {True}


async def test_what_was_kept_for_longer_than_the_provider_tries_counts_no_more(hooked: Hooked) -> None:
    await hooked.posted("only")
    before = hooked.state()
    for text in ("ok", "stop"):
        assert await hooked.call_hook("whatsapp", hooked.hook("whatsapp", text=text, ago=8 * DAY)) == 200
    assert hooked.state() == before
    assert await hooked.call_hook("whatsapp", hooked.hook("whatsapp", text="ok", ago=6 * DAY)) == 200
    assert hooked.answers() == [("whatsapp", "received")]


async def test_what_is_known_of_updates_is_forgotten_after_its_term(hooked: Hooked) -> None:
    await hooked.call_hook("telegram", hooked.hook("telegram", text="hoi"))
    now, day = hooked.clock.now(), DAY * 1000
    assert len(hooked.rows("SELECT * FROM heard")) == 1
    assert await hooked.hub.store.receipts.forget_heard(now - 9 * day, now) == 0
    assert await hooked.hub.store.receipts.forget_heard(now + 1, now) == 1
    assert hooked.rows("SELECT * FROM heard") == []


@pytest.mark.parametrize("messenger", ["whatsapp", "telegram"])
async def test_a_stranger_s_own_words_and_taps_change_nothing(hooked: Hooked, messenger: str) -> None:
    """Proven, but of somebody else: they know the number of a delivery, and that does not help them."""
    await hooked.posted("only")
    number, before = hooked.delivery(messenger), hooked.state()
    stranger = "+31699999999" if messenger == "whatsapp" else "666"
    taps = [f"{kind}:{number}" for kind in ("received", "forwarded", "cannot")]
    strange = [
        "forwarded:-1",
        "forwarded:" + "f" * 200,
        "forwarded:" + "f" * 16,
        "forwarded: 1",
        "forwarded:1_0",
        "forwarded:",
        "x" * 5000,
    ]
    for tap in (*taps, *strange):
        assert await hooked.call_hook(messenger, hooked.hook(messenger, tap=tap, handle=stranger)) == 200
    for text in ("ok", "doorgestuurd", "stop", "forwarded:" + number):
        assert await hooked.call_hook(messenger, hooked.hook(messenger, text=text, handle=stranger)) == 200
    for tap in strange:  # not of one of ours either
        assert await hooked.call_hook(messenger, hooked.hook(messenger, tap=tap)) == 200
    assert hooked.rows("SELECT * FROM inbox") == [], "and nothing of it lies about"
    after = hooked.state()
    for table in ("acknowledgement", "delivery", "alert_neighbourhood", "admin", "alert_event"):
        assert after[table] == before[table], table


async def test_a_stranger_on_matrix_changes_nothing(hooked: Hooked) -> None:
    """There is no webhook: the homeserver is asked, and says who sent each event. A stranger's counts for nobody but them."""
    await hooked.posted("only")
    await hooked.hub.store.engine.write(
        ("UPDATE delivery SET provider_ref = '$matrix', state = 4 WHERE channel = 'matrix'",)
    )
    before = hooked.state()
    ours = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$matrix", "key": "📣"}}
    reply = {"msgtype": "m.text", "body": "doorgestuurd", "m.relates_to": {"m.in_reply_to": {"event_id": "$matrix"}}}
    for number, (kind, content) in enumerate(
        [("m.reaction", ours), ("m.room.message", reply), ("m.room.redaction", {"redacts": "$matrix"})]
    ):
        event = {
            "type": kind,
            "event_id": f"$e{number}",
            "origin_server_ts": 1,
            "content": content,
            "redacts": "$matrix",
        }
        # In the person's own room, and in one of their own where they call themselves whom they like.
        await hooked.synced(f"a{number}", {**event, "sender": "@mallory:evil"})
        await hooked.synced(f"b{number}", {**event, "sender": "@mallory:evil"}, handle="@mallory:evil")
    after = hooked.state()
    for table in ("acknowledgement", "delivery", "alert_neighbourhood", "admin", "address", "alert_event"):
        assert after[table] == before[table], table
    right = {"type": "m.reaction", "event_id": "$f", "origin_server_ts": 1, "content": ours}
    await hooked.synced("c", {**right, "sender": HANDLES["matrix"]})
    assert hooked.answers() == [("matrix", "forwarded")]


async def test_a_forged_hook_is_refused_before_its_body_is_read(hooked: Hooked) -> None:
    """Its headers say that it proves nothing: no byte more is waited for."""
    reader, writer = await asyncio_connection(hooked)
    for headers in ("", "X-Hub-Signature-256: sha256=00\r\n"):
        writer.write(
            f"POST /hooks/whatsapp HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 3000000\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 401")
        writer.close()
        reader, writer = await asyncio_connection(hooked)
    writer.close()


async def asyncio_connection(hooked: Hooked) -> Any:
    return await asyncio.open_connection("127.0.0.1", hooked.client.port)
