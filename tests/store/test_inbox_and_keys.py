"""Updates kept until they are understood; API keys and sessions that are found by their hash and end when they should."""

from __future__ import annotations

import pytest

from hub.domain import ReceiptKind, Role
from hub.store.database import Store
from hub.store.keys import Identity, KnownKey
from tests.sessions import begun
from tests.store.databases import REFUSED
from tests.store.world import ROUTES, START, receipt

ANNA = Identity("k1", "Control room", Role.POLICE, "oc@politie.example")


async def kept(store: Store) -> list[tuple[str, bytes]]:
    return [(one.key, one.body) for one in await store.receipts.kept(0, 100)]


async def test_an_update_that_comes_twice_is_kept_once(store: Store) -> None:
    await store.receipts.keep("telegram", "main", [("1", b"one"), ("1", b"again"), ("2", b"two")], START)
    await store.receipts.keep("telegram", "main", [("1", b"once more")], START)
    await store.receipts.keep("telegram", "other", [("1", b"another account's")], START)
    await store.receipts.keep("whatsapp", "main", [("", b"no key"), ("", b"no key")], START)
    assert await kept(store) == [
        ("1", b"one"), ("2", b"two"), ("1", b"another account's"), ("", b"no key"), ("", b"no key")]  # fmt: skip


async def test_an_update_is_dropped_with_what_it_means_or_not_at_all(store: Store) -> None:
    await store.receipts.keep("whatsapp", "main", [("1", b"one"), ("2", b"two")], START)
    one, two = await store.receipts.kept(0, 100)
    meaning = store.receipts.receipts(
        "whatsapp", [receipt("ref", ReceiptKind.READ)], ROUTES, first_id=1, now=START, attempts=6
    )
    with pytest.raises(REFUSED):
        await store.receipts.apply([*meaning, ("INSERT INTO receipt (id) VALUES (1)",)], [one.id])
    assert [update.id for update in await store.receipts.kept(0, 100)] == [one.id, two.id]
    assert await store.engine.read("SELECT COUNT(*) FROM receipt") == [(0,)]
    await store.receipts.apply(meaning, [one.id])
    assert [update.id for update in await store.receipts.kept(0, 100)] == [two.id]
    assert await store.engine.read("SELECT COUNT(*) FROM receipt") == [(1,)]


async def test_an_unreadable_update_is_kept_counted_and_out_of_the_way(store: Store) -> None:
    await store.receipts.keep("whatsapp", "main", [("1", b"{"), ("2", b"two")], START)
    (bad, _) = await store.receipts.kept(0, 100)
    await store.receipts.mark_unreadable(bad.id, "no JSON " * 100)
    assert await kept(store) == [("2", b"two")]
    assert (await store.outbox.totals()).unreadable_updates == 1
    assert await store.engine.read("SELECT body, LENGTH(error) FROM inbox WHERE error <> ''") == [(b"{", 300)]


async def test_the_place_in_the_inbox_only_moves_on(store: Store) -> None:
    """A reader that remembers the last id it saw must not miss an update because ids are used again."""
    await store.receipts.keep("whatsapp", "main", [("1", b"one")], START)
    (one,) = await store.receipts.kept(0, 100)
    await store.receipts.apply([], [one.id])
    await store.receipts.keep("whatsapp", "main", [("2", b"two")], START)
    assert [update.body for update in await store.receipts.kept(one.id, 100)] == [b"two"]
    assert b"two" not in repr(await store.receipts.kept(one.id, 100)).encode()


async def put_key(store: Store) -> None:
    await store.keys.put("k1", name=ANNA.name, role=ANNA.role, sender=ANNA.sender, hash="hash", now=START)


async def test_a_key_is_found_by_its_hash_until_it_is_revoked(store: Store) -> None:
    await put_key(store)
    assert await store.keys.find("hash", START) == KnownKey(ANNA)
    assert await store.keys.find("other", START) is None
    assert await store.keys.revoke("k1", START + 1)
    assert not await store.keys.revoke("k1", START + 2)
    assert not await store.keys.revoke("k2", START)
    assert await store.keys.find("hash", START) is None
    assert [(one.id, one.created_at, one.revoked_at) for one in await store.keys.list()] == [("k1", START, START + 1)]


async def test_a_session_ends_with_time_with_signing_out_and_with_its_key(store: Store) -> None:
    await put_key(store)
    one, two = (begun(secret, "k1", START, START + 100) for secret in ("s1", "s2"))
    for session in (one, two):
        await store.sessions.put(session)
    assert await store.sessions.find(one.hash, START + 99) == one
    assert await store.sessions.find(one.hash, START + 100) is None
    await store.sessions.drop(one.hash, START)
    assert await store.sessions.find(one.hash, START) is None
    assert await store.sessions.find(two.hash, START) == two
    assert await store.keys.of("k1", START) == ANNA
    await store.keys.revoke("k1", START)
    assert await store.keys.of("k1", START) is None


async def test_a_ticket_opens_one_session_once(store: Store) -> None:
    await put_key(store)
    await store.sessions.offer("t", "k1", START + 100)
    await store.sessions.offer("late", "k1", START)
    assert await store.sessions.find("t", START) is None, "a ticket is no session"
    assert await store.sessions.use_ticket("t", START) == "k1"
    assert await store.sessions.use_ticket("t", START) is None
    assert await store.sessions.use_ticket("late", START) is None
