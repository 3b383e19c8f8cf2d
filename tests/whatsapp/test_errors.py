"""Every row of the error table, as the answer to a send and as a later status."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


def expected(row: Row, code: int) -> Result:
    reason = f"template:{code} {row.name}" if row.verdict is Verdict.TEMPLATE else f"{code} {row.name}"
    results: dict[Verdict, Result] = {
        Verdict.RETRY: Deferred(reason),
        Verdict.THROUGHPUT: Deferred(reason, 1.0),
        Verdict.PAIR_RATE: Deferred(reason, 1.0),
        Verdict.CALL_LIMIT: Deferred(reason, whole_account=True),
        Verdict.MAINTENANCE: Deferred(reason, 120.0),
        Verdict.WINDOW: Deferred(reason, 0.0),
        Verdict.OTHER_CHANNEL: Rejected(reason),
        Verdict.UNDELIVERABLE: Rejected(reason),
        Verdict.DEAD: Rejected(reason, address_dead=True),
        Verdict.CONTENT: Rejected(reason),
        Verdict.TEMPLATE: Rejected(reason),
        Verdict.ACCOUNT: Deferred(reason, whole_account=True),
    }
    return results[row.verdict]


def test_every_code_of_the_documents_stands_in_the_table_once() -> None:
    codes = [code for row in ROWS for code in row.codes]
    assert len(codes) == len(set(codes))
    assert set(codes) >= TABLE_OF_THE_DOCUMENTS


@pytest.mark.parametrize(("row", "code"), CODES, ids=[str(code) for _, code in CODES])
async def test_a_refused_send_gives_what_its_row_says_whatever_the_http_status(
    world: World, row: Row, code: int
) -> None:
    for status in (400, 500):
        world.emulator.fault(NUMBER, faults.refuse(code, status=status))
        before = world.emulator.requests
        assert await world.channel.send(FIRST) == expected(row, code)
        assert world.emulator.requests == before + 1


@pytest.mark.parametrize(("row", "code"), CODES, ids=[str(code) for _, code in CODES])
async def test_a_failed_status_tells_the_same_reason(world: World, row: Row, code: int) -> None:
    world.emulator.fault(NUMBER, faults.fail(code))
    assert isinstance(await world.channel.send(FIRST), Accepted)
    await world.emulator.settled()
    hook = world.emulator.postman.hooks[-1]
    (receipt,) = world.channel.parse(world.channel.check_hook(hook.headers, hook.body))
    wanted = expected(row, code)
    assert isinstance(receipt, ReceiptSeen) and isinstance(wanted, Deferred | Rejected)
    assert (receipt.kind, receipt.delivery_id, receipt.reason) == (ReceiptKind.FAILED, 9001, wanted.reason)
    assert receipt.address_dead == (row.verdict is Verdict.DEAD)


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


async def test_after_a_closed_window_the_next_attempt_is_a_template(world: World) -> None:
    inside = world.open()
    world.emulator.fault(NUMBER, faults.refuse(131047))
    assert await world.channel.send(inside) == Deferred("131047 re-engagement", 0.0)
    assert isinstance(await world.channel.send(replace(inside, attempt=2)), Accepted)
    assert world.emulator.messages[-1].content.kind == "template"


async def test_a_phone_number_id_that_meta_does_not_know_stops_the_account_and_not_the_alert(world: World) -> None:
    world.emulator.fault(NUMBER, faults.refuse(100, subcode=33))
    assert await world.channel.send(FIRST) == Deferred("100 unknown-object", whole_account=True)


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, Rejected("999999 unknown")),
        (500, Deferred("999999 unknown")),
        (503, Deferred("999999 unknown")),
        (429, Deferred("999999 unknown")),
    ],
)
async def test_a_code_nobody_knows_is_judged_by_its_status(world: World, status: int, wanted: Result) -> None:
    world.emulator.fault(NUMBER, faults.refuse(999999, status=status))
    assert await world.channel.send(FIRST) == wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (500, Deferred("http-500")),
        (502, Deferred("http-502")),
        (503, Deferred("http-503")),
        (504, Uncertain("http-504")),
        (429, Deferred("http-429")),
        (413, Rejected("http-413")),
        (401, Deferred("http-401", whole_account=True)),
        (403, Deferred("http-403", whole_account=True)),
        (404, Deferred("http-404", whole_account=True)),
    ],
)
async def test_a_page_of_a_proxy_has_no_code_and_is_judged_by_its_status(
    world: World, status: int, wanted: Result
) -> None:
    world.emulator.fault(NUMBER, faults.html(status))
    before = world.emulator.requests
    assert await world.channel.send(FIRST) == wanted
    assert world.emulator.requests == before + 1
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
