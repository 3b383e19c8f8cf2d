"""An admin's own page: in by a one-time link, what is there, what can be set, and out again; nobody else's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tortoise.models import Model

from hub.directory.linking import hash_token, make_token
from hub.domain import Address, Admin, Handle, Role
from hub.relay.commands import Commands
from hub.store import registry_tables, tables
from hub.store.sealing import handle_hash
from hub.web.route import Open
from hub.web.routes import ROUTES
from tests.store.world import admin_of
from tests.web.world import World, an_alert, until

OURS = {"Origin": "https://buurtsein.example"}
FORM = "application/x-www-form-urlencoded"
COOKIE = "__Host-buurtsein_mine"
ANNA, BRAM = "+31612340001", "+31612340002"


@dataclass
class Mine:
    """Somebody's browser on their own page."""

    world: World
    cookie: str = ""

    async def get(self, path: str = "") -> tuple[int, str]:
        answer = await self.world.get(f"/mine{path}", None, headers=self._headers())
        return answer.status, await answer.text()

    async def post(self, path: str, body: str = "", origin: str = OURS["Origin"]) -> tuple[int, str]:
        answer = await self.world.call(
            "POST",
            f"/mine{path}",
            None,
            body=body.encode(),
            content_type=FORM,
            headers={**self._headers(), "Origin": origin},
        )
        self.cleared = answer.headers.get("Clear-Site-Data", "")
        if COOKIE in answer.cookies:
            self.cookie = answer.cookies[COOKIE].value
            self.morsel = answer.cookies[COOKIE]
        return answer.status, answer.headers.get("Location", "") if answer.status == 303 else await answer.text()

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}", "Accept-Language": "nl"}


async def says(world: World, handle: str, text: str) -> str:
    """What the hub answers to a message."""
    hub = world.hub
    commands = Commands(hub.store.linking, hub.clock, hub.store.own_sessions, hub.settings.web.public_url)
    understood = await commands.understand("whatsapp", "main", Handle(handle), text)
    if understood is None:
        return ""
    await hub.store.receipts.apply(understood.statements, [])
    return understood.say


async def link(world: World, handle: str = ANNA) -> str:
    """The path of a link that the hub sent, below /mine."""
    found = re.search(r"https://buurtsein\.example/mine(/\S+)", await says(world, handle, "Pagina"))
    assert found is not None
    return found[1]


async def inside(world: World, handle: str = ANNA) -> Mine:
    mine = Mine(world)
    status, onward = await mine.post(await link(world, handle))
    assert (status, onward) == (303, "/mine?lang=nl")
    return mine


async def id_of(name: str) -> int:
    return await admin_of(name)


async def test_looking_at_a_link_uses_nothing_up_and_a_button_opens_the_page_once(world: World) -> None:
    path = await link(world)
    mine = Mine(world)
    for _ in range(2):  # a messenger fetches it for a preview
        status, page = await mine.get(path)
        assert status == 200 and "Open mijn pagina" in page and "Anna" not in page
    assert (await mine.post(path))[0] == 303
    assert (mine.morsel["httponly"], mine.morsel["samesite"], mine.morsel["secure"], mine.morsel["path"]) == (
        True,
        "Strict",
        True,
        "/",
    )
    status, page = await mine.get()
    assert status == 200 and "Dag Anna de Vries" in page and "Groep BU06370300" in page and "•••0001" in page
    assert ANNA not in page
    status, page = await Mine(world).post(path)
    assert status == 404 and "werkt niet meer" in page


async def test_a_link_lasts_half_an_hour_and_a_later_one_makes_the_earlier_void(world: World) -> None:
    first, second = await link(world), await link(world)
    assert (await Mine(world).post(first))[0] == 404
    world.clock.turn(31 * 60)
    assert (await Mine(world).get(second))[0] == 404
    assert (await Mine(world).post(second))[0] == 404


