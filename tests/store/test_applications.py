"""Applications in the store: unconfirmed, open, decided once, erased; what accepting makes, all or nothing; a drill for one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.domain import AckKind, Address, Admin, DeliveryState, Group, Handle, Refused, Status
from hub.store.applications import Application, Decision, Kind, NewApplication, State
from hub.store.database import Store
from tests.store.world import (
    HOUR,
    ROUTES,
    START,
    accept,
    answer,
    claim,
    group,
    outcome,
    people,
    person,
    record,
)

DAY = 24 * HOUR
BY = "De coordinator"


def an_application(email: str = "els@voorbeeld.nl", hash: str = "h1", **content: Any) -> NewApplication:
    return NewApplication(Kind.GROUP, "nl", "Els", email, {"group": "West", "codes": ["BU1"], **content}, hash)


async def opened(store: Store, hash: str = "h1", **more: Any) -> Application:
    number = await store.applications.put(an_application(hash=hash, **more), START)
    assert await store.applications.confirm(hash, START + 1, since=START - 1)
    found = await store.applications.get(number)
    assert found is not None
    return found


async def test_nobody_sees_an_application_before_its_address_is_confirmed(store: Store) -> None:
    number = await store.applications.put(an_application(), START)
    assert await store.applications.get(number) is None and await store.applications.open() == []
    assert not await store.applications.confirm("other", START, since=0)
    assert not await store.applications.confirm("h1", START + 8 * DAY, since=START), "too late"
    assert await store.applications.confirm("h1", START + 5, since=START - 1)
    assert not await store.applications.confirm("h1", START + 6, since=START - 1), "once"
    (one,) = await store.applications.open()
    assert (one.name, one.content["group"], one.confirmed_at) == ("Els", "West", START + 5)
    assert await store.applications.count_open() == 1


async def test_a_renewed_link_voids_the_one_before_and_none_comes_after_confirming(store: Store) -> None:
    number = await store.applications.put(an_application(), START)
    assert await store.applications.renew(number, "h2")
    assert await store.applications.of_link("h1") is None
    assert await store.applications.confirm("h2", START, since=0)
    assert not await store.applications.renew(number, "h3")


async def test_those_of_one_address_are_found_however_it_is_written(store: Store) -> None:
    await store.applications.put(an_application("Els@Voorbeeld.nl"), START)
    assert len(await store.applications.of_email("els@voorbeeld.nl")) == 1
    assert await store.applications.of_email("els@voorbeeld.nl", since=START) == []
    assert await store.applications.asked_since(START - 1) == 1


async def test_accepting_makes_group_and_admin_together_and_only_once(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU2"]))
    (there,) = await store.directory.groups()
    one = await opened(store)
    decision, admin = Decision(State.ACCEPTED, BY, "welkom"), Admin(0, "Els", "nl", (), ())
    new = Group(0, "West", "whatsapp", 40, ("BU1", "BU2"), ())
    accepted = await asyncio.gather(
        *(store.applications.accept(one.id, decision, admin, START + 9, make=[new], join=[there.id]) for _ in range(3))
    )
    done = [each for each in accepted if each is not None]
    assert len(done) == 1 and done[0].state is State.ACCEPTED and done[0].decided_at == START + 9
    (west,) = await store.directory.groups_named(["West"])
    assert west.neighbourhoods == ("BU1", "BU2")
    (els,) = await store.directory.admins([done[0].admin_id or 0])
    assert (els.name, set(els.groups), els.addresses) == ("Els", {west.id, there.id}, ())
    assert not await store.applications.decide(one.id, Decision(State.REFUSED, BY), START + 10)


async def test_what_cannot_be_made_leaves_the_application_open(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["West"]))
    one = await opened(store)
    admin = Admin(0, "Els", "nl", (), ())
    for more in ({"make": [group("West", "BU1")]}, {"join": [12345]}):
        with pytest.raises(Refused):
            await store.applications.accept(one.id, Decision(State.ACCEPTED, BY), admin, START, **more)
    assert [each.id for each in await store.applications.open()] == [one.id]
    assert len(await store.directory.admins()) == 1


async def test_who_did_not_confirm_is_erased_and_of_what_was_decided_who_it_was(store: Store) -> None:
    await store.applications.put(an_application(hash="unconfirmed"), START)
    waiting = await opened(store, "h2")
    refused = await opened(store, "h3", motivation="Omdat.", district="WK1")
    await store.applications.decide(refused.id, Decision(State.REFUSED, BY, "Niet hier, Els."), START)
    await store.applications.note(refused.id, mailed_at=START)
    for erase in (store.applications.erase_unconfirmed, store.applications.erase_people):
        assert [await erase(before, START + 1) for before in (START - 1, START, START)] == [0, 1, 0]
    kept = await store.applications.get(refused.id)
    assert kept is not None and (kept.name, kept.email, kept.note, kept.erased_at) == ("", "", "", START + 1)
    assert dict(kept.content) == {"codes": ["BU1"], "district": "WK1", "mailed_at": START}
    assert await store.applications.of_email("") == []
    still = await store.applications.get(waiting.id)
    assert still is not None and still.name == "Els"
    erased = [await store.applications.erase_undecided(before, START) for before in (START - 1, START, START)]
    assert erased == [0, 1, 0] and await store.applications.get(waiting.id) is None, "nobody ever decided"
    assert await store.applications.get(refused.id) is not None


async def test_the_decided_are_paged_newest_first(store: Store) -> None:
    for number in range(3):
        one = await opened(store, f"h{number}")
        await store.applications.decide(one.id, Decision(State.REFUSED, BY), START)
    page = await store.applications.page(1 << 62, 2, [State.REFUSED])
    rest = await store.applications.page(page[-1].id, 2, [State.REFUSED])
    assert [len(page), len(rest)] == [2, 1] and page[0].id > page[1].id > rest[0].id
    assert await store.applications.page(1 << 62, 9, [State.ACCEPTED]) == []


# a drill for one --------------------------------------------------------------------------------------------------------------


async def street(store: Store) -> tuple[int, int]:
    """Anna and Bram run the same group."""
    await people(
        store,
        (person("Anna", ("whatsapp", "+1"), ("telegram", "1")), ["BU1"]),
        (person("Bram", ("whatsapp", "+2")), ["BU1"]),
    )
    anna, bram = await store.directory.admins()
    return anna.id, bram.id


async def test_a_first_drill_goes_to_one_admin_and_nobody_else_however_often_it_is_begun(store: Store) -> None:
    anna, _ = await street(store)
    await accept(store, "A", status=Status.EXERCISE, priority=100)
    told = await asyncio.gather(*(store.first_drills.tell("A", anna, ROUTES, START) for _ in range(3)))
    assert told == [True] * 3
    assert [one.admin_id for one in await store.outbox.deliveries("A")] == [anna]
    (claimed,) = await claim(store)
    assert claimed.handle is not None and claimed.handle.value == "+1" and claimed.priority == 100
    assert await store.first_drills.outcome("A", anna) is not None
    await record(store, outcome(claimed, DeliveryState.SENT, sent_at=START + 100))
    await answer(store, "+1", claimed.id, AckKind.FORWARDED, at=START + 200)
    found = await store.first_drills.outcome("A", anna)
    assert found is not None and (found.state, found.answer) == (DeliveryState.SENT, AckKind.FORWARDED)
    assert len(await store.outbox.deliveries("A")) == 1 and await claim(store) == []
    assert (await store.escalations.claim(START + HOUR, 10))[0] == []


async def test_if_the_first_address_fails_the_next_is_their_own(store: Store) -> None:
    anna, _ = await street(store)
    await accept(store, "A", status=Status.EXERCISE)
    await store.first_drills.tell("A", anna, ROUTES, START)
    (claimed,) = await claim(store)
    await record(store, outcome(claimed, DeliveryState.FAILED))
    assert {(one.admin_id, one.channel) for one in await store.outbox.deliveries("A")} == {
        (anna, "whatsapp"),
        (anna, "telegram"),
    }


async def test_no_real_alert_and_none_for_a_place_is_ever_taken_for_a_first_drill(store: Store) -> None:
    anna, _ = await street(store)
    await accept(store, "REAL")
    await accept(store, "PLACE", "BU1", status=Status.EXERCISE)
    await accept(store, "OVER", status=Status.EXERCISE, expires_at=START)
    for number in ("REAL", "PLACE", "OVER", "NONE"):
        assert not await store.first_drills.tell(number, anna, ROUTES, START)
        assert await store.first_drills.outcome(number, anna) is None


async def test_who_has_no_address_or_said_stop_gets_no_drill(store: Store) -> None:
    await accept(store, "A", status=Status.EXERCISE)
    admin = await store.directory.put_admin(
        Admin(0, "Els", "nl", (Address("whatsapp", Handle("+9"), 1, "stopped"),), ())
    )
    assert not await store.first_drills.tell("A", admin, ROUTES, START)
    assert not await store.first_drills.tell("A", 4711, ROUTES, START)


# what a list of others may not undo ------------------------------------------------------------------------------------------


async def test_who_was_accepted_and_has_not_linked_yet_stays_when_the_list_is_imported(store: Store) -> None:
    one = await opened(store)
    accepted = await store.applications.accept(
        one.id, Decision(State.ACCEPTED, BY), Admin(0, "Els", "nl", (), ()), START, make=[group("BU1", "BU1")]
    )
    assert accepted is not None
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    (there,) = await store.directory.groups()
    assert accepted.admin_id in there.admins and len(there.admins) == 2
