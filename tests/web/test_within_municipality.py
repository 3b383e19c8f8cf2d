"""A coordinator of one municipality, on every page and call: what lies elsewhere is not there, or not theirs to change.

Every route that lets coordinators in stands in one of the tables below, or the first test fails.
"""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, FormData
from shapely import from_wkb, to_wkb
from shapely.affinity import translate

from hub.directory.linking import hash_token
from hub.domain import Address, Admin, Bounds, Group, Handle, Neighbourhood, Role
from hub.store.applications import Kind, NewApplication
from hub.store.audit import Who
from hub.store.contact_requests import Asked
from hub.store.mails import Letter
from hub.store.signs import Kind as SignKind
from hub.store.signs import NewSign
from hub.web.route import Open, Route
from hub.web.routes import ROUTES
from tests.web.staff import COOKIE, OURS, Browser, signed_in, somebody
from tests.web.world import World, an_alert

HERE, THERE = "GM0637", "GM9999"
OTHER = "BU99990100"
NAMES = (
    "Groep Overkant",
    "Olga Overkant",
    "+31612349999",
    "Aan de Overkant",
    "Melding Overkant",
    "Aanvraag Overkant",
    "Collega Overkant",
)
"""What nobody bound to the one municipality may read on any page: all of the other's."""

ONE: dict[str, tuple[int, ...]] = {
    # A thing elsewhere: not found, or not theirs.
    "/coordinator/groups/{group}": (404,),
    "/coordinator/groups/{group}/change": (404,),
    "/coordinator/groups/{group}/remove": (404,),
    "/coordinator/groups/{both}/change": (403,),
    "/coordinator/groups/{both}/remove": (403,),
    "/coordinator/admins/{admin}": (404,),
    "/coordinator/admins/{admin}/change": (404,),
    "/coordinator/admins/{admin}/remove": (404,),
    "/coordinator/admins/{admin}/links": (404,),
    "/coordinator/drills/new?district=WK999901": (404,),
    "/coordinator/drills/{drill}": (404,),
    "/coordinator/applications/{application}": (404,),
    "/coordinator/applications/{application}/accept": (404,),
    "/coordinator/applications/{application}/refuse": (404,),
    "/coordinator/applications/{application}/ask": (404,),
    "/coordinator/applications/{application}/links": (404,),
    "/coordinator/applications/{application}/drill": (404,),
    "/coordinator/contacts/{contact}": (404,),
    "/coordinator/signs/{sign}": (404,),
    "/coordinator/signs/{sign}/plan": (404,),
    "/coordinator/signs/{sign}/place": (404,),
    "/coordinator/signs/{sign}/refuse": (404,),
    "/coordinator/signs/{sign}/move": (404,),
    "/coordinator/signs/{sign}/remove": (404,),
    "/coordinator/pages": (403,),
    "/coordinator/pages/{slug}": (403,),
    "/console/neighbour-reports/{report}": (404,),
    "/console/alerts/{alert}": (404,),
    "/console/alerts/{alert}/events": (404,),
    "/console/alerts/{alert}/beside": (404,),
    "/console/alerts/{alert}/deliveries": (404,),
    "/console/alerts/{alert}/report": (404,),
    "/console/alerts/{alert}/report.pdf": (404,),
    "/console/alerts/{alert}/report.csv": (404,),
    "/api/v1/alerts/{alert}": (404,),
    "/api/v1/alerts/{alert}/deliveries": (404,),
    "/api/v1/alerts/{alert}/events": (404,),
    "/api/v1/alerts/{alert}/cap": (404,),
    "/api/v1/alerts/{alert}/widenings": (404,),
    "/api/v1/alerts/{alert}/clock": (404,),
    "/api/v1/alerts/{alert}/groups": (404,),
    "/api/v1/admins/{admin}": (404,),
    "/api/v1/admins/{admin}/links": (404,),
    "/api/v1/groups/{group}": (404,),
}
LISTS = (
    "/coordinator",
    "/coordinator/groups",
    "/coordinator/groups?q=Overkant",
    "/coordinator/groups?municipality=GM9999",
    "/coordinator/groups/new",
    "/coordinator/admins",
    "/coordinator/admins?municipality=GM9999",
    "/coordinator/admins/new?group={group}",
    "/coordinator/export.csv",
    "/coordinator/import",
    "/coordinator/coverage",
    "/coordinator/coverage?municipality=GM9999",
    "/coordinator/health",
    "/coordinator/drills",
    "/coordinator/statistics",
    "/coordinator/statistics.csv",
    "/coordinator/changes",
    "/coordinator/changes.csv",
    "/coordinator/applications",
    "/coordinator/applications?state=decided",
    "/coordinator/reconcile",
    "/coordinator/contacts",
    "/coordinator/signs",
    "/coordinator/signs/work",
    "/coordinator/signs/list.csv",
    "/console",
    "/console/neighbour-reports",
    "/api/v1/alerts",
    "/api/v1/feeds/alerts.atom",
    "/api/v1/statistics",
    "/api/v1/admins",
    "/api/v1/groups",
    "/api/v1/directory/health",
)
TRIED_BELOW = {
    ("POST", "/coordinator/groups/new"),
    ("POST", "/coordinator/admins"),
    ("POST", "/coordinator/admins/new"),
    ("POST", "/coordinator/drills/new"),
    ("POST", "/coordinator/import"),
    ("POST", "/coordinator/import/confirm"),
    ("POST", "/coordinator/reconcile"),
    ("POST", "/coordinator/reconcile/confirm"),
    ("POST", "/coordinator/signs/plan"),
    ("POST", "/api/v1/drills"),
    ("POST", "/api/v1/admins"),
    ("POST", "/api/v1/groups"),
}
EVERYBODYS = {
    "/api/v1/crss": "how to ask for places",
    "/api/v1/neighbourhoods": "the map is everybody's",
    "/api/v1/neighbourhoods/{code}": "the map is everybody's",
    "/console/events": "the rows of /console, made by the same function",
    "/console/drafts/{id}": "what a dispatcher writes is no municipality's yet",
    "/account/confirm": "one's own",
}
IDS = {
    "/groups/{id}": ("group", "both"),
    "/admins/{id}": ("admin",),
    "/drills/{id}": ("drill",),
    "/applications/{id}": ("application",),
    "/contacts/{id}": ("contact",),
    "/signs/{id}": ("sign",),
    "/neighbour-reports/{id}": ("report",),
    "/alerts/{id}": ("alert",),
}


