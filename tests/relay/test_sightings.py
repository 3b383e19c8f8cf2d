"""Free replies: everybody hears "call 112" once an alert; what they sent is counted, and kept only where that is switched on."""

from __future__ import annotations

import asyncio

import pytest

from hub.channel import ReplySeen, SightingSeen
from hub.domain import AckKind, AlertState, Handle
from hub.store.database import Store
from hub.store.sightings import Sighting
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.receiving import Receiving, receiving
from tests.relay.test_receiver import acks, sent
from tests.relay.world import accept, crowd, pass_time, sending, until
from tests.store.world import people, person

ANNA = Handle("BU1-0")


def words(text: str, at: int = 7, ref: str | None = None, said: str = "m1", who: Handle = ANNA) -> ReplySeen:
    return ReplySeen(who, text, at, ref, answer_ref=said)


def place(at: int = 7, said: str = "m2", who: Handle = ANNA) -> SightingSeen:
    return SightingSeen(who, "location", at, answer_ref=said, location=(52.06, 4.49))


def photo(at: int = 7, said: str = "m3", media_ref: str = "file-1", who: Handle = ANNA) -> SightingSeen:
    return SightingSeen(who, "picture", at, answer_ref=said, text="bij de rotonde", media_ref=media_ref)


@pytest.fixture
def off(store: Store, clock: FakeClock) -> Receiving:
    return receiving(store, clock)


@pytest.fixture
def on(store: Store, clock: FakeClock) -> Receiving:
    return receiving(store, clock, sightings=True)


async def remarks(store: Store, number: str = "A") -> int:
    return int((await store.engine.read("SELECT remarks FROM alert WHERE id = ?", number))[0][0])


async def kept(store: Store, number: str = "A") -> list[Sighting]:
    return await store.sightings.of(number)


async def answered(hub: Receiving, count: int) -> list[str]:
    """What was said, once it is so many and nothing more is being said."""
    await until(lambda: len(hub.channel.said) >= count)
    await at_rest()
    assert len(hub.channel.said) == count
    return [text for _, text in hub.channel.said]


async def at_rest() -> None:
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "answer"])


# off --------------------------------------------------------------------------------------------------------------------------


async def test_off_words_places_and_pictures_are_counted_and_nothing_of_them_is_stored(
    store: Store, clock: FakeClock, off: Receiving
) -> None:
    await sent(store, clock)
    await off.receive(words("Ik zie hem bij de rotonde"), place(), photo())
    assert await remarks(store) == 3
    assert "Bel 112" in (await answered(off, 1))[0]
    assert await kept(store) == []
    assert "sighting" not in [event.kind for event in await store.alerts.events_after("A", 0)]
    assert await store.sightings.awaited(0) == []
    assert await off.waiting() == []


async def test_it_is_said_once_to_each_person_and_for_each_alert(
    store: Store, clock: FakeClock, off: Receiving
) -> None:
    await sent(store, clock, 2)
    for minute in range(3):
        await off.receive(words("daar!", minute, said=f"m{minute}"))
    assert len(await answered(off, 1)) == 1
    await off.receive(words("daar!", who=Handle("BU1-1")))
    await answered(off, 2)
    await clock.advance(60)
    await sent(store, clock, number="B")
    await off.receive(words("daar!", 99, said="m99"))
    await answered(off, 3)
    assert (await remarks(store), await remarks(store, "B")) == (4, 1)


@pytest.mark.parametrize("said", ["ok", "doorgestuurd", "nee"])
async def test_an_answer_is_still_an_answer_and_no_sighting(
    store: Store, clock: FakeClock, on: Receiving, said: str
) -> None:
    await sent(store, clock)
    await on.receive(words(said))
    assert [kind for kind, _ in (await acks(store))[0]] in ([AckKind.RECEIVED], [AckKind.FORWARDED], [AckKind.CANNOT])
    assert (await remarks(store), await kept(store), on.channel.said) == (0, [], [])


async def test_stop_is_still_stop_and_a_command_a_command(store: Store, clock: FakeClock, on: Receiving) -> None:
    await sent(store, clock)
    await on.receive(words("status"), words("STOP", said="m2"))
    assert [a.state for admin in await store.directory.admins() for a in admin.addresses] == ["stopped"]
    assert (await remarks(store), await kept(store)) == (0, [])


@pytest.mark.parametrize("reply", [words("   "), words("\0"), ReplySeen(ANNA, "😂", 7, via="reaction")])
async def test_what_says_nothing_is_nothing(store: Store, clock: FakeClock, on: Receiving, reply: ReplySeen) -> None:
    await sent(store, clock)
    await on.receive(reply)
    assert (await remarks(store), await kept(store), on.channel.said) == (0, [], [])


