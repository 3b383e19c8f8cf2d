"""The hooks of the police: what they are told, in order, signed, whatever becomes of the receiver or of us."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from hub.cap import read_xml
from hub.domain import AckKind
from hub.relay.reporter import PAUSE_SECONDS, Place
from hub.settings import Hook, Police, Settings
from hub.store.engine import Rows
from tests.web.police import PATIENCE, SECRET, Hurried, Receiver, a_hook, a_reporter, receiving
from tests.web.world import World, an_alert

OASIS = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "cap/schema/CAP-v1.2.xsd"))


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as ours:
        yield ours


@asynccontextmanager
async def reporting(
    world: World, hook: Hook, clock: Hurried | None = None, **more: Any
) -> AsyncIterator[asyncio.Task[None]]:
    """The hook is told for as long as this lasts; it has begun when it is entered."""
    begun = asyncio.Event()
    task = asyncio.create_task(
        a_reporter(world.hub.store, world.hub.wakes, hook, clock or Hurried(), **more).run(begun.set)
    )
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    await until(lambda: is_begun(world, hook.name))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again: what is waited for happens in the hub."""
    deadline = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def now(fact: bool) -> bool:
    return fact


async def is_begun(world: World, hook: str) -> bool:
    return bool(await world.hub.store.log.cursor(hook))


async def log(world: World, alert_id: str, kind: str, data: Any) -> None:
    """An entry as the stages of the relay write it."""
    store, now = world.hub.store, world.clock.now()
    entry = (alert_id, alert_id, now, kind, orjson.dumps(data).decode())
    await store.engine.write((store.alerts._sql.add_events, Rows(5, [entry])))
    world.hub.wakes.changed()


async def test_a_whole_alert_is_told_in_order_without_names_or_numbers(relaying: World, receiver: Receiver) -> None:
    async with reporting(relaying, a_hook(receiver)):
        alert = await relaying.accepted(an_alert(identifier="H-1"))
        await until(lambda: now(len(relaying.channel.sent) == 2))
        for outbound in relaying.channel.sent:
            forwarded = next(action for action in outbound.actions if action.kind is AckKind.FORWARDED)
            await relaying.tap(outbound.handle.value, forwarded.data)
        await receiver.until(lambda: receiver.kinds().count("coverage") == 2)
    assert receiver.kinds()[0] == "accepted" and "deliveries" not in receiver.kinds()
    first, last = receiver.taken[0], receiver.taken[-1]
    assert first["data"]["alert"] == alert["id"] and first["data"]["identifier"] == "H-1"
    assert first["timestamp"] == first["data"]["at"]
    assert (last["data"]["matched"], last["data"]["forwarded"]) == (2, 2)
    told = orjson.dumps(receiver.taken)
    assert not any(secret in told for secret in (b"+316", b"Anna", b"Bram", b"donkere jas"))
    answered = next(one for one in receiver.taken if one["type"] == "alert.acknowledgement")
    assert answered["data"]["kind"] == "forwarded" and answered["data"]["admin"].isdecimal()


async def test_a_receiver_that_is_slow_or_fails_gets_all_in_order_once_it_is_back(
    world: World, receiver: Receiver
) -> None:
    clock = Hurried()
    receiver.answers = [500, None, 404, 302, 204, 503]
    async with reporting(world, a_hook(receiver, timeout=0.2), clock):
        ids = [(await world.accepted(an_alert(identifier=f"R-{n}")))["id"] for n in range(3)]
        await receiver.until(lambda: len(receiver.taken) == 3)
    assert [one["data"]["alert"] for one in receiver.taken] == ids
    assert len(receiver.tried) == 8 and len(set(receiver.tried)) == 3, "each try has the id of the first"
    waits = [seconds for seconds in clock.slept if seconds != PAUSE_SECONDS]
    assert len(waits) == 5 and 0.5 <= waits[0] <= 1 and 1 <= waits[1] <= 2 and 0.5 <= waits[4] <= 1


async def test_a_receiver_that_is_not_there_at_first_misses_nothing(world: World, receiver: Receiver) -> None:
    there, clock = receiver.url, Hurried()
    nowhere = a_hook(receiver, url="http://127.0.0.1:9/hook")
    async with reporting(world, nowhere, clock):
        alert = await world.accepted(an_alert())
        await until(lambda: now(len(clock.slept) >= 3))
    assert receiver.taken == []
    async with reporting(world, a_hook(receiver, url=there)):
        await receiver.until(lambda: len(receiver.taken) == 1)
    assert receiver.taken[0]["data"]["alert"] == alert["id"]


