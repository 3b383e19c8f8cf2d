"""The escalation's statements, on both stores: who is next, once each, and what an answer or an end does to it."""

from __future__ import annotations

from hub.domain import AckKind, DeliveryState, Match
from hub.store.database import Store
from hub.store.escalations import Climb, Standing
from tests.store.world import ROUTES, START, accept, answer, claim, outcome, people, person, record

MINUTE = 60_000


async def town(store: Store, *, first_only: bool = True, number: str = "A") -> None:
    """Anna (two ways) and Bram run the group of BU1, Chris that of BU2; an alert to BU1, planned."""
    await people(
        store,
        (person("Anna", ("whatsapp", "+1"), ("telegram", "1")), ["BU1"]),
        (person("Bram", ("whatsapp", "+2")), ["BU1"]),
        (person("Chris", ("whatsapp", "+3")), ["BU2"]),
    )
    await accept(store, number, "BU1", admins={"BU1": 2})
    await store.outbox.plan(
        number,
        ["BU1"],
        ROUTES,
        first_id=store.ids.block(),
        now=START,
        last=True,
        first_only=first_only,
        check_at=START + MINUTE,
    )


async def sent(store: Store) -> None:
    """Everything due is sent at START."""
    for channel in ROUTES:
        claimed = await claim(store, channel, now=START + 10 * MINUTE)
        await record(store, *(outcome(one, DeliveryState.SENT) for one in claimed))


async def who(store: Store, number: str = "A") -> list[tuple[str, str, int]]:
    """(admin, channel, rung), in the order in which they were made."""
    return [(d.admin_name, d.channel, d.rung) for d in await store.outbox.deliveries(number)]


async def standing(store: Store, now: int, down: tuple[tuple[str, str], ...] = ()) -> Standing:
    ids, _ = await store.escalations.claim(now, 10)
    (one,) = await store.escalations.standing(ids, down, now - MINUTE)
    return one


async def climb(store: Store, now: int, **what: object) -> None:
    ids, claimed = await store.escalations.claim(now, 10)
    (one,) = await store.escalations.standing(ids, (), now - MINUTE)
    step = Climb(one, one.rung + 1, now + MINUTE, open=True, **what)  # type: ignore[arg-type]
    await store.escalations.climb(
        [step], ROUTES, first_id=store.ids.block(), silent_before=now - MINUTE, claim=claimed, now=now
    )


async def test_one_begins_with_the_first_admin_who_can_be_reached(store: Store) -> None:
    await town(store)
    assert await who(store) == [("Anna", "whatsapp", 0)]


async def test_everyone_begins_with_all(store: Store) -> None:
    await town(store, first_only=False)
    assert [name for name, _, _ in await who(store)] == ["Anna", "Bram"]


async def test_who_is_away_or_has_no_way_is_not_the_first(store: Store) -> None:
    await people(
        store,
        (person("Anna", ("matrix", "@a:b")), ["BU1"]),  # no account of ours is on it
        (person("Bram", ("whatsapp", "+2")), ["BU1"]),
        (person("Chris", ("whatsapp", "+3")), ["BU1"]),
    )
    bram = next(one for one in await store.directory.admins() if one.name == "Bram")
    await store.receipts.apply(store.linking.set_away(bram.id, START + MINUTE), [])
    await accept(store, "A", "BU1")
    await store.outbox.plan("A", ["BU1"], ROUTES, first_id=store.ids.block(), now=START, last=True, first_only=True)
    assert await who(store) == [("Chris", "whatsapp", 0)]


async def test_a_check_is_one_process_s_own_and_only_when_due(store: Store) -> None:
    await town(store)
    assert await store.escalations.claim(START + MINUTE - 1, 10) == ([], 0)
    ids, claimed = await store.escalations.claim(START + MINUTE, 10)
    assert len(ids) == 1 and claimed > START + MINUTE
    assert (await store.escalations.claim(START + MINUTE, 10))[0] == []
    assert len((await store.escalations.claim(claimed, 10))[0]) == 1, "whoever had it is gone"


