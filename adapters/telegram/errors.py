"""What every answer of the Bot API means for a delivery: one table, from HTTP code and words to the hub's Results.

Answers are read from the HTTP code and the words themselves, not from PTB's exceptions: those lose the code, and PTB's
BadRequest is a NetworkError, so that who retries network errors retries for ever what can never succeed. The words are
those of tdlib/telegram-bot-api (Client.cpp) and of Telegram's servers behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from telegram.error import TelegramError

from adapters.telegram.request import Lost, NotSent, Refusal
from hub.channel import Accepted, Deferred, Rejected, Result, Uncertain
from hub.domain import Handle


class Meaning(Enum):
    """What follows from an answer.

    SAME: an edit that was made already. MUTED: the chat is there, but we may not write in it. PICTURE, TRIMMINGS: the alert is
    fine, but not with this picture, or not with this formatting, reply or kind of edit.
    """

    SAME = auto()
    WAIT = auto()
    MOVED = auto()
    DEAD = auto()
    MUTED = auto()
    PICTURE = auto()
    TRIMMINGS = auto()
    REFUSED = auto()
    ACCOUNT = auto()
    LATER = auto()
    UNSURE = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """`code` below 10 is a class: 5 is 500 to 599. `words`, in any case, must occur in Telegram's description."""

    code: int
    words: str
    meaning: Meaning
    name: str
    advice: str = ""

    def fits(self, refusal: Refusal) -> bool:
        code = refusal.code // 100 if self.code < 10 else refusal.code
        return code == self.code and self.words in refusal.description.lower()


TOKEN_REFUSED = "the bot token is refused: copy it again from @BotFather into channels.telegram.token"  # noqa: S105
SECOND_POLLER = "another program fetches this bot's updates: stop it, or give the hub a bot of its own"
PROXY = "something between us and the Bot API answers: check channels.telegram.api_base and the proxy"

# The first row that fits counts. 400 and 403 need Telegram's own words: a firewall's 403 must not write off every
# address.
ROWS = (
    Row(429, "", Meaning.WAIT, "flood"),
    Row(420, "", Meaning.WAIT, "flood"),
    Row(400, "upgraded to a supergroup", Meaning.MOVED, "moved"),
    Row(400, "message is not modified", Meaning.SAME, "the same"),
    Row(400, "chat not found", Meaning.DEAD, "unknown chat"),
    Row(400, "user not found", Meaning.DEAD, "unknown chat"),
    Row(400, "peer_id_invalid", Meaning.DEAD, "unknown chat"),
    Row(400, "channel_private", Meaning.DEAD, "unknown chat"),
    Row(400, "chat was deactivated", Meaning.DEAD, "deactivated"),
    Row(400, "user_deactivated", Meaning.DEAD, "deactivated"),
    # Somebody in the group can give the right back, so the address is not dead at once. Class 4: some come as 400 and as 403.
    Row(4, "chat_write_forbidden", Meaning.MUTED, "no right to write"),
    Row(4, "chat_send_plain_forbidden", Meaning.MUTED, "no right to write"),
    Row(4, "chat_restricted", Meaning.MUTED, "no right to write"),
    Row(4, "not enough rights to send text", Meaning.MUTED, "no right to write"),
    Row(4, "no rights to send a message", Meaning.MUTED, "no right to write"),
    Row(4, "topic_closed", Meaning.MUTED, "no right to write"),
    # A chat that takes no pictures may take text.
    Row(4, "not enough rights to send photos", Meaning.TRIMMINGS, "no pictures here"),
    Row(4, "chat_send_photos_forbidden", Meaning.TRIMMINGS, "no pictures here"),
    Row(4, "chat_send_media_forbidden", Meaning.TRIMMINGS, "no pictures here"),
    Row(400, "message to be replied not found", Meaning.TRIMMINGS, "nothing to reply to"),
    Row(400, "there is no caption", Meaning.TRIMMINGS, "no picture to edit"),
    Row(400, "there is no text", Meaning.TRIMMINGS, "no text to edit"),
    Row(400, "entit", Meaning.TRIMMINGS, "formatting refused"),
    Row(400, "file identifier", Meaning.PICTURE, "picture refused"),
    Row(400, "file_id", Meaning.PICTURE, "picture refused"),
    Row(400, "file_reference", Meaning.PICTURE, "picture refused"),
    Row(400, "file is too big", Meaning.PICTURE, "picture refused"),
    Row(400, "file must be non-empty", Meaning.PICTURE, "picture refused"),
    Row(400, "photo_", Meaning.PICTURE, "picture refused"),
    Row(400, "image_process_failed", Meaning.PICTURE, "picture refused"),
    Row(413, "", Meaning.PICTURE, "too large"),
    Row(400, "bad request", Meaning.REFUSED, "refused"),
    Row(403, "blocked by the user", Meaning.DEAD, "blocked"),
    Row(403, "user is deactivated", Meaning.DEAD, "deactivated"),
    Row(403, "bot was kicked", Meaning.DEAD, "kicked"),
    Row(403, "not a member", Meaning.DEAD, "not a member"),
    Row(403, "can't initiate conversation", Meaning.DEAD, "never started"),
    Row(403, "forbidden", Meaning.DEAD, "forbidden"),
    Row(401, "", Meaning.ACCOUNT, "token refused", TOKEN_REFUSED),
    Row(404, "", Meaning.ACCOUNT, "token refused", TOKEN_REFUSED),
    Row(409, "", Meaning.ACCOUNT, "conflict", SECOND_POLLER),
    # A gateway that lost patience does not know what Telegram did with the request; the other 5xx are clear refusals.
    Row(504, "", Meaning.UNSURE, "gateway timeout"),
    Row(5, "", Meaning.LATER, "provider fault"),
    Row(4, "", Meaning.ACCOUNT, "not telegram", PROXY),
    Row(3, "", Meaning.ACCOUNT, "redirected", PROXY),
)
OTHER = Row(0, "", Meaning.UNSURE, "strange answer", PROXY)

