"""The WhatsApp channel: one phone number of the Cloud API as a Channel with Hooks. One send is exactly one request.

Made by the registry, called by the relay. Waiting, counting and limits are the hub's.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson
import structlog
from multidict import CIMultiDict
from yarl import URL

from adapters.whatsapp.definitions import Definitions, read_definitions
from adapters.whatsapp.errors import Failure, Verdict, asked_wait, failure_of, result_of
from adapters.whatsapp.hooks import check_signature, fingerprint, phone_number_ids, read_hook
from adapters.whatsapp.messages import MAX_BODY, MessageWriter
from hub.channel import (
    Accepted,
    Can,
    ChannelDown,
    Deferred,
    Event,
    HookRefused,
    Outbound,
    RawUpdate,
    Rejected,
    Result,
    Uncertain,
)
from hub.clock import Clock
from hub.domain import ReceiptKind
from hub.settings import WhatsAppAccount

log = structlog.get_logger(__name__)

# What a person's message opens, in seconds (…/messages/send-messages: "customer service window").
SERVICE_WINDOW = 86_400

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class WhatsAppChannel:
    """One WhatsApp sender account. The session is the hub's and stays open when the channel closes."""

    name = "whatsapp"
    can = Can(
        receipts=frozenset(ReceiptKind),
        answers=frozenset({"button", "reply", "reaction"}),
        idempotent=False,
        max_text=MAX_BODY,
        service_window=SERVICE_WINDOW,
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
        self._session = session
        self._clock = clock
        self._writer = MessageWriter(
            account.template_prefix, read_definitions() if definitions is None else definitions
        )
        self._number = URL(f"{account.api_base.rstrip('/')}/{account.api_version}/{account.phone_number_id}")
        self._messages = self._number / "messages"
        self._headers = CIMultiDict(
            {"Authorization": f"Bearer {account.token.get_secret_value()}", "Content-Type": "application/json"}
        )
        # Half of the time to connect: what runs out before was surely not sent, what runs out after may have arrived.
        self._timeout = aiohttp.ClientTimeout(total=account.timeout, connect=account.timeout / 2)

    def __repr__(self) -> str:
        return f"WhatsAppChannel({self.account!r})"

    async def open(self) -> None:
        """Nothing to do: connections are made by the first sends."""

    async def close(self) -> None:
        """Nothing to do: the session is not ours."""

    async def send(self, outbound: Outbound) -> Result:
        """Post one message; never raises for what the network or Meta does."""
        body = self._writer.write(outbound, self._clock.now())
        if body is None:
            return Rejected("handle-malformed", address_dead=True)
        try:
            async with self._session.post(
                self._messages, data=body, headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = await response.read()
        except _NOT_SENT:
            return Deferred("no-connection")
        except aiohttp.InvalidURL:
            return Deferred("api-base-invalid", whole_account=True)
        except TimeoutError:
            return Uncertain("timed-out")
        except (aiohttp.ClientError, OSError):
            return Uncertain("connection-broken")
        return _judge(response, answer, outbound.attempt)

    async def examine(self) -> str:
        """Who we are to Meta: 'verified name (quality GREEN)'."""
        fields = {"fields": "verified_name,quality_rating"}
        try:
            async with self._session.get(
                self._number, params=fields, headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = _decode(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelDown(
                f"WhatsApp gives no answer ({type(error).__name__}): check the network and channels.whatsapp.api_base"
            ) from None
        match answer:
            case {"verified_name": str(name), **rest} if response.status == 200:
                return f"{name} (quality {rest.get('quality_rating', 'UNKNOWN')})"
            case {"error": error}:
                raise ChannelDown(_advice(failure_of(error, response.status)))
            case _:
                raise ChannelDown(_advice(Failure(None, status=response.status)))

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        """Prove that Meta sent this, for this number. When numbers share an app, the hub asks each account in turn."""
        check_signature(self._settings.app_secret.get_secret_value(), headers, body)
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
        """What a webhook says, in order. A partly broken batch gives its good part; the log counts the rest."""
        events, broken = read_hook(update.body, self._clock.now())
        if broken:
            log.warning("whatsapp_hook_partly_unreadable", account=self.account, broken=broken, understood=len(events))
        return events


def _judge(response: aiohttp.ClientResponse, answer: bytes, attempt: int) -> Result:
    decoded = _decode(answer)
    if response.status == 200 and (provider_ref := _provider_ref(decoded)):
        return Accepted(provider_ref)
    match decoded:
        case {"error": error}:
            failure = failure_of(error, response.status)
        case _:
            failure = Failure(None, status=response.status)
    if response.status == 200 and failure.row is None:
        # Meta said yes, but not what it took.
        return Uncertain("answer-unreadable")
    usage = _decode(response.headers.get("X-Business-Use-Case-Usage", "").encode())
    return result_of(failure, attempt=attempt, retry_after=asked_wait(response.headers, usage))


def _provider_ref(decoded: Any) -> str:
    """The id Meta gave our message, '' if none. Indexing, not `match`: this runs for every message sent."""
    try:
        found = decoded["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _decode(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None


def _advice(failure: Failure) -> str:
    """What the operator should do. Holds no secret: settings by name only."""
    row = failure.row
    if failure.code == 190 or failure.status == 401:
        todo = "make a new system user token and set channels.whatsapp.token"
    elif row is not None and row.name == "unknown-object":
        todo = "check channels.whatsapp.phone_number_id, and that the token's user may use that number"
    elif row is not None and row.verdict is Verdict.ACCOUNT:
        todo = "look in Meta's WhatsApp Manager what is wrong with the account"
    elif failure.code is None:
        todo = "check channels.whatsapp.api_base"
    else:
        todo = "try again later"
    return f"WhatsApp refuses this account ({failure.reason}): {todo}"
