"""The coordinator's inbox: what was asked and what is known, the decision and its mail, linking, and a drill for one."""

from __future__ import annotations

import re

import pytest

from hub.directory.linking import hash_token, make_link
from hub.domain import Handle, Role
from hub.relay.commands import Commands
from hub.relay.said import said
from hub.settings import Mail, Settings
from hub.store.applications import State
from tests.web.joining import (
    ADMIN,
    EAST,
    GROUP,
    STARTING,
    WEST,
    applied,
    empty_mailbox,
    link_of_mail,
    mails,
    open_application,
    page,
    send,
)
from tests.web.world import KEYS, World, until

COORDINATOR = Role.COORDINATOR
INBOX = "/coordinator/applications"
NEW_GROUP = {
    "into": "new",
    "name": "Buurtapp Nieuw West",
    "platform": "whatsapp",
    "members": "40",
    "codes": [WEST, EAST],
    "note": "Fijn dat u meedoet!",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With a mail server."""
    return settings.model_copy(update={"mail": Mail(host="mail.example", sender="buurtsein@gemeente.example")})


async def link_up(world: World, handle: str = "+31612349999") -> str:
    """The newest mail's link used from this number, as the receiver does it; what was said back."""
    token = (await link_of_mail(world, "/link/")).rpartition("/")[2]
    understood = await Commands(world.hub.store.linking, world.clock).understand(
        "whatsapp", "main", Handle(handle), f"koppel {token}"
    )
    assert understood is not None
    await world.hub.store.engine.write(*understood.statements)
    return understood.say


async def test_the_inbox_shows_what_was_confirmed_the_longest_wait_first(world: World) -> None:
    await applied(world, "/join/group", {**GROUP, "group": "Niet bevestigd"})
    await empty_mailbox(world)
    await open_application(world)
    await open_application(world, "/join/admin", ADMIN)
    text = await page(world, INBOX, role=COORDINATOR)
    assert "2 aanvragen wachten op u" in text and "Niet bevestigd" not in text
    assert text.index("Buurtapp Nieuw West") < text.index("Piet Bos")
    only = await page(world, f"{INBOX}?kind=admin", role=COORDINATOR)
    assert "Piet Bos" in only and "Els Mulder" not in only
    assert "Applications" in await page(world, INBOX, role=COORDINATOR, lang="en")


async def test_an_application_shows_groups_like_it_and_others_of_the_same_address(world: World) -> None:
    first = await open_application(world, "/join/group", {**GROUP, "group": "GROEP  bu06370301"})
    second = await open_application(world, "/join/starting", {**STARTING, "email": "Els@voorbeeld.nl"})
    text = await page(world, first, role=COORDINATOR)
    assert "Groep BU06370301</strong> (zelfde naam)" in text and "Groep BU06370300</strong> (zelfde buurten)" in text
    assert f'href="{second}"' in text and "Met hetzelfde e-mailadres" in text
    assert "Groep beginnen" in await page(world, second, role=COORDINATOR)


async def test_accepting_a_group_makes_it_and_its_admin_and_mails_a_link_for_each_channel(world: World) -> None:
    path = await open_application(world)
    response = await send(world, f"{path}/accept", NEW_GROUP, role=COORDINATOR)
    assert (response.status, response.headers["Location"]) == (303, path)
    (group,) = await world.hub.store.directory.groups_named(["Buurtapp Nieuw West"])
    assert (group.neighbourhoods, group.members) == ((WEST, EAST), 40)
    (admin,) = await world.hub.store.directory.admins(group.admins)
    assert (admin.name, admin.language, admin.addresses) == ("Els Mulder", "nl", ())
    (mail,) = await mails(world)
    assert (
        mail.recipient == "els@voorbeeld.nl" and "Fijn dat u meedoet!" in mail.text and "WhatsApp: https" in mail.text
    )
    assert (await world.get(await link_of_mail(world, "/link/"), None)).status == 200
    text = await page(world, path, role=COORDINATOR)
    assert "Koppellinks gemaild op" in text and "Nog niet gekoppeld" in text
    assert ("id-coordinator", "application.accepted") in world.rows("SELECT who, kind FROM audit WHERE NOT look")
    # Once more: it is decided.
    await send(world, f"{path}/accept", NEW_GROUP, role=COORDINATOR)
    assert len(await mails(world)) == 1


async def test_a_name_that_is_taken_is_told_and_nothing_typed_is_lost(world: World) -> None:
    path = await open_application(world)
    fields = {**NEW_GROUP, "name": "Groep BU06370300"}
    response = await send(world, f"{path}/accept", fields, role=COORDINATOR)
    text = await response.text()
    assert response.status == 400 and 'href="#name"' in text and "Fijn dat u meedoet!" in text
    assert world.rows("SELECT state FROM application") == [("open",)] and await mails(world) == []


async def test_the_applicant_can_join_a_group_that_is_there_which_stays_as_it_is(world: World) -> None:
    path = await open_application(world)
    (before,) = await world.hub.store.directory.groups_named(["Groep BU06370300"])
    fields = {"into": str(before.id), "note": ""}
    assert (await send(world, f"{path}/accept", fields, role=COORDINATOR)).status == 303
    (after,) = await world.hub.store.directory.groups_named(["Groep BU06370300"])
    assert (after.neighbourhoods, after.members) == (before.neighbourhoods, before.members)
    assert len(after.admins) == len(before.admins) + 1


async def test_an_admin_joins_chosen_groups_and_the_admin_group_of_the_district(world: World) -> None:
    path = await open_application(world, "/join/admin", ADMIN)
    nothing = await send(world, f"{path}/accept", {"note": ""}, role=COORDINATOR)
    assert nothing.status == 400
    (own,) = await world.hub.store.directory.groups_named(["Groep BU06370300"])
    fields = {"join": [str(own.id)], "district": "1", "note": ""}
    assert (await send(world, f"{path}/accept", fields, role=COORDINATOR)).status == 303
    made = [one for one in await world.hub.store.directory.groups() if one.name.startswith("Beheerders ")]
    assert len(made) == 1 and set(made[0].neighbourhoods) == set(world.hub.atlas.index.known_code("WK063703"))
    (admin,) = await world.hub.store.directory.admins(made[0].admins)
    assert (admin.name, set(admin.groups)) == ("Piet Bos", {own.id, made[0].id})
    # The next one joins the same.
    path = await open_application(world, "/join/admin", {**ADMIN, "email": "nog@voorbeeld.nl", "name": "Nog Een"})
    await send(world, f"{path}/accept", {"district": "1", "note": ""}, role=COORDINATOR)
    (same,) = [one for one in await world.hub.store.directory.groups() if one.name.startswith("Beheerders ")]
    assert len(same.admins) == 2


async def test_a_refusal_needs_a_note_and_mails_it_in_the_applicants_language(world: World) -> None:
    path = await open_application(world, lang="en")
    assert (await send(world, f"{path}/refuse", {"note": " "}, role=COORDINATOR)).status == 400
    await send(world, f"{path}/refuse", {"note": "Outside our town."}, role=COORDINATOR)
    (mail,) = await mails(world)
    assert "was not accepted" in mail.text and "Outside our town." in mail.text and "Uw" not in mail.text
    assert world.rows("SELECT state FROM application") == [("refused",)]
    text = await page(world, f"{INBOX}?state=decided", role=COORDINATOR)
    assert "afgewezen" in text and "Els Mulder" in text


async def test_a_question_goes_by_mail_and_the_application_stays_open(world: World) -> None:
    path = await open_application(world)
    await send(world, f"{path}/ask", {"note": "Bel ons op 14 079."}, role=COORDINATOR)
    (mail,) = await mails(world)
    assert "14 079" in mail.text
    (one,) = await world.hub.store.applications.open()
    assert one.state is State.OPEN
    assert "vraag gesteld" in await page(world, INBOX, role=COORDINATOR)


async def test_word_of_a_starting_group_is_answered_without_making_anything(world: World) -> None:
    path = await open_application(world, "/join/starting", STARTING)
    before = await world.hub.store.directory.groups()
    await send(world, f"{path}/accept", {"note": "Wij bellen u."}, role=COORDINATOR)
    (mail,) = await mails(world)
    assert "Wij bellen u." in mail.text and "/join/group" in mail.text and "/link/" not in mail.text
    assert await world.hub.store.directory.groups() == before


async def test_links_can_be_mailed_again_and_the_earlier_ones_are_void(world: World) -> None:
    path = await open_application(world)
    await send(world, f"{path}/accept", NEW_GROUP, role=COORDINATOR)
    first = await link_of_mail(world, "/link/")
    world.clock.turn(60)
    await send(world, f"{path}/links", {}, role=COORDINATOR)
    second = await link_of_mail(world, "/link/")
    assert first != second
    assert [(await world.get(one, None)).status for one in (first, second)] == [410, 200]


async def test_nobody_else_sees_the_inbox(world: World) -> None:
    path = await open_application(world)
    for role in (Role.POLICE, Role.AUDITOR, Role.OPERATOR):
        assert (await world.get(path, role)).status == 403
    assert (await world.get(f"{INBOX}/999", COORDINATOR)).status == 404
    await applied(world, "/join/group", {**GROUP, "email": "ander@voorbeeld.nl"})
    hidden = world.rows("SELECT id FROM application WHERE state = 'unconfirmed'")[0][0]
    assert (await world.get(f"{INBOX}/{hidden}", COORDINATOR)).status == 404


# linking and the first drill --------------------------------------------------------------------------------------------------


async def accepted(world: World) -> str:
    path = await open_application(world)
    await send(world, f"{path}/accept", NEW_GROUP, role=COORDINATOR)
    return path


async def test_who_links_is_welcomed_once_and_gets_a_drill_that_nobody_else_gets(relaying: World) -> None:
    world = relaying
    path = await accepted(world)
    heard = await link_up(world)
    assert said("nl", "welcome") in heard
    await world.hub.newcomers.drill()
    text = await page(world, path, role=COORDINATOR)
    number = re.search(r"/console/alerts/([0-9A-Z-]{9})", text)
    assert number and "nog geen antwoord" in text
    stream = await world.get(f"/api/v1/alerts/{number[1]}/events")
    await until(stream, "alert", state="relayed")
    (message,) = world.channel.sent
    assert message.handle.value == "+31612349999", "Anna and Bram live there too, and hear nothing"
    assert "OEFENING" in message.wording.text and "alleen u krijgt dit" in message.wording.text
    await world.tap("+31612349999", message.actions[1].data)
    await until(stream, "acknowledgement")
    stream.close()
    text = await page(world, path, role=COORDINATOR)
    assert "beantwoord met “doorgestuurd”" in text
    await world.hub.newcomers.drill()
    assert len(world.channel.sent) == 1, "one drill, however often it is looked at"
    again = await send(world, f"{path}/drill", {}, role=COORDINATOR)
    assert again.status == 303
    second = re.search(r"/console/alerts/([0-9A-Z-]{9})", await page(world, path, role=COORDINATOR))
    assert second and second[1] != number[1]


async def test_an_admin_of_the_list_who_links_another_messenger_is_not_welcomed_as_new(world: World) -> None:
    anna = (await world.hub.store.directory.admins())[0]
    link = await make_link(
        world.hub.store, ("whatsapp",), anna.id, "whatsapp", "https://buurtsein.example", world.clock.now()
    )
    found = await world.hub.store.linking.find(hash_token(link.url.rpartition("/")[2]))
    assert found is not None and not found.newcomer


async def test_without_an_address_no_drill_begins(world: World) -> None:
    path = await accepted(world)
    await world.hub.newcomers.drill()
    assert (await send(world, f"{path}/drill", {}, role=COORDINATOR)).status == 303
    assert world.rows("SELECT COUNT(*) FROM alert") == [(0,)]


async def test_thirty_days_after_the_decision_who_it_was_is_erased_and_what_was_decided_stays(world: World) -> None:
    path = await accepted(world)
    world.clock.turn(29 * 24 * 3600)
    await world.hub.forgetting.forget()
    assert "els@voorbeeld.nl" in await page(world, path, role=COORDINATOR)
    world.clock.turn(24 * 3600 + 1)
    await world.hub.forgetting.forget()
    text = await page(world, path, role=COORDINATOR)
    assert "els@voorbeeld.nl" not in text and "gewist op" in text and "aangenomen" in text
    kept = str(world.opened("application", "name", "email", "note", "content"))
    assert not any(one in kept for one in ("Els", "voorbeeld", "Nieuw West", "Fijn")) and WEST in kept


async def test_every_decision_needs_a_form_of_ours(world: World) -> None:
    path = await open_application(world)
    response = await world.client.post(
        f"{path}/refuse", data={"note": "x"}, headers={"Cookie": f"__Host-buurtsein_session={KEYS[COORDINATOR]}"}
    )
    assert response.status == 403