LONGEST_WORDS = 120
# Chat ids, @names, and what is quoted from the message itself ('unsupported start tag "…"') are not for logs.
_PRIVATE = re.compile(r'"[^"]*"|@\w+|-?\d{5,}')


def row_for(refusal: Refusal) -> Row:
    return next((row for row in ROWS if row.fits(refusal)), OTHER)


def to_result(error: TelegramError, edited: str = "") -> Result:
    """What a failed send is to the hub. Reasons hold no chat id, no token and no text of the message.

    `edited`: the reference of the message that an edit was for.
    """
    match error:
        case Refusal():
            return _answered(error, edited)
        case NotSent():
            return Deferred(f"not connected: {error.message}")
        case Lost():
            return Uncertain(f"no answer: {error.message}")
        case _:
            return Uncertain(f"unexpected: {type(error).__name__}")


def without(refusal: Refusal) -> Deferred:
    """At once again, without what was refused; that it differs is up to who sends."""
    return Deferred(reason(row_for(refusal).name, refusal.description), retry_after=0)


def advice(error: TelegramError) -> str:
    """One line for the operator: what is wrong with the account, and what to do about it."""
    match error:
        case Refusal():
            row = row_for(error)
            return f"{row.advice or 'the Bot API refuses'} ({error.code} {reason(row.name, error.description)})"
        case NotSent():
            return f"no connection to the Bot API: check the network and channels.telegram.api_base ({error.message})"
        case Lost():
            return f"the Bot API gives no answer: try again, then check the network ({error.message})"
        case _:
            return f"the Bot API call failed: {type(error).__name__}"


def reason(name: str, description: str) -> str:
    """Our word, then the provider's words without what is private in them."""
    words = _PRIVATE.sub("…", description)[:LONGEST_WORDS]
    return f"{name}: {words}" if words else name


def _answered(refusal: Refusal, edited: str) -> Result:
    row = row_for(refusal)
    why = reason(row.name, refusal.description)
    match row.meaning:
        case Meaning.SAME if edited:
            return Accepted(edited)
        case Meaning.WAIT:
            # One second more than asked: Telegram counts whole seconds, and a call that comes early lengthens the wait.
            return Deferred(why, retry_after=None if refusal.retry_after is None else refusal.retry_after + 1)
        case Meaning.MOVED:
            if refusal.moved_to is None:
                return Rejected(why, address_dead=True)
            return Deferred(why, retry_after=0, moved_to=Handle(str(refusal.moved_to)))
        case Meaning.DEAD:
            return Rejected(why, address_dead=True)
        case Meaning.MUTED:
            return Rejected(why, strike=True)
        case Meaning.REFUSED | Meaning.SAME | Meaning.PICTURE | Meaning.TRIMMINGS:
            return Rejected(why)
        case Meaning.ACCOUNT:
            return Deferred(why, whole_account=True)
        case Meaning.LATER:
            return Deferred(why)
        case Meaning.UNSURE:
            return Uncertain(why)
