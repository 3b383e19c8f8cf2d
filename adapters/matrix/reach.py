"""Whether a person is still in the room we write to them in: asked of our homeserver, which tells nobody that we asked."""

from __future__ import annotations

from nio.exceptions import LocalProtocolError

from adapters.matrix.client import Fault, Homeserver, Refusal
from adapters.matrix.encryption import Trouble
from adapters.matrix.rooms import Rooms
from adapters.matrix.signin import NoCredentials, SignIn
from hub.channel import Reach


async def reach(client: Homeserver, sign_in: SignIn, rooms: Rooms, address: str) -> Reach:
    """Makes no room and invites nobody, as sending would."""
    try:
        await sign_in.ensure()
        room_id = address if address.startswith("!") else rooms.direct_room(address, "join", "invite", "leave")
        if room_id is None:
            return Reach("unknown", "matrix: no room yet")
        answer = await client.ask("GET", "rooms", room_id, "joined_members")
    except Refusal as refusal:
        return Reach("unknown", f"matrix: {refusal.errcode or refusal.status}")
    except (Fault, NoCredentials, Trouble, LocalProtocolError) as error:
        return Reach("unknown", f"matrix: {type(error).__name__}")
    joined = answer.get("joined")
    if not isinstance(joined, dict) or rooms.me not in joined:
        return Reach("unknown", "matrix: answer not understood")
    if (address in joined) if address.startswith("@") else len(joined) > 1:
        return Reach("reachable")
    known = rooms.known.get(room_id)
    invited = known is not None and "invite" in known.members.values()
    return Reach("unknown", "matrix: invited") if invited else Reach("gone", "matrix: left")
