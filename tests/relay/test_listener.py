"""The listener: what a channel fetches is on disk before it goes on, and a channel that fails is asked again, patiently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

from hub.channel import Batch, RawUpdate
from hub.relay.listener import AGAIN_MOST, Listener
from hub.relay.loops import STUCK_SECONDS
from hub.relay.wakes import Wakes
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel, ListeningChannel
from tests.relay.world import pass_time


def listener(store: Store, clock: FakeClock, batches: list[Sequence[RawUpdate] | Exception]) -> ListeningChannel:
    channel = ListeningChannel(clock)
    channel.batches = iter(batches)
    return channel


async def listen(store: Store, clock: FakeClock, channel: FakeChannel, seconds: float) -> list[float]:
    """Listen for so long; the moments of its beats."""
    one = Listener(channel, store.receipts, Wakes(), clock)
    beats: list[float] = []
    task = asyncio.ensure_future(one.run(lambda: beats.append(clock.monotonic())))
    await pass_time(clock, store, seconds, step=0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return beats


async def test_each_batch_is_on_disk_before_the_next_is_asked_for(store: Store, clock: FakeClock) -> None:
    kept: list[int] = []

    class Careful(ListeningChannel):
        async def updates(self, cursor: str) -> AsyncIterator[Batch]:
            for n in range(3):
                kept.append(len(await store.receipts.kept(0, 100)))
                yield Batch([RawUpdate(b"x", f"{n}-{m}") for m in range(2)])
            kept.append(len(await store.receipts.kept(0, 100)))
            await clock.sleep(1e9)

    await listen(store, clock, Careful(clock), 1)
    assert kept == [0, 2, 4, 6]


async def test_a_listener_that_fails_starts_anew_with_growing_waits(store: Store, clock: FakeClock) -> None:
    channel = listener(store, clock, [ConnectionError()] * 1000)
    beats = await listen(store, clock, channel, 120)
    waits = [round(b - a, 3) for a, b in pairwise(beats)]
    assert waits[:6] == [1, 2, 4, 8, 16, AGAIN_MOST]
    assert set(waits[6:]) == {AGAIN_MOST}
    assert channel.polls == len(beats)
    assert STUCK_SECONDS > AGAIN_MOST  # or a provider that is down would make us look stuck


async def test_after_a_good_batch_the_waits_start_anew_and_an_empty_one_writes_nothing(
    store: Store, clock: FakeClock
) -> None:
    fault = ConnectionError()
    channel = listener(store, clock, [fault, fault, fault, [], fault, [RawUpdate(b"x")], fault])
    await listen(store, clock, channel, 12)
    assert channel.polls == 6  # 1 + 2 + 4 seconds of waiting, then 1, then 1
    assert len(await store.receipts.kept(0, 10)) == 1


async def test_a_batch_that_could_not_be_kept_is_asked_for_again(store: Store, clock: FakeClock) -> None:
    key_too_strange: list[RawUpdate] = [RawUpdate(b"x", "\ud800")]
    channel = listener(store, clock, [key_too_strange, [RawUpdate(b"y")]])
    await listen(store, clock, channel, 3)
    assert channel.polls == 2
    assert [update.body for update in await store.receipts.kept(0, 10)] == [b"y"]


async def test_a_channel_that_is_called_by_its_provider_needs_no_listener(store: Store, clock: FakeClock) -> None:
    beats = await listen(store, clock, FakeChannel(clock), 1)
    assert beats == []


async def test_it_goes_on_where_the_last_stored_batch_ended(store: Store, clock: FakeClock) -> None:
    channel = listener(store, clock, [[RawUpdate(b"x")], ConnectionError()])
    await listen(store, clock, channel, 3)
    assert channel.cursors == ["", "after-1"]
