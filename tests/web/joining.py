"""What the tests of joining in share: a hub that can mail, forms filled in, the link of the newest mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import ClientResponse, FormData

from hub.domain import Role
from tests.web.world import KEYS, World

OURS = {"Origin": "https://buurtsein.example"}
WEST, EAST = "BU06370300", "BU06370301"
GROUP = {
    "group": "Buurtapp Nieuw West",
    "platform": "whatsapp",
    "members": "40",
    "codes": [WEST],
    "name": "Els Mulder",
    "email": "els@voorbeeld.nl",
    "channel": "whatsapp",
    "rules": "1",
    "kept": "1",
}
ADMIN = {
    "district": "WK063703",
    "groups": "Groep BU06370300",
    "motivation": "Ik ben veel thuis.",
    "name": "Piet Bos",
    "email": "piet@voorbeeld.nl",
    "channel": "whatsapp",
    "rules": "1",
    "kept": "1",
}
STARTING = {"codes": [WEST], "name": "Sam de Wit", "email": "sam@voorbeeld.nl", "rules": "1", "kept": "1"}
FIELD = re.compile(r'name="stamp" value="([^"]+)"')


async def page(world: World, path: str, *, role: Role | None = None, status: int = 200, lang: str = "nl") -> str:
    response = await world.get(path, role, headers={"Accept-Language": lang})
    text = await response.text()
    assert response.status == status, text
    return text


async def send(
    world: World,
    path: str,
    fields: Mapping[str, str | Sequence[str]],
    *,
    role: Role | None = None,
    lang: str = "nl",
    seconds: float = 5,
) -> ClientResponse:
    """A form as a browser sends it: shown, filled in for some seconds, sent. `fields`: more values in a list."""
    data = FormData()
    if role is None:
        shown = await (await world.get(path, None, headers={"Accept-Language": lang})).text()
        for stamp in FIELD.findall(shown)[:1]:
            data.add_field("stamp", stamp)
        world.clock.turn(seconds)
    for name, value in fields.items():
        for one in [value] if isinstance(value, str) else value:
            data.add_field(name, one)
    headers = {**OURS, "Accept-Language": lang}
    if role is not None:
        headers |= {"Authorization": f"Bearer {KEYS[role]}"}
    return await world.client.post(path, data=data, headers=headers, allow_redirects=False)


async def applied(world: World, path: str = "/join/group", fields: Mapping[str, Any] = GROUP, lang: str = "nl") -> str:
    """The path of the link that the mail holds."""
    response = await send(world, path, fields, lang=lang)
    assert (response.status, response.headers.get("Location")) == (303, "/join/sent"), await response.text()
    return await link_of_mail(world)


async def open_application(
    world: World, path: str = "/join/group", fields: Mapping[str, Any] = GROUP, lang: str = "nl"
) -> str:
    """Applied for and confirmed: the path of its page for coordinators."""
    confirm = await applied(world, path, fields, lang)
    response = await send(world, confirm, {})
    assert response.status == 303
    await empty_mailbox(world)
    newest = (await world.hub.store.applications.open())[-1]
    return f"/coordinator/applications/{newest.id}"


async def mails(world: World) -> list[Any]:
    return list(await world.hub.store.mails.due(world.clock.now(), 100))


async def empty_mailbox(world: World) -> None:
    for one in await mails(world):
        await world.hub.store.mails.sent(one.id)


async def link_of_mail(world: World, part: str = "/join/confirm/") -> str:
    mail = (await mails(world))[-1]
    found = re.search(rf"https://buurtsein\.example({re.escape(part)}\S+)", mail.text)
    assert found, mail.text
    return found[1]
