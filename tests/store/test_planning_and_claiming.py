"""From an alert to deliveries, and from deliveries to a sender's hands: who, over what, in which order, and never twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from hub.domain import Address, DeliveryState, Handle
from hub.store.database import Store
from tests.store.world import HOUR, START, accept, claim, deliveries, people, person, plan, record, relay
from tests.store.world import outcome as outcome_of


async def test_one_delivery_per_admin_however_many_areas_match(store: Store) -> None:
    await people(
        store,
        (person("Anna", ("whatsapp", "+1")), ["BU1", "BU2", "BU3"]),
        (person("Bram", ("whatsapp", "+2")), ["BU3"]),
    )
    await relay(store, "A", "BU1", "BU2", "BU3")
    assert await deliveries(store) == [
        ("Anna", "whatsapp", 0, DeliveryState.PENDING),
        ("Bram", "whatsapp", 0, DeliveryState.PENDING),
    ]
    assert [one.distance for one in await claim(store)] == [0.0, 200.0]


async def test_planning_again_adds_nothing(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), sorted({"BU1", f"BU{n % 3}"})) for n in range(30)])
    await accept(store, "A", "BU0", "BU1", "BU2")
    await plan(store, "A", "BU0", "BU1", "BU2")
    once = await deliveries(store)
    await plan(store, "A", "BU0", "BU1", "BU2")
    await asyncio.gather(*(plan(store, "A", code) for code in ("BU0", "BU1", "BU2") * 3))
    assert await deliveries(store) == once
    assert len(once) == 30


async def test_the_first_address_that_can_be_sent_to_is_taken(store: Store) -> None:
    unverified = replace(
        person("Bram", ("whatsapp", "+2"), ("telegram", "2")),
        addresses=(Address("whatsapp", Handle("+2"), 1, "unverified"), Address("telegram", Handle("2"), 2)),
    )
    stopped = replace(person("Mia"), addresses=(Address("whatsapp", Handle("+4"), 1, "stopped"),))
    await people(
        store,
        (person("Anna", ("whatsapp", "+1"), ("telegram", "1")), ["BU1"]),
        (unverified, ["BU1"]),
        (person("Cas", ("matrix", "@c:x.nl"), ("whatsapp", "+3")), ["BU1"]),
        (stopped, ["BU1"]),
    )
    await relay(store, "A", "BU1")
    assert sorted((name, channel) for name, channel, _, _ in await deliveries(store)) == [
        ("Anna", "whatsapp"),
        ("Bram", "telegram"),
        ("Cas", "whatsapp"),
    ]


async def test_sender_accounts_share_the_addresses_evenly_and_keep_them(store: Store) -> None:
    routes = {"whatsapp": ["one", "two", "three"]}
    await people(store, *[(person(f"P{n:03}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(300)])
    await relay(store, "A", "BU1", routes=routes)
    await relay(store, "B", "BU1", routes=routes)
    first, second = [{d.admin_id: d.account for d in await store.outbox.deliveries(a)} for a in "AB"]
    assert first == second
    assert Counter(first.values()) == {"one": 100, "two": 100, "three": 100}
    assert len(await claim(store, account="two", limit=1000)) == 200


async def test_the_most_urgent_then_the_nearest_go_first(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), [f"BU{n}"]) for n in range(3)])
    await relay(store, "late", "BU2", "BU1", "BU0", priority=10)
    await relay(store, "soon", "BU0", "BU1", "BU2", priority=0)
    claimed = await claim(store)
    assert [(one.alert_id, one.distance) for one in claimed] == [
        ("soon", 0.0), ("soon", 100.0), ("soon", 200.0), ("late", 0.0), ("late", 100.0), ("late", 200.0)]  # fmt: skip


async def test_a_claim_takes_no_more_than_asked_and_the_best_first(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), [f"BU{n}"]) for n in range(9)])
    await relay(store, "A", *(f"BU{n}" for n in range(9)))
    assert [[one.distance for one in await claim(store, limit=4)] for _ in range(3)] == [
        [0.0, 100.0, 200.0, 300.0], [400.0, 500.0, 600.0, 700.0], [800.0]]  # fmt: skip


async def test_eight_claimers_at_once_never_get_the_same_delivery(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(400)])
    await relay(store, "A", "BU1")

    async def claimer() -> list[int]:
        mine: list[int] = []
        while claimed := await claim(store, limit=7):
            mine += [one.id for one in claimed]
        return mine

    shares = await asyncio.gather(*(claimer() for _ in range(8)))
    taken = [one for share in shares for one in share]
    assert len(taken) == len(set(taken)) == 400


async def test_only_what_is_due_and_not_expired_is_claimed(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (anna,) = await claim(store)
    await record(store, outcome_of(anna, DeliveryState.PENDING, due_at=START + 5000, reason="429"))
    assert await store.outbox.next_due("whatsapp", "main") == START + 5000
    assert await claim(store, now=START + 4999) == []
    (again,) = await claim(store, now=START + 5000)
    assert (again.id, again.attempt, again.tries) == (anna.id, 2, 1)
    await record(store, outcome_of(again, DeliveryState.PENDING))
    assert await claim(store, now=START + HOUR) == []


async def test_a_claim_is_for_one_account_of_one_channel(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    assert await claim(store, "telegram") == await claim(store, account="other") == []
    assert await store.outbox.next_due("telegram", "main") is None


async def test_a_claim_tells_the_handle_language_and_window_of_now(store: Store) -> None:
    await people(store, (replace(person("Anna", ("whatsapp", "+1")), language="en"), ["BU1"]))
    await relay(store, "A", "BU1")
    await store.receipts.apply(store.receipts.open_window("whatsapp", Handle("+1"), START + 7), [])
    (anna,) = await claim(store)
    assert anna.handle is not None
    assert (anna.handle.value, anna.language, anna.window_open_until) == ("+1", "en", START + 7)
    assert "+1" not in repr(anna)


async def test_an_address_that_went_away_is_claimed_without_a_handle(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    await relay(store, "A", "BU1")
    (admin,) = await store.directory.admins()
    await store.directory.delete_admin(admin.id)
    (anna,) = await claim(store)
    assert anna.handle is None


async def test_expiring_ends_what_waits_and_only_that(store: Store) -> None:
    await people(store, *[(person(f"P{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(3)])
    await relay(store, "A", "BU1")
    (sending,) = await claim(store, limit=1)
    assert await store.outbox.expire(START) == 0
    assert await store.outbox.expire(START + HOUR) == 2
    states = [state for _, _, _, state in await deliveries(store)]
    assert states == [DeliveryState.SENDING, DeliveryState.EXPIRED, DeliveryState.EXPIRED]
    await record(store, outcome_of(sending, DeliveryState.SENT))
    assert await store.outbox.expire(START + HOUR) == 0