async def test_a_session_ends_when_its_owner_closes_it_here_or_everywhere(world: World) -> None:
    phone, desk = await inside(world), await inside(world)
    assert (await phone.get())[0] == (await desk.get())[0] == 200
    await phone.post("/logout")
    assert phone.cleared == '"cache"' and not phone.cookie
    assert (await phone.get())[0] == 401 and (await desk.get())[0] == 200
    phone = await inside(world)
    await desk.post("/logout-everywhere")
    assert (await phone.get())[0] == (await desk.get())[0] == 401


async def test_a_session_ends_an_hour_after_it_was_used_and_twelve_after_it_began(world: World) -> None:
    left, used = await inside(world), await inside(world)
    world.clock.turn(3599)
    assert (await used.get())[0] == 200
    world.clock.turn(2)
    assert (await left.get())[0] == 401 and (await used.get())[0] == 200
    # Another end written before the same secret is another secret.
    forged = Mine(world, re.sub(r"^\d+", "9" * 13, used.cookie))
    assert forged.cookie != used.cookie and (await forged.get())[0] == 401
    for _ in range(21):
        world.clock.turn(1800)
        assert (await used.get())[0] == 200
    world.clock.turn(1800)
    assert (await used.get())[0] == 401, "twelve hours after it began"


async def test_entering_anew_ends_what_this_browser_had_before(world: World) -> None:
    phone, other = await inside(world), await inside(world)
    copied = Mine(world, phone.cookie)
    assert (await phone.post(await link(world)))[0] == 303
    assert (await copied.get())[0] == 401 and (await phone.get())[0] == (await other.get())[0] == 200


async def test_nobody_gets_in_without_a_session_not_even_with_a_key(world: World) -> None:
    await world.accepted(an_alert())
    for route in ROUTES:
        if route.may is not Open.ADMIN:
            continue
        path = route.path.replace("{id}", "0")
        for role in (None, *Role):
            headers = {**OURS, "Cookie": f"{COOKIE}={make_token()}"}
            answer = await world.call(route.method, path, role, headers=headers)
            assert answer.status == 401 and "PAGINA" in await answer.text(), (route.path, role)


async def test_a_form_of_another_site_changes_nothing(world: World) -> None:
    mine = await inside(world)
    for route in ROUTES:
        if route.may is Open.ADMIN and route.method == "POST":
            path = route.path.removeprefix("/mine").replace("{id}", "0")
            assert (await mine.post(path, "word=wis+mij", origin="https://kwaad.example"))[0] == 403
    assert (await mine.get())[0] == 200


async def test_the_ticket_of_one_admin_never_shows_another(world: World) -> None:
    anna, bram = await inside(world, ANNA), await inside(world, BRAM)
    (group,) = await tables.WatchGroup.filter(name="Groep BU06370301")
    for path in ("", "/alerts", "/data", "/data.json"):
        _, page = await anna.get(path)
        assert "Bram" not in page and "•••0002" not in page and BRAM not in page
    assert (await anna.get(f"/groups/{group.id}/leave"))[0] == 404
    address = await tables.Address.get(handle_hash=handle_hash(BRAM))
    await anna.post("/addresses", f"address={address.id}&way=up")
    assert "Dag Bram Jansen" in (await bram.get())[1]


async def test_a_store_keeps_only_hashes_of_links_and_sessions(world: World) -> None:
    path = await link(world)
    secret = path.removeprefix("/")
    assert [row.hash for row in await registry_tables.OwnSession.all()] == [hash_token(secret)]
    mine = Mine(world)
    await mine.post(path)
    assert [row.hash for row in await registry_tables.OwnSession.all()] == [hash_token(mine.cookie)]


