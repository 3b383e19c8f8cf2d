"""Outcomes, receipts, answers and an end, in any order and told any number of times: the same end, and nothing of it lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.store.database import Store
from hub.store.receipts import LEVEL
from tests.store.kept import Kept
from tests.store.world import (
    START,
    accept,
    answer,
    claim,
    outcome,
    people,
    person,
    receipt,
    receive,
    record,
    relay,
)

PEOPLE = 3
END = "end"
"""The Cancel of the alert; posted twice it is one, so it is not repeated here."""

Fact = tuple[int, DeliveryState | ReceiptKind | AckKind] | str
"""What became of person number n: the outcome of their one attempt, a receipt, an answer; or END."""

of_one = some.tuples(
    some.none() | some.sampled_from([DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.PENDING]),
    some.sets(some.sampled_from(ReceiptKind)),
    some.sets(some.sampled_from(AckKind)),
)


@some.composite
def orders(draw: some.DrawFn) -> list[Fact]:
    """Facts of three people in an order of their own, some told more than once."""
    facts: list[Fact] = []
    for n in range(PEOPLE):
        result, receipts, answers = draw(of_one)
        facts += [(n, what) for what in (*([] if result is None else [result]), *sorted(receipts), *sorted(answers))]
    if facts:
        facts += draw(some.lists(some.sampled_from(facts), max_size=10))
    if draw(some.booleans()):
        facts.append(END)
    return list(draw(some.permutations(facts)))


def expected(facts: set[Fact], n: int, ids_told: bool) -> DeliveryState:
    """Where person n's delivery, claimed once, ends: whatever the order."""
    mine = {fact[1] for fact in facts if isinstance(fact, tuple) and fact[0] == n}
    levels = {one for one in mine if isinstance(one, DeliveryState) and one >= DeliveryState.SENT}
    if ids_told or DeliveryState.SENT in mine:  # else nobody can know whose message it was
        levels |= {LEVEL[one] for one in mine if isinstance(one, ReceiptKind)}
    if levels:
        return max(levels)
    if DeliveryState.PENDING in mine:
        return DeliveryState.CANCELLED if END in facts else DeliveryState.PENDING
    return DeliveryState.SENDING


@settings(max_examples=20, deadline=None)
@given(facts=orders(), ids_told=some.booleans())
def test_the_end_does_not_depend_on_the_order(kept: Kept, facts: list[Fact], ids_told: bool) -> None:
    """`ids_told`: whether the channel's receipts name our delivery, or only its own message."""
    kept.run(_walk, facts, ids_told)


async def _walk(store: Store, number: str, facts: list[Fact], ids_told: bool) -> None:
    codes = [f"{number}{n}" for n in range(PEOPLE)]
    await people(store, *((person(f"P{n}", ("whatsapp", f"+{code}")), [code]) for n, code in enumerate(codes)))
    await relay(store, number, *codes)
    claimed = sorted(await claim(store), key=lambda one: one.distance)
    for fact in facts:
        if isinstance(fact, str):
            await accept(store, f"{number}E", closes=[number])
            continue
        n, what = fact
        one = claimed[n]
        match what:
            case DeliveryState():
                await record(store, outcome(one, what))
            case ReceiptKind():
                named = one.id if ids_told else None
                await receive(store, receipt(f"ref-{one.id}", what, START + LEVEL[what], delivery_id=named))
            case AckKind():
                await answer(store, f"+{codes[n]}", one.id, what)
    after = {view.admin_name: view for view in await store.outbox.deliveries(number)}
    for n in range(PEOPLE):
        view, mine = after[f"P{n}"], {fact[1] for fact in facts if isinstance(fact, tuple) and fact[0] == n}
        assert view.state is expected(set(facts), n, ids_told)
        answers = [one.kind for one in view.acknowledgements]
        assert sorted(answers) == sorted(one for one in mine if isinstance(one, AckKind))
        if ids_told or DeliveryState.SENT in mine:
            assert {one.kind for one in view.receipts} == {one for one in mine if isinstance(one, ReceiptKind)}
    alert = await store.alerts.view(number)
    assert alert is not None
    covered = {one.code for one in alert.matched if one.forwarded_at is not None}
    assert covered == {code for n, code in enumerate(codes) if (n, AckKind.FORWARDED) in facts}
    assert (alert.closed_at is not None) == (END in facts)
    await store.engine.write(
        ("UPDATE delivery SET state = 2 WHERE state = 0",)
    )  # the next example's claim is not for these
