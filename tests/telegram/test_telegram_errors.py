"""Every answer of the Bot API, by code and words, has the Result that the table of errors.py names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.emulator import TelegramEmulator, faults
from adapters.telegram.emulator.faults import Fault
from adapters.telegram.errors import OTHER, ROWS, Meaning, Row
from hub.channel import Accepted, Deferred, Outbound, Rejected, Result, Uncertain
from hub.domain import Handle

ANNA = 700001
TOKEN = "123456:TEST-token_for_tests-0000000000000"
Make = Callable[..., Outbound]
Count = Callable[[], int]


# A row for a whole class of codes is tried with one that no other row names.
ONE_OF_CLASS = {3: 307, 4: 418, 5: 503}


def example(row: Row) -> Fault:
    if row.meaning is Meaning.MOVED:
        return faults.Migrated(-1001)
    return faults.Refusal(ONE_OF_CLASS.get(row.code, row.code), f"Bad Request or Forbidden: {row.words}")


EXPECTED: dict[Meaning, Callable[[str], Result]] = {
    Meaning.WAIT: lambda why: Deferred(why),
    Meaning.MOVED: lambda why: Deferred(why, retry_after=0, moved_to=Handle("-1001")),
    Meaning.DEAD: lambda why: Rejected(why, address_dead=True),
    # What these mean where there was an edit, a picture or a trimming stands in test_telegram_parts.py.
    Meaning.SAME: lambda why: Rejected(why),
    Meaning.PICTURE: lambda why: Rejected(why),
    Meaning.TRIMMINGS: lambda why: Deferred(why, retry_after=0),
    Meaning.MUTED: lambda why: Rejected(why, strike=True),
    Meaning.REFUSED: lambda why: Rejected(why),
    Meaning.ACCOUNT: lambda why: Deferred(why, whole_account=True),
    Meaning.LATER: lambda why: Deferred(why),
    Meaning.UNSURE: lambda why: Uncertain(why),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.code} {row.words or 'any words'}")
async def test_every_row_of_the_table_is_reached_by_the_answer_it_names(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, sends: Count, row: Row
) -> None:
    emulator.fault(ANNA, example(row))
    result = await channel.send(outbound())
    assert not isinstance(result, Accepted)
    assert result.reason.startswith(row.name)
    assert result == EXPECTED[row.meaning](result.reason)
    assert sends() == 1


def test_the_table_leaves_no_meaning_unused() -> None:
    assert {row.meaning for row in (*ROWS, OTHER)} == set(Meaning)


WORDS: list[tuple[Fault, Result]] = [
    (
        faults.Refusal(400, "Bad Request: message is too long"),
        Rejected("refused: Bad Request: message is too long"),
    ),
    (
        faults.Refusal(400, "Bad Request: group chat was deactivated"),
        Rejected("deactivated: Bad Request: group chat was deactivated", address_dead=True),
    ),
    (
        faults.Refusal(400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
        Rejected("no right to write: Bad Request: CHAT_WRITE_FORBIDDEN", strike=True),
    ),
    (
        faults.Refusal(403, "Forbidden: CHAT_WRITE_FORBIDDEN"),
        Rejected("no right to write: Forbidden: CHAT_WRITE_FORBIDDEN", strike=True),
    ),
    (
        faults.Refusal(400, "Bad Request: have no rights to send a message"),
        Rejected("no right to write: Bad Request: have no rights to send a message", strike=True),
    ),
    (
        faults.Refusal(400, "Bad Request: TOPIC_CLOSED"),
        Rejected("no right to write: Bad Request: TOPIC_CLOSED", strike=True),
    ),
    (
        faults.MUTED,
        Rejected("no right to write: Bad Request: not enough rights to send text messages to the chat", strike=True),
    ),
    (
        faults.NO_MEMBER,
        Rejected("not a member: Forbidden: bot is not a member of the supergroup chat", address_dead=True),
    ),
    (faults.Refusal(420, "FLOOD_WAIT_17"), Deferred("flood: FLOOD_WAIT_17", retry_after=18)),
    (
        faults.Refusal(429, "Too Many Requests: retry after 5"),
        Deferred("flood: Too Many Requests: retry after 5", retry_after=6),
    ),
    (faults.Refusal(429, "Too Many Requests"), Deferred("flood: Too Many Requests")),
    (faults.DEACTIVATED, Rejected("deactivated: Forbidden: user is deactivated", address_dead=True)),
    (faults.KICKED, Rejected("kicked: Forbidden: bot was kicked from the group chat", address_dead=True)),
    (faults.UNAUTHORIZED, Deferred("token refused: Unauthorized", whole_account=True)),
    (faults.NOT_FOUND, Deferred("token refused: Not Found", whole_account=True)),
    (faults.Refusal(504, "Gateway Timeout"), Uncertain("gateway timeout: Gateway Timeout")),
    (
        faults.NEVER_STARTED,
        Rejected("never started: Forbidden: bot can't initiate conversation with a user", address_dead=True),
    ),
]


@pytest.mark.parametrize(("fault", "expected"), WORDS, ids=lambda value: repr(value)[:50])
async def test_the_reason_is_our_word_and_then_the_providers(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, fault: Fault, expected: Result
) -> None:
    emulator.fault(None, fault)
    assert await channel.send(outbound()) == expected


@pytest.mark.parametrize("words", ["", "Bad Request: x", "Forbidden: x", "<html>x</html>"])
async def test_every_status_from_400_to_599_has_its_result_and_only_telegrams_own_words_refuse_for_good(
    channel: TelegramChannel, emulator: TelegramEmulator, outbound: Make, sends: Count, words: str
) -> None:
    for code in range(400, 600):
        emulator.fault(ANNA, faults.Page(code, words) if "<" in words else faults.Refusal(code, words))
        result = await channel.send(outbound())
        if code == 504:
            assert isinstance(result, Uncertain)
        elif code == 413 or (code, words) in ((400, "Bad Request: x"), (403, "Forbidden: x")):
            assert isinstance(result, Rejected) and result.address_dead is (code == 403)
        else:
            ours = code < 500 and code not in (420, 429)
            assert isinstance(result, Deferred) and result.whole_account is ours, code
    assert sends() == 200 and emulator.messages(ANNA) == []
