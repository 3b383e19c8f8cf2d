"""Every error code of the Cloud API as one table, and what it means to the hub: retry, wait, give up or page somebody.

The same table serves the answer to a send and the `errors[]` of a later status. Decided on the code, not on the HTTP
status: Meta gives 400 for almost anything. Basis: Meta's error-codes page of 15 May 2026 and the names in pywa 4.5.0
`errors.py`; the split into classes is our judgement. A reason never holds what Meta wrote: it may quote a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.channel import Deferred, Rejected, Uncertain


class Verdict(StrEnum):
    """The class of an error, and so the action."""

    RETRY = "transient: the hub's own backoff"
    THROUGHPUT = "this number sends too fast: seconds"
    PAIR_RATE = "too many to this one recipient: 1, 4, 16… seconds"
    CALL_LIMIT = "the app or business account calls too often: slow the whole account"
    MAINTENANCE = "account in maintenance: minutes"
    WINDOW = "over 24 hours since the person wrote: at once, as a template"
    OTHER_CHANNEL = "Meta will not deliver it to this person today: other channel"
    UNDELIVERABLE = "not reachable now, perhaps never: other channel, and the address gets a strike"
    DEAD = "nothing we send will reach this address until a person mends it"
    CONTENT = "our free-form message is wrong: at once, as a template"
    TEMPLATE = "this template cannot be used: at once by a spare one, and page the operator"
    FILLING = "the template is good, but not as we fill it: at once, shorter and plainer"
    ACCOUNT = "our account, token or number is unusable: page the operator, keep the queue"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `codes` holds one code or a range of them."""

    codes: tuple[int, ...] | range
    name: str
    verdict: Verdict


ROWS: tuple[Row, ...] = (
    Row((1,), "api-unknown", Verdict.RETRY),
    Row((2,), "api-down", Verdict.RETRY),
    Row((131000,), "something-went-wrong", Verdict.RETRY),
    Row((131016,), "service-unavailable", Verdict.RETRY),
    Row((135000,), "generic", Verdict.RETRY),
    Row((4,), "app-call-limit", Verdict.CALL_LIMIT),
    Row((80007,), "business-call-limit", Verdict.CALL_LIMIT),
    Row((130429,), "throughput", Verdict.THROUGHPUT),
    Row((131056,), "pair-rate", Verdict.PAIR_RATE),
    Row((131057,), "maintenance", Verdict.MAINTENANCE),
    Row((131047,), "re-engagement", Verdict.WINDOW),
    Row((131049,), "ecosystem-engagement", Verdict.OTHER_CHANNEL),
    Row((130472,), "experiment-group", Verdict.OTHER_CHANNEL),
    # Mended on our side (test list, category of the template), so nothing is said against the address.
    Row((131030,), "not-on-test-list", Verdict.OTHER_CHANNEL),
    Row((131050,), "opted-out-of-marketing", Verdict.OTHER_CHANNEL),
    Row((131026,), "undeliverable", Verdict.UNDELIVERABLE),
    Row((131062,), "user-id-not-allowed", Verdict.UNDELIVERABLE),
    Row((131021,), "recipient-is-sender", Verdict.DEAD),
    # Somebody else may hold the number now: it must be verified anew before police news goes there.
    Row((137000,), "identity-changed", Verdict.DEAD),
    Row((100,), "invalid-parameter", Verdict.CONTENT),
    Row((131008,), "parameter-missing", Verdict.CONTENT),
    Row((131009,), "parameter-value", Verdict.CONTENT),
    Row((131051,), "unsupported-type", Verdict.CONTENT),
    Row((131052,), "media-download", Verdict.CONTENT),
    Row((131053,), "media-upload", Verdict.CONTENT),
    Row((132000,), "parameter-count", Verdict.TEMPLATE),
    Row((132001,), "absent", Verdict.TEMPLATE),
    Row((132005,), "too-long", Verdict.FILLING),
    Row((132007,), "policy", Verdict.TEMPLATE),
    Row((132008,), "parameter-value", Verdict.FILLING),
    Row((132012,), "parameter-format", Verdict.TEMPLATE),
    Row((132015,), "paused", Verdict.TEMPLATE),
    Row((132016,), "disabled", Verdict.TEMPLATE),
    # Line breaks or runs of spaces in a parameter: not in Meta's table, but seen (schemalabz/opencouncil PR 780, 2026).
    Row((132018,), "parameter-text", Verdict.FILLING),
    Row((131063,), "marketing-off", Verdict.TEMPLATE),
    Row((0,), "authentication", Verdict.ACCOUNT),
    Row((3,), "capability", Verdict.ACCOUNT),
    Row((10,), "permission", Verdict.ACCOUNT),
    Row((190,), "token", Verdict.ACCOUNT),
    Row(range(200, 300), "permission", Verdict.ACCOUNT),
    Row((131005,), "access-denied", Verdict.ACCOUNT),
    Row((33,), "number-deleted", Verdict.ACCOUNT),
    Row((133010,), "number-not-registered", Verdict.ACCOUNT),
    Row((131045,), "certificate", Verdict.ACCOUNT),
    Row((131037,), "display-name", Verdict.ACCOUNT),
    Row((368,), "policy-block", Verdict.ACCOUNT),
    Row((131031,), "locked", Verdict.ACCOUNT),
    Row((130497,), "country", Verdict.ACCOUNT),
    Row((131048,), "spam-limit", Verdict.ACCOUNT),
    Row((131064,), "classification-limit", Verdict.ACCOUNT),
    Row((131042,), "payment", Verdict.ACCOUNT),
)