async def test_a_restart_in_the_middle_of_a_post_loses_and_skips_nothing(world: World, receiver: Receiver) -> None:
    hook = a_hook(receiver)
    receiver.answers = [204, None]
    async with reporting(world, hook):
        for number in range(4):
            await world.accepted(an_alert(identifier=f"M-{number}"))
        await receiver.until(lambda: len(receiver.tried) == 2)
    async with reporting(world, hook):
        await receiver.until(lambda: len(receiver.taken) == 4)
    assert [one["data"]["identifier"] for one in receiver.taken] == [f"M-{number}" for number in range(4)]
    assert receiver.tried[1] == receiver.tried[2], "the one that was under way comes again, under its id"


async def test_a_new_hook_begins_with_what_happens_next(world: World, receiver: Receiver) -> None:
    await world.accepted(an_alert(identifier="before"))
    async with reporting(world, a_hook(receiver)):
        await world.accepted(an_alert(identifier="after"))
        await receiver.until(lambda: bool(receiver.taken))
    assert [one["data"]["identifier"] for one in receiver.taken] == ["after"]


async def test_a_hook_for_one_sender_hears_nothing_of_another(world: World, receiver: Receiver) -> None:
    async with reporting(world, a_hook(receiver, sender="oc@politie.example")):
        mine = await world.accepted(an_alert(identifier="mine"))
        await world.hub.store.engine.write(
            ("UPDATE alert SET sender = 'ander@politie.example' WHERE id = ?1", mine["id"])
        )
        await log(world, mine["id"], "dark", {"code": "BU06370300"})
        again = await world.accepted(an_alert(identifier="mine-too"))
        await log(world, again["id"], "dark", {"code": "BU06370301"})
        await receiver.until(lambda: "dark" in receiver.kinds())
    assert {one["data"]["alert"] for one in receiver.taken if one["type"] == "alert.dark"} == {again["id"]}


async def test_what_people_write_is_not_told_and_deliveries_only_where_asked_for(
    world: World, receiver: Receiver
) -> None:
    async with reporting(world, a_hook(receiver, deliveries=True)):
        alert = await world.accepted(an_alert())
        await log(
            world,
            alert["id"],
            "sighting",
            {"sighting": "7", "kind": "text", "text": "Jan Pietersen rent weg", "handle": "+316"},
        )
        await log(world, alert["id"], "deliveries", [[1, 4, "whatsapp", 2]])
        await receiver.until(lambda: "deliveries" in receiver.kinds())
    seen = next(one for one in receiver.taken if one["type"] == "alert.sighting")
    assert seen["data"].keys() == {"alert", "sender", "identifier", "at", "sighting", "kind"}
    assert receiver.taken[-1]["data"]["deliveries"] == [
        {"id": "1", "state": "sent", "channel": "whatsapp", "admin": "2"}
    ]


async def test_410_switches_the_hook_off_until_the_next_start(world: World, receiver: Receiver) -> None:
    receiver.answers = [410]
    async with reporting(world, a_hook(receiver)) as task:
        await world.accepted(an_alert())
        async with asyncio.timeout(PATIENCE):
            await task
    assert receiver.taken == [] and len(receiver.tried) == 1
    async with reporting(world, a_hook(receiver)):
        await receiver.until(lambda: receiver.kinds() == ["accepted"])


async def test_of_two_processes_one_at_a_time_tells_and_the_other_goes_on(world: World, receiver: Receiver) -> None:
    hook = a_hook(receiver)
    async with reporting(world, hook, process="two"):
        async with reporting(world, hook, process="one"):
            for number in range(10):
                await world.accepted(an_alert(identifier=f"P-{number}"))
            await receiver.until(lambda: len(receiver.taken) >= 10)
        await world.accepted(an_alert(identifier="P-10"))
        await receiver.until(lambda: receiver.taken[-1]["data"]["identifier"] == "P-10")
    # One that is stopped between the answer and its commit tells that entry again, under its id.
    told = dict(zip(receiver.tried, receiver.taken, strict=True)).values()
    assert [one["data"]["identifier"] for one in told] == [f"P-{number}" for number in range(11)]


async def test_an_entry_that_turns_up_late_is_told_and_none_twice(world: World, receiver: Receiver) -> None:
    async with reporting(world, a_hook(receiver), late=60.0):
        for number in range(3):
            await world.accepted(an_alert(identifier=f"L-{number}"))
        await receiver.until(lambda: len(receiver.taken) == 3)
        (first, last) = world.rows("SELECT MIN(id), MAX(id) FROM alert_event WHERE kind = 'accepted'")[0]
        # As on PostgreSQL: its id was given out before the last one's, its transaction ended after.
        moved = "UPDATE alert_event SET id = ?1, kind = 'dark' WHERE kind = 'planned' AND id > ?2 AND id < ?3"
        await world.hub.store.engine.write((moved, first + 1, first, first + 2))
        await receiver.until(lambda: len(receiver.taken) == 4)
    assert receiver.kinds() == ["accepted"] * 3 + ["dark"] and len(set(receiver.tried)) == 4
    assert last > first + 1


