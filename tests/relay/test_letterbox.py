"""Webhooks on their way to the disk: together where many come, and never answered before they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.channel import RawUpdate
from hub.relay.letterbox import COLLECT_SECONDS, Letterbox
from hub.relay.wakes import Wakes
from hub.store.database import Store
from hub.store.engine import StoreUnavailable
from hub.store.receipts import Receipts
from tests.clock import FakeClock, settle


class Slow(Receipts):
    """Keeps when it is told to; `refuses` is raised instead for updates with such a key."""

    def __init__(self) -> None:
        self.kept_now: list[list[str]] = []
        self.may_go = asyncio.Event()
        self.refuses: dict[str, Exception] = {}

    async def keep(
        self, channel: str, account: str, updates: Sequence[tuple[str, bytes]], now: int, cursor: str = ""
    ) -> None:
        await self.may_go.wait()
        for key, _ in updates:
            if key in self.refuses:
                raise self.refuses[key]
        self.kept_now.append([f"{channel}/{account}:{key}" for key, _ in updates])


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@pytest.fixture
def letterbox(slow: Slow, wakes: Wakes, clock: FakeClock) -> Letterbox:
    return Letterbox(slow, wakes, clock)


def put(letterbox: Letterbox, *keys: str, account: str = "main") -> list[asyncio.Task[None]]:
    return [asyncio.create_task(letterbox.put("whatsapp", account, RawUpdate(b"{}", key))) for key in keys]


async def test_nothing_is_answered_before_it_is_kept(letterbox: Letterbox, slow: Slow, wakes: Wakes) -> None:
    (one,) = put(letterbox, "a")
    await settle()
    assert not one.done() and not wakes.receiver.is_set()
    slow.may_go.set()
    await one
    assert slow.kept_now == [["whatsapp/main:a"]] and wakes.receiver.is_set()


async def test_what_comes_while_one_is_written_goes_together_and_in_order(letterbox: Letterbox, slow: Slow) -> None:
    first = put(letterbox, "a")
    await settle()
    others = put(letterbox, "b", "c") + put(letterbox, "d", account="north")
    await settle()
    slow.may_go.set()
    await asyncio.gather(*first, *others)
    assert slow.kept_now == [["whatsapp/main:a"], ["whatsapp/main:b", "whatsapp/main:c"], ["whatsapp/north:d"]]


async def test_in_a_storm_a_batch_waits_for_company_and_alone_nobody_waits(
    letterbox: Letterbox, slow: Slow, clock: FakeClock
) -> None:
    slow.may_go.set()
    await asyncio.gather(*put(letterbox, "a", "b"))
    late = put(letterbox, "c", "d")
    await clock.advance(COLLECT_SECONDS / 2)
    late += put(letterbox, "e")
    await settle()
    assert not any(one.done() for one in late)
    await clock.advance(COLLECT_SECONDS / 2)
    assert all(one.done() for one in late)
    assert [len(batch) for batch in slow.kept_now] == [2, 3]
    await clock.advance(COLLECT_SECONDS)
    await asyncio.gather(*put(letterbox, "f"))  # without the clock being turned
    assert slow.kept_now[-1] == ["whatsapp/main:f"]


async def test_a_store_that_is_away_is_told_to_everybody_who_waits_and_the_next_are_kept(
    letterbox: Letterbox, slow: Slow, wakes: Wakes, clock: FakeClock
) -> None:
    slow.may_go.set()
    slow.refuses["b"] = StoreUnavailable("disk full")
    failed = await asyncio.gather(*put(letterbox, "a", "b"), return_exceptions=True)
    assert [str(error) for error in failed] == ["disk full", "disk full"]
    assert not wakes.receiver.is_set()
    await clock.advance(COLLECT_SECONDS)
    await asyncio.gather(*put(letterbox, "c"))
    assert slow.kept_now == [["whatsapp/main:c"]]


async def test_one_that_cannot_be_kept_takes_no_other_with_it(letterbox: Letterbox, slow: Slow) -> None:
    slow.may_go.set()
    slow.refuses["b"] = ValueError("a bug")
    answers = await asyncio.gather(*put(letterbox, "a", "b", "c"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), ValueError, type(None)]
    assert slow.kept_now == [["whatsapp/main:a"], ["whatsapp/main:c"]]


async def test_who_hangs_up_holds_up_nobody_and_is_kept_all_the_same(letterbox: Letterbox, slow: Slow) -> None:
    gone, other = put(letterbox, "a", "b")
    await settle()
    gone.cancel()
    slow.may_go.set()
    await asyncio.gather(gone, other, return_exceptions=True)
    assert gone.cancelled() and slow.kept_now == [["whatsapp/main:a", "whatsapp/main:b"]]


async def test_hundreds_at_once_are_all_on_disk(store: Store, wakes: Wakes, clock: FakeClock) -> None:
    letterbox = Letterbox(store.receipts, wakes, clock)
    keys = [str(number) for number in range(1200)]
    waiting = asyncio.gather(*put(letterbox, *keys))
    while not waiting.done():
        await clock.advance(COLLECT_SECONDS)
        await asyncio.wait([waiting], timeout=0.01)
    assert [update.key for update in await store.receipts.kept(0, 2000)] == keys
