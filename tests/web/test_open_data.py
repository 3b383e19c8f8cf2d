"""The register for other sites: files of open data, and pages to be framed, with nothing of anybody in them."""

from __future__ import annotations

import gzip
import re
from typing import Any

import orjson
import pytest
import shapely

from hub.domain import Group
from tests.web.world import World

GROUPS, WITHOUT = "/open-data/groups.geojson", "/open-data/neighbourhoods-without-group.geojson"
FRAMES = ("/embed/map", "/embed/groups", "/embed/map?municipality=GM0637", "/embed/groups?municipality=GM0637&lang=en")


async def file(world: World, path: str) -> dict[str, Any]:
    response = await world.get(path, None)
    assert response.status == 200 and response.content_type == "application/geo+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    return dict(orjson.loads(await response.read()))


async def test_every_neighbourhood_is_in_one_of_the_two_files_and_each_group_with_its_own(world: World) -> None:
    evil = Group(0, '<script>"\u202e', "telegram", 7, ("BU06370300", "BU06370001", "BU99990000"))
    number = await world.hub.store.directory.put_group(evil)
    groups, without = await file(world, GROUPS), await file(world, WITHOUT)
    assert groups["licence"] == "CC0-1.0" and "CBS" in groups["attribution"] and groups["generatedAt"]
    with_group = {one["id"]: one["properties"]["groups"] for one in groups["features"]}
    assert set(with_group) == {"BU06370300", "BU06370301", "BU06370001"}
    assert {"id": str(number), "name": evil.name, "platform": "telegram", "members": 7} in with_group["BU06370300"]
    assert len(with_group["BU06370300"]) == 2
    empty = {one["id"] for one in without["features"]}
    assert not empty & set(with_group) and len(empty) + len(with_group) == 26
    for one in (*groups["features"], *without["features"]):
        shape = shapely.from_geojson(orjson.dumps(one["geometry"]))
        assert shapely.is_valid(shape) and not shapely.is_empty(shape)
        whole = shapely.from_wkb(next(n.boundary for n in world.hub.atlas.index if n.code == one["id"]))
        assert shapely.area(shapely.symmetric_difference(shape, whole)) < 0.05 * shapely.area(whole)


async def test_nothing_of_admins_is_in_what_others_get(world: World) -> None:
    for path in (GROUPS, WITHOUT, *FRAMES, "/open-data"):
        text = await (await world.get(path, None)).text()
        assert not [word for word in ("Anna", "Vries", "Jansen", "31612340") if word in text], path


async def test_a_copy_that_still_holds_is_not_sent_again_and_is_renewed_when_something_changed(world: World) -> None:
    first = await world.get(GROUPS, None)
    tag, body = first.headers["ETag"], await first.read()
    again = await world.get(GROUPS, None, headers={"If-None-Match": tag})
    assert again.status == 304 and await again.read() == b"" and again.headers["ETag"] == tag
    world.clock.turn(301)
    assert await (await world.get(GROUPS, None)).read() == body, "the same is said since the same moment"
    await world.hub.store.directory.put_group(Group(0, "Nieuw", "matrix", 3, ("BU06370400",)))
    assert (await world.get(GROUPS, None, headers={"If-None-Match": tag})).status == 304, "at most every five minutes"
    world.clock.turn(301)
    renewed = await world.get(GROUPS, None, headers={"If-None-Match": tag})
    assert renewed.status == 200 and b"Nieuw" in await renewed.read() and renewed.headers["ETag"] != tag


async def test_a_new_map_is_in_the_next_file(world: World) -> None:
    assert len((await file(world, WITHOUT))["features"]) == 24
    fewer = [one for one in world.hub.atlas.index if one.code < "BU06370400"]
    await world.hub.store.neighbourhoods.replace(fewer, source="test", now=world.clock.now())
    await world.hub.atlas.refresh()
    assert len((await file(world, WITHOUT))["features"]) == len(fewer) - 2


async def test_files_come_packed_to_who_takes_that(world: World) -> None:
    async with world.client.session.get(
        world.client.make_url(GROUPS), headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as response:
        packed = await response.read()
        assert response.headers["Content-Encoding"] == "gzip" and response.headers["Vary"] == "Accept-Encoding"
    plain = await world.get(GROUPS, None, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers and gzip.decompress(packed) == await plain.read()


@pytest.mark.parametrize("path", FRAMES)
async def test_other_sites_may_frame_these_pages_which_ask_and_keep_nothing(world: World, path: str) -> None:
    response = await world.get(path, None)
    page = await response.text()
    assert response.status == 200 and "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers and not response.cookies
    assert "<form" not in page and "<nav" not in page and "<h1>" in page
    assert all("_blank" in link for link in re.findall(r"<a [^>]*>", page)), "links leave the frame"
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_no_other_page_may_be_framed(world: World) -> None:
    for path in ("/", "/groups", "/open-data", "/pages/over", "/login", GROUPS):
        response = await world.get(path, None)
        assert response.headers["X-Frame-Options"] == "DENY" and "frame-ancestors *" not in str(response.headers)


async def test_a_framed_list_is_of_one_municipality(world: World) -> None:
    assert "Groep BU06370300" in await (await world.get("/embed/groups?municipality=GM0637", None)).text()
    assert "nog geen groep" in await (await world.get("/embed/groups?municipality=GM0363", None)).text()
    page = await (await world.get("/embed/map?municipality=GM0637", None)).text()
    assert "2 van de 26" in page and "Buurten zonder groep" in page


async def test_the_page_says_what_to_paste(world: World) -> None:
    page = await (await world.get("/open-data", None)).text()
    assert "&lt;iframe src=&#34;" in page or '&lt;iframe src="https://buurtsein.example/embed/map?lang=nl"' in page
    assert GROUPS in page and WITHOUT in page


async def test_visitors_find_privacy_and_the_like_at_the_foot_of_every_page(world: World) -> None:
    for path in ("/", "/login", "/nowhere", "/pages/tips"):
        page = await (await world.get(path, None)).text()
        foot = page.partition('<footer class="foot"')[2]
        for link in ("/pages/privacy", "/pages/toegankelijkheid", "/open-data", "/pages/over"):
            assert f'href="{link}"' in foot