async def test_cap_acknowledgements_say_how_far_an_alert_is(world: World, receiver: Receiver) -> None:
    async with reporting(world, a_hook(receiver, format="cap-ack")):
        alert = await world.accepted(an_alert(identifier="A-1", sent=world.in_hours(0), status="Exercise"))
        await receiver.until(lambda: len(receiver.taken) == 1)
        store = world.hub.store.engine
        await store.write(("UPDATE alert_neighbourhood SET forwarded_at = 1 WHERE code = 'BU06370300'",))
        await log(world, alert["id"], "coverage", {"matched": 2, "forwarded": 1})
        await receiver.until(lambda: len(receiver.taken) == 2)
        await store.write(("UPDATE alert_neighbourhood SET dark_at = 1 WHERE code = 'BU06370301'",))
        await log(world, alert["id"], "dark", {"code": "BU06370301"})
        await log(world, alert["id"], "closed", {"as": "ended"})
        await log(world, alert["id"], "coverage", {"matched": 2, "forwarded": 1})
        await receiver.until(lambda: len(receiver.taken) == 4)
    contents = []
    for raw in receiver.taken:
        OASIS.assertValid(etree.fromstring(raw))
        contents.append(read_xml(raw).content)
    assert {one["msgType"] for one in contents} == {"Ack"} and {one["status"] for one in contents} == {"Exercise"}
    assert {one["references"] for one in contents} == {f"{alert['sender']},A-1,{alert['sent']}"}
    assert {one["sender"] for one in contents} == {"buurtsein"} and len({one["identifier"] for one in contents}) == 4
    notes = [one["note"] for one in contents]
    assert "0 van 2" in notes[0] and "1 of 2" in notes[1] and "BU" not in notes[1] and "BU06370301" in notes[2]


async def test_doctor_pings_each_hook(world: World, receiver: Receiver) -> None:
    for form in ("json", "cap-ack"):
        reporter = a_reporter(world.hub.store, world.hub.wakes, a_hook(receiver, format=form), Hurried())
        assert (await reporter.examine()).works
        receiver.answers = [401]
        refused = await reporter.examine()
        assert not refused.works and "401" in refused.text
    assert receiver.taken[0]["type"] == "ping" and read_xml(receiver.taken[1]).content["status"] == "Test"
    nowhere = a_reporter(world.hub.store, world.hub.wakes, a_hook(receiver, url="http://127.0.0.1:9/"), Hurried())
    assert "cannot be reached" in (await nowhere.examine()).text


async def test_how_far_behind_a_hook_is_and_how_often_it_failed_is_measured(world: World, receiver: Receiver) -> None:
    receiver.answers = [500]
    async with reporting(world, a_hook(receiver)):
        await world.accepted(an_alert())
        await receiver.until(lambda: len(receiver.taken) == 1)
    figures = await (await world.get("/metrics", None)).text()
    assert 'buurtsein_hook_failures_total{hook="meldkamer"} 1.0' in figures
    assert 'buurtsein_hook_lag_seconds{hook="meldkamer"}' in figures


class TestInAHub:
    @pytest.fixture
    def settings(self, settings: Settings, receiver: Receiver) -> Settings:
        return settings.model_copy(update={"police": Police(hooks=(a_hook(receiver),))})

    async def test_the_hub_tells_the_hooks_of_its_settings(self, relaying: World, receiver: Receiver) -> None:
        await until(lambda: is_begun(relaying, "meldkamer"))
        await relaying.accepted(an_alert())
        await receiver.until(lambda: receiver.kinds() == ["accepted"])
        assert "hook meldkamer" in relaying.hub.loops.ages()


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100)), unique_by=lambda one: one[0]), st.integers(0, 60))
def test_a_place_in_the_log_never_passes_over_what_was_not_told_while_it_may_turn_up(
    entries: list[tuple[int, int]], late: int
) -> None:
    """Entries are told at their time; one that was not told before may turn up for `late` after a later id was logged."""
    place = Place(0)
    for number, at in sorted(entries, key=lambda one: one[1]):
        place = Place.read(place.passed(number, at, at - late).written())
        known = {one for one, _ in place.told}
        assert number <= place.last or number in known
        young = [one for one, moment in entries if moment > at - late]
        assert all(place.last < one for one in young) or place.last <= max(
            (one for one, moment in entries if moment <= at - late), default=0
        )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secret": "short"}, "base64 of 24 to 64"),
        ({"url": "ftp://x"}, "pattern"),
        ({"name": "Meld kamer"}, "pattern"),
        ({"timeout": 60}, "less than or equal to 20"),
    ],
)
def test_a_hook_with_a_mistake_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Hook(**{"name": "a", "url": "https://x.example/", "secret": SECRET, **wrong})


def test_two_hooks_of_one_name_are_refused() -> None:
    hook = Hook(name="a", url="https://x.example/", secret=SECRET)
    with pytest.raises(ValidationError, match="one name"):
        Police(hooks=(hook, hook))
