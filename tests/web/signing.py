"""What the tests of signs share: a hub that can mail, a request filled in, the newest mail and its link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aiohttp import ClientResponse, FormData

from hub.domain import Role
from hub.store.mails import Mail
from tests.web.world import KEYS, World

OURS = {"Origin": "https://buurtsein.example"}
WEST, EAST = "BU06370300", "BU06370301"
STREET = {
    "kind": "street",
    "place": "Hoek Dorpsstraat en Kerklaan",
    "code": WEST,
    "remark": "Aan de tweede paal",
    "name": "Els Mulder",
    "email": "els@voorbeeld.nl",
}
STICKER = {**STREET, "kind": "sticker", "place": "Dorpsstraat 12", "email": "piet@voorbeeld.nl", "name": "Piet Bos"}
EXACT = {**STREET, "lat": "52.0607", "lon": "4.5160"}
STAMP = re.compile(r'name="stamp" value="([^"]+)"')
Fields = Mapping[str, str | Sequence[str]]


async def page(world: World, path: str, *, role: Role | None = None, status: int = 200, lang: str = "nl") -> str:
    response = await world.get(path, role, headers={"Accept-Language": lang})
    text = await response.text()
    assert response.status == status, text
    return text


async def send(
    world: World, path: str, fields: Fields | None = None, *, role: Role | None = None, lang: str = "nl"
) -> ClientResponse:
    """A form as a browser sends it. `fields`: more values in a list."""
    data = FormData()
    for name, values in (fields or {}).items():
        for value in [values] if isinstance(values, str) else values:
            data.add_field(name, value)
    headers = {**OURS, "Accept-Language": lang}
    if role is not None:
        headers["Authorization"] = f"Bearer {KEYS[role]}"
    return await world.client.post(path, data=data, headers=headers, allow_redirects=False)


async def ask(world: World, fields: Fields = STREET, *, lang: str = "nl", seconds: float = 5) -> ClientResponse:
    """The form shown, filled in for some seconds, sent."""
    found = STAMP.search(await page(world, "/signs/ask", lang=lang))
    assert found is not None
    world.clock.turn(seconds)
    return await send(world, "/signs/ask", {"stamp": found[1], **fields}, lang=lang)


async def mails(world: World) -> list[Mail]:
    """Those that wait, oldest first."""
    return await world.hub.store.mails.due(world.clock.now(), 100)


async def newest(world: World) -> Mail:
    return max(await mails(world), key=lambda one: one.id)


def link_in(text: str) -> str:
    """The path of the link in a mail."""
    found = re.search(r"https://buurtsein\.example(/signs/confirm/\S+)", text)
    assert found is not None, text
    return found[1]


async def asked(world: World, fields: Fields = STREET, *, lang: str = "nl") -> int:
    """Asked for and confirmed; its id."""
    response = await ask(world, fields, lang=lang)
    assert response.status == 303, await response.text()
    link = link_in((await newest(world)).text)
    assert (await send(world, link)).status == 303
    return int(world.rows("SELECT MAX(id) FROM sign WHERE state = 'asked'")[0][0])


async def decide(world: World, sign_id: int, action: str, fields: Fields | None = None) -> ClientResponse:
    return await send(world, f"/coordinator/signs/{sign_id}/{action}", fields, role=Role.COORDINATOR)
