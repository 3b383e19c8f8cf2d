"""What a provider tells may come twice, late, in any order, and before its answer to our send: a delivery ends where it should."""

from __future__ import annotations

from itertools import permutations

import pytest

from hub.channel import Accepted
from hub.domain import AckKind, DeliveryState
from tests.contracts.channels import (
    EMULATED,
    Bench,
    Break,
    Todo,
    everywhere,
    outbound_to,
    where_receipts_come,
)
from tests.contracts.desk import Desk


async def begin(bench: Bench, desk: Desk) -> None:
    """The person was written to before, and their room or chat is there."""
    await desk.meets(bench)
    await bench.send(outbound_to(bench.handle))
    await bench.listen()


@pytest.mark.parametrize("made", EMULATED[1:], indirect=True)
async def test_receipts_in_any_order_doubled_and_before_our_own_record_end_at_the_highest(
    bench: Bench, desk: Desk
) -> None:
    await begin(bench, desk)
    whole = len(bench.receipts)
    for order in permutations(range(whole)):
        for recorded in range(whole + 1):
            number = f"{order} {recorded}"
            claimed = await desk.claims(number)
            result, told = await bench.send(desk.outbound(claimed), *bench.receipts)
            assert isinstance(result, Accepted) and len(told) == whole
            for place, which in enumerate(order):
                if place == recorded:
                    await desk.records(claimed, result)
                await desk.receives(told[which])
                await desk.receives(told[which], told[which])
            if recorded == whole:
                await desk.records(claimed, result)
            [delivery] = await desk.deliveries(number)
            assert delivery.state is DeliveryState.READ, number
            assert {receipt.kind for receipt in delivery.receipts} == set(bench.receipts)
            assert delivery.possible_duplicates == 0


@where_receipts_come
async def test_a_receipt_a_day_later_still_counts(bench: Bench, desk: Desk) -> None:
    await begin(bench, desk)
    claimed = await desk.claims("A")
    result, told = await bench.send(desk.outbound(claimed), *bench.receipts)
    await desk.records(claimed, result)
    await desk.waits(24 * 3600)
    await desk.receives(*told)
    [delivery] = await desk.deliveries("A")
    assert delivery.state is DeliveryState.READ


@where_receipts_come
async def test_a_message_whose_answer_was_lost_is_known_by_its_receipts_or_by_the_next_try(
    bench: Bench, desk: Desk
) -> None:
    await begin(bench, desk)
    claimed = await desk.claims("A")
    bench.fault(bench.breaks[Break.DROP_AFTER])
    result, told = await bench.send(desk.outbound(claimed), *bench.receipts)
    await desk.records(claimed, result)
    await desk.receives(*told)
    if bench.channel.can.idempotent:
        # The same event again, under the name by which the receipts know it.
        await desk.waits(60)
        [again] = await desk.claimed()
        await desk.records(again, await bench.channel.send(desk.outbound(again)))
    [delivery] = await desk.deliveries("A")
    assert delivery.state is DeliveryState.READ


@everywhere
@pytest.mark.parametrize("early", [False, True], ids=["after our record", "before our record"])
async def test_an_answer_counts_once_however_often_it_comes_and_also_before_our_record(
    bench: Bench, desk: Desk, early: bool
) -> None:
    await begin(bench, desk)
    for kind in AckKind:
        claimed = await desk.claims(kind)
        result, _ = await bench.send(desk.outbound(claimed))
        answer = await bench.answer(kind)
        assert len(answer) == 1
        if not early:
            await desk.records(claimed, result)
        await desk.receives(*answer)
        await desk.receives(*answer, *answer)
        if early:
            await desk.records(claimed, result)
        await desk.receives(*answer)
        [delivery] = await desk.deliveries(kind)
        assert [given.kind for given in delivery.acknowledgements] == [kind]
        assert delivery.state >= DeliveryState.SENT


@pytest.mark.parametrize("made", ["whatsapp", "bridge"], indirect=True)
async def test_a_failure_told_three_times_is_one_failure_and_not_three_strikes(bench: Bench, desk: Desk) -> None:
    await begin(bench, desk)
    striking = next(code for code in bench.codes if code.late_todo is Todo.STRIKE)
    claimed = await desk.claims("A")
    result, told = await bench.fail(desk.outbound(claimed), striking)
    await desk.records(claimed, result)
    for update in told * 3:
        await desk.receives(update)
    first, other = await desk.deliveries("A")
    assert first.state is DeliveryState.FAILED and other.state is DeliveryState.PENDING
    assert await desk.address() == "verified"