async def test_how_a_neighbourhood_stands(store: Store) -> None:
    await town(store)
    before = await standing(store, START + MINUTE)
    assert (before.first_sent_at, before.live, before.rung, before.planned, before.over) == (None, 1, 0, True, False)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    told = await standing(store, START + 2 * MINUTE)
    assert (told.first_sent_at, told.live, told.received_at) == (START, 1, None)
    await answer(store, "+1", anna.id, AckKind.RECEIVED, at=START + 5)
    assert (await standing(store, START + 3 * MINUTE)).received_at == START + 5
    await answer(store, "+1", anna.id, AckKind.CANNOT, at=START + 6)
    assert (await standing(store, START + 4 * MINUTE)).live == 0
    await answer(store, "+1", anna.id, AckKind.FORWARDED, at=START + 7)
    assert await store.escalations.claim(START + 99 * MINUTE, 10) == ([], 0), "nothing to look at any more"


async def test_who_waits_for_an_account_that_is_down_is_as_good_as_not_told(store: Store) -> None:
    await town(store)
    assert (await standing(store, START + MINUTE, (("whatsapp", "main"),))).live == 0
    await store.escalations.hasten_account(("whatsapp", "main"), START + MINUTE + 1)
    assert len((await store.escalations.claim(START + MINUTE + 1, 10))[0]) == 1


async def test_the_silent_get_it_on_their_next_channel_once(store: Store) -> None:
    await town(store)
    await sent(store)
    await climb(store, START + MINUTE)
    assert await who(store) == [("Anna", "whatsapp", 0), ("Anna", "telegram", 1)]
    await climb(store, START + 2 * MINUTE)
    assert len(await who(store)) == 2, "the second is not sent yet, so nobody can be silent on it"


async def test_who_answered_at_all_is_not_asked_again(store: Store) -> None:
    await town(store)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await answer(store, "+1", anna.id, AckKind.RECEIVED)
    await climb(store, START + MINUTE)
    assert await who(store) == [("Anna", "whatsapp", 0)]


async def test_an_uncertain_send_goes_to_the_next_channel_and_is_looked_at_at_once(store: Store) -> None:
    await town(store)
    (anna,) = await claim(store)
    await record(
        store, outcome(anna, DeliveryState.PENDING, possible_duplicates=1, due_at=START + MINUTE), now=START + 1
    )
    await climb(store, START + 1)
    assert await who(store) == [("Anna", "whatsapp", 0), ("Anna", "telegram", 1)]


async def test_the_next_admin_of_each_group_one_at_a_time(store: Store) -> None:
    await town(store)
    await sent(store)
    await climb(store, START + MINUTE, next_admin=True)
    assert ("Bram", "whatsapp", 1) in await who(store)
    count = len(await who(store))
    await climb(store, START + 2 * MINUTE, next_admin=True)
    assert len(await who(store)) == count, "there is nobody left"


async def test_cannot_passes_to_the_next_of_the_group_without_a_step(store: Store) -> None:
    await town(store)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await answer(store, "+1", anna.id, AckKind.CANNOT, at=START + 10)
    await climb(store, START + 10)
    assert [name for name, _, _ in await who(store)] == ["Anna", "Bram"]


async def test_what_was_made_and_is_not_needed_any_more_is_withdrawn(store: Store) -> None:
    await town(store)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    await climb(store, START + MINUTE, next_admin=True)
    made = {d.admin_name + d.channel: d.id for d in await store.outbox.deliveries("A")}
    assert await store.escalations.needed(made["Bramwhatsapp"])
    await answer(store, "+1", anna.id, AckKind.FORWARDED, at=START + MINUTE)
    states = {d.admin_name + d.channel: d.state for d in await store.outbox.deliveries("A")}
    assert states == {
        "Annawhatsapp": DeliveryState.SENT,
        "Annatelegram": DeliveryState.CANCELLED,
        "Bramwhatsapp": DeliveryState.CANCELLED,
    }
    assert not await store.escalations.needed(made["Bramwhatsapp"])


