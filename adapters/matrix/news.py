"""From a sync to the piece of it that is stored: what parse (events.py) needs, with nothing else known.

What concerns nobody's address is left out here and so never reaches the disk: what residents say in a group's chat above
all, and our own messages. Beside the homeserver's own events stands what only the moment knows: whose room it is, who
the bridge's bot is, which alert of ours came before the event a person has read.
"""

from __future__ import annotations

from typing import Final

from adapters.matrix.rooms import Json, Rooms, events_in, previous, section, text_of

STATUS: Final = "com.beeper.message_send_status"

# What the homeserver is asked to send. Presence and typing would wake us for nothing.
_NOTHING: Final[Json] = {"not_types": ["*"]}
_STATE: Final = [
    "m.room.member",
    "m.room.name",
    "m.room.encryption",
    "m.bridge",
    "uk.half-shot.bridge",
]
_SAID: Final = ["m.room.message", "m.reaction", "m.room.redaction", "m.room.encrypted", STATUS]


def sync_filter(limit: int) -> Json:
    """`limit`: the most events of one room; what came before them is not fetched."""
    return {
        "presence": _NOTHING,
        "account_data": {"types": ["m.direct"]},
        "room": {
            "state": {"types": _STATE},
            "timeline": {"types": [*_STATE, *_SAID], "limit": limit},
            "ephemeral": {"types": ["m.receipt"]},
        },
    }


def news(rooms: Rooms, sync: Json, first: bool, now: int) -> Json | None:
    """`rooms` has read this sync already; `first`: it holds the full state, which is no news. None if nothing concerns us."""
    entries = [
        entry
        for name in ("join", "leave")
        for room_id, given in section(sync, name)
        if (entry := _room(rooms, room_id, given, first, gone=name == "leave")) is not None
    ]
    invites = [
        {"room": room_id, "events": events_in(given, "invite_state")} for room_id, given in section(sync, "invite")
    ]
    if not entries and not invites:
        return None
    return {"me": rooms.me, "at": now, "rooms": entries, "invites": invites}


def _room(rooms: Rooms, room_id: str, given: Json, first: bool, gone: bool) -> Json | None:
    room = rooms.known.get(room_id)
    if room is None:
        return None
    person = rooms.person(room_id)
    events = [*([] if first else events_in(given, "state")), *events_in(given, "timeline")]
    wanted = [event for event in events if _wanted(event, rooms.me, person, room.bot)]
    entry: Json = {
        "handle": rooms.handle(room_id),
        "person": person,
        "bot": room.bot,
        "timeline": wanted,
        "read": [] if gone else _read(rooms, room_id, given),
    }
    if person is not None:
        # Who leaves one room and is with us in another can still be reached.
        entry["elsewhere"] = not room.is_address and rooms.direct_room(person, "join", "invite") is not None
    elif any(_is_own_membership(event, rooms.me, "join") for event in wanted):
        entry["joined"] = {"by": rooms.invited_by.get(room_id, ""), "title": room.name}
    return entry if wanted or entry["read"] else None


def _wanted(event: Json, me: str, person: str | None, bot: str) -> bool:
    sender, kind = event.get("sender"), event.get("type")
    if kind == "m.room.member":
        return event.get("state_key") in (me, person)
    if sender == me or kind not in (*_SAID,):
        return False
    if person is not None and not bot and _is_notice(event):
        return True  # in a room of our making the bridge may not say which of those in it is its bot
    # A reader who has nothing to go by but an event without a sender shall see it too, and say so.
    return kind == STATUS or sender in (person, bot) or not isinstance(sender, str)


def _is_notice(event: Json) -> bool:
    content = event.get("content")
    return isinstance(content, dict) and content.get("msgtype") == "m.notice"


def _is_own_membership(event: Json, me: str, membership: str) -> bool:
    content = event.get("content")
    return (
        event.get("type") == "m.room.member"
        and event.get("state_key") == me
        and isinstance(content, dict)
        and content.get("membership") == membership
        and membership != text_of(previous(event).get("membership"))
    )


def _read(rooms: Rooms, room_id: str, given: Json) -> list[Json]:
    """Who has read up to which event, each with the alert of ours that was the last before it."""
    room = rooms.known[room_id]
    person = rooms.person(room_id)
    seen = []
    for receipt in events_in(given, "ephemeral"):
        content = receipt.get("content") if receipt.get("type") == "m.receipt" else None
        for event_id, kinds in content.items() if isinstance(content, dict) else ():
            for kind in ("m.read", "m.read.private"):
                readers = kinds.get(kind) if isinstance(kinds, dict) else None
                for user, detail in readers.items() if isinstance(readers, dict) else ():
                    if user not in (rooms.me, room.bot) and person in (None, user):
                        at = detail.get("ts") if isinstance(detail, dict) else None
                        seen.append({"event": event_id, "alert": room.before.get(event_id, ""), "ts": at})
    return seen
