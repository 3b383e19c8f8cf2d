"""What a whole alert leaves behind: its database, write-ahead log, logs, figures and errors hold no name, number, token or text."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from hub.domain import Role
from hub.trust.keys import hash_secret, make_key
from tests.walk.test_whole_alerts import ANNA
from tests.walk.world import APP_SECRET, CLOCK, TELEGRAM_TOKEN, WHATSAPP_TOKEN, Walk, alert, until, walking

NUMBER, CHAT, SEEN = "31612340001", "7000016183", "Hij staat bij de fietsenstalling"
"""A chat of ten digits, as Telegram gives out today: six of them stand by chance in seconds of sixteen digits."""
SAID = ("Anna de Vries", "Bram Jansen", "Inbraak op heterdaad", "Man, rode fiets.", SEEN)
BRAM = f"Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,telegram,{CHAT},1"


def forms(word: str) -> Iterator[bytes]:
    """As it is, and as it lies within base64, wherever it begins."""
    yield word.encode()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + word.encode()).rstrip(b"=")
        yield whole[(0, 2, 3)[before] : -1]


def found_in(data: bytes, words: list[str]) -> list[str]:
    """Each word that is there and what stands around it, so that a failure tells where it leaks."""
    places = [(word, data.find(form)) for word in words for form in forms(word)]
    return [f"{word} in {data[max(0, at - 60) : at + 60]!r}" for word, at in places if at >= 0]


async def test_nothing_that_was_said_or_is_secret_lies_anywhere_in_clear(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with walking(tmp_path, [ANNA, BRAM]) as walk:
            posted = await walk.post(**alert("WK063703", "CBS-WK"))
            await until(lambda: read_by_both(walk))
            walk.whatsapp.tap(f"+{NUMBER}", "Doorgestuurd")
            walk.telegram.reply(int(CHAT), SEEN)
            walk.telegram.reply(int(CHAT), "d")
            await until(lambda: covered(walk, posted))
            refused = [await answer(walk, "info"), await answer(walk, "sender")]
            figures = await (await walk.session.get(f"{walk.url}/metrics")).text()
            _, unused = make_key(Role.AUDITOR)
            key = walk.key
            await walk.hub.store.keys.put(
                "other", name="x", role=Role.AUDITOR, sender="", hash=hash_secret(unused), now=CLOCK.now()
            )
            stored = {file.name: file.read_bytes() for file in tmp_path.glob("hub.db*") if file.suffix != ".key"}
    words = [*SAID, NUMBER, CHAT, key, unused, APP_SECRET, TELEGRAM_TOKEN, WHATSAPP_TOKEN]
    assert {"hub.db", "hub.db-wal"} <= stored.keys() and b"delivery" in stored["hub.db"] + stored["hub.db-wal"]
    for name, data in stored.items():
        assert not found_in(data, words), name
    assert not found_in(str(logs).encode(), words)
    assert not found_in(figures.encode(), words)
    assert not found_in(" ".join(refused).encode(), words)


async def read_by_both(walk: Walk) -> bool:
    told = [message for message in walk.telegram.messages(int(CHAT)) if message.from_bot]
    return bool(told and walk.whatsapp.chat(f"+{NUMBER}"))


async def covered(walk: Walk, posted: dict[str, Any]) -> bool:
    return bool((await walk.state(posted))["timeline"]["coveredAt"])


async def answer(walk: Walk, without: str) -> str:
    """What a wrong alert that says all this is answered."""
    said = {**alert(), "sender": " ".join(SAID), "identifier": NUMBER, "nothing": list(SAID), without: 5}
    async with walk.session.post(f"{walk.url}/api/v1/alerts", json=said) as refused:
        assert refused.status == 400
        return await refused.text()
