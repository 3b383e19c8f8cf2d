"""The adapter contract: what a messenger must offer the hub, and the words it answers in.

An adapter tries once and says what happened; looping, counting, waiting, limits and breakers live in the hub. Failure is data
that answers two questions: may trying again help, and when? See adapters/README.md "Adding a channel". Over 300 lines because
whoever writes an adapter should find the whole contract on one page.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from hub.domain import AckKind, Handle, Point, ReceiptKind

# Not frozen are the classes of which every send makes one: freezing triples the cost of making them (0.5 instead of 1.6 µs).


class Part(StrEnum):
    """What of an alert one send brings. MESSAGE is the alert itself; the others go beside or after it, one request each.

    PICTURE and LOCATION follow a person's first answer. AMEND edits an earlier message of ours (an alert that was updated or has
    ended). POST goes into a group's own chat, to be read by residents: no buttons, nothing about the admin.
    """

    MESSAGE = ""
    PICTURE = "picture"
    LOCATION = "location"
    AMEND = "amend"
    POST = "post"


@dataclass(slots=True)
class Action:
    """An answer the admin can tap. `data` (at most 64 bytes, [a-z0-9:]) comes back unchanged in AckSeen."""

    kind: AckKind
    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Location:
    """The scene, WGS84 degrees; `name` is one line (street, neighbourhood)."""

    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """An alert's picture, or one a person sent us. `mime`: image/jpeg or image/png; `digest`: SHA-256 in hex."""

    content: bytes = field(repr=False)
    mime: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said, the same for every recipient of one alert in one language.

    `text` is the whole message, plain text, at most 4,096 UTF-16 units. `short_text` says the same within 1,024. `parts` are the
    named pieces, each one line without breaks, for channels that must fill an approved template: number, event, headline,
    where, time, until, description, instruction, link. `template` names the kind of message: alert, update, ended (cancelled or
    all-clear), or, whatever it is about, exercise or test; neighbours and neighboursended for what is not from the police.

    `forward`: the text made for forwarding alone, and `share` what the button to it is called; '' for what is not to be forwarded.
    For Part.AMEND `text` is the earlier message as it should read now, for Part.POST what residents read.
    """

    template: str
    language: str
    text: str = field(repr=False)
    short_text: str = field(repr=False)
    parts: Mapping[str, str] = field(repr=False)
    location: Location | None = field(default=None, repr=False)
    picture: Picture | None = None
    forward: str = field(default="", repr=False)
    share: str = ""


@dataclass(slots=True)
class Outbound:
    """One try at one delivery. `delivery_id` is the idempotency key, the same on every attempt. Nobody changes one.

    `window_open_until`: milliseconds; until then the recipient's service window is open (0: closed). `reply_to`: the provider's
    reference of an earlier message of ours to this handle: what this one answers, or with Part.AMEND what is edited.
    """

    delivery_id: int
    attempt: int
    handle: Handle
    wording: Wording
    actions: tuple[Action, ...]
    window_open_until: int = 0
    reply_to: str | None = field(default=None, repr=False)
    part: Part = Part.MESSAGE


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `provider_ref` is its name for our message. Not shown: WhatsApp's holds the number in base64."""

    provider_ref: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not sent, trying again may help. `retry_after`: seconds the provider asked for, or None for the hub's own backoff.

    `whole_account`: the trouble is the sender account's, not this recipient's (token refused, number locked, account limit): the
    breaker opens and the try does not count. `moved_to`: the recipient's new handle; the hub stores it and tries again at once.
    """

    reason: str
    retry_after: float | None = None
    whole_account: bool = False
    moved_to: Handle | None = None


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have arrived: the connection broke or timed out after the request was written."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Trying again cannot help. `address_dead`: nothing will ever reach this address (blocked, unknown number).

    `strike`: perhaps it is dead; the third in a row without a delivery between says so.
    """

    reason: str
    address_dead: bool = False
    strike: bool = False


