"""Sightings: police read them, nobody else; the live stream only says that there is one."""

from __future__ import annotations

from hub.domain import Role
from hub.store.sightings import Sighting
from tests.web.world import API, World, an_alert, until

PHOTO = b"\x89PNG\r\n\x1a\n a photo"


async def seen(world: World) -> str:
    """An alert with a text and a picture; its id."""
    alert: str = (await world.accepted(an_alert()))["id"]
    (anna, _) = await world.hub.store.directory.admins()
    verbs = world.hub.store.sightings
    now = world.clock.now()
    statements = verbs.keep(Sighting(5, alert, anna.id, now, "text", "Ik zie hem"), now)
    statements += verbs.keep(Sighting(6, alert, anna.id, now, "picture"), now, ("telegram", "main"), "file-1")
    await world.hub.store.receipts.apply(statements, [])
    assert await verbs.put_picture(6, PHOTO, "image/png", now)
    return alert


async def test_police_read_them_oldest_first_with_who_sent_them(world: World) -> None:
    alert = await seen(world)
    answer = await (await world.get(f"{API}/alerts/{alert}/sightings")).json()
    first, second = answer["items"]
    assert (first["id"], first["kind"], first["text"], first["adminName"]) == (
        "5",
        "text",
        "Ik zie hem",
        "Anna de Vries",
    )
    assert (first["picture"], second["picture"]) == (None, f"{API}/alerts/{alert}/sightings/6/picture")
    page = await (await world.get(f"{API}/alerts/{alert}/sightings?limit=1")).json()
    rest = await (await world.get(f"{API}/alerts/{alert}/sightings?limit=1&cursor={page['next']}")).json()
    assert [one["id"] for one in rest["items"]] == ["6"]


async def test_the_picture_comes_as_it_was_sent_and_is_kept_nowhere(world: World) -> None:
    alert = await seen(world)
    response = await world.get(f"{API}/alerts/{alert}/sightings/6/picture")
    assert (response.status, response.content_type, await response.read()) == (200, "image/png", PHOTO)
    assert (
        response.headers["Cache-Control"] == "no-store"
        and "default-src 'none'" in response.headers["Content-Security-Policy"]
    )
    for other in ("5", "7", "x", "9" * 30):
        assert (await world.get(f"{API}/alerts/{alert}/sightings/{other}/picture")).status == 404
    other_alert = (await world.accepted(an_alert()))["id"]
    assert (await world.get(f"{API}/alerts/{other_alert}/sightings/6/picture")).status == 404


async def test_others_neither_read_them_nor_hear_what_they_say(world: World) -> None:
    alert = await seen(world)
    for role in (Role.COORDINATOR, Role.AUDITOR, Role.OPERATOR):
        assert (await world.get(f"{API}/alerts/{alert}/sightings", role)).status == 403
        assert (await world.get(f"{API}/alerts/{alert}/sightings/6/picture", role)).status == 403
    async with await world.get(f"{API}/alerts/{alert}/events", Role.AUDITOR) as stream:
        told = await until(stream, "sighting", sighting="6")
    (text, picture) = [one.data for one in told if one.kind == "sighting"]
    assert text.keys() == picture.keys() == {"at", "sighting", "kind"}
    assert "Ik zie" not in str(told)