def for_coordinators() -> list[Route]:
    return [one for one in ROUTES if not isinstance(one.may, Open) and Role.COORDINATOR in one.may]


def named(path: str) -> list[str]:
    """The path with the names of the tables above in place of {id}."""
    for pattern, names in IDS.items():
        if pattern in path:
            return [path.replace(pattern, pattern.replace("{id}", f"{{{name}}}")) for name in names]
    return [path]


def test_every_route_for_coordinators_is_tried_here() -> None:
    ones = {path.partition("?")[0] for path in ONE}
    lists = {path.partition("?")[0] for path in LISTS}
    for route in for_coordinators():
        if route.path in EVERYBODYS or (route.method, route.path) in TRIED_BELOW:
            continue
        there = any(one in ones for one in named(route.path)) or (route.method == "GET" and route.path in lists)
        assert there, f"say in which table {route.method} {route.path} belongs"


@pytest_asyncio.fixture
async def there(world: World, zoetermeer: list[Neighbourhood]) -> dict[str, str]:
    """The other municipality, and one of everything in it; what `{…}` stands for."""
    store, now = world.hub.store, world.clock.now()
    other = replace(
        zoetermeer[0],
        code=OTHER,
        name="Overkantbuurt",
        district="WK999901",
        district_name="Overkantwijk",
        municipality=THERE,
        municipality_name="Overkant",
        boundary=to_wkb(translate(from_wkb(zoetermeer[0].boundary), 0.5, 0)),
        ground=b"",
    )
    await store.neighbourhoods.replace([*zoetermeer, other], source="two", now=now)
    await world.hub.atlas.refresh()
    group = await store.directory.put_group(Group(0, "Groep Overkant", "whatsapp", 10, (OTHER,)))
    both = await store.directory.put_group(Group(0, "Groep Grens", "whatsapp", 10, (OTHER, "BU06370302")))
    ways = (Address("whatsapp", Handle("+31612349999"), 1, "dead"),)
    admin = await store.directory.put_admin(Admin(0, "Olga Overkant", "nl", ways, (group,)))
    new = NewApplication(Kind.GROUP, "nl", "Aanvraag Overkant", "o@voorbeeld.nl", {"codes": [OTHER], "group": "Overkantapp", "platform": "whatsapp", "members": 3}, hash_token("a"))  # fmt: skip  # noqa: E501
    application = await store.applications.put(new, now)
    await store.applications.confirm(hash_token("a"), now, since=0)
    sign = await store.signs.put(NewSign(SignKind.STREET, 52.0, 5.0, True, OTHER, "Aan de Overkant, paal", "nl", "Olga Overkant", "o@voorbeeld.nl", "", hash_token("s")), Letter("x", "y"), now)  # fmt: skip  # noqa: E501
    await store.signs.confirm(hash_token("s"), now, since=0)
    contact = await store.contact_requests.put(Asked(group, "nl", "Aanvraag Overkant", "o@voorbeeld.nl", "", "Mag ik erbij?"), hash_token("c"), now)  # fmt: skip  # noqa: E501
    await store.contact_requests.confirm(hash_token("c"), now, since=0)
    assert await store.neighbour_reports.put(admin, [OTHER], "Aan de Overkant", "Iets verdachts", via="page", now=now)
    area = {"areaDesc": "Overkantwijk", "geocode": [{"valueName": "CBS-BU", "value": OTHER}]}
    alert = await world.accepted(an_alert({"area": [area], "headline": "Melding Overkant"}))
    drill = await world.accepted(an_alert({"area": [area], "headline": "Melding Overkant"}, status="Exercise"))
    return {
        "group": str(group),
        "both": str(both),
        "admin": str(admin),
        "application": str(application),
        "sign": str(sign),
        "contact": str(contact),
        "report": str(world.rows("SELECT id FROM neighbour_report")[0][0]),
        "alert": alert["id"],
        "drill": drill["id"],
        "slug": "tips",
    }


