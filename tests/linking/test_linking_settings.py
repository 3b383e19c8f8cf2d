"""What an admin sets by message: signing off and on, language, order of channels, absence; and what they are told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub.clock import to_milliseconds
from hub.domain import Handle
from hub.store.consents import Of, What
from hub.store.sealing import handle_hash, sealer
from tests.linking.world import ANNA_TELEGRAM, ANNA_WHATSAPP, BRAM_TELEGRAM, STRANGER, Town

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = 24 * 3600


def started(channels: str) -> str:
    page = "PAGINA geeft een link naar uw eigen pagina."
    return f"U bent aangemeld. U krijgt meldingen op: {channels}. {page}"


async def away_until(town: Town) -> int:
    return int(town.rows(f"SELECT away_until FROM admin WHERE id = {town.anna}")[0][0])


# STOP and START ---------------------------------------------------------------------------------------------------------------


async def test_start_brings_back_every_channel_that_stop_signed_off(town: Town) -> None:
    await town.stop(ANNA_TELEGRAM)
    assert {state for _, _, state in await town.ways(town.anna)} == {"stopped"}
    assert await town.hear(ANNA_TELEGRAM, "Start") == started("WhatsApp, Telegram")
    assert {state for _, _, state in await town.ways(town.anna)} == {"verified"}


async def test_start_of_one_person_is_not_that_of_another(town: Town) -> None:
    await town.stop(ANNA_TELEGRAM)
    await town.stop(BRAM_TELEGRAM)
    assert "signed on" in str(await town.hear(BRAM_TELEGRAM, "START"))
    assert {state for _, _, state in await town.ways(town.anna)} == {"stopped"}


async def test_start_does_not_verify_an_address_that_nobody_answered_from(town: Town) -> None:
    town.change("UPDATE address SET state = 'unverified' WHERE handle_hash = ?", handle_hash(ANNA_WHATSAPP))
    assert await town.hear(ANNA_TELEGRAM, "start") == started("Telegram")
    assert [state for _, _, state in await town.ways(town.anna)] == ["unverified", "verified"]


async def test_start_verifies_the_address_it_came_from_and_from_there_no_other(town: Town) -> None:
    """Whoever holds a number that was entered by mistake must not undo the admin's own STOP."""
    town.change("UPDATE address SET state = 'unverified' WHERE handle_hash = ?", handle_hash(ANNA_TELEGRAM))
    town.change("UPDATE address SET state = 'stopped' WHERE handle_hash = ?", handle_hash(ANNA_WHATSAPP))
    assert await town.hear(ANNA_TELEGRAM, "/start") == started("Telegram")
    assert [state for _, _, state in await town.ways(town.anna)] == ["stopped", "verified"]


async def test_a_stranger_who_says_start_is_told_whom_to_ask(town: Town) -> None:
    before = town.everything()
    assert "Vraag uw gemeente" in str(await town.hear(STRANGER, "/start"))
    assert town.everything() == before


@pytest.mark.parametrize(
    "text", ["status", "help", "taal engels", "eerst telegram", "afwezig 1 week", "terug", "english"]
)
async def test_a_stranger_sets_nothing_and_hears_nothing(town: Town, text: str) -> None:
    before = town.everything()
    assert await town.hear(STRANGER, text) is None
    assert town.everything() == before


@pytest.mark.parametrize("text", ["status", "taal engels", "eerst telegram", "afwezig 1 week", "terug"])
async def test_an_unverified_address_sets_nothing_and_learns_nothing(town: Town, text: str) -> None:
    town.change("UPDATE address SET state = 'unverified' WHERE handle_hash = ?", handle_hash(ANNA_TELEGRAM))
    before = town.everything()
    assert await town.hear(ANNA_TELEGRAM, text) == "Dit account is nog niet bevestigd. Stuur eerst START."
    assert town.everything() == before