async def test_an_admin_orders_addresses_and_sets_language_tests_and_a_link(world: World) -> None:
    admin = (await world.hub.store.directory.admins())[0]
    more = (*admin.addresses, Address("telegram", Handle("700001"), 2), Address("matrix", Handle("@anna:hub.test"), 3))
    await world.hub.store.directory.put_admin(Admin(admin.id, admin.name, "nl", more, admin.groups))
    mine = await inside(world)
    _, page = await mine.get()
    assert page.count("Eerder proberen") == page.count("Later proberen") == 2 and "@an…:hub.test" in page
    matrix = await tables.Address.get(channel="matrix")
    assert await mine.post("/addresses", f"address={matrix.id}&way=up") == (303, "/mine#addresses")
    await mine.post("/addresses", f"address={matrix.id}&way=up")
    await mine.post("/addresses", f"address={matrix.id}&way=up")  # it is the first
    rows = await tables.Address.filter(admin_id=admin.id).order_by("rank")
    assert [(row.channel, row.rank) for row in rows] == [("matrix", 1), ("whatsapp", 2), ("telegram", 3)]
    await mine.post("/language", "language=en")
    await mine.post("/test-messages", "wanted=1")
    stored = await tables.Admin.get(id=admin.id)
    assert (stored.language, stored.test_messages) == ("en", True)
    await mine.post("/test-messages")
    assert not (await tables.Admin.get(id=admin.id)).test_messages
    status, path = await mine.post("/link", "channel=whatsapp")
    assert status == 303 and (await world.get(path, None)).status == 200
    assert (await mine.post("/link", "channel=signal"))[0] == 400


async def test_an_admin_is_away_with_a_stand_in_and_comes_back(world: World) -> None:
    await together()
    anna, bram = await inside(world, ANNA), await inside(world, BRAM)
    bram_id = await id_of("Bram Jansen")
    status, page = await anna.post("/away", f"until=2020-01-01&stand_in={bram_id}")
    assert status == 400 and "Die dag is al voorbij." in page and 'value="2020-01-01"' in page
    assert (await anna.post("/away", "until=morgen&stand_in="))[0] == 400
    assert (await anna.post("/away", "until=2030-01-01&stand_in=12345"))[0] == 400
    day = world.in_hours(48)[:10]
    assert await anna.post("/away", f"until={day}&stand_in={bram_id}") == (303, "/mine#away")
    assert f'<option value="{bram_id}" selected>' in (await anna.get())[1], "saving again keeps who stands in"
    _, page = await anna.get()
    assert "U bent afwezig" in page and "Bram Jansen vervangt u." in page
    _, page = await bram.get()
    assert "Voor wie u invalt" in page and "Anna de Vries" in page
    await bram.post("/stand-in", f"admin={await id_of('Anna de Vries')}")
    assert "vervangt u." not in (await anna.get())[1]
    await anna.post("/back")
    assert "U bent afwezig" not in (await anna.get())[1]


async def together() -> int:
    """Bram also runs Anna's group; its id."""
    group = await tables.WatchGroup.get(name="Groep BU06370300")
    await tables.GroupAdmin.create(group_id=group.id, admin_id=await id_of("Bram Jansen"))
    return int(group.id)


async def test_an_answer_on_the_page_is_a_tap(relaying: World) -> None:
    accepted = await relaying.accepted(an_alert())
    stream = await relaying.get(f"/api/v1/alerts/{accepted['id']}/events")
    await until(stream, "alert", state="relayed")
    mine = await inside(relaying)
    _, page = await mine.get("/alerts")
    assert "Nu actief" in page and "Man, donkere jas." in page and "https://wa.me/" in page
    assert (await mine.post(f"/alerts/{accepted['id']}", "answer=nonsense"))[0] == 303
    path = f"/alerts/{accepted['id']}"
    assert await mine.post(path, "answer=forwarded") == (303, f"/mine{path.replace('alerts/', 'alerts#')}")
    told = await until(stream, "coverage")
    (said,) = [one.data for one in told if one.kind == "acknowledgement"]
    assert (said["kind"], said["via"]) == ("forwarded", "page")
    stream.close()
    view = await relaying.hub.store.alerts.view(accepted["id"])
    assert view is not None and {m.code: m.forwarded_at is not None for m in view.matched}["BU06370300"]
    relaying.clock.turn(3 * 3600)
    mine = await inside(relaying)
    _, page = await mine.get("/alerts")
    assert "Man, donkere jas." not in page and "100%" in page and "Woninginbraak" in page
    assert (await mine.post("/alerts/0000-0000", "answer=forwarded"))[0] == 404


