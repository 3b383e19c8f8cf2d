"""Asking a group to be let in: from the form to the admins' messenger, with nothing of them given away, and robots kept out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import ClientResponse

from hub.channel import Accepted, Rejected, Result
from hub.domain import Address, Admin, Handle, Role
from hub.relay.contacts import Contacts
from hub.settings import Mail, Registry, Settings
from hub.store.sealing import handle_hash
from hub.web import spam
from tests.web.test_pages import OURS, post_form, sign_in
from tests.web.world import FakeChannel, World, an_alert

VISITOR = {
    "name": "Carla Bakker",
    "email": "Carla@voorbeeld.nl",
    "phone": "06 1234 5678",
    "message": "Ik woon in de Dorpsstraat.\nGraag doe ik mee.",
    "agreed": "1",
}
DAY = 24 * 3600


@dataclass
class Listener(FakeChannel):
    """Remembers what was said to whom, and does not reach some."""

    said: list[tuple[str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    async def say(self, handle: Handle, text: str) -> Result:
        if handle.value in self.refuses:
            return Rejected("blocked")
        self.said.append((handle.value, text))
        return Accepted("said")

    def with_window(self) -> None:
        """As WhatsApp: free words only within a day of somebody's last message."""
        self.can = replace(self.can, service_window=24 * 3600)


@pytest.fixture
def channel() -> Listener:
    return Listener()


@pytest.fixture
def mail_host() -> str:
    return "127.0.0.1"


@pytest.fixture
def settings(settings: Settings, mail_host: str) -> Settings:
    mail = Mail(host=mail_host, sender="buurtsein@gemeente.example")
    return settings.model_copy(update={"mail": mail, "registry": Registry(asked_a_day=8)})


async def a_group(world: World) -> str:
    return str((await world.hub.store.directory.groups_named(["Groep BU06370300"]))[0].id)


async def ask(world: World, wait: float = 30, **changed: str) -> ClientResponse:
    """Opens the form, fills it in as a person does, and sends it."""
    path = f"/groups/{await a_group(world)}"
    page = await (await world.get(path, None)).text()
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    world.clock.turn(wait)
    return await post_form(world, path, {"stamp": stamp, **VISITOR, **changed}, OURS)


async def link(world: World) -> str:
    """The path in the newest mail."""
    mail = (await world.hub.store.mails.due(world.clock.now(), 100))[-1]
    (found,) = re.findall(r"https://buurtsein\.example(/contact/\S+)", mail.text)
    return str(found)


async def confirmed(world: World) -> None:
    await ask(world)
    assert (await post_form(world, await link(world), {}, OURS)).status == 303


def ears(world: World) -> Listener:
    assert isinstance(world.channel, Listener)
    return world.channel


def said(world: World) -> list[tuple[str, str]]:
    return ears(world).said


def contacts(world: World) -> Contacts:
    """The loop's one round, for a process that sends from every account."""
    hub = world.hub
    return Contacts(hub.store.contact_requests, hub.store.health, [world.channel], world.clock, hub.routes)


async def open_window(world: World, handle: str = "+31612340001") -> None:
    until = world.clock.now() + DAY * 1000
    opened = "UPDATE address SET window_open_until = ?1 WHERE handle_hash = ?2"
    await world.hub.store.engine.write((opened, until, handle_hash(handle)))


async def test_a_visitor_reaches_the_admins_who_stay_unknown(world: World) -> None:
    response = await ask(world)
    assert response.status == 303 and response.headers["Location"].endswith("/asked")
    page = await (await world.get(response.headers["Location"], None)).text()
    assert "Kijk in uw e-mail" in page
    path = await link(world)
    await contacts(world).pass_on()
    assert said(world) == [], "nothing before the link was followed"
    page = await (await world.get(path, None)).text()
    assert "Ja, verstuur dit" in page and "Dorpsstraat" in page
    assert world.rows("SELECT state FROM contact_request") == [("unconfirmed",)], "opening the link confirms nothing"

    assert (await post_form(world, path, {}, OURS)).status == 303
    assert (await post_form(world, path, {}, OURS)).status == 303, "twice is once"
    page = await (await world.get(path, None)).text()
    assert "Uw bericht is op weg" in page and "Anna" not in page and "+316" not in page
    await contacts(world).pass_on()
    ((handle, text),) = said(world)
    assert handle == "+31612340001"
    for piece in (
        "Groep BU06370300",
        "Carla Bakker",
        "carla@voorbeeld.nl",
        "06 1234 5678",
        "Dorpsstraat",
        "Geen melding",
    ):
        assert piece in text
    await contacts(world).pass_on()
    assert len(said(world)) == 1, "each admin gets it once"


