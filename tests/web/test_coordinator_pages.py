"""The coordinators' pages: a coordinator finds, adds, changes and removes groups and admins; an auditor reads, without handles."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from hub.domain import Address, Admin, Group, Handle, Role
from tests.web.world import KEYS, World

SESSION, SOUGHT = "__Host-buurtsein_session", "__Host-buurtsein_sought"
OURS = {"Origin": "https://buurtsein.example"}
PAGES = [
    "/coordinator",
    "/coordinator/groups",
    "/coordinator/admins",
    "/coordinator/import",
    "/coordinator/coverage",
    "/coordinator/health",
    "/coordinator/drills",
    "/coordinator/statistics",
    "/coordinator/changes",
]
FORM_PAGES = ["/coordinator/groups/new", "/coordinator/admins/new", "/coordinator/drills/new?district=WK063703"]
ANNA, HER_NUMBER = "Anna de Vries", "+31612340001"
NAUGHTY = [
    """</title><script>alert(1)</script><img src=x onerror=alert(2)>"'""",
    "{{ 7*7 }} {% raw %} %(name)s %s %d",
    "'; DROP TABLE admin; --",
    "Ünïcödé 🚨 \u202eomgekeerd\u202c عربى ﷽",
    "=cmd|' /C calc'!A0",
    "\\ / ? # & % + _ ‘’",
]


async def page(world: World, path: str, role: Role = Role.COORDINATOR, status: int = 200, lang: str = "nl") -> str:
    response = await world.get(path, role, headers={"Accept-Language": lang})
    text = await response.text()
    assert response.status == status, (path, response.status, text[:500])
    return html.unescape(text)


async def post(world: World, path: str, fields: Any, role: Role = Role.COORDINATOR) -> ClientResponse:
    pairs = fields.items() if isinstance(fields, dict) else fields
    return (
        await world.call("POST", path, role, body=None, headers=OURS)
        if not pairs
        else await _sent(world, path, list(pairs), role)
    )


async def _sent(world: World, path: str, pairs: list[tuple[str, str]], role: Role) -> ClientResponse:
    headers = {**OURS, "Authorization": f"Bearer {KEYS[role]}"}
    return await world.client.post(path, data=FormData(pairs), headers=headers, allow_redirects=False)


def filled_in(text: str) -> list[tuple[str, str]]:
    """What a browser would send of the form on this page, nothing changed: but for search fields."""
    text = text.partition("<main")[2]
    fields: list[tuple[str, str]] = []
    for tag in re.findall(r"<input[^>]*>", text):
        given = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if (given.get("type") == "checkbox" and " checked" not in tag) or "name" not in given:
            continue
        fields.append((given["name"], html.unescape(given.get("value", ""))))
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        assert chosen is not None
        fields.append((name, chosen[1]))
    return fields


async def the_form(world: World, path: str) -> list[tuple[str, str]]:
    response = await world.get(path, Role.COORDINATOR)
    assert response.status == 200
    return filled_in(await response.text())


def with_(fields: list[tuple[str, str]], **changed: str | list[str]) -> list[tuple[str, str]]:
    """The same form with some fields otherwise; `_` stands for `-` in names."""
    names = {name.replace("_", "-") if name[-1:].isdigit() else name: value for name, value in changed.items()}
    kept = [(name, value) for name, value in fields if name not in names]
    for name, value in names.items():
        kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
    return kept


async def anna(world: World) -> Admin:
    return next(one for one in await world.hub.store.directory.admins() if one.name == ANNA)


async def the_group(world: World, name: str = "Groep BU06370300") -> Group:
    (found,) = await world.hub.store.directory.groups_named([name])
    return found


async def kinds_of_changes(world: World) -> list[str]:
    found = await world.hub.store.audit.page(1 << 62, 20)
    return [one.kind for one in found if not one.kind.startswith("session.")]


# everybody's -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nl", "en"])
async def test_every_page_shows_its_heading_and_the_menu_to_coordinators_and_auditors(world: World, lang: str) -> None:
    for path in PAGES:
        for role in (Role.COORDINATOR, Role.AUDITOR):
            text = await page(world, path, role, lang=lang)
            assert len(re.findall("<h1", text)) == 1, path
            assert 'aria-current="page"' in text.partition('class="section-menu"')[2]
            assert (">Onderhoud<" if lang == "nl" else ">Upkeep<") in text
    for path in FORM_PAGES:
        assert "<form" in (await page(world, path, lang=lang)).partition("<main")[2]


