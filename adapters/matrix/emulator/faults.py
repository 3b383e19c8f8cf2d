"""What can go wrong on demand: error answers in Synapse's own words, and connections that break in every way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer as Synapse gives it."""

    status: int
    errcode: str
    error: str
    fields: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {"errcode": self.errcode, "error": self.error, **self.fields}


class Refused(Exception):
    """A request the server does not accept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error)
        self.refusal = refusal


def refused(status: int, errcode: str, error: str) -> Refused:
    return Refused(Refusal(status, errcode, error))


def forbidden(error: str) -> Refused:
    return refused(403, "M_FORBIDDEN", error)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is not Synapse's: a proxy's page, or nothing. With status 200 the request is carried out all the same."""

    status: int
    body: str = ""
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for so many seconds. `accepted`: the request is carried out all the same."""

    seconds: float
    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends without an answer. `accepted`: after the request was carried out."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class Truncated:
    """The connection ends in the middle of the answer; the request is carried out."""


Fault = Refusal | Page | Hang | Cut | Truncated

MISSING_TOKEN = Refusal(401, "M_MISSING_TOKEN", "Missing access token")
UNKNOWN_TOKEN = Refusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", {"soft_logout": False})
DEACTIVATED = Refusal(403, "M_USER_DEACTIVATED", "This account has been deactivated")
UNRECOGNIZED = Refusal(404, "M_UNRECOGNIZED", "Unrecognized request")
WRONG_METHOD = Refusal(405, "M_UNRECOGNIZED", "Unrecognized request")
NOT_JSON = Refusal(400, "M_NOT_JSON", "Content not JSON.")
NOT_AN_OBJECT = Refusal(400, "M_BAD_JSON", "Content must be a JSON object.")
TOO_LARGE = Refusal(413, "M_TOO_LARGE", "event too large")
DUPLICATE_ANNOTATION = Refusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
SERVER_ERROR = Refusal(500, "M_UNKNOWN", "Internal server error")
BAD_GATEWAY = Page(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
EMPTY_GATEWAY_TIMEOUT = Page(504)
GARBAGE = Page(200, "<html><body>Log in to the guest network</body></html>")
BAD_JSON = Page(200, "{]", "application/json")
DROPPED = Cut(accepted=False)
ACCEPTED_THEN_DROPPED = Cut(accepted=True)


def too_many(milliseconds: int | None = None) -> Refusal:
    """Synapse names the wait in the body and, in whole seconds, in a header; None: in neither, as a proxy before it may."""
    if milliseconds is None:
        return Refusal(429, "M_LIMIT_EXCEEDED", "Too Many Requests")
    headers = {"Retry-After": str(math.ceil(milliseconds / 1000))}
    return Refusal(429, "M_LIMIT_EXCEEDED", "Too Many Requests", {"retry_after_ms": milliseconds}, headers)