async def test_what_stop_is_answered_with_says_how_to_come_back_in_ones_language(town: Town) -> None:
    dutch = (await town.commands.stopped("telegram", Handle(ANNA_TELEGRAM))).say
    assert "afgemeld" in dutch and "START" in dutch
    assert "signed off" in (await town.commands.stopped("telegram", Handle(BRAM_TELEGRAM))).say
    assert (await town.commands.stopped("telegram", Handle(STRANGER))).say == dutch


async def test_what_somebody_agrees_to_by_message_is_kept_with_the_day_and_the_way_and_so_is_taking_it_back(
    town: Town,
) -> None:
    await town.hear(ANNA_TELEGRAM, "START")
    await town.hear(ANNA_WHATSAPP, "testbericht aan", "whatsapp")
    stopped = await town.commands.stopped("telegram", Handle(ANNA_TELEGRAM))
    await town.store.receipts.apply(stopped.statements, [])
    said = [(one.what, one.given, one.via) for one in await town.store.consents.of(Of.ADMIN, town.anna)]
    assert said == [
        (What.ALERTS, True, "telegram"),
        (What.TEST_MESSAGES, True, "whatsapp"),
        (What.ALERTS, False, "telegram"),
    ]
    assert await town.store.consents.of(Of.ADMIN, town.bram) == []


# language ---------------------------------------------------------------------------------------------------------------------


async def test_a_language_is_confirmed_in_that_language(town: Town) -> None:
    assert await town.hear(ANNA_TELEGRAM, "taal engels") == "From now on you get messages in English."
    assert (await town.store.directory.admins([town.anna]))[0].language == "en"
    assert await town.hear(ANNA_WHATSAPP, "nederlands", "whatsapp") == "Vanaf nu krijgt u berichten in het Nederlands."
    assert (await town.store.directory.admins([town.anna]))[0].language == "nl"


async def test_a_language_we_do_not_have_is_answered_with_those_we_do(town: Town) -> None:
    before = town.everything()
    assert "Nederlands, Engels" in str(await town.hear(ANNA_TELEGRAM, "taal frans"))
    assert town.everything() == before


# order ------------------------------------------------------------------------------------------------------------------------


async def test_another_channel_goes_first(town: Town) -> None:
    assert (
        await town.hear(ANNA_WHATSAPP, "eerst telegram", "whatsapp")
        == "Genoteerd. We proberen eerst: Telegram, WhatsApp."
    )
    assert [channel for channel, _, _ in await town.ways(town.anna)] == ["telegram", "whatsapp"]


async def test_a_whole_order_keeps_two_addresses_of_a_channel_as_they_were(town: Town) -> None:
    for channel, handle in (("telegram", STRANGER), ("matrix", "@anna:hub.test")):
        await town.hear(handle, await town.link(town.anna, channel), channel)
    assert "Matrix, Telegram, WhatsApp" in str(await town.hear(STRANGER, "volgorde matrix telegram whatsapp"))
    handles = [handle for _, handle, _ in await town.ways(town.anna)]
    assert handles == ["@anna:hub.test", ANNA_TELEGRAM, STRANGER, ANNA_WHATSAPP]
    ranks = town.rows(f"SELECT rank FROM address WHERE admin_id = {town.anna} ORDER BY rank")
    assert ranks == [(1,), (2,), (3,), (4,)]
    await town.hear(STRANGER, "eerst whatsapp")
    handles = [handle for _, handle, _ in await town.ways(town.anna)]
    assert handles == [ANNA_WHATSAPP, "@anna:hub.test", ANNA_TELEGRAM, STRANGER]
    assert await town.ways(town.bram) == [("telegram", BRAM_TELEGRAM, "verified")]


@pytest.mark.parametrize("text", ["eerst matrix", "eerst", "volgorde signal", "volgorde telegram matrix"])
async def test_a_channel_the_admin_has_not_is_answered_with_those_they_have(town: Town, text: str) -> None:
    before = town.everything()
    told = str(await town.hear(ANNA_TELEGRAM, text))
    assert "WhatsApp, Telegram" in told and "eerst telegram" in told
    assert town.everything() == before