async def test_an_auditor_sees_no_button_that_changes_anything_and_no_handle(world: World) -> None:
    admin, group = await anna(world), await the_group(world)
    own = [f"/coordinator/admins/{admin.id}", f"/coordinator/groups/{group.id}"]
    for path in [*PAGES, *own]:
        text = (await page(world, path, Role.AUDITOR)).partition("<main")[2]
        assert HER_NUMBER not in text, path
        assert not re.search(r'<form method="post" action="(?!/coordinator/admins")', text), path
        assert not re.search(r'href="[^"]*/(new|change|remove|export\.csv)\b', text), path
    text = await page(world, own[0], Role.AUDITOR)
    assert "•••• 01" in text and ANNA in text
    assert HER_NUMBER in await page(world, own[0]), "a coordinator sees it in full, on her own page only"
    assert HER_NUMBER not in await page(world, "/coordinator/admins")


async def test_names_full_of_tricks_are_text_on_every_page(world: World) -> None:
    for number, name in enumerate(NAUGHTY):
        way = Address("telegram", Handle(f"7000{number}"), 1, "dead")
        group_id = await world.hub.store.directory.put_group(Group(0, name, "whatsapp", 3, ("BU06370400",)))
        await world.hub.store.directory.put_admin(Admin(0, name, "nl", (way,), (group_id,)))
    everything = [f"/coordinator/groups/{one.id}" for one in await world.hub.store.directory.groups()]
    everything += [f"/coordinator/admins/{one.id}" for one in await world.hub.store.directory.admins()]
    everything += [f"{path}/{verb}" for path in list(everything) for verb in ("change", "remove")]
    for path in [*PAGES, *everything]:
        response = await world.get(path, Role.COORDINATOR)
        text = await response.text()
        assert response.status == 200, path
        assert "<script>alert" not in text and "<img src=x" not in text, path
    text = await page(world, "/coordinator/groups")
    assert all(name in text for name in NAUGHTY)
    for name in NAUGHTY:
        assert (await world.get("/coordinator/groups", Role.COORDINATOR)).status == 200
        found = await world.client.get(
            "/coordinator/groups", params={"q": name}, headers={"Authorization": "Bearer bs_coordinator_for-tests"}
        )
        assert html.unescape(await found.text()).count(name) >= 2, name


# finding -----------------------------------------------------------------------------------------------------------------------


async def test_a_group_is_found_by_its_name_its_neighbourhood_its_district_and_its_code(world: World) -> None:
    one = world.hub.atlas.index.get("BU06370300")
    assert one is not None
    for text in ("groep bu06370300", one.name, one.district_name.lower(), "BU06370300", "WK063703", "gm0637"):
        found = await page(world, f"/coordinator/groups?q={text}")
        assert ">Groep BU06370300<" in found, text
    assert "Geen groep gevonden" in await page(world, "/coordinator/groups?q=nergens")
    assert "1 groep gevonden" in await page(world, "/coordinator/groups?q=BU06370300")
    assert ">Groep BU" not in await page(world, "/coordinator/groups?platform=whatsapp&state=unreachable")
    assert "2 groepen gevonden" in await page(world, "/coordinator/groups?municipality=GM0637&state=one")


async def test_lists_are_sorted_and_paged(world: World) -> None:
    groups = [Group(0, f"Z{n:03}", "signal", n, ("BU06370400",)) for n in range(120)]
    await world.hub.store.directory.replace_groups(groups, [])
    first = await page(world, "/coordinator/groups?platform=signal")
    assert "Bladzijde 1 van 3" in first and "Z000" in first and "Z050" not in first
    second = await page(world, re.findall(r'href="([^"]*)" rel="next"', first)[0])
    assert "Z050" in second and "Z049" not in second and 'rel="prev"' in second
    largest = await page(world, "/coordinator/groups?platform=signal&order=-members")
    assert largest.index("Z119") < largest.index("Z118") and 'aria-sort="descending"' in largest
    for nonsense in ("page=0", "page=x", "page=999999", "order=name;DROP", "state=x", "municipality=GM9999"):
        await page(world, f"/coordinator/groups?{nonsense}")


