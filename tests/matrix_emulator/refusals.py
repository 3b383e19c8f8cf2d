"""What a homeserver refuses and in which words: found by asking Synapse 1.163.2, true of it and of the emulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.matrix_emulator.place import Place

MESSAGE = {"msgtype": "m.text", "body": "Inbraak"}
PASSWORD = "m.login.password"
NOT_JSON = (400, "M_NOT_JSON", "Content not JSON.")
NOT_AN_OBJECT = (400, "M_BAD_JSON", "Content must be a JSON object.")
MISSING_TOKEN = (401, "M_MISSING_TOKEN", "Missing access token")
UNRECOGNIZED = (404, "M_UNRECOGNIZED", "Unrecognized request")
WRONG_METHOD = (405, "M_UNRECOGNIZED", "Unrecognized request")
NO_PREVIEW = "User @bram:hub.test not in room {room}, and room previews are disabled"
UNKNOWN_EVENT = (400, "M_UNKNOWN", "Can't send relation to unknown event")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request of `who` (hub made the room, anna is in it, bram is not, '' brings no token) and the answer.

    {room} and {sent} (a message of the hub's, with Anna's ✅ under it) stand for their ids; … for the rest, where Synapse writes a
    set in any order. `given` is JSON, `raw` bytes.
    """

    name: str
    who: str
    method: str
    path: str
    answer: tuple[int, str, str]
    given: Any = None
    raw: bytes | None = None


def annotation(event: str, key: Any) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": key}}