# absence ----------------------------------------------------------------------------------------------------------------------


async def test_an_absence_lasts_to_the_end_of_its_last_day_in_amsterdam(town: Town) -> None:
    assert "tot en met 3 december 2026" in str(await town.hear(ANNA_TELEGRAM, "afwezig tot 3-12"))
    assert await away_until(town) == to_milliseconds(datetime(2026, 12, 4, tzinfo=AMSTERDAM))
    assert "tot en met 1 juli 2027" in str(await town.hear(ANNA_TELEGRAM, "afwezig tot 1 juli"))
    assert await away_until(town) == to_milliseconds(datetime(2027, 7, 2, tzinfo=AMSTERDAM))


async def test_today_is_the_day_it_is_in_amsterdam(town: Town) -> None:
    midnight = to_milliseconds(datetime(2026, 12, 1, tzinfo=AMSTERDAM))
    await town.clock.advance((midnight - town.clock.now()) / 1000 - 1)
    assert "1 december" in str(await town.hear(ANNA_TELEGRAM, "afwezig 1 dag"))
    await town.clock.advance(1)
    assert "2 december" in str(await town.hear(ANNA_TELEGRAM, "afwezig 1 dag"))


async def test_the_end_of_an_absence_over_the_change_of_clocks_is_a_midnight(town: Town) -> None:
    await town.hear(ANNA_TELEGRAM, "afwezig tot 28-3-2027")  # the last Sunday of March has 23 hours
    assert await away_until(town) == to_milliseconds(datetime(2027, 3, 29, tzinfo=AMSTERDAM))


async def test_back_ends_the_absence(town: Town) -> None:
    await town.hear(ANNA_TELEGRAM, "afwezig 1 week")
    assert "Welkom terug" in str(await town.hear(ANNA_WHATSAPP, "terug", "whatsapp"))
    assert await away_until(town) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("afwezig", "Tot wanneer"),
        ("afwezig tot 31-2", "Tot wanneer"),
        ("afwezig tot 1-1-2026", "al voorbij"),
        ("afwezig tot 1-1-2030", "hoogstens een jaar"),
    ],
)
async def test_a_date_that_cannot_be_taken_is_asked_for_again(town: Town, text: str, told: str) -> None:
    before = town.everything()
    answer = str(await town.hear(ANNA_TELEGRAM, text))
    assert told in answer and "afwezig tot 29 november" in answer
    assert town.everything() == before


# status -----------------------------------------------------------------------------------------------------------------------


async def test_status_says_what_is_set_without_a_number(town: Town) -> None:
    told = str(await town.hear(ANNA_TELEGRAM, "hulp"))
    assert told.startswith("U krijgt meldingen op: WhatsApp, Telegram\nTaal: Nederlands\nAfwezig: nee\n")
    assert ANNA_WHATSAPP not in told and ANNA_TELEGRAM not in told and "Anna" not in told
    await town.hear(ANNA_TELEGRAM, "afwezig tot 3-12")
    assert "Afwezig: tot en met 3 december 2026" in str(await town.hear(ANNA_TELEGRAM, "status"))
    await town.clock.advance(12 * DAY)
    assert "Afwezig: nee" in str(await town.hear(ANNA_TELEGRAM, "status"))
    await town.hear(ANNA_TELEGRAM, "english")
    assert "You get alerts on: WhatsApp, Telegram\nLanguage: English" in str(await town.hear(ANNA_TELEGRAM, "status"))


async def test_who_is_signed_off_reads_so_and_is_not_promised_alerts(town: Town) -> None:
    await town.stop(ANNA_TELEGRAM)
    assert "nergens, u bent afgemeld" in str(await town.hear(ANNA_TELEGRAM, "status"))
    assert "Stuur START" in str(await town.hear(ANNA_TELEGRAM, "terug"))