async def test_next_door_is_added_once_planned_and_counts_for_nothing(store: Store) -> None:
    await town(store)
    await sent(store)
    near = Match("BU2", "Buurt 2", 0.0, 100.0, "next to Buurt BU1")
    await climb(store, START + MINUTE, adjacent=(near, near))
    assert [one.id for one in await store.alerts.unplanned()] == ["A"]
    assert await store.alerts.unplanned_codes("A") == [("BU2", 1)]
    await store.outbox.plan("A", ["BU2"], ROUTES, first_id=store.ids.block(), now=START, last=True, check_at=START)
    assert ("Chris", "whatsapp", -1) in await who(store)
    assert await store.alerts.unplanned() == []
    view = await store.alerts.view("A")
    assert view is not None
    assert ([one.code for one in view.matched], [one.code for one in view.adjacent]) == (["BU1"], ["BU2"])
    chris = next(d for d in await store.outbox.deliveries("A") if d.admin_name == "Chris")
    await sent(store)
    await answer(store, "+3", chris.id, AckKind.FORWARDED)
    view = await store.alerts.view("A")
    assert view is not None and (view.forwarded, view.covered_at) == (0, None)


async def test_a_ring_adds_what_next_door_was_only_asked(store: Store) -> None:
    await town(store)
    near = Match("BU2", "Buurt 2", 10.0, 100.0, "within 400 m")
    await climb(store, START + MINUTE, adjacent=(near,))
    assert await store.alerts.add("A", [near, near], added="widened", now=START) == ["BU2"]
    assert await store.alerts.add("A", [near], added="widened", now=START) == [], "once"
    view = await store.alerts.view("A")
    assert view is not None and [one.code for one in view.matched] == ["BU1", "BU2"]


async def test_nothing_is_added_to_an_alert_that_has_ended(store: Store) -> None:
    await town(store)
    await accept(store, "B", closes=["A"])
    assert await store.alerts.add("A", [Match("BU2", "Buurt 2", 1.0, 1.0, "x")], added="widened", now=START) == []
    one = await standing(store, START + MINUTE)
    assert one.over


async def test_a_hint_that_comes_while_it_is_decided_is_not_lost(store: Store) -> None:
    await town(store)
    (anna,) = await claim(store)
    await record(store, outcome(anna, DeliveryState.SENT))
    now = START + MINUTE
    ids, claimed = await store.escalations.claim(now, 10)
    (one,) = await store.escalations.standing(ids, (), now - MINUTE)
    await answer(store, "+1", anna.id, AckKind.CANNOT, at=now)  # after it was looked at, before it is decided
    wait = Climb(one, one.rung, now + 10 * MINUTE, open=True)
    await store.escalations.climb([wait], ROUTES, first_id=store.ids.block(), silent_before=0, claim=claimed, now=now)
    assert len((await store.escalations.claim(now, 10))[0]) == 1


async def test_steps_are_told_in_the_log_of_the_alert_and_dark_once(store: Store) -> None:
    await town(store)
    await climb(store, START + MINUTE, dark=True, events=(("dark", {"code": "BU1", "name": "x", "step": 1}),))
    told = [one for one in await store.alerts.events_after("A", 0) if one.kind == "dark"]
    assert [one.data["code"] for one in told] == ["BU1"]
    view = await store.alerts.view("A")
    assert view is not None and view.matched[0].dark_at == START + MINUTE
    await climb(store, START + 2 * MINUTE, dark=True)
    view = await store.alerts.view("A")
    assert view is not None and view.matched[0].dark_at == START + MINUTE, "since when it is dark does not move"


async def test_an_alert_that_ran_out_is_told_once_and_ends_are_not(store: Store) -> None:
    await town(store)
    await sent(store)
    later = START + 61 * MINUTE
    assert [one.id for one in await store.alerts.run_out(later, late=60 * MINUTE)] == ["A"]
    assert await store.alerts.run_out(START + 59 * MINUTE, late=60 * MINUTE) == [], "not before"
    assert await store.alerts.run_out(later + 60 * MINUTE, late=60 * MINUTE) == [], "not too late"
    await accept(store, "B", closes=["A"], now=later, expires_at=later + MINUTE)
    assert await store.alerts.run_out(later + 2 * MINUTE, late=60 * MINUTE) == []
