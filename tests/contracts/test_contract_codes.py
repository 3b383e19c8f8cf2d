"""Every code of the providers' error tables asks of the hub what the table says, as the answer to a send and as a later report."""

from __future__ import annotations

import pytest

from hub.channel import Accepted, ReceiptSeen
from hub.domain import DeliveryState, ReceiptKind
from tests.contracts.channels import Bench, Todo, on_every_emulator, outbound_to, todo
from tests.contracts.desk import Desk

# What becomes of a delivery whose message failed late, and whether the person is told by another address.
ENDS = {
    Todo.AT_ONCE: (DeliveryState.PENDING, False),
    Todo.WAIT: (DeliveryState.PENDING, False),
    Todo.NEXT: (DeliveryState.FAILED, True),
    Todo.STRIKE: (DeliveryState.FAILED, True),
    Todo.DEAD: (DeliveryState.FAILED, True),
}


@on_every_emulator
async def test_every_code_as_an_answer_asks_what_its_row_says_and_costs_one_request(bench: Bench) -> None:
    codes = [code for code in bench.codes if code.todo is not None]
    assert codes
    for code in codes:
        # Another process for each: what one answer teaches (a refused template, a lost room) is not the next one's.
        channel = bench.again()
        before = bench.messages
        bench.fault(code.fault)
        result = await channel.send(outbound_to(bench.handle, **code.more))
        assert not isinstance(result, Accepted)
        assert (code.name, todo(result)) == (code.name, code.todo)
        assert code.seconds is None or getattr(result, "retry_after", None) == code.seconds, code.name
        assert bench.messages == before + 1, code.name
        await channel.close()


@pytest.mark.parametrize("made", ["whatsapp", "bridge"], indirect=True)
async def test_every_code_as_a_late_report_asks_what_its_row_says(bench: Bench, desk: Desk) -> None:
    codes = [code for code in bench.codes if code.late_todo is not None]
    assert codes
    await bench.send(outbound_to(bench.handle))
    await bench.listen()
    await desk.meets(bench)
    for number, code in enumerate(codes):
        claimed = await desk.claims(f"late-{number}")
        result, told = await bench.fail(desk.outbound(claimed), code)
        assert isinstance(result, Accepted), code.name
        [failed, *more] = [
            event for update in told for event in bench.channel.parse(update) if isinstance(event, ReceiptSeen)
        ]
        assert not more and failed.kind is ReceiptKind.FAILED, code.name
        assert (code.name, todo(failed)) == (code.name, code.late_todo)
        await desk.records(claimed, result)
        for update in told:
            await desk.receives(update)
        first, *others = await desk.deliveries(f"late-{number}")
        assert code.late_todo is not None
        assert (code.name, first.state, len(others) == 1) == (code.name, *ENDS[code.late_todo])
        assert (code.name, await desk.address() == "dead") == (code.name, code.late_todo is Todo.DEAD)
        await desk.forgives()