@pytest.mark.parametrize("command", ["taal engels", "eerst telegram", "afwezig tot 3 december", "terug"])
async def test_the_commands_the_help_names_are_ones_we_understand(town: Town, command: str) -> None:
    assert command.split()[0].upper() in str(await town.hear(ANNA_TELEGRAM, "hulp"))
    assert await town.hear(ANNA_TELEGRAM, command.upper()) is not None


async def test_what_is_no_command_is_nothing_to_us(town: Town) -> None:
    for text in ("ok", "stop", "doorgestuurd", "ik ben afwezig geweest toen het gebeurde"):
        assert await town.hear(ANNA_TELEGRAM, text) is None


# groups -----------------------------------------------------------------------------------------------------------------------


async def joined(town: Town, chat: str, by: str, title: str = "Straat") -> str:
    understood = await town.commands.joined("telegram", "main", Handle(chat), Handle(by), title)
    await town.store.receipts.apply(understood.statements, [])
    return understood.say


def chats(town: Town) -> list[tuple[str, str]]:
    found = town.rows(
        "SELECT g.name, c.handle FROM group_chat c JOIN watch_group g ON g.id = c.group_id "
        "WHERE c.state = 'verified' ORDER BY 1"
    )
    return [(str(name), sealer().open(str(handle), "group_chat.handle")) for name, handle in found]


async def test_the_only_group_of_an_admin_gets_the_chat(town: Town) -> None:
    assert "belongs to group Noord" in await joined(town, "-100", BRAM_TELEGRAM)
    assert chats(town) == [("Noord", "-100")]


async def test_of_several_groups_the_one_that_the_chat_is_named_after(town: Town) -> None:
    assert "Noem de chat zoals de groep" in await joined(town, "-100", ANNA_TELEGRAM)
    assert chats(town) == []
    assert "groep Zuid" in await joined(town, "-100", ANNA_TELEGRAM, " zuid ")
    assert chats(town) == [("Zuid", "-100")]


async def test_a_group_has_one_chat_a_channel_and_a_new_one_replaces_it(town: Town) -> None:
    for chat in ("-100", "-200", "-200"):
        await joined(town, chat, BRAM_TELEGRAM)
    assert chats(town) == [("Noord", "-200")]
    await joined(town, "-200", ANNA_TELEGRAM, "ZUID")
    assert chats(town) == [("Zuid", "-200")]


async def test_a_chat_we_were_put_out_of_and_into_again_is_alive_again(town: Town) -> None:
    await joined(town, "-100", BRAM_TELEGRAM)
    town.change("UPDATE group_chat SET state = 'dead'")
    await joined(town, "-100", BRAM_TELEGRAM)
    assert chats(town) == [("Noord", "-100")]


@pytest.mark.parametrize("state", ["unverified", "stopped", "dead"])
async def test_strangers_and_people_we_may_not_write_link_no_chat_and_hear_nothing(town: Town, state: str) -> None:
    town.change("UPDATE address SET state = ? WHERE handle_hash = ?", state, handle_hash(BRAM_TELEGRAM))
    assert await joined(town, "-100", STRANGER, "Noord") == await joined(town, "-100", BRAM_TELEGRAM) == ""
    assert chats(town) == []


# test messages ----------------------------------------------------------------------------------------------------------------


async def test_who_agrees_gets_test_messages_until_they_say_so(town: Town) -> None:
    def wanted() -> list[tuple[int, int]]:
        return town.rows("SELECT id = ?, test_messages FROM admin".replace("?", str(town.anna)))

    assert "TESTBERICHT UIT" in str(await town.hear(ANNA_TELEGRAM, "Testbericht aan."))
    assert sorted(wanted()) == [(0, 0), (1, 1)]
    assert "no test messages" in str(await town.hear(BRAM_TELEGRAM, "test message off"))
    assert "geen testberichten" in str(await town.hear(ANNA_WHATSAPP, "testbericht uit", "whatsapp"))
    assert sorted(wanted()) == [(0, 0), (1, 0)]
    assert await town.hear(ANNA_TELEGRAM, "het testbericht kwam aan") is None