Result = Accepted | Deferred | Uncertain | Rejected


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """A channel's report on one of our messages, by our delivery id where it gives that back, else by its own reference.

    Of a failure: `address_dead` and `strike` as in Rejected; `again`: seconds after which another try at the same address is
    worth it, None if it is not. `up_to`: it holds for every earlier message of ours to the same address too (Matrix).
    """

    kind: ReceiptKind
    at: int
    provider_ref: str = field(repr=False)
    delivery_id: int | None = None
    reason: str = ""
    address_dead: bool = False
    strike: bool = False
    again: float | None = None
    up_to: bool = False


@dataclass(frozen=True, slots=True)
class AckSeen:
    """A person tapped a button of ours. `token` lets the hub answer the tap (Confirms)."""

    handle: Handle
    data: str
    at: int
    via: str = "button"
    token: str = ""


@dataclass(frozen=True, slots=True)
class ReplySeen:
    """A person wrote words or set a reaction (then `text` is the sign). `provider_ref`: the message of ours it is about, if told.

    `answer_ref`: the provider's name for this answer, where it can be taken back (AnswerWithdrawn).
    """

    handle: Handle
    text: str = field(repr=False)
    at: int
    provider_ref: str | None = field(default=None, repr=False)
    via: str = "reply"
    answer_ref: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SightingSeen:
    """A person sent a place or a picture. `location`: (latitude, longitude); `media_ref`: what Fetches gets the picture by.

    `text`: the words beside it; `provider_ref` and `answer_ref` as in ReplySeen.
    """

    handle: Handle
    kind: Literal["text", "location", "picture"]
    at: int
    provider_ref: str | None = field(default=None, repr=False)
    answer_ref: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    location: Point | None = field(default=None, repr=False)
    media_ref: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AnswerWithdrawn:
    """A person took a reaction or a message back: the answer with this `answer_ref` does not hold any more."""

    handle: Handle
    answer_ref: str = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """An address became unreachable (blocked), reachable again, or moved to another handle."""

    handle: Handle
    at: int
    reachable: bool
    moved_to: Handle | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """The provider showed that two names are one person: `handle` the one we write to, `alias` another (WhatsApp's user id)."""

    handle: Handle
    alias: Handle


@dataclass(frozen=True, slots=True)
class InvitationSeen:
    """Somebody asks us into a room. The hub decides, see Admits."""

    handle: Handle
    room: str = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class GroupJoined:
    """Somebody put us into a chat of several people: the hub links it to their group. `group`: the chat's handle."""

    group: Handle
    by: Handle
    title: str = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A piece of an update that this adapter cannot read, beside pieces it can: the update is kept and counted."""

    reason: str


Event = (
    ReceiptSeen
    | AckSeen
    | ReplySeen
    | SightingSeen
    | AnswerWithdrawn
    | AddressChanged
    | ContactSeen
    | InvitationSeen
    | GroupJoined
    | NotUnderstood
)


class Unreadable(Exception):
    """A raw update that this adapter cannot understand: kept, counted and shown to the operator, never dropped."""


class HookRefused(Exception):
    """A webhook call that does not prove it comes from the provider."""


@dataclass(frozen=True, slots=True)
class RawUpdate:
    """What a provider told us, as it came. `key` is the provider's own id of it ('' if none): the same key twice is one."""

    body: bytes = field(repr=False)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Updates that were fetched together. `cursor`: where to go on after them, stored with them ('' if the provider keeps that)."""

    updates: Sequence[RawUpdate]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Can:
    """What a channel is able to do. Lengths in characters; `service_window`: seconds an inbound message opens, None if not used.

    `parts`: what it can send beside the message itself.
    """

    receipts: frozenset[ReceiptKind]
    answers: frozenset[str]
    idempotent: bool
    max_text: int
    service_window: int | None = None
    parts: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor`: what works, or what is wrong and how to mend it. Without secrets, numbers and names of people."""

    works: bool
    text: str


