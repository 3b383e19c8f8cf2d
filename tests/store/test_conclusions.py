"""What came of an alert: the first time it is said counts, and stands once in the alert's log."""

from __future__ import annotations

from hub.domain import Outcome
from hub.store.conclusions import Conclusion
from hub.store.database import Store
from tests.store.world import START, accept


async def test_the_first_outcome_counts_and_is_told_once(store: Store) -> None:
    await accept(store, "A", "BU1")
    assert await store.conclusions.of("A") is None
    first = Conclusion(Outcome.FALSE_ALARM, START + 5)
    assert await store.conclusions.put("A", Outcome.FALSE_ALARM, START + 5) == first
    assert await store.conclusions.put("A", Outcome.ARREST, START + 9) == first
    assert await store.conclusions.of("A") == first
    told = [(one.at, one.data) for one in await store.alerts.events_after("A", 0) if one.kind == "outcome"]
    assert told == [(START + 5, {"outcome": "false-alarm"})]


async def test_what_the_relay_tells_afterwards_is_there_from_the_start(store: Store) -> None:
    await accept(store, "A", "BU1", "BU2")
    after = await store.clocks.aftermath("A")
    assert (after.escalated, after.remarks, after.erased_at) == ({"BU1": (0, None), "BU2": (0, None)}, 0, None)
