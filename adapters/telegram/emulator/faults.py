"""What can go wrong on demand: error answers in the real server's own words, and connections that break in every way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer as the Bot API gives it."""

    code: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        answer = {"ok": False, "error_code": self.code, "description": self.description}
        return {**answer, "parameters": self.parameters} if self.parameters else answer


class Refused(Exception):
    """A request the server does not accept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal


def bad_request(words: str) -> Refused:
    return Refused(Refusal(400, f"Bad Request: {words}"))


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is not the Bot API's: a proxy's HTML. With code 200 the message is delivered all the same."""

    code: int
    body: str


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for so many seconds. `accepted`: the message is delivered all the same."""

    seconds: float
    accepted: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends without an answer. `accepted`: after the message was delivered."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class Truncated:
    """The connection ends in the middle of the answer. With code 200 the message is delivered all the same."""

    code: int = 200


@dataclass(frozen=True, slots=True)
class Migrated:
    """The group has become a supergroup with another id, which from now on exists."""

    to: int


Fault = Refusal | Page | Hang | Cut | Truncated | Migrated

NOT_FOUND = Refusal(404, "Not Found")
NO_SUCH_METHOD = Refusal(404, "Not Found: method not found")
UNAUTHORIZED = Refusal(401, "Unauthorized")
BLOCKED = Refusal(403, "Forbidden: bot was blocked by the user")
DEACTIVATED = Refusal(403, "Forbidden: user is deactivated")
KICKED = Refusal(403, "Forbidden: bot was kicked from the group chat")
NO_MEMBER = Refusal(403, "Forbidden: bot is not a member of the supergroup chat")
MUTED = Refusal(400, "Bad Request: not enough rights to send text messages to the chat")
NEVER_STARTED = Refusal(403, "Forbidden: bot can't initiate conversation with a user")
CONFLICT = Refusal(
    409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
HOOK_ACTIVE = Refusal(
    409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
SERVER_ERROR = Refusal(500, "Internal Server Error")
BAD_GATEWAY = Page(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
GATEWAY_TIMEOUT = Page(504, "<html><head><title>504 Gateway Time-out</title></head><body>nginx</body></html>")
GARBAGE = Page(200, "<html><body>Log in to the guest network</body></html>")
DROPPED = Cut(accepted=False)
ACCEPTED_THEN_DROPPED = Cut(accepted=True)


def too_many(retry_after: int) -> Refusal:
    """`retry_after` in seconds."""
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def upgraded(to: int) -> Refusal:
    return Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": to})