async def test_an_admin_is_found_by_name_and_the_name_stands_in_no_address(world: World) -> None:
    response = await post(
        world, "/coordinator/admins", {"q": "anna de", "state": "", "platform": "whatsapp"}, Role.AUDITOR
    )
    where = response.headers["Location"]
    assert response.status == 303 and "anna" not in where.lower()
    cookie = response.cookies[SOUGHT]
    assert cookie["httponly"] and "anna" not in cookie.value.lower() + str(base64.b64decode(cookie.value[2:])).lower()
    headers = {"Cookie": f"{SOUGHT}={cookie.value}"}
    text = html.unescape(await (await world.get(where, Role.AUDITOR, headers=headers)).text())
    assert ANNA in text and "Bram Jansen" not in text and 'value="anna de"' in text
    text = await page(world, where, Role.AUDITOR)  # without the cookie: of another day
    assert ANNA in text and "Bram Jansen" in text
    empty = await post(world, "/coordinator/admins", {"q": " "})
    assert empty.headers["Location"] == "/coordinator/admins" and empty.cookies[SOUGHT]["max-age"] == "0"
    long = (await post(world, "/coordinator/admins", {"q": "é" * 5_000})).cookies[SOUGHT]
    assert len(long.OutputString()) < 4096, "browsers throw away what is longer"


async def test_what_was_searched_for_ends_with_the_session_that_searched(world: World) -> None:
    async def opened() -> str:
        form = {"key": KEYS[Role.COORDINATOR], "next": "/console"}
        answer = await world.client.post("/login", data=form, headers=OURS, allow_redirects=False)
        return f"{SESSION}={answer.cookies[SESSION].value}"

    first, next_one = await opened(), await opened()
    searched = await world.client.post(
        "/coordinator/admins", data={"q": "anna de"}, headers={**OURS, "Cookie": first}, allow_redirects=False
    )
    kept = f"{SOUGHT}={searched.cookies[SOUGHT].value}"
    for session, found in ((first, True), (next_one, False)):
        shown = await world.get(searched.headers["Location"], None, headers={"Cookie": f"{session}; {kept}"})
        assert ('value="anna de"' in await shown.text()) is found
    out = await world.client.post("/logout", headers={**OURS, "Cookie": f"{first}; {kept}"}, allow_redirects=False)
    assert {name: one["max-age"] for name, one in out.cookies.items()} == {SOUGHT: "0", SESSION: "0"}
    assert out.headers["Clear-Site-Data"] == '"cache"'


# groups ------------------------------------------------------------------------------------------------------------------------


async def test_a_group_is_added_changed_and_removed(world: World) -> None:
    new = "/coordinator/groups/new"
    fields = with_(await the_form(world, new), name="Meerzicht", members="95", platform="signal")
    searched = await post(world, new, [*with_(fields, find_place="WK063701"), ("do", "find")])
    text = await searched.text()
    assert searched.status == 200 and 'value="WK063701"' in text and 'value="Meerzicht"' in text, "nothing is lost"
    made = await post(world, new, [*with_(fields, neighbourhood=["WK063701", "BU06370400"]), ("do", "save")])
    assert made.status == 303
    group = await the_group(world, "Meerzicht")
    codes = [*world.hub.atlas.index.codes_of_district("WK063701"), "BU06370400"]
    assert sorted(group.neighbourhoods) == sorted(codes) and (group.platform, group.members) == ("signal", 95)
    text = await page(world, made.headers["Location"])
    assert "Bewaard." in text and "geen beheerder" in text and "Niemand van deze groep is bereikbaar" in text

    change = f"/coordinator/groups/{group.id}/change"
    found = await post(world, change, [*with_(await the_form(world, change), find_admin="anna"), ("do", "find")])
    person = (await anna(world)).id
    assert f'id="admin-{person}"' in await found.text() and HER_NUMBER not in await found.text()
    saved = await post(world, change, with_(await the_form(world, change), admin=str(person), members="96"))
    assert saved.status == 303
    group = await the_group(world, "Meerzicht")
    assert (group.members, group.admins, sorted(group.neighbourhoods)) == (96, (person,), sorted(codes))

    remove = f"/coordinator/groups/{group.id}/remove"
    assert "heeft daarna geen groep meer" in await page(world, remove)
    assert (await post(world, remove, {})).headers["Location"] == "/coordinator/groups?done=removed"
    assert await world.hub.store.directory.groups_named(["Meerzicht"]) == []
    assert await kinds_of_changes(world) == ["group.removed", "group.changed", "group.added"]
    changed = (await world.hub.store.audit.page(1 << 62, 20))[1]
    assert sorted(changed.what["fields"]) == ["admins", "members"] and (changed.who, changed.role) == (
        "id-coordinator",
        "coordinator",
    )


