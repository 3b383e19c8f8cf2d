"""From what was posted to an alert on disk, once; or to a refusal with every mistake and nothing stored."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from hub.cap import Posted
from hub.domain import AlertState, DeliveryState, Refused, Role
from hub.places.atlas import Atlas
from hub.relay.backlog import Backlog
from hub.relay.intake import PLANNED_AT_ONCE, AlreadyDifferent, Intake, priority
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.database import Store
from hub.store.keys import Identity
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import POLICE, an_alert, crowd, pass_time, posted, sending, states

SEA = [{"areaDesc": "Op zee", "circle": ["53.5,3.5 1"]}]
ROUTES = {"telegram": ["main"], "whatsapp": ["main"]}


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@pytest_asyncio.fixture
async def intake(store: Store, clock: FakeClock, wakes: Wakes) -> Intake:
    atlas = Atlas(store.neighbourhoods)
    await atlas.refresh()
    return Intake(
        store.alerts,
        store.outbox,
        store.ids,
        atlas,
        wakes,
        clock,
        Random(1),
        routes=ROUTES,
        backlog=Backlog(store.outbox, clock, {}, most=0, poll=1.0),
        default_duration=7200,
    )


async def everything(store: Store) -> list[tuple[Any, ...]]:
    return await store.engine.read(
        "SELECT (SELECT COUNT(*) FROM alert), (SELECT COUNT(*) FROM alert_neighbourhood), (SELECT COUNT(*) FROM alert_event)"
    )


NOTHING = [(0, 0, 0)]


def reference(to: str) -> str:
    return f"{POLICE.sender},{to},2026-11-22T12:00:00+01:00"


async def test_an_alert_of_ordinary_size_is_planned_where_it_is_accepted_and_a_large_one_by_the_planner(
    intake: Intake, store: Store, wakes: Wakes
) -> None:
    code = (await intake.simulate(posted(), POLICE)).match.matches[0].code
    await crowd(store, code, PLANNED_AT_ONCE)
    first = await intake.accept(posted(identifier="a"), POLICE)
    assert (await states(store, first.view.id))[DeliveryState.PENDING] == PLANNED_AT_ONCE
    assert [event.kind for event in await store.alerts.events_after(first.view.id, 0)] == ["accepted", "planned"]
    assert (await intake.accept(posted(identifier="a"), POLICE)).view.id == first.view.id
    assert (await states(store, first.view.id))[DeliveryState.PENDING] == PLANNED_AT_ONCE
    assert not wakes.planner.is_set()
    await crowd(store, code, PLANNED_AT_ONCE + 1)
    second = await intake.accept(posted(identifier="b"), POLICE)
    assert [one.id for one in await store.alerts.unplanned()] == [second.view.id]
    assert wakes.planner.is_set()


async def test_what_was_left_out_is_filled_in_and_those_who_watch_are_told(
    intake: Intake, clock: FakeClock, wakes: Wakes
) -> None:
    with wakes.watching() as changed:
        taken = await intake.accept(posted(), POLICE)
        assert changed.is_set()
    assert taken.new
    content = taken.view.content
    assert (content["sender"], content["status"], content["msgType"], content["scope"]) == (
        "oc@politie.example",
        "Actual",
        "Alert",
        "Restricted",
    )
    assert content["identifier"].startswith("buurtsein-")
    info = content["info"][0]
    assert (info["language"], info["urgency"], info["severity"], info["certainty"], info["category"]) == (
        "nl-NL",
        "Immediate",
        "Severe",
        "Observed",
        ["Security"],
    )
    assert taken.view.expires_at == clock.now() + 7_200_000
    assert taken.view.state(clock.now()) is AlertState.ACCEPTED
    assert [one.distance_metres for one in taken.view.matched] == sorted(
        one.distance_metres for one in taken.view.matched
    )
    number = taken.view.id
    assert len(number) == 9 and number[4] == "-" and not set("ILOU") & set(number)


async def test_a_key_without_a_sender_sends_under_its_name(intake: Intake) -> None:
    taken = await intake.accept(posted(), Identity("k", "Meldkamer", Role.POLICE, ""))
    assert taken.view.sender == "Meldkamer"


async def test_the_same_again_is_the_first_one(intake: Intake, clock: FakeClock, store: Store, wakes: Wakes) -> None:
    first = await intake.accept(posted(identifier="a"), POLICE)
    before = await everything(store)
    wakes.planner.clear()
    await clock.advance(3 * 3600)  # even when it is over: a repeat is a repeat
    again = await intake.accept(posted(identifier="a"), POLICE)
    assert (again.new, again.view.id) == (False, first.view.id)
    assert await everything(store) == before
    assert not wakes.planner.is_set()


async def test_identical_posts_at_the_same_moment_are_one_alert(intake: Intake, store: Store) -> None:
    taken = await asyncio.gather(*(intake.accept(posted(identifier="a"), POLICE) for _ in range(20)))
    assert len({one.view.id for one in taken}) == 1
    assert sum(one.new for one in taken) == 1
    assert (await everything(store))[0][0] == 1


async def test_other_content_under_the_same_name_is_refused(intake: Intake, store: Store) -> None:
    first = await intake.accept(posted(identifier="a"), POLICE)
    before = await everything(store)
    with pytest.raises(AlreadyDifferent) as refused:
        await intake.accept(posted(identifier="a", info={"headline": "Anders"}), POLICE)
    assert refused.value.alert_id == first.view.id
    assert await everything(store) == before


async def test_of_two_different_posts_at_the_same_moment_one_wins(intake: Intake, store: Store) -> None:
    got = await asyncio.gather(
        *(intake.accept(posted(identifier="a", info={"headline": f"{n}"}), POLICE) for n in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, AlreadyDifferent) for one in got) == 4
    assert (await everything(store))[0][0] == 1


async def test_the_same_name_from_another_sender_is_another_alert(intake: Intake) -> None:
    first = await intake.accept(posted(identifier="a"), POLICE)
    other = await intake.accept(posted(identifier="a"), Identity("k2", "Delft", Role.POLICE, "delft"))
    assert other.new and other.view.id != first.view.id


async def test_an_idempotency_key_makes_a_repeat_of_a_post_without_identifier(intake: Intake) -> None:
    first = await intake.accept(posted(), POLICE, idempotency_key="k")
    again = await intake.accept(posted(), POLICE, idempotency_key="k")
    other = await intake.accept(posted(), POLICE, idempotency_key="l")
    none = await intake.accept(posted(), POLICE)
    stranger = await intake.accept(posted(), Identity("key-2", "x", Role.POLICE, POLICE.sender), idempotency_key="k")
    assert [one.new for one in (first, again, other, none, stranger)] == [True, False, True, True, True]
    with pytest.raises(AlreadyDifferent):
        await intake.accept(posted(info={"headline": "Anders"}), POLICE, idempotency_key="k")


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        (posted(info={"expires": "2026-11-22T12:59:59+01:00"}), "expires"),
        (posted(sent="2026-11-22T09:00:00+01:00"), "expires"),
        (posted(status="Draft"), "status"),
        (posted(info={"area": SEA}), "info.area"),
        (posted(msgType="Cancel", references=reference("unknown")), "references"),
    ],
    ids=["expired", "sent long ago", "draft", "nobody there", "cancels nothing"],
)
async def test_what_cannot_be_relayed_is_refused_and_nothing_is_stored(
    intake: Intake, store: Store, wakes: Wakes, bad: Posted, place: str
) -> None:
    with pytest.raises(Refused) as refused:
        await intake.accept(bad, POLICE)
    assert any(place in mistake.place for mistake in refused.value.mistakes)
    assert await everything(store) == NOTHING
    assert not wakes.planner.is_set()


async def test_every_mistake_is_told_at_once(intake: Intake) -> None:
    bad = posted(status="Draft", info={"expires": "2020-01-01T00:00:00+00:00", "area": SEA})
    with pytest.raises(Refused) as refused:
        await intake.accept(bad, POLICE)
    assert len(refused.value.mistakes) == 3


async def test_an_area_without_neighbourhoods_is_taken_where_that_is_allowed(intake: Intake, store: Store) -> None:
    taken = await intake.accept(posted(info={"area": SEA}), POLICE, allow_empty=True)
    assert taken.new and taken.view.matched == ()
    with pytest.raises(Refused):
        await intake.accept(posted(status="Draft", info={"area": SEA}), POLICE, allow_empty=True)


async def test_a_simulation_tells_it_all_and_stores_nothing(intake: Intake, store: Store, wakes: Wakes) -> None:
    taken = await intake.simulate(posted(), POLICE)
    assert taken.match.matches and taken.warnings == ()
    await crowd(store, taken.match.matches[0].code, 3)
    taken = await intake.simulate(posted(), POLICE)
    assert taken.audience.admins == 3
    assert taken.by_account == (("telegram", "main", 3),)
    assert len(taken.audience.dark) == len(taken.match.matches) - 1
    bad = await intake.simulate(posted(status="Draft", info={"expires": "2020-01-01T00:00:00Z", "area": SEA}), POLICE)
    assert len(bad.warnings) == 3
    cancel = await intake.simulate(posted(msgType="Cancel", references=reference("unknown")), POLICE)
    assert any("nothing to cancel" in warning for warning in cancel.warnings)
    assert await everything(store) == NOTHING
    assert not wakes.planner.is_set()


async def test_a_cancel_ends_its_alert_and_withdraws_what_was_not_sent(
    intake: Intake, store: Store, clock: FakeClock, wakes: Wakes
) -> None:
    await crowd(store, (await intake.simulate(posted(), POLICE)).match.matches[0].code, 20)
    first = await intake.accept(posted(identifier="a"), POLICE)
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=Account(rate=4, burst=1), wakes=wakes) as hub:
        await hub.plan()
        await pass_time(clock, store, 1)
        sent = len(channel.asked)
        cancel = await intake.accept(Posted({"msgType": "Cancel", "references": reference("a")}), POLICE)
        await hub.plan()
        await pass_time(clock, store, 8)
    assert channel.handles[sent:] == channel.handles[:sent], (
        "the end goes to those who got it; who was claimed gets neither"
    )
    assert await states(store, first.view.id) == {DeliveryState.SENT: sent, DeliveryState.CANCELLED: 20 - sent}
    ended = await store.alerts.view(first.view.id)
    assert ended is not None and ended.state(clock.now()) is AlertState.CANCELLED
    assert (await states(store, cancel.view.id))[DeliveryState.SENT] == sent
    told = channel.asked[-1][2]
    assert (told.wording.template, len(told.actions)) == ("ended", 2)
    assert told.reply_to == f"ref-{channel.asked[sent - 1][2].delivery_id}-1"


async def test_an_update_ends_the_earlier_one_and_is_relayed_itself(
    intake: Intake, store: Store, clock: FakeClock, wakes: Wakes
) -> None:
    first = await intake.accept(posted(identifier="a"), POLICE)
    update = await intake.accept(posted(identifier="b", msgType="Update", references=reference("a")), POLICE)
    assert update.warnings == ()
    assert wakes.is_withdrawn(first.view.id)
    assert not wakes.is_withdrawn(update.view.id)
    relayed = await store.alerts.view(update.view.id)
    assert relayed is not None and relayed.planned_at is not None
    ended = await store.alerts.view(first.view.id)
    assert ended is not None and ended.state(clock.now()) is AlertState.ENDED


async def test_an_update_of_an_alert_we_do_not_know_is_relayed_with_a_warning(intake: Intake) -> None:
    taken = await intake.accept(posted(msgType="Update", references=reference("gone")), POLICE)
    assert taken.new
    assert taken.warnings == ("references: gone is not an alert of ours",)


async def test_a_refused_update_ends_nothing(intake: Intake, store: Store, clock: FakeClock, wakes: Wakes) -> None:
    first = await intake.accept(posted(identifier="a"), POLICE)
    with pytest.raises(Refused):
        await intake.accept(posted(msgType="Update", references=reference("a"), info={"area": SEA}), POLICE)
    with pytest.raises(AlreadyDifferent):
        await intake.accept(posted(identifier="a", msgType="Update", references=reference("a")), POLICE)
    assert not wakes.is_withdrawn(first.view.id)
    view = await store.alerts.view(first.view.id)
    assert view is not None and view.closed_at is None


def test_the_order_is_actual_first_then_urgency_then_severity() -> None:
    ordered: list[dict[str, Any]] = [
        {"info": {"urgency": "Immediate", "severity": "Extreme"}},
        {},
        {"info": {"urgency": "Immediate", "severity": "Minor"}},
        {"info": {"urgency": "Expected", "severity": "Extreme"}},
        {"info": {"urgency": "Unknown", "severity": "Unknown"}},
        {"status": "Test", "info": {"severity": "Extreme"}},
        {"status": "Exercise"},
    ]
    numbers = [priority(an_alert(1_795_348_800_000, **one)) for one in ordered]
    assert numbers == sorted(set(numbers))