_BY_CODE = {code: row for row in ROWS for code in row.codes}

# 100 with subcode 33 is an object id that does not exist: our own phone number id, or (channel.py) a picture's.
UNKNOWN_OBJECT = 33

# Reasons of late failures that speak of an uploaded picture.
MEDIA_REASONS = frozenset({"131052 media-download", "131053 media-upload"})

# Meta's throughput window is one second (…/throughput).
THROUGHPUT_SECONDS = 1.0
# Maintenance is the minute or so of a throughput upgrade (…/throughput: "about 1 minute").
MAINTENANCE_SECONDS = 120.0
# Retry a pair after 4^X seconds (Cloud API overview, "pair rate limits").
PAIR_BASE, PAIR_MOST = 4, 64.0

# A late failure comes when nobody waits any more, so it names the wait itself: seconds until another try at the same address is
# worth it. Of CONTENT and WINDOW the next try is a template. What is missing here is not worth another try.
AGAIN: Mapping[Verdict, float] = {
    Verdict.RETRY: 10.0,
    Verdict.THROUGHPUT: THROUGHPUT_SECONDS,
    Verdict.PAIR_RATE: float(PAIR_BASE),
    Verdict.CALL_LIMIT: 60.0,
    Verdict.MAINTENANCE: MAINTENANCE_SECONDS,
    Verdict.WINDOW: 0.0,
    Verdict.CONTENT: 0.0,
}

# Without any code: these say that our credentials or the API's address are wrong, not this one message.
_ACCOUNT_STATUSES = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 407})
_BUSY_STATUSES = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Failure:
    """What Meta said went wrong. `code` None: it gave none. `status` 0: not an HTTP answer but a later status."""

    code: int | None
    subcode: int = 0
    status: int = 0

    @property
    def row(self) -> Row | None:
        if self.code == 100 and self.subcode == UNKNOWN_OBJECT:
            return Row((100,), "unknown-object", Verdict.ACCOUNT)
        return None if self.code is None else _BY_CODE.get(self.code)

    @property
    def reason(self) -> str:
        """Short and fit for machines: "131026 undeliverable", "template:132001 absent", "http-502"."""
        match self.row:
            case Row(verdict=Verdict.TEMPLATE | Verdict.FILLING, name=name):
                return f"template:{self.code} {name}"
            case Row(name=name):
                return f"{self.code} {name}"
            case None if self.code is not None:
                return f"{self.code} unknown"
            case None:
                return f"http-{self.status}" if self.status else "unknown"

    @property
    def verdict(self) -> Verdict | None:
        row = self.row
        return None if row is None else row.verdict

    @property
    def again(self) -> float | None:
        """Of a late failure: seconds until another try at the same address is worth it."""
        verdict = self.verdict
        return None if verdict is None else AGAIN.get(verdict)


