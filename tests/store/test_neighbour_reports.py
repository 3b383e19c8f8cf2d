"""Neighbour reports on both stores: stored once and at most three a day, decided once, told once, erased in time; own sessions."""

from __future__ import annotations

from hub.clock import DAY_MS
from hub.domain import AckKind
from hub.store import tables
from hub.store.database import Store
from hub.store.own_data import OwnData
from hub.store.own_sessions import OwnSession
from hub.store.sealing import message
from tests.store.world import HOUR, START, admin_of, answer, people, person, relay

ANNA = ("whatsapp", "+1")


async def anna(store: Store) -> int:
    await people(
        store, (person("Anna", ANNA, ("telegram", "2")), ["BU1"]), (person("Bram", ("whatsapp", "+3")), ["BU1"])
    )
    return next(one.id for one in await store.directory.admins() if one.name == "Anna")


async def test_stored_once_and_no_more_than_three_a_day(store: Store) -> None:
    admin, reports = await anna(store), store.neighbour_reports
    put = [
        await reports.put(admin, ["BU1"], "hoek", text, via="page", now=START) for text in ("een", "een", "2", "3", "4")
    ]
    assert put == [True, False, True, True, False]
    assert not await reports.may_report(admin, START) and await reports.may_report(admin, START + DAY_MS)
    assert await reports.put(admin, ["BU1"], "", "een", via="telegram", now=START + DAY_MS)
    assert await reports.codes_of(admin) == ["BU1"]


async def test_decided_once_told_once_and_erased(store: Store) -> None:
    admin, reports = await anna(store), store.neighbour_reports
    for text in ("een", "twee", "drie"):
        await reports.put(admin, ["BU1"], "hoek", text, via="page", now=START)
    first, second, _ = await reports.waiting(10)
    assert await reports.refuse(first.id, by="kees", note="nee", now=START)
    assert not await reports.refuse(first.id, by="jan", note="", now=START)
    await reports.passed_on(second.id, "AAAA-AAAA", by="kees", note="", now=START)
    assert [one.id for one in await reports.to_tell(10)] == [first.id, second.id]
    assert await reports.is_ours_to_tell(first.id, START) and not await reports.is_ours_to_tell(first.id, START)
    assert [way.handle.value for way in await reports.ways_to(admin)] == ["+1", "2"]
    assert await reports.erase(START - 1, START) == 0
    assert await reports.erase(START, START + HOUR) == 3 and await reports.erase(START, START + HOUR) == 0
    assert {(one.state, one.text, one.place, one.note) for one in await reports.of(admin, 10)} == {
        (state, "", "", "") for state in ("refused", "passed", "lapsed")
    }


async def test_a_ticket_opens_one_session_and_an_erased_admin_has_none(store: Store) -> None:
    admin, sessions = await anna(store), store.own_sessions
    for ticket in ("a", "b"):
        await store.receipts.apply(sessions.offer(ticket, admin, now=START, expires_at=START + HOUR), [])
    assert not await sessions.is_offered("a", START) and await sessions.is_offered("b", START)
    assert not await sessions.is_offered("b", START + HOUR)
    assert await sessions.find("b", START) is None, "a ticket is no session"
    assert await sessions.use_ticket("b", START) == admin and await sessions.use_ticket("b", START) is None
    await sessions.put("c", admin, now=START, expires_at=START + HOUR)
    assert await sessions.find("c", START) == OwnSession(admin, START + HOUR)
    assert await sessions.find("c", START + HOUR) is None
    await sessions.seen("c", START + 2 * HOUR)
    assert await sessions.find("c", START + HOUR) == OwnSession(admin, START + 2 * HOUR)
    await store.directory.delete_admin(admin)
    assert await sessions.find("c", START) is None


async def test_addresses_change_places_and_keep_their_ranks_unique(store: Store) -> None:
    admin = await anna(store)
    own = await store.own.of(admin)
    assert own is not None and [one.channel for one in own.addresses] == ["whatsapp", "telegram"]
    assert await store.own.move_address(admin, own.addresses[1].id, -1)
    assert not await store.own.move_address(admin, 1, -1)
    own = await store.own.of(admin)
    assert own is not None and [one.channel for one in own.addresses] == ["telegram", "whatsapp"]


async def test_erasing_oneself_leaves_what_was_measured_and_nobody_in_it(store: Store) -> None:
    admin = await anna(store)
    made = [one for one in await relay(store, "A", "BU1") if one.admin_id == admin]
    await tables.Delivery.filter(id=made[0].id).update(
        state=4, provider_ref=message("wamid.number"), sent_at=START, attempt=1
    )
    await answer(store, "+1", made[0].id, AckKind.FORWARDED, ref="wamid.theirs")
    await tables.Admin.filter(id=await admin_of("Bram")).update(stand_in=admin, away_until=START + HOUR)
    (got,) = await store.own_alerts.of(admin, 10)
    assert (got.alert_id, got.sent_at, got.answers) == ("A", START, {AckKind.FORWARDED: START})
    held = await OwnData().everything(admin)
    assert [one["handle"] for one in held["address"]] == ["+1", "2"] and len(held["delivery"]) == 1
    assert await store.own_data.erase(admin) and not await store.own_data.erase(admin)
    left = await store.own_data.everything(admin)
    assert {table for table, rows in left.items() if rows} == {"delivery", "acknowledgement", "alert_neighbourhood"}
    assert "wamid" not in str(left) and (await tables.Admin.get(id=await admin_of("Bram"))).stand_in is None
    view = await store.alerts.view("A")
    assert view is not None and view.forwarded == 1