class Channel(Protocol):
    """One sender account on one messenger."""

    name: str
    account: str
    can: Can

    async def open(self) -> None:
        """Get connections ready; must not fail because the provider is down."""
        ...

    async def send(self, outbound: Outbound) -> Result:
        """Try once. No retry, no waiting, no limit inside; raises only on a bug."""
        ...

    async def say(self, handle: Handle, text: str) -> Result:
        """Tell a person something that is no alert (their sign-up worked, their STOP was heard): one try, plain text."""
        ...

    async def examine(self) -> Sequence[Finding]:
        """Ask the provider all that `doctor` should tell: who we are, whether the webhook is set, clocks agree. Never raises."""
        ...

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        """What a stored update means, in order; [] if it is none of ours. Raises Unreadable."""
        ...

    async def close(self) -> None: ...


class ChannelDown(Exception):
    """The account is unusable; the text says what to do, without secrets."""


@runtime_checkable
class Listens(Protocol):
    """A channel that fetches its updates. Each batch is on disk before the next is asked for (that asking confirms it)."""

    def updates(self, cursor: str) -> AsyncIterator[Batch]:
        """Endless, from the last stored `cursor` on ('' at the first); raises on a fault (the hub waits and starts it anew)."""
        ...


@runtime_checkable
class Hooks(Protocol):
    """A channel whose provider calls us. The raw body is on disk before we answer 200."""

    def check_headers(self, headers: Mapping[str, str]) -> None:
        """What can be refused before the body is read; raises HookRefused."""
        ...

    def check_hook(self, headers: Mapping[str, str], body: bytes) -> RawUpdate:
        """Prove in constant time that the provider sent this for this account; raises HookRefused."""
        ...

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to the provider's GET that sets the hook up; None if it is not for us."""
        ...


@runtime_checkable
class Confirms(Protocol):
    """A channel that can tell a person that their tap was noted (Telegram's answerCallbackQuery). Best effort, never raises."""

    async def confirm(self, token: str, text: str) -> None: ...


@runtime_checkable
class Admits(Protocol):
    """A channel on which people invite us (Matrix). Best effort, never raises."""

    async def admit(self, room: str, welcome: bool) -> None:
        """Join the room, or decline the invitation."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a message would reach somebody, as far as the messenger tells without sending one. `reason`: as in Rejected."""

    state: Literal["reachable", "gone", "unknown"]
    reason: str = ""


@runtime_checkable
class Reaches(Protocol):
    """A channel that can be asked about a person without their noticing."""

    async def reach(self, handle: Handle) -> Reach:
        """One question, never raises. Gone only where the messenger says so of this person; trouble of ours is unknown."""
        ...


TOLD_AGAIN_DAYS = 7
"""So long a provider tries to bring a webhook (Meta, webhooks: retries for up to 7 days). What is older was kept by somebody."""

LARGEST_PICTURE = 5 << 20
"""Bytes of a picture that a person sent: what WhatsApp takes as well."""


def picture_of(content: bytes) -> Picture | None:
    """What a person sent, by its first bytes, whatever it says it is; None for what is no JPEG or PNG, or too large."""
    mime = next((kind for start, kind in _STARTS.items() if content.startswith(start)), "")
    if not mime or len(content) > LARGEST_PICTURE:
        return None
    return Picture(content, mime, hashlib.sha256(content).hexdigest())


_STARTS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@runtime_checkable
class Fetches(Protocol):
    """A channel on which people send pictures."""

    async def fetch(self, media_ref: str) -> Picture | None:
        """The picture of a SightingSeen; None if it cannot be had, is no JPEG or PNG, or too large. Never raises."""
        ...


@runtime_checkable
class Linkable(Protocol):
    """A channel with an address that a link can open, so that a person can link theirs by one message."""

    async def link(self, token: str) -> str | None:
        """The link that opens a chat with us, `token` ready to be sent (t.me, wa.me, matrix.to); None if it cannot be told now."""
        ...
