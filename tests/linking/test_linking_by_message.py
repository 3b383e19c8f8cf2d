"""Linking an address: a one-time token in a message makes the sender's address a verified one of the link's admin."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from hub.directory.linking import LASTS_DAYS, hash_token
from hub.domain import Handle
from hub.store.sealing import handle_hash, sealer
from tests.linking.world import ANNA_TELEGRAM, ANNA_WHATSAPP, BRAM_TELEGRAM, STRANGER, Town

DAY = 24 * 3600


@pytest.mark.parametrize("text", ["/start {}", "Koppel {}", "koppel {}", "KOPPEL  {}\n", "link: {}", "{}", " {} "])
async def test_a_token_in_a_message_links_the_sender_behind_the_others(town: Town, text: str) -> None:
    token = await town.link(town.anna)
    said = await town.hear(STRANGER, text.format(token))
    assert said is not None and "Telegram is gekoppeld" in said
    assert await town.ways(town.anna) == [
        ("whatsapp", ANNA_WHATSAPP, "verified"),
        ("telegram", ANNA_TELEGRAM, "verified"),
        ("telegram", STRANGER, "verified"),
    ]
    assert town.rows(f"SELECT account FROM address WHERE handle_hash = '{handle_hash(STRANGER)}'") == [("main",)]


@pytest.mark.parametrize("text", ["dit is hem: {}", "koppel", "koppel {} graag", "{}x", "koppel {} {}", "x {}"])
async def test_a_token_inside_other_text_is_no_command(town: Town, text: str) -> None:
    token = await town.link(town.anna)
    before = town.everything()
    assert await town.hear(STRANGER, text.format(token, token)) is None
    assert town.everything() == before


async def test_the_admin_is_answered_in_their_own_language(town: Town) -> None:
    assert "WhatsApp is linked" in str(await town.hear("+31699", await town.link(town.bram, "whatsapp"), "whatsapp"))


@pytest.mark.parametrize("state", ["unverified", "dead", "stopped"])
async def test_an_address_the_admin_has_already_is_verified_where_it_stands(town: Town, state: str) -> None:
    town.change("UPDATE address SET state = ?, strikes = 2 WHERE handle_hash = ?", state, handle_hash(ANNA_WHATSAPP))
    await town.hear(ANNA_WHATSAPP, await town.link(town.anna, "whatsapp"), "whatsapp")
    assert (await town.ways(town.anna))[0] == ("whatsapp", ANNA_WHATSAPP, "verified")
    assert len(await town.ways(town.anna)) == 2
    assert town.rows(f"SELECT account, strikes FROM address WHERE handle_hash = '{handle_hash(ANNA_WHATSAPP)}'") == [
        ("main", 0)
    ]


async def test_the_provider_may_use_another_name_for_the_address(town: Town) -> None:
    town.change("UPDATE address SET state = 'unverified' WHERE handle_hash = ?", handle_hash(ANNA_WHATSAPP))
    town.change(
        "INSERT INTO address_alias (channel, alias, address_id) SELECT 'whatsapp', ?, id FROM address WHERE handle_hash = ?",
        handle_hash("NL.1"),
        handle_hash(ANNA_WHATSAPP),
    )
    assert "gekoppeld" in str(await town.hear("NL.1", await town.link(town.anna, "whatsapp"), "whatsapp"))
    assert (await town.ways(town.anna))[0] == ("whatsapp", ANNA_WHATSAPP, "verified")
    assert len(await town.ways(town.anna)) == 2


async def test_the_same_message_twice_is_answered_the_same_and_changes_nothing_more(town: Town) -> None:
    token = await town.link(town.anna)
    first = await town.hear(STRANGER, token)
    after = town.everything()
    await town.clock.advance(60)
    assert await town.hear(STRANGER, token) == first
    assert town.everything() == after


async def test_statements_applied_twice_do_no_harm(town: Town) -> None:
    understood = await town.understood(STRANGER, await town.link(town.anna))
    assert understood is not None
    await town.store.receipts.apply(understood.statements, [])
    after = town.everything()
    await town.store.receipts.apply(understood.statements, [])
    assert town.everything() == after


async def test_of_two_people_with_one_token_in_the_same_batch_only_the_first_is_linked(town: Town) -> None:
    token = await town.link(town.anna)
    both = [await town.understood(handle, token) for handle in (STRANGER, "700010")]
    await town.store.receipts.apply([one for each in both if each for one in each.statements], [])
    assert [handle for _, handle, _ in await town.ways(town.anna)] == [ANNA_WHATSAPP, ANNA_TELEGRAM, STRANGER]


async def test_a_used_link_links_nobody_else(town: Town) -> None:
    token = await town.link(town.anna)
    await town.hear(STRANGER, token)
    before = town.everything()
    assert "al gebruikt" in str(await town.hear("700010", token))
    assert town.everything() == before


async def test_a_link_ends_after_a_week(town: Town) -> None:
    early, late = await town.link(town.anna), await town.link(town.anna, "whatsapp")
    await town.clock.advance(LASTS_DAYS * DAY - 1)
    assert "gekoppeld" in str(await town.hear(STRANGER, early))
    await town.clock.advance(1)
    before = town.everything()
    assert "geldt niet meer" in str(await town.hear("+31699", late, "whatsapp"))
    assert town.everything() == before


async def test_a_new_link_makes_the_old_one_void_and_no_other(town: Town) -> None:
    old, other_channel, other_admin = (
        await town.link(town.anna),
        await town.link(town.anna, "matrix"),
        await town.link(town.bram),
    )
    new = await town.link(town.anna)
    assert "geldt niet meer" in str(await town.hear(STRANGER, old))
    assert "gekoppeld" in str(await town.hear(STRANGER, new))
    assert "gekoppeld" in str(await town.hear("@anna:hub.test", other_channel, "matrix"))
    assert "linked" in str(await town.hear("700010", other_admin))


async def test_a_link_is_for_its_own_channel(town: Town) -> None:
    token = await town.link(town.anna, "whatsapp")
    before = town.everything()
    assert "is voor WhatsApp" in str(await town.hear(STRANGER, token))
    assert town.everything() == before
    assert "gekoppeld" in str(await town.hear("+31699", token, "whatsapp"))


async def test_a_code_of_nobody_is_told_kindly(town: Town) -> None:
    before = town.everything()
    assert "kennen we niet" in str(await town.hear(STRANGER, f"/start {'x' * 43}"))
    assert "do not know this code" in str(await town.hear(BRAM_TELEGRAM, "x" * 43))
    assert town.everything() == before


async def test_somebody_elses_address_is_not_taken_over(town: Town) -> None:
    token = await town.link(town.anna)
    before = town.everything()
    with capture_logs() as logs:
        assert "bij iemand anders" in str(await town.hear(BRAM_TELEGRAM, token))
    assert town.everything() == before
    assert [one["event"] for one in logs] == ["link_refused"]
    assert BRAM_TELEGRAM not in str(logs) and token not in str(logs)
    assert "gekoppeld" in str(await town.hear(STRANGER, token))  # the link is still good


async def test_an_address_that_became_somebody_elses_meanwhile_is_not_taken_over_either(town: Town) -> None:
    understood = await town.understood(STRANGER, await town.link(town.anna))
    assert understood is not None
    town.change(
        "UPDATE address SET handle_hash = ?, handle = ?, state = 'stopped' WHERE handle_hash = ?",
        handle_hash(STRANGER),
        sealer().seal(STRANGER, "address.handle"),
        handle_hash(BRAM_TELEGRAM),
    )
    await town.store.receipts.apply(understood.statements, [])
    assert (await town.ways(town.bram)) == [("telegram", STRANGER, "stopped")]
    assert len(await town.ways(town.anna)) == 2
    assert town.rows("SELECT used_at FROM link_token") == [(None,)]


async def test_only_a_hash_of_the_token_is_on_disk(town: Town) -> None:
    token = await town.link(town.anna)
    await town.hear(STRANGER, token)
    await town.store.engine.ping()
    content = b"".join(path.read_bytes() for path in town.database.parent.glob("hub.db*"))
    assert token.encode() not in content and hash_token(token).encode() in content
    assert len(token) == 43


async def test_nothing_of_a_message_shows_where_it_is_printed(town: Town) -> None:
    token = await town.link(town.anna)
    understood = await town.understood(STRANGER, token)
    assert token not in repr(understood) and "gekoppeld" not in repr(understood)


async def test_links_that_ended_long_ago_are_forgotten(town: Town) -> None:
    await town.link(town.anna)
    await town.clock.advance((LASTS_DAYS + 89) * DAY)
    await town.link(town.bram)
    assert town.rows("SELECT COUNT(*) FROM link_token") == [(2,)]
    await town.clock.advance(2 * DAY)
    await town.link(town.bram)
    assert town.rows("SELECT COUNT(*) FROM link_token") == [(2,)]


async def test_who_may_invite_us(town: Town) -> None:
    commands = town.commands

    async def expected(handle: str, channel: str = "telegram") -> bool:
        return await commands.is_expected(channel, Handle(handle))

    assert (
        await expected(ANNA_TELEGRAM) and not await expected(STRANGER) and not await expected(ANNA_TELEGRAM, "matrix")
    )
    await town.stop(ANNA_TELEGRAM)
    assert await expected(ANNA_TELEGRAM)
    token = await town.link(town.anna, "matrix")
    assert await expected("@anna:hub.test", "matrix") and not await expected(STRANGER)
    await town.hear("@anna:hub.test", token, "matrix")
    assert await expected("@anna:hub.test", "matrix") and not await expected("@other:hub.test", "matrix")
    await town.link(town.bram, "matrix")
    await town.clock.advance(LASTS_DAYS * DAY)
    assert not await expected("@other:hub.test", "matrix")
