"""Signs on both stores: from request to pole, one decision at a time, told and stored together, and forgotten in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.domain import Refused
from hub.store.database import Store
from hub.store.mails import Letter
from hub.store.signs import Kind, NewSign, Sign, State
from tests.store.world import HOUR, START

DAY = 24 * HOUR
WEEK_AGO = START - 7 * DAY
LETTER = Letter("Onderwerp", "Tekst")
STREET = NewSign(
    Kind.STREET, 52.0607, 4.516, True, "BU1", "Hoek", "nl", "Els", "Els@voorbeeld.nl", "Paal", confirm_hash="a" * 64
)


async def asked(store: Store, new: NewSign = STREET, now: int = START) -> Sign:
    sign_id = await store.signs.put(new, LETTER, now)
    assert await store.signs.confirm(new.confirm_hash, now, since=WEEK_AGO)
    found = await store.signs.get(sign_id)
    assert found is not None
    return found


async def test_a_request_waits_for_its_link_and_no_other(store: Store) -> None:
    sign_id = await store.signs.put(STREET, LETTER, START)
    assert await store.signs.get(sign_id) is None and await store.signs.all([State.ASKED]) == []
    assert not await store.signs.confirm("b" * 64, START, since=WEEK_AGO)
    assert not await store.signs.confirm(STREET.confirm_hash, START, since=START), "too old"
    assert await store.signs.confirm(STREET.confirm_hash, START + 1, since=WEEK_AGO)
    assert not await store.signs.confirm(STREET.confirm_hash, START + 2, since=WEEK_AGO)
    found = await store.signs.get(sign_id)
    assert found is not None and found.state is State.ASKED and found == await store.signs.of_link(STREET.confirm_hash)
    assert not any(word in repr(found) + repr(STREET) for word in ("Els", "voorbeeld", "Paal", "Hoek"))
    assert [one.recipient for one in await store.mails.due(START, 10)] == ["Els@voorbeeld.nl"]


async def test_requests_are_counted_by_day_and_by_address_however_it_is_written(store: Store) -> None:
    await store.signs.put(STREET, LETTER, START)
    await store.signs.put(replace(STREET, email="b@voorbeeld.nl", confirm_hash="b" * 64), LETTER, START + 1)
    assert await store.signs.asked_since(START - 1) == 2 and await store.signs.asked_since(START) == 1
    assert await store.signs.asked_since(START - 1, "els@VOORBEELD.nl") == 1


async def test_a_mail_that_cannot_be_put_leaves_no_request(store: Store) -> None:
    with pytest.raises(Refused):
        await store.signs.put(replace(STREET, email="a@b.nl, c@d.nl"), LETTER, START)
    assert await store.signs.asked_since(0) == 0 and await store.mails.waiting() == 0


async def test_of_decisions_at_once_one_counts_and_one_mail_goes(store: Store) -> None:
    sign = await asked(store)
    made = await asyncio.gather(
        *(store.signs.decide(sign.id, State.PLACED, by="key", now=START + n, letter=LETTER) for n in range(5))
    )
    assert sorted(made) == [False, False, False, False, True]
    assert await store.mails.waiting() == 2, "the link, and the one decision"
    assert not await store.signs.decide(sign.id, State.REFUSED, by="key", now=START, letter=LETTER)
    assert await store.signs.decide(sign.id, State.REMOVED, by="key", now=START)
    assert not await store.signs.decide(1, State.PLACED, by="key", now=START)


async def test_what_stands_is_told_without_anything_a_resident_wrote(store: Store) -> None:
    states = (State.PLANNED, State.PLACED, State.REFUSED, None)
    ids = []
    for number, state in enumerate(states):
        sign = await asked(store, replace(STREET, confirm_hash=str(number) * 64))
        ids.append(sign.id)
        if state is not None:
            await store.signs.decide(sign.id, state, by="key", now=START, planned_for="2027-01-31")
    for number in (5, 6):
        sticker = await asked(store, replace(STREET, kind=Kind.STICKER, confirm_hash=str(number) * 64))
        await store.signs.decide(sticker.id, State.PLACED, by="key", now=START)
    standing = await store.signs.standing()
    assert [(one.id, one.state, one.planned_for) for one in standing] == [
        (ids[0], State.PLANNED, "2027-01-31"),
        (ids[1], State.PLACED, "2027-01-31"),
    ]
    assert await store.signs.stickers() == {"BU1": 2}
    assert [one.id for one in await store.signs.all([State.REFUSED, State.ASKED])] == ids[2:]


async def test_a_sign_that_is_refused_or_gone_is_not_moved(store: Store) -> None:
    sign = await asked(store, replace(STREET, exact=False))
    assert await store.signs.move(sign.id, 52.1, 4.6, "BU2", "Elders")
    moved = await store.signs.get(sign.id)
    assert moved is not None
    assert (moved.latitude, moved.longitude, moved.exact, moved.code, moved.place) == (52.1, 4.6, True, "BU2", "Elders")
    await store.signs.decide(sign.id, State.REFUSED, by="key", now=START)
    assert not await store.signs.move(sign.id, 52.2, 4.7, "BU3", "Ergens")


async def test_people_are_forgotten_in_time_and_signs_stay(store: Store) -> None:
    street = await asked(store)
    sticker = await asked(store, replace(STREET, kind=Kind.STICKER, confirm_hash="b" * 64))
    refused = await asked(store, replace(STREET, confirm_hash="c" * 64))
    forgotten = await asked(store, replace(STREET, confirm_hash="e" * 64))
    await store.signs.put(replace(STREET, confirm_hash="d" * 64), LETTER, START)
    for sign, state in ((street, State.PLACED), (sticker, State.PLACED), (refused, State.REFUSED)):
        await store.signs.decide(sign.id, state, by="key", now=START, note="Reden")
    assert (
        await store.signs.erase_people(START - 1, START + 1) == 0
        and await store.signs.erase_unconfirmed(START - 1, START) == 0
    )
    assert await store.signs.erase_unconfirmed(START, START) == 1
    assert await store.signs.erase_people(START + 1, START + DAY) == 3
    assert await store.signs.erase_people(START + 1, START + DAY) == 0
    kept = [await store.signs.get(one.id) for one in (street, sticker, refused)]
    assert [(one.name, one.email, one.remark, one.note) for one in kept if one] == [("", "", "", "")] * 3
    assert [(one.place, one.latitude, one.exact, one.erased_at) for one in kept if one] == [
        ("Hoek", 52.0607, True, START + DAY),
        ("", 52.06, False, START + DAY),
        ("", 52.06, False, START + DAY),
    ]
    assert [await store.signs.erase_undecided(before, START) for before in (START - 1, START, START)] == [0, 1, 0]
    assert await store.signs.get(forgotten.id) is None, "nobody ever decided"
    assert await store.signs.of_link(STREET.confirm_hash) is None