async def test_removing_a_group_says_who_goes_with_it(world: World) -> None:
    group = await the_group(world)
    text = await page(world, f"/coordinator/groups/{group.id}/remove")
    assert f"Beheerder {ANNA}, die geen andere groep heeft" in text
    assert (await post(world, f"/coordinator/groups/{group.id}/remove", {})).status == 303
    assert ANNA not in {one.name for one in await world.hub.store.directory.admins()}


async def test_mistakes_in_a_group_stand_beside_their_field_in_dutch_and_nothing_is_stored(world: World) -> None:
    new = "/coordinator/groups/new"
    response = await post(world, new, {"name": " ", "platform": "fax", "members": "-3", "do": "save", "stands": "x"})
    text = html.unescape(await response.text())
    assert response.status == 400 and "Vul dit in." in text and "Kies ten minste één buurt" in text
    assert "Vul een heel getal in van 0 tot 1000000." in text and 'id="platform-mistake"' in text
    form = with_(await the_form(world, new), name="Groep BU06370300", members="1", neighbourhood="BU06370300")
    response = await post(world, new, form)
    text = html.unescape(await response.text())
    assert response.status == 400 and "Er is al een groep met deze naam." in text
    response = await post(world, new, with_(form, name="Nieuw", neighbourhood="BU99999999"))
    assert "staat niet op de kaart" in await response.text()
    response = await post(world, new, with_(form, name="Nieuw", admin="12345"))
    assert response.status == 400 and "beheerders is er niet meer" in await response.text()
    assert len(await world.hub.store.directory.groups()) == 2


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(world: World) -> None:
    group = await the_group(world)
    path = f"/coordinator/groups/{group.id}/change"
    mine = with_(await the_form(world, path), members="5")
    await world.hub.store.directory.put_group(
        Group(group.id, group.name, "signal", 7, group.neighbourhoods, group.admins)
    )
    response = await post(world, path, mine)
    text = await response.text()
    assert response.status == 400 and "Iemand anders heeft dit intussen gewijzigd" in text
    assert (await the_group(world)).members == 7
    assert (await post(world, path, filled_in(text))).status == 303, "who looked and saves again means it"
    assert (await the_group(world)).members == 5


# admins ------------------------------------------------------------------------------------------------------------------------


async def test_an_admin_is_added_changed_and_removed(world: World) -> None:
    new, group = "/coordinator/admins/new", await the_group(world)
    fields = with_(await the_form(world, f"{new}?group={group.id}"), name="Chantal Bakker", language="en")
    assert ("group", str(group.id)) in fields
    made = await post(world, new, with_(fields, handle_0="06-12340009"))
    assert made.status == 400 and "Vul een internationaal telefoonnummer in" in html.unescape(await made.text())
    made = await post(world, new, with_(fields, handle_0="+31 6 1234 0009"))
    assert made.status == 303, await made.text()
    admin = next(one for one in await world.hub.store.directory.admins() if one.name == "Chantal Bakker")
    assert admin.addresses == (Address("whatsapp", Handle("+31612340009"), 1, "verified"),)
    assert (admin.language, admin.groups) == ("en", (group.id,))

    path = f"/coordinator/admins/{admin.id}/change"
    fields = with_(await the_form(world, path), channel_1="telegram", handle_1="700002", rank_1="1", test="1")
    clash = await post(world, path, fields)
    assert clash.status == 400 and "Deze volgorde is al van een ander adres." in await clash.text()
    assert (await post(world, path, with_(fields, rank_1="2", state_1="unverified"))).status == 303
    (admin,) = await world.hub.store.directory.admins([admin.id])
    assert [(way.channel, way.rank, way.state) for way in admin.addresses] == [
        ("whatsapp", 1, "verified"),
        ("telegram", 2, "unverified"),
    ]
    assert (await world.hub.store.directory_search.preferences(admin.id)).test_messages
    taken = await post(world, path, with_(await the_form(world, path), handle_0=HER_NUMBER))
    assert taken.status == 400 and "is al van een andere beheerder" in html.unescape(await taken.text())

    text = await page(world, f"/coordinator/admins/{admin.id}/remove")
    assert "Groep Groep BU06370300 heeft daarna nog één beheerder" in text
    assert (await post(world, f"/coordinator/admins/{admin.id}/remove", {})).status == 303
    assert await world.hub.store.directory.admins([admin.id]) == []
    assert await kinds_of_changes(world) == ["admin.removed", "admin.changed", "admin.added"]
    noted = world.rows("SELECT what, subject, who FROM audit WHERE NOT look")
    assert not any("Chantal" in str(row) or "3161" in str(row) for row in noted)


