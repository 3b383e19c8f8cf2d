"""What can be asked of the emulator to go wrong, and what becomes of a message it accepted. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Where and how a send breaks."""

    REFUSE = "an error answer with a code"
    FAIL = "accepted, then a failed status with a code"
    HTML = "an HTML page with an HTTP status, as from a proxy"
    HANG = "no answer"
    DROP = "the connection breaks"
    GARBAGE = "200 with something that is not JSON"
    TRUNCATED = "200 with half a body"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong. `accepted`: the message is taken all the same, and arrives."""

    kind: FaultKind
    code: int = 0
    status: int = 0
    accepted: bool = False
    retry_after: int | None = None
    subcode: int | None = None


HANG = Fault(FaultKind.HANG)
HANG_ACCEPTED = Fault(FaultKind.HANG, accepted=True)
DROP = Fault(FaultKind.DROP)
DROP_ACCEPTED = Fault(FaultKind.DROP, accepted=True)
GARBAGE = Fault(FaultKind.GARBAGE, accepted=True)
TRUNCATED = Fault(FaultKind.TRUNCATED, accepted=True)


def refuse(code: int, *, status: int = 0, retry_after: int | None = None, subcode: int | None = None) -> Fault:
    """An error answer; `status` 0: the HTTP status Meta uses for that code. `retry_after`: seconds, as a header."""
    return Fault(FaultKind.REFUSE, code, status, retry_after=retry_after, subcode=subcode)


def fail(code: int) -> Fault:
    """Accepted with 200, and a failed status later."""
    return Fault(FaultKind.FAIL, code, accepted=True)


def html(status: int) -> Fault:
    """An answer that Meta's own software did not write."""
    return Fault(FaultKind.HTML, status=status)


@dataclass(frozen=True, slots=True)
class Course:
    """What is told of an accepted message, in this order: read may come without delivered, failed after sent.

    `pause`: seconds before each. `doubled`: each status is told twice. `code`: the error in a failed status.
    """

    statuses: tuple[str, ...] = ("sent", "delivered", "read")
    pause: float = 0.01
    doubled: bool = False
    code: int = 131000