def failure_of(error: Any, status: int = 0) -> Failure:
    """Read an error object (`error` of an answer, one of `errors[]` of a status), however broken."""
    match error:
        case {"code": int(code), **rest} if not isinstance(code, bool) and 0 <= code < 10_000_000:
            subcode = rest.get("error_subcode")
            return Failure(code, subcode if isinstance(subcode, int) else 0, status)
        case {"code": str(code), **rest} if code.isascii() and code.isdigit() and len(code) <= 7:
            return failure_of({**rest, "code": int(code)}, status)
        case _:
            return Failure(None, status=status)


def result_of(
    failure: Failure, *, attempt: int, retry_after: float | None = None, another_way: bool = False
) -> Deferred | Uncertain | Rejected:
    """What the hub should do after a refused send. `retry_after`: seconds that Meta's own headers ask for.

    `another_way`: what we said is refused, but the next attempt says it differently (as a template, by a spare one, shorter).
    """
    reason, verdict = failure.reason, failure.verdict
    match verdict:
        case None:
            return _result_without_row(failure, retry_after, another_way)
        case Verdict.RETRY:
            return Deferred(reason, retry_after)
        case Verdict.THROUGHPUT:
            return Deferred(reason, THROUGHPUT_SECONDS if retry_after is None else retry_after)
        case Verdict.PAIR_RATE:
            asked = min(float(PAIR_BASE ** min(max(attempt - 1, 0), 8)), PAIR_MOST)
            return Deferred(reason, asked if retry_after is None else retry_after)
        case Verdict.MAINTENANCE:
            return Deferred(reason, MAINTENANCE_SECONDS if retry_after is None else retry_after)
        case Verdict.CALL_LIMIT | Verdict.ACCOUNT:
            return Deferred(reason, retry_after, whole_account=True)
        case Verdict.WINDOW | Verdict.CONTENT | Verdict.TEMPLATE | Verdict.FILLING:
            return Deferred(reason, 0.0) if another_way else Rejected(reason)
        case Verdict.OTHER_CHANNEL:
            return Rejected(reason)
        case Verdict.UNDELIVERABLE:
            return Rejected(reason, strike=True)
        case Verdict.DEAD:
            return Rejected(reason, address_dead=True)


def _result_without_row(
    failure: Failure, retry_after: float | None, another_way: bool
) -> Deferred | Uncertain | Rejected:
    reason, status, unnamed = failure.reason, failure.status, failure.code is None
    if status == 504 and unnamed:
        # A gateway that gave up waiting: Meta may have taken the message.
        return Uncertain(reason)
    if status >= 500 or status in _BUSY_STATUSES:
        return Deferred(reason, retry_after)
    # A 401 is about our token, also under a code that Meta made up since.
    if status == 401 or (unnamed and status in _ACCOUNT_STATUSES):
        return Deferred(reason, retry_after, whole_account=True)
    if 400 <= status < 500:
        return Deferred(reason, 0.0) if another_way else Rejected(reason)
    return Uncertain(reason)


def asked_wait(headers: Mapping[str, str], usage: Any = None) -> float | None:
    """Seconds to wait by `Retry-After`, else by the decoded `X-Business-Use-Case-Usage` (which counts in minutes)."""
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit() and len(given) <= 6:
        return float(given)
    if not isinstance(usage, dict):
        return None
    rows = [row for rows in usage.values() if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    minutes = [row.get("estimated_time_to_regain_access") for row in rows]
    longest = max((m for m in minutes if isinstance(m, int | float)), default=0)
    return longest * 60.0 if longest > 0 else None