async def test_the_mail_holds_nothing_that_was_filled_in(world: World) -> None:
    await ask(world, message="Koop nu https://evil.example", name="Gratis geld")
    (mail,) = await world.hub.store.mails.due(world.clock.now(), 10)
    assert mail.recipient == "Carla@voorbeeld.nl"
    assert "evil" not in mail.text + mail.subject and "Gratis" not in mail.text + mail.subject


async def test_the_mail_is_in_the_visitors_language(world: World) -> None:
    path = f"/groups/{await a_group(world)}"
    page = await (await world.get(f"{path}?lang=en", None)).text()
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    world.clock.turn(30)
    await post_form(world, path, {"stamp": stamp, **VISITOR}, {**OURS, "Cookie": "buurtsein_language=en"})
    (mail,) = await world.hub.store.mails.due(world.clock.now(), 10)
    assert mail.subject == "Confirm your message to a neighbourhood group"


async def test_every_mistake_is_told_beside_its_field_and_nothing_is_lost(world: World) -> None:
    response = await ask(world, name="", email="geen adres", phone="bel maar", message="m" * 1001, agreed="")
    page = await response.text()
    assert response.status == 400 and "5 dingen" in page
    assert all(f'id="{name}-mistake"' in page for name in ("name", "email", "phone", "message", "agreed"))
    assert 'value="geen adres"' in page and "m" * 1001 in page
    assert world.rows("SELECT * FROM contact_request") == [] and world.rows("SELECT * FROM mail") == []


async def test_a_robot_that_fills_in_everything_is_refused(world: World) -> None:
    response = await ask(world, website="https://evil.example")
    assert response.status == 400 and "robots" in await response.text()
    assert world.rows("SELECT * FROM contact_request") == []


async def test_a_robot_that_is_too_fast_is_refused_and_a_person_only_has_to_wait(world: World) -> None:
    response = await ask(world, wait=0)
    page = await response.text()
    assert response.status == 400 and "wel erg snel" in page
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    world.clock.turn(5)
    path = f"/groups/{await a_group(world)}"
    assert (await post_form(world, path, {**VISITOR, "stamp": stamp}, OURS)).status == 303


async def test_a_page_left_open_for_a_day_asks_once_more(world: World) -> None:
    response = await ask(world, wait=DAY + 60)
    assert response.status == 400 and "te lang open" in await response.text()


@pytest.mark.parametrize("stamp", ["", "0", "1-x", "x-y", "9" * 30, "1732345678901-" + "0" * 32, "é-é"])
async def test_a_stamp_that_is_none_of_ours_is_refused(world: World, stamp: str) -> None:
    assert (await ask(world, stamp=stamp)).status == 400


async def test_a_stamp_of_another_form_is_refused(world: World) -> None:
    other = str((await world.hub.store.directory.groups_named(["Groep BU06370301"]))[0].id)
    page = await (await world.get(f"/groups/{other}", None)).text()
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    assert (await ask(world, stamp=stamp)).status == 400


async def test_nobody_fills_the_inbox_from_one_address_or_from_many(world: World) -> None:
    for _ in range(spam.SAME_A_DAY):
        assert (await ask(world)).status == 303
    assert (await ask(world, email="CARLA@voorbeeld.nl")).status == 303, "nobody learns so"
    assert len(world.rows("SELECT * FROM mail")) == spam.SAME_A_DAY
    for number in range(3):
        assert (await ask(world, email=f"{number}@voorbeeld.nl")).status == 303
    assert "te veel aanvragen" in await (await ask(world, email="new@voorbeeld.nl")).text()
    world.clock.turn(DAY)
    assert (await ask(world)).status == 303


async def test_a_form_of_another_site_is_refused(world: World) -> None:
    path = f"/groups/{await a_group(world)}"
    assert (await post_form(world, path, VISITOR, {"Origin": "https://evil.example"})).status == 403


async def test_an_unknown_link_and_a_group_there_is_not_are_not_found(world: World) -> None:
    assert (await world.get("/contact/nothing", None)).status == 404
    assert (await post_form(world, "/contact/nothing", {}, OURS)).headers["Location"] == "/contact/nothing"
    assert (await post_form(world, "/groups/1", VISITOR, OURS)).status == 404


