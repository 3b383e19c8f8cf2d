"""Keys as they are stored: what they may, when they end, how a secret takes another's place; a nonce is taken once."""

from __future__ import annotations

import asyncio

import pytest

from hub.clock import DAY_MS
from hub.domain import Role
from hub.settings import Database
from hub.store.database import Store
from hub.store.keys import Identity, KeyView, KnownKey
from tests.sessions import begun
from tests.store.databases import column
from tests.store.world import START

HOUR_MS = 3_600_000
SESSION = begun("s", "k1", START, START + DAY_MS)


async def put(store: Store, **more: object) -> None:
    await store.keys.put("k1", name="x", role=Role.COORDINATOR, sender="", hash="first", now=START, **more)  # type: ignore[arg-type]


async def view(store: Store) -> KeyView:
    (only,) = await store.keys.list()
    return only


async def test_a_key_has_its_scopes_municipalities_and_proofs(store: Store) -> None:
    await put(
        store, scopes=["directory:write", "directory:read"], municipalities=["GM0637"], certificate="c", public_key="p"
    )
    known = await store.keys.find("first", START)
    assert known == KnownKey(
        Identity(
            "k1", "x", Role.COORDINATOR, "", frozenset({"GM0637"}), frozenset({"directory:read", "directory:write"})
        ),
        "c",
        "p",
    )
    assert (await view(store)).scopes == ("directory:read", "directory:write")


async def test_a_key_ends_by_itself_and_its_session_with_it(store: Store) -> None:
    await put(store, expires_at=START + 10)
    assert await store.keys.find("first", START + 9) and await store.keys.of("k1", START + 9)
    assert await store.keys.find("first", START + 10) is None and await store.keys.of("k1", START + 10) is None
    assert [(await view(store)).state(now) for now in (START + 9, START + 10)] == ["active", "expired"]
    assert await store.keys.ending(START + 10) == [] and await store.keys.ending(START + 11) == [("k1", START + 10)]
    assert (await store.figures.snapshot(START)).keys_ending == 1
    await store.keys.revoke("k1", START)
    assert await store.keys.ending(START + 11) == [] and (await store.figures.snapshot(START)).keys_ending == 0


async def test_a_new_secret_is_the_same_key_and_the_old_one_works_until_then(store: Store) -> None:
    await put(store)
    await store.sessions.put(SESSION)
    assert await store.keys.rotate("k1", "second", START + HOUR_MS)
    old, new = await store.keys.find("first", START), await store.keys.find("second", START)
    assert old and new and old.identity == new.identity
    assert (old.until, new.until) == (START + HOUR_MS, None)
    assert await store.sessions.find(SESSION.hash, START + HOUR_MS - 1)
    assert await store.keys.find("first", START + HOUR_MS) is None
    assert await store.sessions.find(SESSION.hash, START + HOUR_MS) is None, "it may have been opened with the old one"
    assert await store.keys.find("second", START + DAY_MS)
    assert await store.keys.rotate("k1", "third", START + HOUR_MS)
    assert await store.keys.find("first", START) is None, "two secrets at most"
    assert await store.keys.find("second", START) and await store.keys.find("third", START)
    await store.keys.revoke("k1", START)
    assert [await store.keys.find(one, START) for one in ("first", "second", "third")] == [None] * 3
    assert not await store.keys.rotate("k1", "fourth", START) and not await store.keys.rotate("k2", "fourth", START)


async def test_a_key_of_before_has_no_old_secret_that_an_empty_one_would_fit(store: Store) -> None:
    await put(store)
    assert await store.keys.find("", START) is None


@pytest.mark.parametrize("proof", ["certificate", "public_key"])
async def test_sessions_end_where_the_secret_is_no_longer_enough(store: Store, proof: str) -> None:
    await put(store)
    assert await store.keys.of("k1", START)
    assert await store.keys.bind("k1", **{proof: "x"})
    assert await store.keys.of("k1", START) is None
    assert await store.keys.bind("k1", certificate="", public_key="") and await store.keys.of("k1", START)
    assert not await store.keys.bind("k2", certificate="x")


async def test_its_last_use_is_known_to_the_day_and_written_once_a_day(store: Store, database: Database) -> None:
    await put(store)
    assert (await view(store)).used_on == 0
    await store.keys.find("first", START)
    today = START - START % DAY_MS
    assert (await view(store)).used_on == today
    # Whoever writes anew would lift it again.
    await store.engine.write(("UPDATE api_key SET used_on = used_on + 1 WHERE id = 'k1'",))
    await store.keys.find("first", today + DAY_MS - 1)
    assert column(database, "SELECT CAST(used_on AS TEXT) FROM api_key") == [str(today + 1)]
    await store.keys.find("first", today + DAY_MS)
    assert (await view(store)).used_on == today + DAY_MS


async def test_of_many_who_bring_one_nonce_one_is_taken(store: Store, database: Database) -> None:
    taken = await asyncio.gather(*(store.keys.take_nonce("n", START + 100, START) for _ in range(20)))
    assert sorted(taken) == [False] * 19 + [True]
    assert not await store.keys.take_nonce("n", START + 200, START + 99)
    assert await store.keys.take_nonce("later", START + 300, START + 100)
    assert column(database, "SELECT hash FROM signed_nonce") == ["later"], "whose time is over is remembered no longer"
