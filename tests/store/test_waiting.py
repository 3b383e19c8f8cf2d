"""What waits to be sent, as admission counts it: by account, and what of it is Actual; what is not planned yet beside it."""

from __future__ import annotations

from dataclasses import replace

from hub.domain import DeliveryState
from hub.store.alerts import NOT_ACTUAL, Audience
from hub.store.database import Store
from hub.store.outbox import Waiting
from tests.store.world import HOUR, START, accept, claim, new_alert, outcome, people, person, record, relay


async def test_by_account_with_what_is_actual_and_without_what_was_sent(store: Store) -> None:
    await people(
        store,
        *((person(f"W{n}", ("whatsapp", f"+{n}")), ["BU1"]) for n in range(3)),
        (person("T", ("telegram", "1")), ["BU1"]),
    )
    assert await store.outbox.waiting(START) == [Waiting(("", ""), 0, 0)]
    await relay(store, "A", "BU1")
    await relay(store, "E", "BU1", priority=NOT_ACTUAL)
    (first,) = await claim(store, limit=1)
    await record(store, outcome(first, DeliveryState.SENT))
    waiting = {one.name: (one.deliveries, one.actual) for one in await store.outbox.waiting(START)}
    # `relay` plans without saying which part is the last: both alerts still count as not planned, to nobody.
    assert waiting == {("whatsapp", "main"): (5, 2), ("telegram", "main"): (2, 1), ("", ""): (0, 0)}


async def test_an_alert_not_planned_yet_counts_as_its_audience_until_it_ends(store: Store) -> None:
    for number, priority in (("A", 0), ("E", NOT_ACTUAL)):
        four = Audience(1, 1, 4, ())
        await store.alerts.accept(replace(new_alert(number, "BU1", priority=priority), audience=four))
    assert await store.outbox.waiting(START) == [Waiting(("", ""), 8, 4)]
    await accept(store, "C", closes=["A"])
    assert await store.outbox.waiting(START) == [Waiting(("", ""), 4, 0)]
    assert await store.outbox.waiting(START + HOUR) == [Waiting(("", ""), 0, 0)]
