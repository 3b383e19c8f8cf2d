"""The public register: find mine, the list of groups, and a group's own page, without JavaScript and with names of any kind."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from hub.domain import Group
from tests.web.world import World

NAUGHTY = [
    "<script>alert(1)</script>",
    "\u202etfel raan sthcer\u202c",
    "\u200b\u200c\u200d\ufeff",
    "Ω≈ç√∫ 社會科學院 مجموعة الحي",
    "'; DROP TABLE watch_group; --",
    "{{ 7 * 7 }}%(name)s%",
    '"><img src=x onerror=alert(1)>',
]


async def page(world: World, path: str, status: int = 200) -> str:
    response = await world.get(path, None)
    text = await response.text()
    assert response.status == status, text
    return text


async def put(world: World, *groups: Group) -> list[int]:
    return [await world.hub.store.directory.put_group(one) for one in groups]


async def test_the_front_page_says_what_this_is_and_how_much_of_the_map_has_a_group(world: World) -> None:
    text = await page(world, "/")
    assert "Is er een buurtgroep bij u in de buurt?" in text
    assert "Er zijn 2 groepen." in text and "2 van de 26 buurten hebben een groep." in text
    assert "Groep BU06370300" in text and "100 leden" in text and "WhatsApp" in text
    assert "noindex" not in text, "anybody may find it"
    assert "Anna" not in text and "+316" not in text, "nothing of who runs a group"


async def test_a_resident_finds_the_groups_of_their_neighbourhood_by_its_name(world: World) -> None:
    one = world.hub.atlas.index.get("BU06370300")
    assert one is not None
    text = await page(world, f"/?q={quote(one.name.upper())}")
    result = text.partition('id="result"')[2].partition("</section>")[0]
    assert one.name in result and "Groep BU06370300" in result and re.search(r'href="/groups/\d+"', result)


async def test_who_has_no_group_yet_is_led_to_starting_one(world: World) -> None:
    text = await page(world, "/?neighbourhood=BU06370400")
    assert "Nog geen groep" in text and 'href="/join/starting?neighbourhood=BU06370400"' in text


async def test_a_postcode_finds_every_neighbourhood_it_lies_in(world: World) -> None:
    text = await page(world, "/?q=2717+AB")
    assert "Postcodes staan hier niet op de kaart" in text, "none were imported: said plainly"
    rows = [("2717", "BU06370300", 0.6), ("2717", "BU06370400", 0.4)]
    await world.hub.store.neighbourhoods.replace_postcodes(rows, source="pc4", now=world.clock.now())
    await world.hub.atlas.refresh()
    text = await page(world, "/?q=2717+ab")
    assert text.count('class="place"') == 2 and "Groep BU06370300" in text and "Nog geen groep" in text
    assert "Geen buurt gevonden" in await page(world, "/?q=1011")


async def test_a_place_finds_its_neighbourhood(world: World) -> None:
    text = await page(world, "/?lat=52.0607&lon=4.4940")
    assert "Uw buurt:" in text
    for elsewhere in ("lat=0&lon=0", "lat=nan&lon=4", "lat=x&lon=y", "lat=52"):
        assert "Uw buurt:" not in await page(world, f"/?{elsewhere}")


async def test_a_whole_municipality_shows_its_neighbourhoods_with_and_without_group(world: World) -> None:
    text = await page(world, "/?q=zoetermeer")
    assert text.count('class="place"') == 26 and text.count("Nog geen groep") == 24


async def test_the_list_is_paged_and_filtered(world: World) -> None:
    await put(world, *(Group(0, f"Buurtgroep {n:02}", "telegram", n, ("BU06370301",)) for n in range(30)))
    first = await page(world, "/groups")
    assert "32 groepen" in first and "pagina 1 van 2" in first and first.count('scope="row"') == 25
    (onward,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = await page(world, "/groups" + onward.replace("&amp;", "&"))
    assert second.count('scope="row"') == 7 and 'rel="prev"' in second and 'rel="next"' not in second
    assert "2 groepen" in await page(world, "/groups?platform=whatsapp")
    assert "1 groep<" in await page(world, "/groups?q=BUURTGROEP+07")
    assert "32 groepen" in await page(world, "/groups?municipality=GM0637")
    assert "Geen groep past" in await page(world, "/groups?municipality=GM0363")
    assert "Geen groep past" in await page(world, "/groups?q=%25"), "a percent sign is itself"
    oost = world.hub.atlas.index.get("BU06370300")
    assert oost is not None
    assert "Groep BU06370300" in await page(world, f"/groups?q={quote(oost.name)}"), "by the name of its neighbourhood"


@pytest.mark.parametrize(
    "asked",
    [
        "page=0",
        "page=99999",
        "page=x",
        "page=-1",
        "q=%00%ff%ED%A0%80",
        "q=" + "a" * 500,
        "municipality=" + "G" * 60,
        "platform=" + "p" * 60,
    ],
)
async def test_what_nobody_means_still_shows_a_list(world: World, asked: str) -> None:
    assert "<h1>Alle groepen</h1>" in await page(world, f"/groups?{asked}")
    assert "<h1>" in await page(world, f"/?{asked}")


async def test_a_group_has_a_page_without_its_admins(world: World) -> None:
    (number,) = await put(world, Group(0, "Meerzicht Waakt", "matrix", 1, ("BU06370300", "BU99990000")))
    text = await page(world, f"/groups/{number}")
    assert "<h1><bdi>Meerzicht Waakt</bdi></h1>" in text and "Matrix" in text and "Zoetermeer" in text
    assert "BU99990000" in text, "a neighbourhood that the map does not know stands by its code"
    for path in ("/groups/1", "/groups/x", f"/groups/{2**63}", f"/groups/{2**70}", "/groups/-1"):
        await page(world, path, 404)


@pytest.mark.parametrize("name", NAUGHTY)
async def test_a_name_of_any_kind_is_text_and_turns_nothing_round(world: World, name: str) -> None:
    (number,) = await put(world, Group(0, name, "<b>", 1, ("BU06370300",)))
    for path in ("/", f"/groups/{number}", "/groups", "/?neighbourhood=BU06370300", f"/?q={quote(name)}"):
        text = await page(world, path)
        assert "<script>alert" not in text and "<img src=x" not in text and "<b>" not in text
        assert text.count("<bdi>") == text.count("</bdi>")


async def test_a_name_that_nobody_can_see_is_told_so(world: World) -> None:
    (number,) = await put(world, Group(0, "\u200b\u200d", "whatsapp", 1, ("BU06370300",)))
    assert "Groep zonder naam" in await page(world, f"/groups/{number}")


async def test_english_is_complete(world: World) -> None:
    text = await page(world, "/?q=zoetermeer&lang=en")
    assert "Is there a neighbourhood group near you?" in text and "No group yet" in text
    assert "All groups" in await page(world, "/groups?lang=en")
