"""The demo's Matrix phones: on the list, under a path of their own, and their people answer by themselves."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import nio
import pytest

from adapters import phones as demo
from adapters.phones import MATRIX_PASSWORD, MATRIX_USER, Phones
from tests.matrix_emulator.oracle import say, sync, text

CARLA, BRAM = "@carla:hub.test", "@whatsapp_31612340001:hub.test"


async def test_matrix_people_of_the_demo_answer_with_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PORT", 0)
    monkeypatch.setattr(demo, "SEES", (0.01, 0.02))
    monkeypatch.setattr(demo, "FORWARDS", (0.01, 0.02))
    people = [("matrix", CARLA, "Carla"), ("matrix", BRAM, "Bram"), ("telegram", "7", "Anna")]
    async with Phones("http://127.0.0.1:1", people) as phones, aiohttp.ClientSession() as session:
        client = nio.AsyncClient(f"{phones.url}/matrix", MATRIX_USER, "DEMO")
        assert isinstance(await client.login(MATRIX_PASSWORD), nio.LoginResponse)
        rooms = {}
        for handle in (CARLA, BRAM):
            made = await client.room_create(is_direct=True, invite=[handle])
            assert isinstance(made, nio.RoomCreateResponse)
            rooms[handle] = made.room_id
        await sync(client, full_state=True)
        for room in rooms.values():
            await say(client, room, text("Inbraak"))
        answering = asyncio.create_task(phones.answer())
        signs: dict[str, list[str]] = {handle: [] for handle in rooms}
        async with asyncio.timeout(10):
            while any("📣" not in found for found in signs.values()):
                answer = await sync(client, timeout=1000)
                for handle, room in rooms.items():
                    part = answer.rooms.join.get(room)
                    signs[handle] += (
                        [one.key for one in part.timeline.events if isinstance(one, nio.ReactionEvent)] if part else []
                    )
        answering.cancel()
        assert signs[CARLA] == ["✅", "📣"], "Bram's first may be gone already: WhatsApp has one sign a person"
        async with session.get(f"{phones.url}/") as response:
            page = await response.text()
        assert "Matrix · WhatsApp-brug" in page and 'href="matrix/phone/%40carla%3Ahub.test"' in page
        async with session.get(f"{phones.url}/matrix/phone/%40carla%3Ahub.test") as response:
            assert response.status == 200 and "Inbraak" in await response.text()
        big = b"\xff\xd8\xff" * 1_500_000
        headers = {"Authorization": f"Bearer {client.access_token}", "Content-Type": "image/jpeg"}
        async with session.post(
            f"{phones.url}/matrix/_matrix/media/v3/upload", data=io.BytesIO(big), headers=headers
        ) as response:
            assert response.status == 200, "pictures are larger than what aiohttp takes unasked"
        await client.close()