async def test_an_admin_is_put_away_until_the_end_of_a_day(world: World) -> None:
    admin = await anna(world)
    path = f"/coordinator/admins/{admin.id}/change"
    form = await the_form(world, path)
    for wrong in ("2020-01-01", "9999-12-31", "morgen", "0001-01-01"):
        response = await post(world, path, with_(form, away=wrong))
        assert response.status == 400 and "Vul een dag in" in await response.text(), wrong
    day = world.in_hours(48)[:10]
    assert (await post(world, path, with_(form, away=day))).status == 303
    assert "Afwezig tot" in await page(world, f"/coordinator/admins/{admin.id}")
    assert ("away", day) in await the_form(world, path)
    assert ANNA in await page(world, "/coordinator/admins?state=away")
    assert (await post(world, path, with_(await the_form(world, path), away=""))).status == 303
    assert (await world.hub.store.directory_search.preferences(admin.id)).away_until == 0


async def test_a_coordinator_cannot_undo_a_stop(world: World) -> None:
    admin = await anna(world)
    stopped = Address("whatsapp", Handle(HER_NUMBER), 1, "stopped")
    await world.hub.store.directory.put_admin(Admin(admin.id, admin.name, "nl", (stopped,), admin.groups))
    path = f"/coordinator/admins/{admin.id}/change"
    text = await page(world, path)
    assert "STOP gestuurd" in text and 'name="state-0"' not in text
    assert (await post(world, path, with_(await the_form(world, path), state_0="verified"))).status == 303
    assert (await anna(world)).addresses[0].state == "stopped"


async def test_a_link_is_shown_once_to_hand_over(world: World) -> None:
    admin = await anna(world)
    response = await post(world, f"/coordinator/admins/{admin.id}/links", {"channel": "whatsapp"})
    text = await response.text()
    (url,) = re.findall(r"https://buurtsein\.example/link/[\w-]{43}", text)
    assert response.status == 200 and "<svg" in text and 'class="qr"' in text
    assert (await world.get(url.removeprefix("https://buurtsein.example"), None)).status == 200
    assert url.rpartition("/")[2] not in str(world.rows("SELECT * FROM audit"))
    assert await kinds_of_changes(world) == ["link.made"]
    other = await post(world, f"/coordinator/admins/{admin.id}/links", {"channel": "fax"})
    assert other.status == 303


async def test_what_is_not_there_is_not_found(world: World) -> None:
    for path in ("groups/1", "groups/x/change", "admins/1/remove", "admins/99999999999999999999", "drills/0000-0000"):
        await page(world, f"/coordinator/{path}", status=404)
    await page(world, "/coordinator/drills/new?district=WK999999", status=404)
    await page(world, "/coordinator/drills/new", status=404)


async def test_a_form_of_another_site_is_refused(world: World) -> None:
    from tests.web.test_pages import sign_in

    group = await the_group(world)
    cookie = await sign_in(world, Role.COORDINATOR)
    path = f"/coordinator/groups/{group.id}/remove"
    refused = await world.client.post(path, headers={**cookie, "Origin": "https://evil.example"}, allow_redirects=False)
    assert refused.status == 403 and (await the_group(world)).id == group.id
    taken = await world.client.post(path, headers={**cookie, **OURS}, allow_redirects=False)
    assert taken.status == 303
