"""Joining in: the forms for visitors, the mail that proves an address, and what is told to nobody."""

from __future__ import annotations

import html

import pytest

from hub.settings import Mail, Registry, Settings
from hub.store.applications import State
from tests.web.joining import (
    ADMIN,
    EAST,
    GROUP,
    OURS,
    STARTING,
    WEST,
    applied,
    empty_mailbox,
    link_of_mail,
    mails,
    page,
    send,
)
from tests.web.world import World

DAY = 24 * 3600


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mail server."""
    return settings.model_copy(update={"mail": Mail(host="mail.example", sender="buurtsein@gemeente.example")})


async def test_a_visitor_sees_what_one_can_do_here(world: World) -> None:
    text = await page(world, "/join")
    for path in ("/join/group", "/join/admin", "/join/starting"):
        assert f'href="{path}"' in text
    assert "bel 112" in text
    assert "Register a group" in await page(world, "/join", lang="en")


async def test_a_group_is_registered_and_waits_until_the_link_is_followed_and_its_button_pressed(world: World) -> None:
    confirm = await applied(world)
    (mail,) = await mails(world)
    assert mail.recipient == "els@voorbeeld.nl" and "druk op de knop" in mail.text
    assert await world.hub.store.applications.open() == []
    for _ in range(2):  # mail scanners open links too
        assert "<button>Bevestigen</button>" in await page(world, confirm)
    assert await world.hub.store.applications.open() == []
    response = await send(world, confirm, {})
    assert response.status == 303
    assert "Uw e-mailadres is bevestigd" in await page(world, confirm)
    (one,) = await world.hub.store.applications.open()
    assert (one.name, one.content["group"], one.content["codes"]) == ("Els Mulder", "Buurtapp Nieuw West", [WEST])
    noted = world.rows("SELECT kind FROM audit WHERE NOT look AND kind NOT LIKE 'session.%' ORDER BY sequence")
    assert noted == [("application.made",), ("application.confirmed",)]
    assert all("voorbeeld" not in what for (what,) in world.rows("SELECT what FROM audit WHERE NOT look"))


async def test_the_mail_is_in_the_visitors_language(world: World) -> None:
    await applied(world, "/join/starting", STARTING, lang="en")
    (mail,) = await mails(world)
    assert "press the button" in mail.text and "knop" not in mail.text + mail.subject


async def test_only_a_hash_of_the_link_is_kept(world: World) -> None:
    token = (await applied(world)).rpartition("/")[2]
    (stored,) = world.rows("SELECT confirm_hash || content FROM application")
    assert token not in stored[0]


@pytest.mark.parametrize(
    ("path", "fields"), [("/join/group", GROUP), ("/join/admin", ADMIN), ("/join/starting", STARTING)]
)
async def test_every_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(
    world: World, path: str, fields: dict[str, str]
) -> None:
    typed = {"name": "Els <b>Mulder</b>", "email": "els@", "motivation": "Omdat & daarom"}
    response = await send(world, path, typed)
    text = await response.text()
    assert response.status == 400 and 'role="alert"' in text
    for name in {*fields} - {"name", "platform", "groups", "motivation", "members", "group"}:
        assert f'href="#{name}"' in text, name
    assert "Els &lt;b&gt;Mulder&lt;/b&gt;" in text and 'value="els@"' in text
    assert await mails(world) == []
    text = await (await send(world, path, typed, lang="en")).text()
    assert "Fill in an e-mail address such as" in text


async def test_without_javascript_the_form_itself_finds_neighbourhoods_and_keeps_what_was_chosen(world: World) -> None:
    fields = {**GROUP, "codes": [WEST], "place": "oosterheem", "search": "1", "searched": ""}
    response = await send(world, "/join/group", fields)
    text = await response.text()
    assert response.status == 200 and 'role="alert"' not in text
    assert f'value="{WEST}" checked' in text and "Oosterheem" in text and 'value="Els Mulder"' in text
    assert await mails(world) == []
    text = await (await send(world, "/join/group", {**fields, "place": "xyzzy"})).text()
    assert "Niets gevonden" in text
    # Enter in the field sends the form: what stands there anew is searched first, and once searched it is sent.
    by_enter = {**fields, "search": ""}
    assert "Oosterheem" in await (await send(world, "/join/group", by_enter)).text()
    assert (await send(world, "/join/group", {**by_enter, "searched": "oosterheem"})).status == 303


async def test_the_script_of_the_form_is_told_the_same(world: World) -> None:
    found = await (await world.get("/join/neighbourhoods?q=BU06370300", None)).json()
    assert [one["code"] for one in found] == [WEST] and found[0]["municipality"] == "Zoetermeer"
    found = await (await world.get("/join/neighbourhoods?q=seghwaert", None)).json()
    assert {WEST, EAST} <= {one["code"] for one in found}


async def test_a_neighbourhood_in_the_address_is_chosen_already(world: World) -> None:
    assert f'value="{WEST}" checked' in await page(world, f"/join/starting?neighbourhood={WEST}")
    assert "checked" not in await page(world, "/join/starting?neighbourhood=BU00000000")


async def test_a_neighbourhood_that_is_not_on_the_map_is_refused(world: World) -> None:
    response = await send(world, "/join/group", {**GROUP, "codes": [WEST, "BU99999999"]})
    assert response.status == 400 and "staat niet op onze kaart" in await response.text()


async def test_after_seven_days_the_link_is_over_and_the_application_erased(world: World) -> None:
    confirm = await applied(world)
    world.clock.turn(7 * DAY)
    assert "werkt niet meer" in await page(world, confirm, status=410)
    await send(world, confirm, {})
    assert await world.hub.store.applications.open() == []
    await world.hub.forgetting.forget()
    assert world.rows("SELECT COUNT(*) FROM application") == [(0,)]
    assert "kennen wij niet" in await page(world, confirm, status=404)


async def test_the_mail_is_sent_once_more_and_only_its_link_works(world: World) -> None:
    first = await applied(world)
    await empty_mailbox(world)
    response = await send(world, "/join/sent", {"email": "ELS@voorbeeld.nl"})
    known = await response.text()
    second = await link_of_mail(world)
    assert second != first
    await page(world, first, status=404)
    assert "Bevestigen" in await page(world, second)
    await empty_mailbox(world)
    unknown = await (await send(world, "/join/sent", {"email": "niemand@voorbeeld.nl"})).text()
    assert without_stamp(known) == without_stamp(unknown), "whether an address is known is told to nobody"
    assert await mails(world) == []


async def test_of_one_application_no_more_than_three_mails_go_out(world: World) -> None:
    await applied(world)
    for _ in range(4):
        await send(world, "/join/sent", {"email": "els@voorbeeld.nl"})
    assert len(await mails(world)) == 3


async def test_one_address_gets_five_mails_a_day_and_the_sixth_time_the_same_answer(world: World) -> None:
    for _ in range(6):
        response = await send(world, "/join/group", GROUP)
        assert response.headers["Location"] == "/join/sent"
    assert len(await mails(world)) == 5
    world.clock.turn(DAY)
    await send(world, "/join/group", GROUP)
    assert len(await mails(world)) == 6


async def test_a_program_is_kept_out(world: World) -> None:
    trapped = await send(world, "/join/group", {**GROUP, "website": "https://koop.example"})
    quick = await send(world, "/join/group", GROUP, seconds=0.5)
    stale = await send(world, "/join/group", GROUP, seconds=DAY + 60)
    assert [one.status for one in (trapped, quick, stale)] == [400] * 3
    assert "nog een keer" in html.unescape(await quick.text())
    bare = await world.client.post("/join/group", data={**GROUP, "codes": WEST, "stamp": "1.2"}, headers=OURS)
    assert bare.status == 400


async def test_a_form_from_another_site_is_refused(world: World) -> None:
    response = await world.client.post("/join/group", data=GROUP, headers={"Origin": "https://kwaad.example"})
    assert response.status == 403


class TestFewADay:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"registry": Registry(asked_a_day=2)})

    async def test_more_than_the_setting_says_are_refused_for_the_day(self, world: World) -> None:
        for number in range(2):
            await send(world, "/join/group", {**GROUP, "email": f"els{number}@voorbeeld.nl"})
        response = await send(world, "/join/group", {**GROUP, "email": "els2@voorbeeld.nl"})
        assert response.status == 429 and "morgen" in await response.text()
        assert len(await mails(world)) == 2


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"mail": Mail()})

    async def test_the_pages_say_plainly_that_one_cannot_apply_here_and_where_one_can(self, world: World) -> None:
        assert "Neem contact op met uw gemeente" in await page(world, "/join")
        for path in ("/join/group", "/join/admin", "/join/starting"):
            text = await page(world, path)
            assert "gemeente" in text and "<form method" not in text.partition("<main")[2]
        response = await send(world, "/join/group", GROUP)
        assert response.status == 503
        assert world.rows("SELECT COUNT(*) FROM application") == [(0,)]


class TestSwitchedOff:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"registry": Registry(join=False)})

    async def test_there_is_no_such_page(self, world: World) -> None:
        for path in ("/join", "/join/group", "/join/admin", "/join/starting", "/join/sent", "/join/confirm/x"):
            await page(world, path, status=404)
        assert (await world.client.post("/join/group", data=GROUP, headers=OURS)).status == 404
        assert 'href="/join"' not in await page(world, "/login")


async def test_who_applies_as_admin_chooses_a_district(world: World) -> None:
    assert "Zoetermeer" in await page(world, "/join/admin")
    confirm = await applied(world, "/join/admin", ADMIN)
    await send(world, confirm, {})
    (one,) = await world.hub.store.applications.open()
    assert one.state is State.OPEN and one.content["district"] == "WK063703"


def without_stamp(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if 'name="stamp"' not in line)