@pytest_asyncio.fixture
async def bound(world: World) -> Browser:
    """A coordinator of the one municipality."""
    return await signed_in(world, await somebody(world, Role.COORDINATOR, frozenset({HERE})))


@pytest_asyncio.fixture
async def free(world: World) -> Browser:
    """A coordinator of all."""
    return await signed_in(world, await somebody(world, Role.COORDINATOR, login="free"))


async def test_what_lies_elsewhere_is_not_found_or_not_theirs_to_change(
    world: World, there: dict[str, str], bound: Browser, free: Browser
) -> None:
    shown = [path for route in for_coordinators() for path in named(route.path) if path.partition("?")[0] in {one.partition("?")[0] for one in ONE}]  # fmt: skip  # noqa: E501
    methods = {path: {route.method for route in for_coordinators() if path in named(route.path)} for path in shown}
    for path, expected in ONE.items():
        for method in sorted(methods[path.partition("?")[0]]):
            wanted = path.format(**there)
            answer = await ask(bound, method, wanted)
            if method == "GET" and path.startswith("/coordinator/groups/{both}/") is False:
                assert answer.status in expected, (method, path, answer.status)
            else:
                assert answer.status in (*expected, 401), (method, path, answer.status)
            assert not [name for name in NAMES if name in bound.body], (method, path)
    # That they are there: who is not bound sees them.
    for path in ONE:
        if "GET" in methods[path.partition("?")[0]] and not path.endswith("/events"):
            assert (await ask(free, "GET", path.format(**there))).status == 200, path


async def ask(browser: Browser, method: str, path: str) -> ClientResponse:
    """As a page does; the API takes a session for looking only, so changes there are tried with a key below."""
    return await (browser.get(path) if method == "GET" else browser._call(method, path, {}))


async def test_lists_tables_and_counts_leave_out_what_lies_elsewhere(
    world: World, there: dict[str, str], bound: Browser, free: Browser
) -> None:
    seen: set[str] = set()
    await world.hub.store.keys.put(
        "collega", name="Collega Overkant", role=Role.COORDINATOR, sender="", hash="x", now=world.clock.now()
    )
    await world.hub.store.audit.put(Who("collega", "coordinator"), "group.added", there["group"], {}, world.clock.now())
    for path in LISTS:
        assert (await bound.get(path.format(**there))).status == 200, path
        # A group that reaches across the border is seen, with the places it covers.
        places = () if "/groups" in path else ("Overkantwijk", "WK999901", "Overkantbuurt")
        leaked = [name for name in (*NAMES, *places, there["alert"], there["drill"]) if name in bound.body]
        assert not leaked, (path, leaked)
        await free.get(path.format(**there))
        seen |= {name for name in NAMES if name in free.body}
    dead = "adres dat niet meer werkt"
    await bound.get("/coordinator")
    assert dead not in bound.body, "what waits is counted within"
    await free.get("/coordinator")
    assert dead in free.body
    assert seen == set(NAMES), "who is not bound reads all of it somewhere, or this test looks for nothing"


