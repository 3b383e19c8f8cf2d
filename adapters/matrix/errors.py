"""What every answer of a homeserver means for a delivery: one table, from HTTP status and errcode to the hub's Results.

Which request was refused matters as much as the words: M_FORBIDDEN to a login is a wrong password, to a message a room we
are not in, to an invitation a person who cannot be invited. Reasons quote the errcode only: the words beside it hold ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from adapters.matrix.client import Fault, Lost, NotSent, Refusal
from hub.channel import Deferred, Rejected, Result, Uncertain


class Step(Enum):
    """What a send was doing when it failed. Only in the last step can the message have arrived."""

    SIGN_IN = auto()
    FIND_ROOM = auto()
    ENTER_ROOM = auto()
    PICTURE = auto()
    MESSAGE = auto()


class Meaning(Enum):
    """What follows from an answer."""

    WAIT = auto()
    ACCOUNT = auto()
    ROOM = auto()
    REFUSED = auto()
    LATER = auto()
    UNSURE = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """`status` 0 is any, below 10 a class: 5 is 500 to 599. `errcode` "" is any, "-" none: the answer is not Matrix."""

    status: int
    errcode: str
    meaning: Meaning
    name: str
    advice: str = ""

    def fits(self, refusal: Refusal) -> bool:
        status = refusal.status // 100 if self.status < 10 else refusal.status
        errcode = "" if self.errcode == "-" else self.errcode or refusal.errcode
        return self.status in (0, status) and errcode == refusal.errcode


TOKEN = "the access token is refused: make a new one, or set channels.matrix.password instead"  # noqa: S105
LOCKED = "the homeserver has closed this account: ask its administrator"
PASSWORD = "user_id or password is refused: check channels.matrix"  # noqa: S105
PROXY = "what answers is not a homeserver: check channels.matrix.homeserver and the proxy"
FULL = "the homeserver has reached a limit of its own: ask its administrator"

# The first row that fits counts. A 4xx without an errcode is a proxy's or a firewall's, and must not write off any room.
ROWS = (
    Row(429, "", Meaning.WAIT, "asked to wait"),
    Row(0, "M_LIMIT_EXCEEDED", Meaning.WAIT, "asked to wait"),
    Row(0, "M_UNKNOWN_TOKEN", Meaning.ACCOUNT, "token refused", TOKEN),
    Row(0, "M_MISSING_TOKEN", Meaning.ACCOUNT, "token refused", TOKEN),
    Row(0, "M_USER_DEACTIVATED", Meaning.ACCOUNT, "account closed", LOCKED),
    Row(0, "M_USER_LOCKED", Meaning.ACCOUNT, "account closed", LOCKED),
    Row(0, "M_USER_SUSPENDED", Meaning.ACCOUNT, "account closed", LOCKED),
    Row(0, "M_CONSENT_NOT_GIVEN", Meaning.ACCOUNT, "terms not accepted", LOCKED),
    Row(0, "M_RESOURCE_LIMIT_EXCEEDED", Meaning.ACCOUNT, "homeserver full", FULL),
    Row(0, "M_FORBIDDEN", Meaning.ROOM, "not allowed in the room", PASSWORD),
    Row(0, "M_GUEST_ACCESS_FORBIDDEN", Meaning.ROOM, "not allowed in the room"),
    Row(0, "M_NOT_FOUND", Meaning.ROOM, "no such room"),
    Row(0, "M_UNRECOGNIZED", Meaning.ACCOUNT, "not a homeserver", PROXY),
    Row(0, "M_TOO_LARGE", Meaning.REFUSED, "too large"),
    Row(0, "M_BAD_JSON", Meaning.REFUSED, "refused"),
    Row(0, "M_NOT_JSON", Meaning.REFUSED, "refused"),
    Row(0, "M_INVALID_PARAM", Meaning.REFUSED, "refused"),
    Row(0, "M_MISSING_PARAM", Meaning.REFUSED, "refused"),
    # Our own sign stands there already: nothing more to do, and nobody's fault.
    Row(0, "M_DUPLICATE_ANNOTATION", Meaning.REFUSED, "already there"),
    # The one answer that says the request was not taken up; behind any other 5xx it may have been.
    Row(503, "", Meaning.LATER, "homeserver fault"),
    Row(5, "", Meaning.UNSURE, "homeserver fault"),
    Row(408, "", Meaning.LATER, "homeserver fault"),
    Row(413, "-", Meaning.REFUSED, "too large"),
    Row(4, "-", Meaning.ACCOUNT, "not a homeserver", PROXY),
    Row(401, "", Meaning.ACCOUNT, "token refused", TOKEN),
    Row(4, "", Meaning.REFUSED, "refused"),
    Row(3, "", Meaning.ACCOUNT, "redirected", PROXY),
)
OTHER = Row(0, "", Meaning.UNSURE, "strange answer", PROXY)
# Their token is gone: where there is a password, the next request signs in anew.
SIGNED_OUT = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})

_ERRCODE = re.compile(r"[A-Z][A-Z0-9_]{1,59}")


def row_for(refusal: Refusal) -> Row:
    return next((row for row in ROWS if row.fits(refusal)), OTHER)


def to_result(fault: Fault, step: Step = Step.MESSAGE) -> Result:
    """What a failed send is to the hub. Reasons hold no id, no token and no text of the message."""
    match fault:
        case Refusal():
            return _answered(fault, step)
        case NotSent():
            return Deferred(f"not connected: {fault}")
        case Lost() if step is not Step.MESSAGE:
            return Deferred(f"no answer before the message was sent: {fault}")
        case _:
            return Uncertain(f"no answer: {fault}")


def advice(fault: Fault) -> str:
    """One line for the operator: what is wrong with the account, and what to do about it."""
    match fault:
        case Refusal():
            row = row_for(fault)
            return f"{row.advice or 'the homeserver refuses'} ({fault.status} {_why(row.name, fault)})"
        case NotSent():
            return f"no connection to the homeserver: check the network and channels.matrix.homeserver ({fault})"
        case _:
            return f"the homeserver gives no answer that can be read: try again, then check the network ({fault})"


def _answered(refusal: Refusal, step: Step) -> Result:
    row = row_for(refusal)
    why = _why(row.name, refusal)
    meaning = row.meaning
    if step is Step.SIGN_IN and meaning in (Meaning.ROOM, Meaning.REFUSED):
        return Deferred(_why("sign-in refused", refusal), whole_account=True)
    match meaning:
        case Meaning.WAIT:
            return Deferred(why, retry_after=refusal.retry_after, whole_account=step is Step.SIGN_IN)
        case Meaning.ACCOUNT:
            return Deferred(why, whole_account=True)
        case Meaning.ROOM if step is Step.FIND_ROOM:
            # Banned, their server shut to ours, or gone: one refusal proves none of these.
            return Rejected(_why("cannot be invited", refusal), strike=True)
        case Meaning.REFUSED if step is Step.FIND_ROOM:
            return Rejected(_why("no room can be made", refusal), strike=True)
        case Meaning.ROOM:
            return Deferred(why)
        case Meaning.REFUSED:
            return Rejected(why)
        case Meaning.UNSURE if step is Step.MESSAGE:
            return Uncertain(why)
        case _:
            return Deferred(why)


def _why(name: str, refusal: Refusal) -> str:
    """Our word, then the errcode if it is one: whoever answers may have written anything there."""
    return f"{name}: {refusal.errcode}" if _ERRCODE.fullmatch(refusal.errcode) else name
