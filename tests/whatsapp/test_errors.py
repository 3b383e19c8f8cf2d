"""Every row of the error table, as the answer to a send and as a later status."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.emulator import faults
from adapters.whatsapp.errors import ROWS, Row, Verdict, asked_wait, failure_of, result_of
from hub.channel import Accepted, Deferred, ReceiptSeen, Rejected, Result, Uncertain
from hub.domain import ReceiptKind
from tests.whatsapp.conftest import FIRST, NUMBER, World

CODES = [(row, code) for row in ROWS for code in (row.codes if isinstance(row.codes, tuple) else row.codes[::33])]
TABLE_OF_THE_DOCUMENTS = {
    *(1, 2, 131000, 131016, 135000, 4, 80007, 130429, 131056, 131057, 131047, 131049, 130472, 131026, 131021, 131030),
    *(131050, 131062, 137000, 100, 131008, 131009, 131051, 131053, 131052, 132000, 132001, 132005, 132007, 132008),
    *(132012, 132015, 132016, 0, 3, 10, 190, 131005, 33, 133010, 131045, 368, 131031, 130497, 131048, 131064, 131042),
    *range(200, 300),
}


# What the hub is told of a template that is refused, of a free-form message that is refused, and (seconds until another try) of a
# message that fails after it was accepted. None: nothing helps; the person is told by another address.
AT_ONCE, NEVER = 0.0, None
LATE: dict[Verdict, float | None] = {
    Verdict.RETRY: 10.0,
    Verdict.THROUGHPUT: 1.0,
    Verdict.PAIR_RATE: 4.0,
    Verdict.CALL_LIMIT: 60.0,
    Verdict.MAINTENANCE: 120.0,
    Verdict.WINDOW: AT_ONCE,
    Verdict.CONTENT: AT_ONCE,
    Verdict.TEMPLATE: NEVER,
    Verdict.FILLING: NEVER,
    Verdict.OTHER_CHANNEL: NEVER,
    Verdict.UNDELIVERABLE: NEVER,
    Verdict.DEAD: NEVER,
    Verdict.ACCOUNT: NEVER,
}


def reason_of(row: Row, code: int) -> str:
    prefix = "template:" if row.verdict in (Verdict.TEMPLATE, Verdict.FILLING) else ""
    return f"{prefix}{code} {row.name}"


def expected(row: Row, code: int, *, free_form: bool) -> Result:
    reason = reason_of(row, code)
    as_template = Deferred(reason, 0.0) if free_form else Rejected(reason)
    results: dict[Verdict, Result] = {
        Verdict.RETRY: Deferred(reason),
        Verdict.THROUGHPUT: Deferred(reason, 1.0),
        Verdict.PAIR_RATE: Deferred(reason, 1.0),
        Verdict.CALL_LIMIT: Deferred(reason, whole_account=True),
        Verdict.MAINTENANCE: Deferred(reason, 120.0),
        Verdict.WINDOW: as_template,
        Verdict.CONTENT: as_template,
        # A spare template, or shorter words: see test_spares.py for where there is none.
        Verdict.TEMPLATE: Deferred(reason, 0.0),
        Verdict.FILLING: Deferred(reason, 0.0),
        Verdict.OTHER_CHANNEL: Rejected(reason),
        Verdict.UNDELIVERABLE: Rejected(reason, strike=True),
        Verdict.DEAD: Rejected(reason, address_dead=True),
        Verdict.ACCOUNT: Deferred(reason, whole_account=True),
    }
    return results[row.verdict]


def test_every_code_of_the_documents_stands_in_the_table_once() -> None:
    codes = [code for row in ROWS for code in row.codes]
    assert len(codes) == len(set(codes))
    assert set(codes) >= TABLE_OF_THE_DOCUMENTS


@pytest.mark.parametrize("free_form", [False, True], ids=["template", "free form"])
@pytest.mark.parametrize(("row", "code"), CODES, ids=[str(code) for _, code in CODES])
async def test_a_refused_send_gives_what_its_row_says_whatever_the_http_status(
    world: World, row: Row, code: int, free_form: bool
) -> None:
    outbound = world.open() if free_form else FIRST
    for status in (400, 500):
        channel = WhatsAppChannel(world.account(), world.session, world.clock)
        world.emulator.fault(NUMBER, faults.refuse(code, status=status))
        before = world.emulator.requests
        assert await channel.send(outbound) == expected(row, code, free_form=free_form)
        assert world.emulator.requests == before + 1


@pytest.mark.parametrize(("row", "code"), CODES, ids=[str(code) for _, code in CODES])
async def test_a_failure_after_the_answer_tells_whether_another_try_is_worth_it(
    world: World, row: Row, code: int
) -> None:
    world.emulator.fault(NUMBER, faults.fail(code))
    accepted = await world.channel.send(FIRST)
    assert isinstance(accepted, Accepted)
    (receipt,) = await world.receipts()
    assert receipt == ReceiptSeen(
        ReceiptKind.FAILED,
        receipt.at,
        accepted.provider_ref,
        9001,
        reason_of(row, code),
        address_dead=row.verdict is Verdict.DEAD,
        strike=row.verdict is Verdict.UNDELIVERABLE,
        again=LATE[row.verdict],
    )


def test_every_class_of_error_is_told_late_too() -> None:
    assert set(LATE) == set(Verdict)


async def test_a_pair_waits_one_four_sixteen_and_at_most_64_seconds(world: World) -> None:
    waits = []
    for attempt in range(1, 6):
        world.emulator.fault(NUMBER, faults.refuse(131056))
        result = await world.channel.send(replace(FIRST, attempt=attempt))
        assert isinstance(result, Deferred)
        waits.append(result.retry_after)
    assert waits == [1, 4, 16, 64, 64]


@pytest.mark.parametrize("code", [131016, 130429, 131056, 131057, 4, 190])
async def test_retry_after_of_the_provider_wins(world: World, code: int) -> None:
    world.emulator.fault(NUMBER, faults.refuse(code, retry_after=37))
    result = await world.channel.send(FIRST)
    assert isinstance(result, Deferred) and result.retry_after == 37


@pytest.mark.parametrize(
    "fault", [faults.refuse(code) for code in (131047, 100, 131009, 131051, 999999)] + [faults.html(413)], ids=str
)
async def test_what_is_refused_in_free_form_goes_out_as_a_template_at_once(world: World, fault: faults.Fault) -> None:
    inside = world.open()
    world.emulator.fault(NUMBER, fault, times=2)
    first = await world.channel.send(inside)
    assert isinstance(first, Deferred) and (first.retry_after, first.whole_account) == (0.0, False)
    assert isinstance(await world.channel.send(replace(inside, attempt=2)), Rejected), "a template has no fallback"
    assert isinstance(await world.channel.send(replace(inside, attempt=3)), Accepted)
    assert world.emulator.messages[-1].content.kind == "template"


async def test_a_phone_number_id_that_meta_does_not_know_stops_the_account_and_not_the_alert(world: World) -> None:
    world.emulator.fault(NUMBER, faults.refuse(100, subcode=33))
    assert await world.channel.send(FIRST) == Deferred("100 unknown-object", whole_account=True)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, Rejected("999999 unknown")),
        (404, Rejected("999999 unknown")),
        (500, Deferred("999999 unknown")),
        (503, Deferred("999999 unknown")),
        (429, Deferred("999999 unknown")),
    ],
)
async def test_a_code_nobody_knows_is_judged_by_its_status(world: World, status: int, wanted: Result) -> None:
    world.emulator.fault(NUMBER, faults.refuse(999999, status=status))
    assert await world.channel.send(FIRST) == wanted


ACCOUNT_STATUSES = (401, 403, 404, 407)
BUSY_STATUSES = (408, 425, 429)


def of_status(status: int, *, free_form: bool) -> Result:
    reason = f"http-{status}"
    if status == 504:
        return Uncertain(reason)
    if status >= 500 or status in BUSY_STATUSES:
        return Deferred(reason)
    if status in ACCOUNT_STATUSES:
        return Deferred(reason, whole_account=True)
    return Deferred(reason, 0.0) if free_form else Rejected(reason)


@pytest.mark.parametrize("free_form", [False, True], ids=["template", "free form"])
async def test_a_page_of_a_proxy_has_no_code_and_is_judged_by_its_status(world: World, free_form: bool) -> None:
    outbound = world.open() if free_form else FIRST
    for status in range(400, 600):
        world.emulator.fault(NUMBER, faults.html(status))
        assert await world.channel.send(outbound) == of_status(status, free_form=free_form)
    assert world.emulator.requests == 200
    assert not world.emulator.messages


@pytest.mark.parametrize(
    "error",
    [None, [], "x", {}, {"code": None}, {"code": True}, {"code": 31612345678}, {"code": "31612345678"}, {"code": -1}],
)
def test_a_broken_error_gives_a_reason_without_its_content(error: object) -> None:
    assert failure_of(error).reason == "unknown"
    assert result_of(failure_of(error, 400), attempt=1) == Rejected("http-400")


def test_a_code_given_as_text_is_the_same_code() -> None:
    assert failure_of({"code": "131026"}).reason == "131026 undeliverable"


@pytest.mark.parametrize(
    ("headers", "usage", "seconds"),
    [
        ({}, None, None),
        ({"Retry-After": "5"}, None, 5.0),
        ({"Retry-After": "soon"}, None, None),
        ({}, {"1": [{"type": "messaging", "estimated_time_to_regain_access": 2}]}, 120.0),
        ({}, {"1": [{"estimated_time_to_regain_access": 0}]}, None),
        ({}, {"1": ["x"], "2": 3}, None),
    ],
)
def test_how_long_meta_asks_to_wait(headers: dict[str, str], usage: object, seconds: float | None) -> None:
    assert asked_wait(headers, usage) == seconds