async def test_nothing_is_made_moved_or_taken_over_elsewhere(
    world: World, there: dict[str, str], bound: Browser
) -> None:
    def refused(status: int) -> bool:
        return status in (400, 403, 404, 409)

    before = world.rows("SELECT * FROM watch_group ORDER BY id") + world.rows("SELECT * FROM group_neighbourhood")
    people = world.rows("SELECT * FROM group_admin ORDER BY id") + world.rows("SELECT * FROM address ORDER BY id")
    form = {"name": "Nieuw", "platform": "whatsapp", "members": "5", "do": "save"}
    own = world.rows("SELECT id FROM watch_group WHERE name = 'Groep BU06370300'")[0][0]
    mine = next(number for number, name in world.opened("admin", "id", "name") if name == "Anna de Vries")
    for path, fields in (
        ("/coordinator/groups/new", {**form, "neighbourhood": OTHER}),
        ("/coordinator/groups/new", {**form, "neighbourhood": "BU06370300", "admin": there["admin"]}),
        (f"/coordinator/groups/{own}/change", {**form, "neighbourhood": "BU06370300", "admin": there["admin"]}),
        (f"/coordinator/groups/{own}/change", {**form, "neighbourhood": OTHER, "admin": str(mine)}),
        ("/coordinator/admins/new", {"name": "X", "language": "nl", "group": there["group"], "do": "save"}),
        ("/coordinator/admins/new", {"name": "X", "language": "nl", "do": "save"}),
        (f"/coordinator/admins/{mine}/change", {"name": "X", "language": "nl", "group": there["both"], "do": "save"}),
        ("/coordinator/drills/new", {"district": "WK999901", "minutes": "5"}),
    ):
        answer = await fill_in(bound, path, fields)
        assert refused(answer.status), (path, answer.status)
        assert re.search(r"buiten uw gemeente|er niet meer|in uw gemeente|Niet gevonden", bound.body), path
        assert "Olga" not in bound.body, path
    await bound.post("/coordinator/signs/plan", sign=there["sign"], date="2026-12-24")
    await bound.post("/coordinator/admins", q="Olga")
    assert world.rows("SELECT state FROM sign") == [("asked",)]
    theirs = (
        "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
        "{},whatsapp,5,{},Anna de Vries,nl,whatsapp,{},1\n"
    )
    for name, code, handle in (
        ("Groep Overkant", "BU06370300", "+31612340001"),
        ("Nieuw", OTHER, "+31612340001"),
        ("Nieuw", "BU06370300", "+31612349999"),
        ("Groep Grens", "BU06370302", "+31612340001"),
    ):
        raw = theirs.format(name, code, handle).encode()
        for path in ("/coordinator/import", "/coordinator/reconcile"):
            answer = await upload(bound, path, raw)
            if path.endswith("reconcile"):
                marks = re.findall(r'name="take" value="(\w+)"', bound.body)
                if not (packed := "".join(re.findall(r'name="list" value="([^"]+)"', bound.body))):
                    assert refused(answer.status), (path, name, code, answer.status)
                    continue
                form_data = FormData([("list", packed), *[("take", one) for one in marks]])
                answer = await post(bound, "/coordinator/reconcile/confirm", form_data)
            assert refused(answer.status), (path, name, code, answer.status)
            assert "Olga" not in bound.body
    after = world.rows("SELECT * FROM watch_group ORDER BY id") + world.rows("SELECT * FROM group_neighbourhood")
    assert after == before
    now = world.rows("SELECT * FROM group_admin ORDER BY id") + world.rows("SELECT * FROM address ORDER BY id")
    assert now == people
    # What is theirs goes on as before.
    assert (await upload(bound, "/coordinator/import", theirs.format("Nieuw", "BU06370300", "+31612340001").encode())).status == 200  # fmt: skip  # noqa: E501
    good = {**form, "neighbourhood": "BU06370300", "admin": str(mine)}
    assert (await fill_in(bound, "/coordinator/groups/new", good)).status == 303


async def fill_in(browser: Browser, path: str, fields: dict[str, str]) -> ClientResponse:
    """As the page has it, with what tells that nobody changed it meanwhile."""
    await browser.get(path)
    stands = browser.found(r'name="stands" value="([^"]*)"')
    return await browser.post(path, **fields, **({"stands": stands[0]} if stands else {}))


async def upload(browser: Browser, path: str, raw: bytes) -> ClientResponse:
    form = FormData()
    form.add_field("file", BytesIO(raw), filename="groepen.csv", content_type="text/csv")
    return await post(browser, path, form)


async def post(browser: Browser, path: str, form: FormData) -> ClientResponse:
    headers = {**OURS, "Cookie": f"{COOKIE}={browser.secret}", "Accept-Language": "nl"}
    answer = await browser.world.client.post(path, data=form, headers=headers, allow_redirects=False)
    browser.body = await answer.text()
    return answer


@pytest.mark.parametrize(
    ("codes", "touches", "holds"),
    [
        (("BU06370300",), True, True),
        (("BU06370300", OTHER), True, False),
        ((OTHER,), False, False),
        (("WK063703",), True, True),
        (("GM0637",), True, True),
        (("GM9999",), False, False),
        ((), False, False),
        (("", "BU", "X" * 300), False, False),
    ],
)
def test_codes_tell_where_they_lie(codes: tuple[str, ...], touches: bool, holds: bool) -> None:
    bounds = Bounds(frozenset({HERE}))
    assert (bounds.touches(codes), bounds.holds(codes)) == (touches, holds)
    assert Bounds().touches(codes) and Bounds().holds(codes)
