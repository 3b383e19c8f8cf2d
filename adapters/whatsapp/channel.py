"""The WhatsApp channel: one phone number of the Cloud API as a Channel with Hooks. One send is one request to /messages.

Made by the registry, called by the relay. Waiting, counting and limits are the hub's.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import aiohttp

from adapters.whatsapp.definitions import Definitions, read_definitions
from adapters.whatsapp.errors import MEDIA_REASONS, Failure, Verdict, result_of
from adapters.whatsapp.events import read_hook
from adapters.whatsapp.examining import examine
from adapters.whatsapp.graph import Answer, Graph
from adapters.whatsapp.hooks import check_signature, fingerprint, given_signature, phone_number_ids
from adapters.whatsapp.media import Upload, Uploads, fetch
from adapters.whatsapp.messages import (
    MAX_BODY,
    MessageWriter,
    To,
    address_of,
    write_location,
    write_picture,
    write_text,
)
from adapters.whatsapp.spares import Spares
from hub.channel import (
    Accepted,
    Can,
    Deferred,
    Event,
    Finding,
    HookRefused,
    Outbound,
    Part,
    Picture,
    RawUpdate,
    ReceiptSeen,
    Rejected,
    Result,
    Uncertain,
)
from hub.clock import Clock
from hub.domain import Handle, ReceiptKind
from hub.settings import WhatsAppAccount

# What a person's message opens, in seconds (…/messages/send-messages: "customer service window").
SERVICE_WINDOW = 86_400

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_NOBODY = Rejected("handle-malformed", address_dead=True)


class WhatsAppChannel:
    """One WhatsApp sender account. The session is the hub's and stays open when the channel closes."""

    name = "whatsapp"
    can = Can(
        receipts=frozenset(ReceiptKind),
        answers=frozenset({"button", "reply", "reaction"}),
        idempotent=False,
        max_text=MAX_BODY,
        service_window=SERVICE_WINDOW,
        parts=frozenset({Part.PICTURE, Part.LOCATION}),
    )

    def __init__(
        self,
        account: WhatsAppAccount,
        session: aiohttp.ClientSession,
        clock: Clock,
        definitions: Definitions | None = None,
    ) -> None:
        self.account = account.name
        self._settings = account
        self._clock = clock
        self._definitions = read_definitions() if definitions is None else definitions
        self._spares = Spares([(one.kind, one.language) for one in self._definitions.values()], clock, account.name)
        self._writer = MessageWriter(account.template_prefix, self._definitions, self._spares)
        self._graph = Graph(account, session)
        self._uploads = Uploads(self._graph, account.phone_number_id, clock)
        self._messages = self._graph.at(account.phone_number_id, "messages")

    def __repr__(self) -> str:
        return f"WhatsAppChannel({self.account!r})"

    async def open(self) -> None:
        """Nothing to do: connections are made by the first sends."""

    async def close(self) -> None:
        """The session is not ours; only uploads are given up."""
        await self._uploads.close()

    async def send(self, outbound: Outbound) -> Result:
        """Post one message; never raises for what the network or Meta does."""
        to = address_of(outbound.handle)
        if to is None:
            return _NOBODY
        match outbound.part:
            case Part.MESSAGE:
                return await self._send_message(outbound, to)
            case Part.PICTURE | Part.LOCATION if outbound.window_open_until <= self._clock.now():
                return Rejected("window-closed")
            case Part.PICTURE:
                return await self._send_picture(outbound, to)
            case Part.LOCATION:
                return await self._send_location(outbound, to)
            case Part.AMEND | Part.POST:
                return Rejected(f"whatsapp-cannot-{outbound.part}")

    async def say(self, handle: Handle, text: str) -> Result:
        """Words that are no alert, one try. The person has just written, so the window is open; else Meta refuses."""
        to = address_of(handle)
        if to is None:
            return _NOBODY
        if not text.strip():
            return Rejected("text-empty")
        answer = await self._post(write_text(to, text))
        return _judge(answer, 1) if isinstance(answer, Answer) else answer

    async def fetch(self, media_ref: str) -> Picture | None:
        return await fetch(self._graph, media_ref)

    async def link(self, token: str) -> str | None:
        """wa.me/<number> with the words ready to be sent; the number is a setting."""
        number = self._settings.display_number.lstrip("+").replace(" ", "")
        return f"https://wa.me/{number}?text={quote(f'Koppel {token}')}" if number else None

    async def examine(self) -> Sequence[Finding]:
        """What `doctor` tells of this account."""
        return await examine(self._settings, self._graph, self._clock, self._definitions, self._spares)

    def check_headers(self, headers: Mapping[str, str]) -> None:
        given_signature(self._settings.app_secret.get_secret_value(), headers)

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        """Prove that Meta sent this, for this number. When numbers share an app, the hub asks each account in turn."""
        check_signature(self._settings.app_secret.get_secret_value(), headers, body)
        # Mostly it stands there as Meta writes it, and unescaped quotes are no text of anybody's: a storm need not be read twice.
        if b'"phone_number_id":"%b"' % self._settings.phone_number_id.encode() not in body:
            named = phone_number_ids(body)
            if named and self._settings.phone_number_id not in named:
                raise HookRefused("for another phone number")
        return RawUpdate(body, fingerprint(body))

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Meta's GET that sets the webhook up."""
        token = self._settings.verify_token.get_secret_value()
        given = query.get("hub.verify_token", "")
        if not token or query.get("hub.mode") != "subscribe":
            return None
        # Bytes, because compare_digest refuses text beyond ASCII.
        if not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return None
        return query.get("hub.challenge")

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        """What a webhook says, in order."""
        events = read_hook(update.body, self._clock.now())
        if any(isinstance(event, ReceiptSeen) and event.reason in MEDIA_REASONS for event in events):
            self._uploads.forget_all()
        return events

    async def _send_message(self, outbound: Outbound, to: To) -> Result:
        message = self._writer.write(outbound, to, self._clock.now())
        answer = await self._post(message.body)
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 200 and (provider_ref := _provider_ref(answer.said)):
            return Accepted(provider_ref)
        # What is refused in free form goes out as a template at the next attempt.
        another_way = message.use is None or self._spares.refused(message.use, answer.failure)
        return _judge(answer, outbound.attempt, another_way=another_way)

    async def _send_location(self, outbound: Outbound, to: To) -> Result:
        if outbound.wording.location is None:
            return Rejected("no-location")
        answer = await self._post(write_location(outbound, to, outbound.wording.location))
        return _judge(answer, outbound.attempt) if isinstance(answer, Answer) else answer

    async def _send_picture(self, outbound: Outbound, to: To) -> Result:
        if outbound.wording.picture is None:
            return Rejected("no-picture")
        upload = await self._uploads.find(outbound.wording.picture)
        if not isinstance(upload, Upload):
            return upload
        answer = await self._post(write_picture(outbound, to, upload.id), share=0.5)
        if not isinstance(answer, Answer):
            return answer
        if _says_of_the_picture(answer.failure):
            # Also of an unknown object: our number took the upload, so it is not the number that Meta does not know.
            self._uploads.forget(upload.id)
            reason = f"picture:{answer.failure.reason}"
            return Rejected(reason) if upload.fresh else Deferred(reason, 0.0)  # the next attempt uploads it anew
        return _judge(answer, outbound.attempt)

    async def _post(self, body: bytes, share: float = 1) -> Answer | Deferred | Uncertain:
        try:
            return await self._graph.post(self._messages, body, share)
        except _NOT_SENT:
            return Deferred("no-connection")
        except aiohttp.InvalidURL:
            return Deferred("api-base-invalid", whole_account=True)
        except TimeoutError:
            return Uncertain("timed-out")
        except (aiohttp.ClientError, OSError):
            return Uncertain("connection-broken")


def _judge(answer: Answer, attempt: int, *, another_way: bool = False) -> Result:
    if answer.status == 200 and (provider_ref := _provider_ref(answer.said)):
        return Accepted(provider_ref)
    failure = answer.failure
    if answer.status == 200 and failure.row is None:
        # Meta said yes, but not what it took.
        return Uncertain("answer-unreadable")
    return result_of(failure, attempt=attempt, retry_after=answer.asked_wait, another_way=another_way)


def _says_of_the_picture(failure: Failure) -> bool:
    return failure.verdict is Verdict.CONTENT or (failure.row is not None and failure.row.name == "unknown-object")


def _provider_ref(said: Any) -> str:
    """The id Meta gave our message, '' if none. Indexing, not `match`: this runs for every message sent."""
    try:
        found = said["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