SEND = "/rooms/{room}/send/m.room.message/"
REFUSALS = [
    Refusal("login-without-anything", "", "POST", "/login", (400, "M_UNKNOWN", "Missing JSON keys."), {}),
    Refusal(
        "login-of-unknown-kind",
        "",
        "POST",
        "/login",
        (400, "M_INVALID_PARAM", "Invalid login submission"),
        {"type": "x"},
    ),
    Refusal(
        "login-without-password",
        "",
        "POST",
        "/login",
        (400, "M_INVALID_PARAM", "Bad parameter: password"),
        {"type": PASSWORD},
    ),
    Refusal(
        "login-with-wrong-password",
        "",
        "POST",
        "/login",
        (403, "M_FORBIDDEN", "Invalid username or password"),
        {"type": PASSWORD, "identifier": {"type": "m.id.user", "user": "hub"}, "password": "x"},
    ),
    Refusal(
        "login-of-nobody",
        "",
        "POST",
        "/login",
        (403, "M_FORBIDDEN", "Invalid username or password"),
        {"type": PASSWORD, "identifier": {"type": "m.id.user", "user": "nobody"}, "password": "x"},
    ),
    Refusal(
        "login-by-unknown-identifier",
        "",
        "POST",
        "/login",
        (400, "M_UNKNOWN", "Unknown login identifier type"),
        {"type": PASSWORD, "identifier": {"type": "m.id.x", "user": "hub"}, "password": "x"},
    ),
    Refusal(
        "login-token-missing", "", "POST", "/login", (400, "M_UNKNOWN", "Missing JSON keys."), {"type": "m.login.token"}
    ),
    Refusal("login-not-json", "", "POST", "/login", NOT_JSON, raw=b"{nope"),
    Refusal("login-empty", "", "POST", "/login", NOT_JSON, raw=b""),
    Refusal("login-a-list", "", "POST", "/login", NOT_AN_OBJECT, raw=b"[]"),
    Refusal("whoami-without-token", "", "GET", "/account/whoami", MISSING_TOKEN),
    Refusal("sync-without-token", "", "GET", "/sync", MISSING_TOKEN),
    Refusal("upload-without-token", "", "POST", "/_matrix/media/v3/upload", MISSING_TOKEN, raw=b"x"),
    Refusal("unknown-endpoint", "hub", "GET", "/nope", UNRECOGNIZED),
    Refusal("unknown-api", "hub", "GET", "/_matrix/nope", UNRECOGNIZED),
    Refusal("wrong-method", "hub", "DELETE", "/account/whoami", WRONG_METHOD),
    Refusal(
        "sync-timeout-is-no-number",
        "hub",
        "GET",
        "/sync?timeout=x",
        (400, "M_INVALID_PARAM", "Query parameter timeout must be an integer"),
    ),
    Refusal(
        "sync-timeout-negative",
        "hub",
        "GET",
        "/sync?timeout=-1",
        (400, "M_INVALID_PARAM", "Query parameter timeout must be a positive integer."),
    ),
    Refusal(
        "sync-since-unknown", "hub", "GET", "/sync?since=nope&timeout=0", (400, "M_UNKNOWN", "Invalid stream token")
    ),
    Refusal(
        "sync-filter-unknown", "hub", "GET", "/sync?filter=99&timeout=0", (400, "M_INVALID_PARAM", "No such filter")
    ),
    Refusal(
        "sync-filter-not-json", "hub", "GET", "/sync?filter=%7B&timeout=0", (400, "M_NOT_JSON", "Invalid filter JSON")
    ),
    Refusal(
        "sync-full-state-is-no-boolean",
        "hub",
        "GET",
        "/sync?full_state=x&timeout=0",
        (400, "M_INVALID_PARAM", "Boolean query parameter 'full_state' must be one of ['true', 'false']"),
    ),
    Refusal(
        "sync-presence-unknown",
        "hub",
        "GET",
        "/sync?set_presence=x&timeout=0",
        (400, "M_INVALID_PARAM", "Query parameter 'set_presence' must be one of …"),
    ),
    Refusal(
        "room-for-no-user",
        "hub",
        "POST",
        "/createRoom",
        (400, "M_UNKNOWN", "Invalid user_id: anna"),
        {"invite": ["anna"]},
    ),
    Refusal(
        "room-for-a-stranger",
        "hub",
        "POST",
        "/createRoom",
        (403, "M_FORBIDDEN", "Federation denied with elsewhere.org."),
        {"invite": ["@x:elsewhere.org"]},
    ),
    Refusal(
        "room-of-unknown-preset",
        "hub",
        "POST",
        "/createRoom",
        (400, "M_BAD_JSON", "'x' is not a valid preset"),
        {"preset": "x"},
    ),
    Refusal(
        "room-with-a-number-as-name",
        "hub",
        "POST",
        "/createRoom",
        (400, "M_UNKNOWN", "'name' not a string type"),
        {"name": 5},
    ),
    Refusal(
        "join-uninvited", "bram", "POST", "/join/{room}", (403, "M_FORBIDDEN", "You are not invited to this room."), {}
    ),
    Refusal(
        "join-nowhere", "anna", "POST", "/join/nope", (400, "M_UNKNOWN", "nope was not legal room ID or room alias"), {}
    ),
    Refusal(
        "join-an-absent-alias",
        "anna",
        "POST",
        "/join/%23nope:hub.test",
        (404, "M_NOT_FOUND", "Room alias #nope:hub.test not found"),
        {},
    ),
    Refusal("leave-nowhere", "bram", "POST", "/rooms/!no:hub.test/leave", (404, "M_UNKNOWN", "Not a known room"), {}),
    Refusal(
        "invite-nobody",
        "hub",
        "POST",
        "/rooms/{room}/invite",
        (400, "M_MISSING_PARAM", "Missing params: ['user_id']"),
        {},
    ),
    Refusal(
        "invite-who-is-in",
        "hub",
        "POST",
        "/rooms/{room}/invite",
        (403, "M_FORBIDDEN", "@anna:hub.test is already in the room."),
        {"user_id": "@anna:hub.test"},
    ),
    Refusal(
        "invite-no-user",
        "hub",
        "POST",
        "/rooms/{room}/invite",
        (400, "M_INVALID_PARAM", "Expected UserID string to start with '@'"),
        {"user_id": "bram"},
    ),
    Refusal(
        "kick-who-is-not-in",
        "hub",
        "POST",
        "/rooms/{room}/kick",
        (403, "M_FORBIDDEN", "The target user is not in the room"),
        {"user_id": "@bram:hub.test"},
    ),
    Refusal(
        "kick-without-power",
        "anna",
        "POST",
        "/rooms/{room}/kick",
        (403, "M_FORBIDDEN", "You cannot kick user @hub:hub.test."),
        {"user_id": "@hub:hub.test"},
    ),
    Refusal(
        "forget-while-in",
        "hub",
        "POST",
        "/rooms/{room}/forget",
        (400, "M_UNKNOWN", "User @hub:hub.test in room {room}"),
        {},
    ),
    Refusal(
        "send-from-outside",
        "bram",
        "PUT",
        SEND + "a",
        (403, "M_FORBIDDEN", "User @bram:hub.test not in room {room}"),
        MESSAGE,
    ),
    Refusal(
        "send-to-no-room",
        "hub",
        "PUT",
        "/rooms/!no:hub.test/send/m.room.message/a",
        (403, "M_FORBIDDEN", "User @hub:hub.test not in room !no:hub.test"),
        MESSAGE,
    ),
    Refusal("send-without-token", "", "PUT", SEND + "a", MISSING_TOKEN, MESSAGE),
    Refusal(
        "send-without-msgtype", "hub", "PUT", SEND + "b", (400, "M_UNKNOWN", "'msgtype' not in content"), {"body": "x"}
    ),
    Refusal(
        "send-without-body",
        "hub",
        "PUT",
        SEND + "c",
        (400, "M_UNKNOWN", "'body' not in content"),
        {"msgtype": "m.text"},
    ),
    Refusal(
        "send-a-number",
        "hub",
        "PUT",
        SEND + "d",
        (400, "M_UNKNOWN", "'body' not a string type"),
        {"msgtype": "m.text", "body": 5},
    ),
    Refusal("send-not-json", "hub", "PUT", SEND + "e", NOT_JSON, raw=b"{"),
    Refusal("send-empty", "hub", "PUT", SEND + "f", NOT_JSON, raw=b""),
    Refusal("send-a-list", "hub", "PUT", SEND + "g", NOT_AN_OBJECT, raw=b"[]"),
    Refusal(
        "send-too-much",
        "hub",
        "PUT",
        SEND + "h",
        (413, "M_TOO_LARGE", "event too large"),
        {**MESSAGE, "body": "x" * 66_000},
    ),
    Refusal(
        "send-a-fraction", "hub", "PUT", SEND + "i", (400, "M_BAD_JSON", "Bad JSON value: float"), {**MESSAGE, "x": 1.5}
    ),
    Refusal(
        "send-a-huge-number",
        "hub",
        "PUT",
        SEND + "j",
        (400, "M_BAD_JSON", "JSON integer out of range"),
        {**MESSAGE, "x": [2**53]},
    ),
    Refusal(
        "edit-nothing",
        "hub",
        "PUT",
        SEND + "k",
        UNKNOWN_EVENT,
        {**MESSAGE, "m.relates_to": {"rel_type": "m.replace", "event_id": "$nope"}},
    ),
    Refusal(
        "react-to-nothing", "hub", "PUT", "/rooms/{room}/send/m.reaction/l", UNKNOWN_EVENT, annotation("$nope", "✅")
    ),
    Refusal(
        "react-without-sign",
        "hub",
        "PUT",
        "/rooms/{room}/send/m.reaction/m",
        (400, "M_UNKNOWN", "Missing aggregation key"),
        annotation("{sent}", None),
    ),
    Refusal(
        "react-at-length",
        "hub",
        "PUT",
        "/rooms/{room}/send/m.reaction/n",
        (400, "M_UNKNOWN", "Aggregation key is too long"),
        annotation("{sent}", "x" * 501),
    ),
    Refusal(
        "react-twice",
        "anna",
        "PUT",
        "/rooms/{room}/send/m.reaction/o",
        (400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice"),
        annotation("{sent}", "✅"),
    ),
    Refusal("redact-empty", "hub", "PUT", "/rooms/{room}/redact/{sent}/p", NOT_JSON, raw=b""),
    Refusal(
        "redact-without-power",
        "anna",
        "PUT",
        "/rooms/{room}/redact/{sent}/q",
        (403, "M_FORBIDDEN", "You don't have permission to redact events"),
        {},
    ),
    Refusal(
        "redact-from-outside",
        "bram",
        "PUT",
        "/rooms/{room}/redact/{sent}/r",
        (403, "M_FORBIDDEN", "User @bram:hub.test not in room {room}"),
        {},
    ),
    Refusal(
        "receipt-of-unknown-kind",
        "anna",
        "POST",
        "/rooms/{room}/receipt/m.nope/{sent}",
        (400, "M_UNKNOWN", "Receipt type must be …"),
        {},
    ),
    Refusal(
        "receipt-for-no-event",
        "anna",
        "POST",
        "/rooms/{room}/receipt/m.read/x",
        (400, "M_UNKNOWN", "A valid room ID and event ID must be specified"),
        {},
    ),
    Refusal("receipt-empty", "anna", "POST", "/rooms/{room}/receipt/m.read/{sent}", NOT_JSON, raw=b""),
    Refusal(
        "receipt-in-no-thread",
        "anna",
        "POST",
        "/rooms/{room}/receipt/m.read/{sent}",
        (400, "M_INVALID_PARAM", "thread_id field must be a non-empty string"),
        {"thread_id": 5},
    ),
    Refusal(
        "receipt-from-outside",
        "bram",
        "POST",
        "/rooms/{room}/receipt/m.read/{sent}",
        (403, "M_FORBIDDEN", "You don't have permission to access that event."),
        {},
    ),
    Refusal("members-from-outside", "bram", "GET", "/rooms/{room}/joined_members", (403, "M_FORBIDDEN", NO_PREVIEW)),
    Refusal("state-from-outside", "bram", "GET", "/rooms/{room}/state", (403, "M_FORBIDDEN", NO_PREVIEW)),
    Refusal("messages-from-outside", "bram", "GET", "/rooms/{room}/messages?dir=b", (403, "M_FORBIDDEN", NO_PREVIEW)),
    Refusal(
        "state-that-is-not", "hub", "GET", "/rooms/{room}/state/m.room.topic/", (404, "M_NOT_FOUND", "Event not found.")
    ),
    Refusal("event-that-is-not", "hub", "GET", "/rooms/{room}/event/$nope", (404, "M_NOT_FOUND", "Event not found.")),
    Refusal(
        "state-without-power",
        "anna",
        "PUT",
        "/rooms/{room}/state/m.room.topic",
        (403, "M_FORBIDDEN", "You don't have permission to post that to the room. user_level (0) < send_level (50)"),
        {"topic": "x"},
    ),
    Refusal(
        "data-that-is-not",
        "hub",
        "GET",
        "/user/@hub:hub.test/account_data/m.nope",
        (404, "M_NOT_FOUND", "Account data not found"),
    ),
    Refusal(
        "data-of-another",
        "hub",
        "GET",
        "/user/@anna:hub.test/account_data/m.direct",
        (403, "M_FORBIDDEN", "Cannot get account data for other users."),
    ),
    Refusal(
        "data-for-another",
        "hub",
        "PUT",
        "/user/@anna:hub.test/account_data/m.direct",
        (403, "M_FORBIDDEN", "Cannot add account data for other users."),
        {},
    ),
    Refusal(
        "filter-that-is-not", "hub", "GET", "/user/@hub:hub.test/filter/77", (404, "M_NOT_FOUND", "No such filter")
    ),
    Refusal(
        "filter-for-another",
        "hub",
        "POST",
        "/user/@anna:hub.test/filter",
        (403, "M_FORBIDDEN", "Cannot create filters for other users"),
        {},
    ),
    Refusal(
        "profile-of-nobody", "hub", "GET", "/profile/@nobody:hub.test", (404, "M_UNKNOWN", "No row found (profiles)")
    ),
    Refusal(
        "name-for-another",
        "hub",
        "PUT",
        "/profile/@anna:hub.test/displayname",
        (400, "M_FORBIDDEN", "Cannot set another user's displayname"),
        {"displayname": "x"},
    ),
    Refusal("download-without-token", "", "GET", "/_matrix/client/v1/media/download/hub.test/x", MISSING_TOKEN),
    Refusal(
        "download-nothing",
        "hub",
        "GET",
        "/_matrix/client/v1/media/download/hub.test/nope",
        (404, "M_NOT_FOUND", "Not found '/_matrix/client/v1/media/download/hub.test/nope'"),
    ),
]


@dataclass(frozen=True, slots=True)
class Scene:
    """A room with a message of the hub's and Anna's sign under it."""

    tokens: dict[str, str]
    room: str
    sent: str

    def fill(self, text: str) -> str:
        return text.replace("{room}", self.room).replace("{sent}", self.sent)


async def prepare(place: Place) -> Scene:
    tokens = {name: await place.token(name, f"{name}-REFUSED") for name in ("hub", "anna", "bram")}
    made = await place.call(
        "POST", "/createRoom", tokens["hub"], json={"invite": [place.user("anna")], "preset": "private_chat"}
    )
    room = made.body["room_id"]
    await place.call("POST", f"/join/{room}", tokens["anna"], json={})
    sent = (await place.call("PUT", f"/rooms/{room}/send/m.room.message/0", tokens["hub"], json=MESSAGE)).body[
        "event_id"
    ]
    await place.call("PUT", f"/rooms/{room}/send/m.reaction/0", tokens["anna"], json=annotation(sent, "✅"))
    return Scene(tokens, room, sent)


async def ask(place: Place, scene: Scene, row: Refusal) -> tuple[int, str, str]:
    given = row.given
    if isinstance(given, dict) and "m.relates_to" in given:
        relation = given["m.relates_to"]
        given = {**given, "m.relates_to": {**relation, "event_id": scene.fill(relation["event_id"])}}
    body: dict[str, Any] = {"data": row.raw} if row.raw is not None else {"json": given} if given is not None else {}
    status, errcode, words = (
        await place.call(row.method, scene.fill(row.path), scene.tokens.get(row.who, ""), **body)
    ).refusal
    start, mark, _ = scene.fill(row.answer[2]).partition("…")
    return status, errcode, f"{start}…" if mark and words.startswith(start) else words