async def test_the_only_admin_of_a_group_is_warned_and_the_last_group_is_not_left(world: World) -> None:
    group = await together()
    mine = await inside(world, BRAM)
    (alone,) = await tables.WatchGroup.filter(name="Groep BU06370301")
    assert "U bent de enige beheerder" in (await mine.get(f"/groups/{alone.id}/leave"))[1]
    assert "U bent de enige beheerder" not in (await mine.get(f"/groups/{group}/leave"))[1]
    assert (await mine.post(f"/groups/{group}/leave"))[0] == 303
    _, page = await mine.get(f"/groups/{alone.id}/leave")
    assert "Dit is uw laatste groep" in page
    assert (await mine.post(f"/groups/{alone.id}/leave"))[0] == 400
    assert await tables.GroupAdmin.filter(admin_id=await id_of("Bram Jansen")).count() == 1


async def test_being_erased_has_to_be_typed_and_then_nothing_is_left(world: World) -> None:
    mine, anna = await inside(world), await id_of("Anna de Vries")
    status, page = await mine.post("/erase", "word=ja")
    assert status == 400 and "Typ de twee woorden" in page
    status, page = await mine.post("/erase", "word=Wis+mij")
    assert status == 200 and "U bent gewist" in page
    assert (await mine.get())[0] == 401
    left: dict[str, Any] = await world.hub.store.own_data.everything(anna)
    assert {table for table, rows in left.items() if rows} == {"audit"}
    for table, column in (("address", "handle"), ("admin", "name"), ("own_session", "hash")):
        assert not [
            value for (value,) in world.rows(f"SELECT {column} FROM {table}") if value in (ANNA, "Anna de Vries")
        ]


async def test_help_and_linking_tell_of_the_page_and_strangers_get_none(world: World) -> None:
    assert "PAGINA" in await says(world, ANNA, "hulp") and "PAGINA" in await says(world, ANNA, "START")
    assert await says(world, "+31600000000", "pagina") == ""


async def test_the_file_holds_every_table_with_something_of_a_person(world: World) -> None:
    """A table that gets a column naming an admin, an address or a delivery has to be in the file as well."""
    naming = {"admin_id", "address_id", "delivery_id", "forwarded_by"}
    models = [one for module in (tables, registry_tables) for one in vars(module).values()]
    personal = {
        model._meta.db_table
        for model in models
        if isinstance(model, type) and issubclass(model, Model) and model is not Model
        if naming & set(model._meta.fields_map)
    }
    everything = await world.hub.store.own_data.everything(await id_of("Anna de Vries"))
    # The chain knows them as who did it; consent is by whose it is; group and admin by their own ids.
    assert personal | {"admin", "watch_group", "audit", "consent"} == set(everything)


async def test_the_file_tells_all_of_one_s_own_and_nothing_of_others(relaying: World) -> None:
    await relaying.relayed(an_alert())
    mine = await inside(relaying)
    await mine.post("/test-messages", "wanted=1")
    answer = await relaying.get("/mine/data.json", None, headers={"Cookie": f"{COOKIE}={mine.cookie}"})
    assert answer.headers["Content-Disposition"].startswith("attachment") and answer.content_type == "application/json"
    held = await answer.json()
    assert [one["handle"] for one in held["address"]] == [ANNA]
    assert [one["kind"] for one in held["acknowledgement"]] == ["forwarded"]
    assert (
        len(held["delivery"]) == 1
        and len(held["alert_neighbourhood"]) == 1
        and {one["kind"] for one in held["audit"]} == {"admin.changed"}
    )
    assert "Bram" not in str(held) and mine.cookie not in str(held) and hash_token(mine.cookie) not in str(held)


async def test_neighbour_reports_are_off_unless_switched_on(world: World) -> None:
    mine = await inside(world)
    assert (await mine.get("/report"))[0] == (await mine.post("/report", "text=iets"))[0] == 404
    assert "Buren inlichten" not in (await mine.get())[1]
    assert "Hier kunt u niets aan buren doorgeven" in await says(world, ANNA, "buren: twee mensen voelen aan deuren")
    assert "BUREN" not in await says(world, ANNA, "hulp")