async def test_on_whatsapp_it_waits_for_the_window_and_the_coordinator_sees_that(world: World) -> None:
    ears(world).with_window()
    await confirmed(world)
    await contacts(world).pass_on()
    assert said(world) == []
    cookie = await sign_in(world, Role.COORDINATOR)
    page = await (await world.get("/coordinator/contacts", None, headers=cookie)).text()
    assert "nog niet doorgegeven" in page and "Carla Bakker" in page and "1 beheerder heeft het nog niet" in page
    await open_window(world)
    world.clock.turn(601)
    await contacts(world).pass_on()
    assert [handle for handle, _ in said(world)] == ["+31612340001"]
    page = await (await world.get("/coordinator/contacts", None, headers=cookie)).text()
    assert "nog niet doorgegeven" not in page and "doorgegeven" in page


async def test_an_admin_whom_the_first_address_does_not_reach_gets_it_at_the_next(world: World) -> None:
    (anna,) = [one for one in await world.hub.store.directory.admins() if one.name == "Anna de Vries"]
    second = Address("whatsapp", Handle("+31612349999"), 2)
    await world.hub.store.directory.put_admin(Admin(anna.id, anna.name, "en", (*anna.addresses, second), anna.groups))
    ears(world).refuses.add("+31612340001")
    await confirmed(world)
    await contacts(world).pass_on()
    await contacts(world).pass_on()
    assert [handle for handle, _ in said(world)] == ["+31612349999"]
    assert "somebody wants to join" in said(world)[0][1], "in the admin's own language"


async def test_nobody_reads_an_introduction_while_an_alert_is_under_way(world: World) -> None:
    await confirmed(world)
    await world.accepted(an_alert())
    await contacts(world).pass_on()
    assert said(world) == []


async def test_a_coordinator_closes_what_was_dealt_with(world: World) -> None:
    ears(world).with_window()
    await confirmed(world)
    cookie = await sign_in(world, Role.COORDINATOR)
    page = await (await world.get("/coordinator/contacts", None, headers=cookie)).text()
    (path,) = re.findall(r'action="(/coordinator/contacts/\d+)"', page)
    assert (await post_form(world, path, {}, {**OURS, **cookie})).status == 303
    assert "Carla" not in await (await world.get("/coordinator/contacts", None, headers=cookie)).text()
    await open_window(world)
    world.clock.turn(601)
    await contacts(world).pass_on()
    assert said(world) == [], "closed is closed"
    kinds = [one.kind for one in await world.hub.store.audit.page(1 << 62, 10, "contact.")]
    assert kinds == ["contact.closed", "contact.confirmed"]


def kept_of_anybody(world: World) -> list[object]:
    rows = world.opened("contact_request", "name", "email", "phone", "message")
    return [value for row in rows for value in row if value]


async def test_what_was_asked_is_erased_fourteen_days_after_it_was_passed_on(world: World) -> None:
    await confirmed(world)
    await contacts(world).pass_on()
    world.clock.turn(13.9 * DAY)
    await world.hub.forgetting.forget()
    assert kept_of_anybody(world)
    world.clock.turn(0.2 * DAY)
    await world.hub.forgetting.forget()
    assert kept_of_anybody(world) == [] and world.rows("SELECT COUNT(*) FROM contact_request") == [(1,)]


async def test_what_nobody_confirmed_is_gone_after_a_week_and_what_never_arrives_after_two_months(world: World) -> None:
    await ask(world, email="nooit@voorbeeld.nl")
    ears(world).with_window()
    await confirmed(world)
    path = await link(world)
    world.clock.turn(7.1 * DAY)
    await world.hub.forgetting.forget()
    assert world.opened("contact_request", "email") == [("carla@voorbeeld.nl",)]
    world.clock.turn(53 * DAY)
    await world.hub.forgetting.forget()
    assert kept_of_anybody(world) == [] and world.rows("SELECT * FROM contact_copy") == []
    assert "Carla" not in await (await world.get(path, None)).text()


@pytest.mark.parametrize("mail_host", [""])
async def test_without_a_mail_server_the_page_says_whom_to_ask(world: World) -> None:
    path = f"/groups/{await a_group(world)}"
    page = await (await world.get(path, None)).text()
    assert "coördinator van uw gemeente" in page and "<textarea" not in page
    assert (await post_form(world, path, VISITOR, OURS)).status == 400


async def test_the_loop_runs_with_the_others_and_leaves_alone_what_another_process_sends(relaying: World) -> None:
    assert "contacts" in relaying.hub.loops.ages()
    await confirmed(relaying)
    hub = relaying.hub
    elsewhere = Contacts(
        hub.store.contact_requests,
        hub.store.health,
        [relaying.channel],
        hub.clock,
        hub.routes,
        lambda: [("whatsapp", "main")],
    )
    await elsewhere.pass_on()
    assert said(relaying) == []