async def test_a_stranger_and_who_did_not_get_the_alert_are_ignored(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    await people(store, (person("Bram", ("telegram", "2")), ["BU2"]), (person("Anna", ("telegram", "BU1-0")), ["BU1"]))
    await sent(store, clock)
    stranger, bram = Handle("stranger"), Handle("2")
    await on.receive(photo(who=stranger), words("daar!", who=stranger), photo(who=bram), place(who=bram))
    assert (await remarks(store), await kept(store), on.channel.said) == (0, [], [])
    assert await store.sightings.awaited(0) == []
    assert await on.waiting() == []


@pytest.mark.parametrize("end", ["expired", "cancelled"])
async def test_after_the_end_nothing_is_counted_kept_or_said(
    store: Store, clock: FakeClock, on: Receiving, end: str
) -> None:
    (delivery,) = await sent(store, clock)
    if end == "expired":
        await clock.advance(3 * 3600)
    else:
        await accept(
            store,
            clock,
            "C",
            closes=["A"],
            msgType="Cancel",
            references="oc@politie.example,A,2026-01-01T00:00:00+00:00",
        )
        async with sending(store, clock, FakeChannel(clock)) as hub:
            await hub.plan()
            await pass_time(clock, store, 1)
    await on.receive(words("daar!"), words("daar!", ref=f"ref-{delivery.id}-1", said="m2"), place(), photo())
    assert (await remarks(store), await kept(store), on.channel.said) == (0, [], [])
    view = await store.alerts.view("A")
    assert view is not None and (end == "expired" or view.state(clock.now()) is AlertState.CANCELLED)


async def test_of_two_alerts_it_is_about_the_one_replied_to_else_the_newest(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    (first,) = await sent(store, clock)
    await clock.advance(60)
    await sent(store, clock, number="B")
    await on.receive(words("hier", ref=f"ref-{first.id}-1"), place(), words("x", ref="unknown", said="m9"))
    assert [one.kind for one in await kept(store)] == ["text"]
    assert sorted(one.kind for one in await kept(store, "B")) == ["location", "text"]


async def test_if_the_newest_has_ended_it_is_about_the_one_that_has_not(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    await sent(store, clock)
    await clock.advance(60)
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("B", "BU1", lasts=60)
        await pass_time(clock, store, 1)
    await clock.advance(600)
    await on.receive(place())
    assert (len(await kept(store)), len(await kept(store, "B"))) == (1, 0)


# on ---------------------------------------------------------------------------------------------------------------------------


async def test_on_what_was_sent_is_kept_and_the_log_says_only_that_it_is_there(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    await sent(store, clock)
    await on.receive(words("Ik zie hem"), place(8), photo(9))
    await answered(on, 1)
    one, two, three = await kept(store)
    assert (one.kind, one.text, one.admin_name) == ("text", "Ik zie hem", "Admin BU1-0")
    assert (two.kind, two.location) == ("location", (52.06, 4.49))
    assert (three.kind, three.text, three.pictured) == ("picture", "bij de rotonde", False)
    told = [event.data for event in await store.alerts.events_after("A", 0) if event.kind == "sighting"]
    assert told == [{"sighting": str(x.id), "kind": x.kind} for x in (one, two, three)]
    assert await remarks(store) == 3
    assert "meldkamer" in on.channel.said[0][1]


async def test_of_an_exercise_nothing_is_kept_and_the_answer_says_so(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    await crowd(store, "BU1", 1)
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("A", "BU1", status="Exercise")
        await pass_time(clock, store, 1)
    await on.receive(words("daar!"), photo())
    told = (await answered(on, 1))[0]
    assert "oefening" in told and "niet 112" in told
    assert (await remarks(store), await kept(store)) == (2, [])
    assert await store.sightings.awaited(0) == []


@pytest.mark.parametrize("sightings", [False, True])
async def test_the_same_message_told_twice_is_one(store: Store, clock: FakeClock, sightings: bool) -> None:
    hub = receiving(store, clock, sightings=sightings)
    await sent(store, clock)
    for _ in range(2):
        await hub.receive(words("daar!"), photo())
        await answered(hub, 1)
    assert await remarks(store) == 2
    assert len(await kept(store)) == (2 if sightings else 0)
    assert len([e for e in await store.alerts.events_after("A", 0) if e.kind == "sighting"]) == (2 if sightings else 0)


async def test_a_long_text_is_cut_and_what_a_database_refuses_is_left_out(
    store: Store, clock: FakeClock, on: Receiving
) -> None:
    await sent(store, clock)
    await on.receive(words("x" * 10_000), words("a\0b\ud800", 8, said="m2"))
    one, two = await kept(store)
    assert (len(one.text), two.text) == (4096, "ab?")


async def test_a_place_that_is_not_on_earth_is_none(store: Store, clock: FakeClock, on: Receiving) -> None:
    await sent(store, clock)
    await on.receive(SightingSeen(ANNA, "location", 7, answer_ref="m", location=(912.0, 4.0)))
    assert (await remarks(store), await kept(store)) == (0, [])
