"""What a bridge to another messenger tells of our messages (mautrix-whatsapp, bridgev2). Pure.

A portal is a room behind which somebody's WhatsApp chat lies; the person there is a ghost, a Matrix user that the bridge
moves. A ghost's receipts, reactions and words are like anybody's (events.py). Beside them the bridge reports how each
message fared: `com.beeper.message_send_status` (its setting message_status_events), and, if it did not get across, a
notice in words (message_error_notices).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hub.channel import Event, ReceiptSeen
from hub.domain import ReceiptKind

# mautrix-whatsapp's user names (its appservice.username_template); other bridges than that we do not speak of.
GHOSTS: Final = "@whatsapp_"
# Seconds: as long as a bridge takes to find its connection to WhatsApp again.
AGAIN_SECONDS: Final = 30.0


def is_ghost(user: str) -> bool:
    """Whether a Matrix id is a bridge's contact rather than a person."""
    return user.startswith(GHOSTS)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a bridge gave a message up. `strike`: perhaps nothing will ever reach this person."""

    name: str
    strike: bool = False


# mautrix's own reasons (bridgev2, MessageStatusReason). Those about the message say nothing of the person.
CAUSES: Final = {
    "m.event_not_handled": Cause("the bridge does not take such messages"),
    "com.beeper.unsupported_event": Cause("the bridge does not take such messages"),
    "com.beeper.undecryptable_event": Cause("the bridge cannot decrypt the message"),
    "m.event_too_old": Cause("too old when the bridge came to it"),
    "m.no_permission": Cause("we may not use the bridge"),
    "m.bridge_unavailable": Cause("the bridge is not connected"),
    "m.foreign_network_error": Cause("WhatsApp refused it", strike=True),
}
UNKNOWN_CAUSE: Final = Cause("not bridged", strike=True)


def read_status(content: Any, at: int) -> Iterator[Event]:
    """A status event. PENDING is no news; a success that names whom it was delivered to is a delivery."""
    ref = _ref(content["m.relates_to"]["event_id"])
    match content["status"]:
        case "SUCCESS":
            kind = ReceiptKind.DELIVERED if content.get("delivered_to_users") else ReceiptKind.SENT
            yield ReceiptSeen(kind, at, ref)
        case "FAIL_RETRIABLE":
            yield ReceiptSeen(
                ReceiptKind.FAILED, at, ref, reason=f"bridge: {_cause(content).name}", again=AGAIN_SECONDS
            )
        case "FAIL_PERMANENT":
            cause = _cause(content)
            yield ReceiptSeen(ReceiptKind.FAILED, at, ref, reason=f"bridge: {cause.name}", strike=cause.strike)
        case "PENDING":
            pass
        case _:
            raise ValueError("status")


def read_notice(content: Any, at: int) -> Iterator[Event]:
    """A notice of the bridge's bot in answer to our message: "⚠️ Your message was not bridged: …".

    Never with `again`: it comes beside a status event too, where those are on, and only that one tells whether trying
    again helps. "May not have been bridged" counts as failed as well, so that the next address is tried: the first may
    turn out to have arrived, but nobody is missed.
    """
    if content.get("msgtype") != "m.notice":
        return
    about = content.get("m.relates_to") or {}
    answered = about.get("m.in_reply_to") or {}
    words = content["body"].lower()
    if answered and "not bridged" in words:
        yield ReceiptSeen(ReceiptKind.FAILED, at, _ref(answered["event_id"]), reason="bridge: not bridged")
    elif answered and "not have been bridged" in words:
        yield ReceiptSeen(ReceiptKind.FAILED, at, _ref(answered["event_id"]), reason="bridge: perhaps not bridged")


def failed_events(events: list[dict[str, Any]]) -> Iterator[str]:
    """The messages of ours of which these events say that they did not get across and may be sent again."""
    for event in events:
        content = event.get("content")
        if isinstance(content, dict) and content.get("status") == "FAIL_RETRIABLE":
            about = content.get("m.relates_to")
            ref = about.get("event_id") if isinstance(about, dict) else None
            if isinstance(ref, str):
                yield ref


def _cause(content: Any) -> Cause:
    reason = content.get("reason")
    return CAUSES.get(reason, UNKNOWN_CAUSE) if isinstance(reason, str) else UNKNOWN_CAUSE


def _ref(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError("a reference is a string")
    return given
