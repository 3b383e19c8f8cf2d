"""Drafts: kept for who writes them, decided once, and gone in time."""

from __future__ import annotations

from hub.store.database import Store
from hub.store.drafts import DRAFT, REFUSED, SENT, WAITING

TEXT = {"description": ["Man, donkere jas."]}


async def test_a_draft_is_kept_under_one_id_and_is_nobody_elses(store: Store) -> None:
    one = await store.drafts.put(0, "anna", "Anna", {}, 1)
    assert await store.drafts.put(one, "anna", "Anna", TEXT, 2) == one
    assert await store.drafts.put(one, "bram", "Bram", {}, 3) != one, "his own, not hers"
    (kept,) = await store.drafts.of_key("anna")
    assert (kept.content, kept.changed_at, kept.state) == (TEXT, 2, DRAFT) and "jas" not in repr(kept)
    assert not await store.drafts.discard(one, "bram") and await store.drafts.discard(one, "anna")
    assert await store.drafts.find(one) is None


async def test_what_waits_is_decided_once(store: Store) -> None:
    one = await store.drafts.put(0, "anna", "Anna", TEXT, 1)
    assert not await store.drafts.offer(one, "bram", 2) and await store.drafts.offer(one, "anna", 2)
    assert [draft.id for draft in await store.drafts.waiting()] == [one] and await store.drafts.of_key("anna") == []
    assert await store.drafts.decide(one, SENT, "Bram", 3, alert_id="AAAA-AAAA")
    assert not await store.drafts.decide(one, REFUSED, "Cas", 4, note="nee")
    found = await store.drafts.find(one)
    assert found and (found.state, found.decided_by, found.alert_id, found.content) == (SENT, "Bram", "AAAA-AAAA", {})


async def test_a_refused_one_goes_back_to_its_writer_with_all_that_was_written(store: Store) -> None:
    one = await store.drafts.put(0, "anna", "Anna", TEXT, 1)
    await store.drafts.offer(one, "anna", 2)
    await store.drafts.decide(one, REFUSED, "Bram", 3, note="kleiner gebied")
    assert not await store.drafts.take_back(one, "bram", 4) and await store.drafts.take_back(one, "anna", 4)
    (draft,) = await store.drafts.of_key("anna")
    assert draft.content == TEXT


async def test_what_nobody_touches_is_erased(store: Store) -> None:
    old, waiting, sent = [await store.drafts.put(0, "anna", "Anna", TEXT, 1) for _ in range(3)]
    fresh = await store.drafts.put(0, "anna", "Anna", TEXT, 100)
    await store.drafts.offer(waiting, "anna", 1)
    await store.drafts.decide(sent, SENT, "Anna", 1, alert_id="AAAA-AAAA")
    assert await store.drafts.erase(50, 60) == 2
    assert [await store.drafts.find(one) is not None for one in (old, waiting, sent, fresh)] == [
        False,
        False,
        True,
        True,
    ]
    assert [draft.state for draft in await store.drafts.waiting()] != [WAITING]
