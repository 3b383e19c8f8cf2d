"""The pictures people send: fetched at once, again while the messenger is out, and by the next hub after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.channel import Picture
from hub.relay.pictures import AT_ONCE, GIVEN_UP_MS, Pictures
from hub.store.database import Store
from hub.store.leases import Name
from tests.clock import FakeClock
from tests.relay.receiving import ConfirmingChannel, Receiving, receiving
from tests.relay.test_receiver import sent
from tests.relay.test_sightings import answered, kept, photo
from tests.relay.world import pass_time, rest

PHOTO = Picture(b"\xff\xd8\xff a photo", "image/jpeg", "d")

BROKEN = Picture(b"\xff\xd8\xff broken", "image/jpeg", "e")


async def anew(content: bytes) -> Picture | None:
    """Written anew without a thread, whose time is not the test's: see test_reencoding.py."""
    return None if content == BROKEN.content else replace(PHOTO, content=content + b" anew")


class Camera(ConfirmingChannel):
    """Has the pictures of `pictures`; those of `hanging` never come."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.pictures: dict[str, Picture] = {}
        self.hanging: set[str] = set()
        self.fetched: list[str] = []

    async def fetch(self, media_ref: str) -> Picture | None:
        self.fetched.append(media_ref)
        if media_ref in self.hanging:
            await self._clock.sleep(1e9)
        return self.pictures.get(media_ref)


def camera(hub: Receiving) -> Camera:
    assert isinstance(hub.channel, Camera)
    return hub.channel


@pytest.fixture
async def hub(store: Store, clock: FakeClock) -> Receiving:
    await sent(store, clock)
    return receiving(store, clock, kind=Camera, sightings=True)


@asynccontextmanager
async def fetching(hub: Receiving, clock: FakeClock, elsewhere: Sequence[Name] = ()) -> AsyncIterator[None]:
    """The loop, until it is killed."""
    pictures = Pictures(hub.store.sightings, [hub.channel], hub.wakes, clock, lambda: elsewhere, anew)
    task = asyncio.create_task(pictures.run(lambda: None))
    try:
        await rest(hub.store)
        yield
    finally:
        task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError), end


async def pictured(store: Store) -> list[bool]:
    return [one.pictured for one in await kept(store)]


async def test_it_comes_with_its_sighting_and_the_log_says_that_it_is_there(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    camera(hub).pictures["file-1"] = PHOTO
    async with fetching(hub, clock):
        await hub.receive(photo())
        await answered(hub, 1)
        await rest(store)
        (one,) = await kept(store)
        assert one.pictured
    assert await store.sightings.picture("A", one.id) == (PHOTO.content + b" anew", "image/jpeg")
    assert await store.sightings.picture("B", one.id) is None
    told = [(event.kind, event.data) for event in await store.alerts.events_after("A", 0)]
    assert told[-1] == ("picture", {"sighting": str(one.id)})


async def test_while_the_messenger_is_out_it_is_asked_again_ever_less_often_and_after_an_hour_no_more(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    async with fetching(hub, clock):
        camera(hub).pictures["file-1"] = BROKEN
        await hub.receive(photo(), photo(8, "m8", "file-2"))
        await rest(store)
        assert camera(hub).fetched == ["file-1", "file-2"]
        await pass_time(clock, store, 5)
        assert camera(hub).fetched == ["file-1", "file-2"] * 2
        camera(hub).pictures["file-2"] = PHOTO
        await pass_time(clock, store, 5)
        assert await pictured(store) == [False, True]
        await pass_time(clock, store, GIVEN_UP_MS / 1000, step=5)
        tries = camera(hub).fetched.count("file-1")
        assert 10 <= tries <= 25
        assert camera(hub).fetched.count("file-2") == 3, "it has come"
        await pass_time(clock, store, 3600, step=60)
        assert camera(hub).fetched.count("file-1") == tries
    assert await pictured(store) == [False, True]
    assert {one.text for one in await kept(store)} == {"bij de rotonde"}


async def test_one_that_is_killed_before_it_was_fetched_is_fetched_by_the_next_hub(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    camera(hub).hanging.add("file-1")
    async with fetching(hub, clock):
        await hub.receive(photo())
        await rest(store)
        assert camera(hub).fetched == ["file-1"]
    assert await pictured(store) == [False]
    camera(hub).hanging.clear()
    camera(hub).pictures["file-1"] = PHOTO
    async with fetching(hub, clock):
        await rest(store)
    assert await pictured(store) == [True]


async def test_some_that_hang_do_not_hold_up_the_others(store: Store, clock: FakeClock, hub: Receiving) -> None:
    names = [f"slow-{n}" for n in range(AT_ONCE - 1)]
    camera(hub).hanging.update(names)
    camera(hub).pictures |= {f"file-{n}": PHOTO for n in range(5)}
    async with fetching(hub, clock):
        for n, name in enumerate([*names, *camera(hub).pictures]):
            await hub.receive(photo(7 + n, f"m{n}", name))
        await rest(store)
        await pass_time(clock, store, 60)
        assert (await pictured(store)).count(True) == 5
        assert sorted(camera(hub).fetched) == sorted([*names, *camera(hub).pictures]), (
            "and nobody is asked twice at once"
        )


async def test_what_was_erased_meanwhile_stays_erased(store: Store, clock: FakeClock, hub: Receiving) -> None:
    await hub.receive(photo(), photo(8, "m8", "file-2"))
    awaited = await store.sightings.awaited(0)
    await store.erasing.erase_texts("A", clock.now())
    camera(hub).pictures |= {"file-1": PHOTO, "file-2": PHOTO}
    async with fetching(hub, clock):
        await pass_time(clock, store, 10)
    assert camera(hub).fetched == []
    assert not await store.sightings.put_picture(awaited[0].id, PHOTO.content, PHOTO.mime, clock.now())
    assert await pictured(store) == [False, False]
    assert await store.engine.read("SELECT COUNT(*) FROM sighting WHERE media <> '' OR picture IS NOT NULL") == [(0,)]


async def test_an_account_that_another_process_has_is_left_to_it(
    store: Store, clock: FakeClock, hub: Receiving
) -> None:
    camera(hub).pictures["file-1"] = PHOTO
    account = hub.channel.name, hub.channel.account
    async with fetching(hub, clock, elsewhere=[account]):
        await hub.receive(photo())
        await pass_time(clock, store, 10)
        assert camera(hub).fetched == []
    async with fetching(hub, clock):
        assert await pictured(store) == [True]


@pytest.mark.parametrize("named", ["", "a\0b", "\ud800", "x" * 5000])
async def test_what_no_database_takes_is_no_picture(store: Store, clock: FakeClock, hub: Receiving, named: str) -> None:
    async with fetching(hub, clock):
        await hub.receive(photo(media_ref=named))
        await rest(store)
    assert (await pictured(store), camera(hub).fetched) == ([False], [])
