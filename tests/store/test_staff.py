"""Accounts of the staff, their browsers and their failures to sign in, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.domain import Refused, Role
from hub.store.database import Store
from hub.store.sessions import Strength
from hub.store.sign_in_attempts import Attempts
from hub.store.staff import Account, make_id
from hub.trust.slowing import HERE, Slowing, wait_of
from tests.sessions import begun
from tests.store.world import START

ANNA = Account(make_id(), "Anna", "Anna@Gemeente.example", Role.COORDINATOR, municipalities=frozenset({"GM0637"}), invited_until=START + 100)  # fmt: skip  # noqa: E501
DAY = 24 * 3_600_000


async def accepted(store: Store, account: Account = ANNA) -> Account:
    await store.staff.add(account, f"invited {account.id}", START)
    assert await store.staff.accept(f"invited {account.id}", "hash", START)
    return account


async def test_an_invitation_is_used_once_and_in_time(store: Store) -> None:
    await store.staff.add(ANNA, "invited", START)
    with pytest.raises(Refused):
        await store.staff.add(replace(ANNA, id=make_id(), login="anna@GEMEENTE.example "), "other", START)
    assert await store.staff.invited("invited", START + 100) is None
    assert (await store.staff.invited("invited", START + 99)) is not None
    used = await asyncio.gather(*(store.staff.accept("invited", "hash", START) for _ in range(5)))
    assert used.count(True) == 1
    found = await store.staff.by_login("ANNA@gemeente.example")
    assert found is not None and found.passphrase_hash == "hash" and found.invited_until == 0
    assert found.identity.municipalities == {"GM0637"} and found.identity.key_id == ANNA.id
    assert "Anna" not in repr(found) and "hash" not in repr(found)


async def test_no_code_works_twice_even_at_the_same_moment(store: Store) -> None:
    await accepted(store)
    await store.staff.offer_totp(ANNA.id, "SECRET")
    assert not await store.staff.take_totp(ANNA.id, "OLDER", 5, [], START)
    assert await store.staff.take_totp(ANNA.id, "SECRET", 5, ["one", "two"], START)
    used = await asyncio.gather(*(store.staff.use_step(ANNA.id, 6) for _ in range(5)))
    assert used.count(True) == 1
    assert not await store.staff.use_step(ANNA.id, 5)
    used = await asyncio.gather(*(store.staff.use_recovery(ANNA.id, "one") for _ in range(5)))
    assert used.count(True) == 1
    assert not await store.staff.use_recovery("another", "two")
    assert await store.staff.recovery_left(ANNA.id) == 1


@pytest.mark.parametrize("what", ["disable", "reset", "change"])
async def test_a_right_that_goes_takes_the_browsers_along(store: Store, what: str) -> None:
    await accepted(store)
    for session in (begun("a", ANNA.id, START, START + DAY, Strength.TOTP), begun("b", "other", START, START + DAY)):
        await store.sessions.put(session)
    await store.staff.change(replace(ANNA, name="Anna B"))
    assert len(await store.sessions.of(ANNA.id, START)) == 1, "another name is no other right"
    if what == "disable":
        assert await store.staff.disable(ANNA.id, START)
        assert await store.staff.of(ANNA.id) is None and await store.staff.by_login(ANNA.login) is None
    elif what == "reset":
        assert await store.staff.reset(ANNA.id, "anew", START + 100)
        found = await store.staff.find(ANNA.id)
        assert found is not None and found.passphrase_hash == found.totp_secret == ""
    else:
        assert await store.staff.change(replace(ANNA, municipalities=frozenset()))
    assert await store.sessions.of(ANNA.id, START) == []
    assert len(await store.sessions.of("other", START)) == 1


async def test_a_session_gets_a_new_secret_and_never_comes_back(store: Store) -> None:
    old = begun("old", "k", START, START + DAY)
    await store.sessions.put(old)
    new = replace(old, hash="new", confirmed_at=START + 5)
    assert await store.sessions.replace(old.hash, new)
    assert await store.sessions.find(old.hash, START) is None
    assert await store.sessions.find("new", START) == new
    await store.sessions.drop("new", START)
    await store.sessions.seen("new", START, START + DAY)
    assert not await store.sessions.replace("new", old)
    assert await store.sessions.find("new", START) is None


async def test_failures_are_counted_before_they_are_known(store: Store) -> None:
    slowing = Slowing(store.sign_in_attempts, b"key")
    waits = await asyncio.gather(*(slowing.begin("anna", "192.0.2.1", START) for _ in range(20)))
    assert waits.count(0) == HERE.free and waits.count(1000) == 20 - HERE.free
    assert await slowing.begin("anna", "192.0.2.2", START) == 0, "another address"
    await slowing.passed("anna", "192.0.2.2", START)
    for _ in range(60):
        await slowing.begin("anna", "192.0.2.3", START)
        await slowing.begin("anna", "192.0.2.4", START + 11_000)
    assert await slowing.begin("anna", "192.0.2.2", START + 11_000) == 0, "who signed in there before"
    rows = await store.engine.read("SELECT hash FROM sign_in_attempts")
    assert rows and all("anna" not in str(row) and "192.0" not in str(row) for row in rows)
    assert await store.sign_in_attempts.forget(START + DAY, START) > 0
    assert await store.sign_in_attempts.forget(START + DAY, START) == 0, "who is known stays"


def test_waits_grow_have_an_end_and_are_forgotten() -> None:
    waits = [HERE.wait(Attempts(number, START), START) for number in range(20)]
    assert waits[:8] == [0, 0, 0, 0, 1000, 2000, 4000, 8000] and max(waits) == 300_000
    assert HERE.wait(Attempts(99, START), START + DAY) == 0
    everywhere = [Attempts(), Attempts(10_000, START), Attempts()]
    assert wait_of(everywhere, START) <= 10_000, "nobody keeps a control room out for longer"


async def test_who_left_is_forgotten_after_a_year(store: Store) -> None:
    await accepted(store)
    await store.staff.replace_recovery(ANNA.id, ["x"], START)
    await store.staff.disable(ANNA.id, START)
    assert await store.staff.erase_disabled(START, START) == 0
    assert await store.staff.erase_disabled(START + 1, START) == 1
    assert await store.staff.find(ANNA.id) is None and await store.staff.recovery_left(ANNA.id) == 0
