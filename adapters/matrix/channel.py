"""The Matrix channel: one account on one homeserver, one attempt per send, updates by our own sync loop.

Role: turn the adapter contract (hub/channel.py) into calls of the client-server API. It must not retry, wait for limits or
know the store. Why not nio's sync_forever: against a homeserver that answers 500 it asks 2,000 times a second, a
truncated body ends it, and it confirms what it fetched before we have stored it.

`provider_ref` and `answer_ref` are Matrix event ids.
Over 300 lines: sending and listening share the rooms and the sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from nio import JoinResponse, RoomLeaveResponse, RoomSendResponse, SyncResponse, UploadResponse
from nio.exceptions import EncryptionError, GroupEncryptionError, LocalProtocolError, OlmTrustError

from adapters.matrix.bridge import failed_events, is_ghost
from adapters.matrix.client import Fault, Homeserver, Lost, Refusal
from adapters.matrix.direct import DirectRooms, Nobody
from adapters.matrix.encryption import Encryption, Trouble
from adapters.matrix.errors import SIGNED_OUT, Meaning, Step, advice, row_for, to_result
from adapters.matrix.events import read_update
from adapters.matrix.examine import examine
from adapters.matrix.messages import Content, content, name_of, text, transaction
from adapters.matrix.news import STATUS, news, sync_filter
from adapters.matrix.reach import reach
from adapters.matrix.rooms import Json, Rooms, events_in, section
from adapters.matrix.shared import Shared
from adapters.matrix.signin import NoCredentials, SignIn
from hub.channel import (
    LARGEST_PICTURE,
    Accepted,
    Batch,
    Can,
    ChannelDown,
    Deferred,
    Event,
    Finding,
    Outbound,
    Part,
    Picture,
    RawUpdate,
    Reach,
    Rejected,
    Result,
    Uncertain,
    picture_of,
)
from hub.clock import Clock
from hub.domain import Handle, ReceiptKind
from hub.settings import MatrixAccount

# Seconds a sync stays open without news; nio gives it 15 more. Together not above the 30 s after which the hub calls a
# listener stuck.
POLL_SECONDS: Final = 15
# Events of one room in one sync. At the very first start a few: an answer that came before we listened must not be lost,
# and years of talk must not be read. Later as many as a person can say while we are down.
FIRST_EVENTS: Final = 20
MOST_EVENTS: Final = 200
# Pictures whose place at the homeserver is kept in mind.
MOST_PICTURES: Final = 200
# Messages a bridge could not deliver, kept in mind so that they are really sent again.
MOST_FAILED: Final = 10_000
# A bridge that runs joins within a second of its invitation; one that does not for so long is down or not set up for us.
GHOST_SECONDS: Final = 30.0
GHOST_AGAIN: Final = 0.5
NOT_READY: Final = (LocalProtocolError, EncryptionError, GroupEncryptionError, OlmTrustError)
MEDIA: Final = re.compile(r"mxc://(?P<server>[A-Za-z0-9.:\[\]-]+)/(?P<media>[A-Za-z0-9_-]+)")
NO_CREDENTIALS: Final = "set access_token or password in channels.matrix"


class MatrixChannel:
    """Channel, Listens and Admits for one account."""

    name = "matrix"
    can = Can(
        receipts=frozenset(ReceiptKind),
        answers=frozenset({"reaction", "reply"}),
        idempotent=True,
        # A homeserver takes 64 KiB an event; nobody reads more than this on a phone.
        max_text=4096,
        parts=frozenset({Part.PICTURE, Part.LOCATION, Part.AMEND, Part.POST}),
    )

    def __init__(self, account: MatrixAccount, session: aiohttp.ClientSession, clock: Clock) -> None:
        self.account = account.name
        self._user_id = account.user_id
        self._timeout = account.timeout
        self._clock = clock
        self._client = Homeserver(account, session, clock)
        self._rooms = Rooms()
        self._shared = Shared()
        self._encryption = Encryption(account, self._client)
        self._sign_in = SignIn(account, self._client, self._rooms, self._encryption, self._shared)
        self._direct = DirectRooms(self._client, self._rooms, self._shared, account.encryption)
        self._pictures: dict[str, Content] = {}
        self._failed: dict[str, None] = {}
        self._waiting: dict[str, float] = {}

    async def open(self) -> None:
        """Nothing to get ready: signing in waits until it is needed, so that the hub starts while the homeserver is down."""

    async def close(self) -> None:
        """The session belongs to the hub."""
        await self._shared.close()

    async def send(self, outbound: Outbound) -> Result:
        """One event, named by the delivery: sent twice, it is still one."""
        return await self._put(outbound.handle.value, transaction(outbound), outbound, None)

    async def say(self, handle: Handle, text_: str) -> Result:
        return await self._put(handle.value, f"say-{uuid4().hex}", None, text(text_))

    async def reach(self, handle: Handle) -> Reach:
        return await reach(self._client, self._sign_in, self._rooms, handle.value)

    async def fetch(self, media_ref: str) -> Picture | None:
        found = MEDIA.fullmatch(media_ref)
        if found is None:
            return None
        with contextlib.suppress(Fault, NoCredentials, Trouble, LocalProtocolError):
            await self._sign_in.ensure()
            content = await self._client.download(found["server"], found["media"], LARGEST_PICTURE)
            return picture_of(content) if content else None
        return None

    async def link(self, token: str) -> str | None:
        """matrix.to/#/<us>: opens a chat; the words cannot be given along, the page shows them."""
        me = self._rooms.me or self._user_id
        return f"https://matrix.to/#/{quote(me, safe='@:')}" if me else None

    async def examine(self) -> Sequence[Finding]:
        return await examine(self._client, self._sign_in, self._encryption, self._clock)

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        return read_update(update)

    async def admit(self, room: str, welcome: bool) -> None:
        with contextlib.suppress(Fault, NoCredentials, Trouble, LocalProtocolError):
            await self._sign_in.ensure()
            if welcome:
                await self._client.expect(JoinResponse, self._client.join(room))
            else:
                await self._client.expect(RoomLeaveResponse, self._client.room_leave(room))

    # sending -----------------------------------------------------------------------------------------------------------------

    async def _put(self, address: str, transaction_id: str, outbound: Outbound | None, event: Content | None) -> Result:
        """Sign in, find the room, upload, send: each only if it is not done yet, all within the account's timeout."""
        if address[:1] not in ("@", "!"):
            return Rejected("handle-malformed", address_dead=True)
        step, room_id, token = Step.SIGN_IN, "", ""
        try:
            async with asyncio.timeout(self._timeout):
                token = await self._sign_in.ensure()
                step = Step.FIND_ROOM
                room_id = await self._direct.room_for(address)
                step = Step.ENTER_ROOM
                if is_ghost(address) and not await self._direct.is_in(room_id, address):
                    return self._without_ghost(address)
                self._waiting.pop(address, None)
                encrypted = await self._direct.is_encrypted(room_id)
                if encrypted and not self._encryption.wanted:
                    return Rejected("the room is encrypted, and encryption is off")
                if outbound is not None:
                    step = Step.PICTURE
                    event = content(outbound, await self._media(outbound, encrypted))
                if event is None:
                    return Rejected("nothing to send for this part")
                step = Step.MESSAGE
                sent = await self._send_event(room_id, transaction_id, event)
                if sent in self._failed:
                    # Our transaction id named a message that the bridge gave up. Only a new event makes it try again.
                    sent = await self._send_event(room_id, f"{transaction_id}-after-{sent}", event)
                return Accepted(sent)
        except Fault as fault:
            return self._heed(fault, step, token, room_id, address)
        except TimeoutError:
            late = "no answer in time"
            return Uncertain(late) if step is Step.MESSAGE else Deferred(f"{late}, before the message was sent")
        except Nobody:
            return Rejected("there is no such person", address_dead=True)
        except NoCredentials:
            return Deferred(NO_CREDENTIALS, whole_account=True)
        except Trouble as trouble:
            return Deferred(f"encryption: {trouble}", whole_account=True)
        except NOT_READY:
            # nio encrypts only for rooms and devices that it has seen in a sync.
            return Deferred("encryption: not ready for this room yet")

    def _without_ghost(self, address: str) -> Result:
        """A homeserver tells a bridge nothing of what was written before its ghost came in: it would seem sent, and be lost."""
        now = self._clock.monotonic()
        if now - self._waiting.setdefault(address, now) < GHOST_SECONDS:
            return Deferred("the bridge's contact is not in the room yet", retry_after=GHOST_AGAIN)
        return Rejected("the bridge does not come into the room", strike=True)

    async def _send_event(self, room_id: str, transaction_id: str, event: Content) -> str:
        sent = await self._client.expect(
            RoomSendResponse,
            self._client.room_send(
                room_id, "m.room.message", event, tx_id=transaction_id, ignore_unverified_devices=True
            ),
        )
        if not isinstance(sent.event_id, str):
            raise Lost("answer not understood")
        return sent.event_id

    def _heed(self, fault: Fault, step: Step, token: str, room_id: str, address: str) -> Result:
        """What a fault is to the hub, and what it teaches for the next attempt."""
        result = to_result(fault, step)
        if not isinstance(fault, Refusal):
            return result
        if fault.errcode in SIGNED_OUT:
            self._sign_in.refused(token)
        elif row_for(fault).meaning is Meaning.ROOM and step in (Step.ENTER_ROOM, Step.MESSAGE):
            if room_id == address and isinstance(result, Deferred):
                # No other room can stand for this address; it lives again when somebody invites us back.
                return Rejected(result.reason, strike=True)
            self._direct.forget(room_id)
        return result

    async def _media(self, outbound: Outbound, encrypted: bool) -> Content:
        """Where the picture lies at the homeserver; uploaded once, however many it goes to."""
        picture = outbound.wording.picture
        if outbound.part is not Part.PICTURE or picture is None:
            return {}
        key = f"{picture.digest} {encrypted}"
        if key in self._pictures:
            return self._pictures[key]
        return await self._shared.run(f"picture {key}", lambda: self._upload(key, picture, encrypted))

    async def _upload(self, kept_as: str, picture: Picture, encrypted: bool) -> Content:
        """Known before the work has ended: whoever asks just then begins no other, nor who asks after a send that gave up."""
        keys: list[Content | None] = []

        async def upload() -> Any:
            file, name = io.BytesIO(picture.content), name_of(picture)
            answer, key = await self._client.upload(
                file, picture.mime, name, encrypt=encrypted, filesize=len(picture.content)
            )
            keys.append(key)
            return answer

        answer = await self._client.expect(UploadResponse, upload())
        lies = {"file": {**keys[0], "url": answer.content_uri}} if keys[0] else {"url": answer.content_uri}
        self._pictures[kept_as] = lies
        if len(self._pictures) > MOST_PICTURES:
            del self._pictures[next(iter(self._pictures))]
        return lies

    # listening ---------------------------------------------------------------------------------------------------------------

    async def updates(self, cursor: str) -> AsyncGenerator[Batch, None]:
        """Each sync, in order. Asking for the next is what makes the homeserver forget this one. Raises ChannelDown."""
        while True:
            began = self._clock.monotonic()
            sync = await self._sync(cursor)
            first = not self._rooms.complete
            self._rooms.read(sync)
            self._rooms.complete = True
            self._remember_failed(sync)
            piece = news(self._rooms, sync, first, self._clock.now())
            await self._note_new_rooms(sync, first)
            since, cursor = cursor, sync["next_batch"]
            yield Batch([] if piece is None else [RawUpdate(json.dumps(piece).encode(), since)], cursor)
            if (cursor == since or not sync.get("rooms")) and self._clock.monotonic() - began < 1:
                # Whoever answers a long poll at once with nothing would have us ask thousands of times a second.
                await self._clock.sleep(1)

    async def _sync(self, since: str) -> Json:
        """One sync as the homeserver sent it; where we encrypt, with what nio could decrypt in its place."""
        token = ""
        try:
            token = await self._sign_in.ensure()
            # nio takes no notice of an answer whose token it knows already, be it ever so full; and falls back on its own
            # token where we give none.
            self._client.next_batch = ""
            answer = await self._client.sync(
                timeout=0 if not self._rooms.complete else POLL_SECONDS * 1000,
                sync_filter=sync_filter(MOST_EVENTS if since else FIRST_EVENTS),
                since=since,
                full_state=True if not self._rooms.complete else None,
            )
            sync: Json = json.loads(await answer.transport_response.read())
            if not isinstance(sync.get("next_batch"), str) or not sync["next_batch"]:
                raise Lost("answer not understood")
            if self._encryption.wanted and isinstance(answer, SyncResponse):
                _decrypted_into(sync, answer)
                await self._encryption.keep_up()
        except Fault as fault:
            if isinstance(fault, Refusal) and fault.errcode in SIGNED_OUT:
                self._sign_in.refused(token)
            raise ChannelDown(advice(fault)) from None
        except NoCredentials:
            raise ChannelDown(NO_CREDENTIALS) from None
        except Trouble as trouble:
            raise ChannelDown(str(trouble)) from None
        return sync

    def _remember_failed(self, sync: Json) -> None:
        for _, given in section(sync, "join"):
            statuses = [event for event in events_in(given, "timeline") if event.get("type") == STATUS]
            self._failed.update(dict.fromkeys(failed_events(statuses)))
        while len(self._failed) > MOST_FAILED:
            del self._failed[next(iter(self._failed))]

    async def _note_new_rooms(self, sync: Json, first: bool) -> None:
        """A room into which one person invited us is theirs from now on, whoever comes in later. Best effort."""
        for room_id, _ in section(sync, "join"):
            inviter = self._rooms.invited_by.pop(room_id, "") if not first else ""
            person = self._rooms.person(room_id)
            if inviter and person is not None:
                with contextlib.suppress(Fault):
                    await self._direct.note(person, room_id)


def _decrypted_into(sync: Json, answer: Any) -> None:
    """nio has put decrypted events where encrypted ones stood; their sources take the place of the homeserver's."""
    for room_id, room in answer.rooms.join.items():
        given = sync["rooms"]["join"][room_id].get("timeline")
        if given:
            given["events"] = [event.source for event in room.timeline.events]
