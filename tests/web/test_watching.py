"""Watching an alert on the console: the list and one alert, still and live, as each role sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import ClientResponse

from hub.domain import AckKind, Role
from hub.store.sightings import Sighting
from tests.web.test_sightings_api import PHOTO, seen
from tests.web.world import World, an_alert, events, until

ANNA, BRAM = "+31612340001", "+31612340002"
WEST, EAST = "BU06370300", "BU06370301"
CIRCLE = {"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.05"]}


async def page(world: World, path: str, role: Role = Role.POLICE, status: int = 200) -> str:
    response = await world.get(path, role)
    text = await response.text()
    assert response.status == status, text
    return text


async def stream(world: World, path: str, role: Role = Role.POLICE, after: str = "") -> ClientResponse:
    response = await world.get(path, role, headers={"Last-Event-ID": after} if after else {})
    assert response.status == 200 and response.content_type == "text/event-stream"
    return response


async def changed(told: ClientResponse) -> tuple[str, dict[str, Any]]:
    """The next change of an alert, and its mark."""
    async for one in events(told):
        if one.kind == "change":
            return one.id, one.data
    raise AssertionError("the stream ended")


async def answer(world: World, handle: str, kind: AckKind) -> None:
    (sent,) = [one for one in world.channel.sent if one.handle.value == handle][-1:]
    data = next(action.data for action in sent.actions if action.kind is kind)
    assert (await world.tap(handle, data)).status == 200


async def end(world: World, alert: dict[str, Any], **more: Any) -> None:
    reference = f"{alert['sender']},{alert['identifier']},{alert['sent']}"
    assert (await world.post({"msgType": "Cancel", "references": reference, **more})).status == 202


# the list ---------------------------------------------------------------------------------------------------------------------


async def test_what_is_going_on_what_is_practice_and_what_is_past_are_three_lists(world: World) -> None:
    going = await world.accepted(an_alert(identifier="W-1"))
    practice = await world.accepted(an_alert(identifier="W-2", status="Exercise"))
    past = await world.accepted(an_alert(identifier="W-3"))
    await end(world, past)
    soon = await world.accepted(an_alert({"expires": world.in_hours(0.5)}, identifier="W-4"))
    active = await page(world, "/console")
    assert all(one["id"] in active for one in (going, soon)) and practice["id"] not in active
    assert past["id"] not in active and "Intrekking" not in active, "what ended one is not going on"
    exercises = await page(world, "/console?show=exercises")
    assert practice["id"] in exercises and going["id"] not in exercises
    gone = await page(world, "/console?show=past")
    assert past["id"] in gone and going["id"] not in gone and "Intrekking" in gone
    world.clock.turn(3600)
    await end(world, going)  # so that there is something new to read
    assert soon["id"] in await page(world, "/console?show=past") and soon["id"] not in await page(world, "/console")
    await page(world, "/console?show=nonsense", status=400)


async def test_dark_neighbourhoods_stand_out_in_the_list(world: World) -> None:
    await world.accepted(
        an_alert({"area": [{"areaDesc": "x", "geocode": [{"valueName": "CBS-BU", "value": "BU06370003"}]}]})
    )
    listed = await page(world, "/console")
    assert "0 van 1" in listed and "1 donker" in listed and 'class="attention"' in listed


async def test_the_list_tells_new_ones_and_what_moves_and_only_that(relaying: World) -> None:
    first = await relaying.relayed(an_alert(identifier="L-1"))
    told = await stream(relaying, "/console/events", Role.AUDITOR)
    rows = (await until(told, "rows"))[-1].data
    assert rows["order"] == [first["id"]] and "1 van 2" in rows["rows"][0]["html"]
    await answer(relaying, BRAM, AckKind.FORWARDED)
    while not any("2 van 2" in one["html"] for one in rows["rows"]):
        rows = (await until(told, "rows"))[-1].data
    second = await relaying.accepted(an_alert(identifier="L-2"))
    while second["id"] not in rows["order"]:
        rows = (await until(told, "rows"))[-1].data
    assert rows["order"] == [second["id"], first["id"]] and {one["id"] for one in rows["rows"]} == {second["id"]}
    told.close()


async def test_only_police_are_led_to_writing_one(world: World) -> None:
    for role in Role:
        assert ("/console/write" in await page(world, "/console", role)) == (role is Role.POLICE)


# one alert, still -------------------------------------------------------------------------------------------------------------


async def test_who_answered_what_stands_by_neighbourhood_the_dark_ones_first(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())  # Anna forwarded it
    shown = await page(relaying, f"/console/alerts/{alert['id']}")
    assert re.findall(r'data-code="(BU\d+)" data-order="\d" data-stage="(\w+)"', shown)[:2] == [
        (EAST, "sent"),
        (WEST, "forwarded"),
    ]
    east, _, west = shown.partition(f'data-code="{EAST}"')[2].partition(f'data-code="{WEST}"')
    assert "Bram Jansen" in east and "1 van 1 beheerders bereikt" in east and "Anna" not in east
    assert "Anna de Vries" in west and re.search(r"Doorgestuurd \d\d:\d\d:\d\d", west)
    assert re.search(r"Om \d\d:\d\d:\d\d: wie zwijgt krijgt de melding op een ander kanaal", east)
    assert "Hierna" not in west and "Om " not in west.partition("<table")[0]


async def test_without_scripts_it_is_a_still_picture_with_a_way_to_a_new_one(world: World) -> None:
    alert = await world.accepted(an_alert())
    path = f"/console/alerts/{alert['id']}"
    shown = await page(world, path)
    assert "Stilstaand beeld" in shown and f'class="refresh" href="{path}"' in shown
    assert re.search(r'<time id="as-of">\d\d:\d\d:\d\d</time>', shown) and "Nog niets verzonden" in shown


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.AUDITOR, Role.OPERATOR])
async def test_the_others_see_the_same_without_buttons(relaying: World, role: Role) -> None:
    alert = await relaying.relayed(an_alert())
    shown = await page(relaying, f"/console/alerts/{alert['id']}", role)
    main = shown.partition("<main")[2]
    assert "Bram Jansen" in main and "<form" not in main and "/console/write" not in main and "Waarnemingen" not in main


async def test_the_deliveries_are_told_with_tries_and_times_a_page_at_a_time(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    shown = await page(relaying, f"/console/alerts/{alert['id']}/deliveries", Role.OPERATOR)
    assert "Anna de Vries" in shown and "WhatsApp" in shown and re.search(r"Doorgestuurd \d\d:\d\d", shown)
    await page(relaying, "/console/alerts/AAAA-AAAA/deliveries", status=404)


async def test_what_admins_saw_is_for_the_police_alone_and_only_where_that_is_switched_on(world: World) -> None:
    alert = await seen(world)
    assert "Ik zie hem" not in await page(world, f"/console/alerts/{alert}")
    object.__setattr__(world.hub.settings.relay, "sightings", True)
    shown = await page(world, f"/console/alerts/{alert}")
    assert "Ik zie hem" in shown and f'src="/api/v1/alerts/{alert}/sightings/6/picture"' in shown
    assert "Ik zie hem" not in await page(world, f"/console/alerts/{alert}", Role.COORDINATOR)
    assert "Ik zie hem" in await page(world, f"/console/alerts/{alert}/beside")
    assert await (await world.get(f"/api/v1/alerts/{alert}/sightings/6/picture")).read() == PHOTO


# one alert, live --------------------------------------------------------------------------------------------------------------


async def test_a_page_is_told_what_changed_since_it_was_written_and_nothing_else(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    path = f"/console/alerts/{alert['id']}"
    (mark,) = re.findall(r'data-mark="([^"]+)"', await page(relaying, path))
    told = await stream(relaying, f"{path}/events?after={mark}")
    await answer(relaying, BRAM, AckKind.CANNOT)
    _, change = await changed(told)
    assert [one["name"] for one in change["people"]] == ["Bram Jansen"]
    (bram,) = change["people"]
    assert (bram["codes"], bram["answer"], bram["state"]) == ([EAST], "cannot", "sent")
    assert [one["code"] for one in change["places"]] == [EAST] and "1 zei Kan niet" in change["places"][0]["said"]
    assert change["head"]["forwarded"] == 1 and change["now"] >= change["head"]["begun"]
    told.close()


async def test_who_comes_back_gets_what_it_missed_and_a_stranger_gets_all(relaying: World) -> None:
    alert = await relaying.relayed(an_alert())
    path = f"/console/alerts/{alert['id']}/events"
    told = await stream(relaying, path)
    mark, change = await changed(told)
    assert {one["name"] for one in change["people"]} == {"Anna de Vries", "Bram Jansen"}
    assert {one["code"] for one in change["places"]} == {WEST, EAST}
    told.close()
    await answer(relaying, BRAM, AckKind.FORWARDED)
    told = await stream(relaying, path, after=mark)
    _, change = await changed(told)
    assert [one["name"] for one in change["people"]] == ["Bram Jansen"] and change["head"]["forwarded"] == 2
    told.close()
    for strange in ("another-7", "x", f"{mark.partition('-')[0]}-99999999999999999999", "9"):
        told = await stream(relaying, path, after=strange)
        _, change = await changed(told)
        assert len(change["people"]) == 2
        told.close()


async def test_the_stream_beats_so_that_silence_means_something(world: World) -> None:
    alert = await world.accepted(an_alert())
    told = await stream(world, f"/console/alerts/{alert['id']}/events", Role.AUDITOR)
    beat = (await until(told, "beat"))[-1].data
    assert abs(beat["now"] - world.clock.now()) < 60_000
    told.close()
    assert (await world.get("/console/alerts/AAAA-AAAA/events")).status == 404
    assert (await world.get("/console/events", None)).status == 401


async def test_that_it_ran_out_is_told_though_nobody_wrote_so(world: World) -> None:
    alert = await world.accepted(an_alert())
    told = await stream(world, f"/console/alerts/{alert['id']}/events")
    assert (await changed(told))[1]["head"]["open"]
    world.clock.turn(3 * 3600)
    change = (await changed(told))[1]
    assert (change["head"]["open"], change["head"]["state"]) == (False, "expired")
    told.close()


async def test_a_sighting_changes_what_the_page_asks_anew(world: World) -> None:
    alert = (await world.accepted(an_alert()))["id"]
    told = await stream(world, f"/console/alerts/{alert}/events")
    before = (await changed(told))[1]["head"]["aside"]
    (anna, _) = await world.hub.store.directory.admins()
    kept = world.hub.store.sightings.keep(
        Sighting(5, alert, anna.id, world.clock.now(), "text", "Daar"), world.clock.now()
    )
    await world.hub.store.receipts.apply(kept, [])
    change = (await changed(told))[1]
    assert change["head"]["aside"] > before and "Daar" not in str(change)
    told.close()
