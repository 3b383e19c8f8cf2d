"""The adapter contract: what a messenger must offer the hub, and the words it answers in.

An adapter tries once and says what happened; looping, counting, waiting, limits and breakers live in the hub. Failure is data
that answers two questions: may trying again help, and when? See adapters/README.md "Adding a channel".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from hub.domain import AckKind, Handle, ReceiptKind


@dataclass(frozen=True, slots=True)
class Action:
    """An answer the admin can tap. `data` (at most 64 bytes, [a-z0-9:]) comes back unchanged in AckSeen."""

    kind: AckKind
    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said, the same for every recipient of one alert in one language.

    `text` is the whole message, plain text, at most 4,096 characters. `short_text` says the same within 1,024. `parts` are the
    named pieces, each one line without breaks, for channels that must fill an approved template: number, event, headline,
    where, time, until, description, instruction, link. `template` names the kind of message: alert, exercise or test.
    """

    template: str
    language: str
    text: str = field(repr=False)
    short_text: str = field(repr=False)
    parts: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outbound:
    """One try at one delivery. `delivery_id` is the idempotency key, the same on every attempt.

    `window_open_until`: milliseconds; until then the recipient's service window is open (0: closed).
    """

    delivery_id: int
    attempt: int
    handle: Handle
    wording: Wording
    actions: tuple[Action, ...]
    window_open_until: int = 0
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `provider_ref` is its name for our message."""

    provider_ref: str


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
    """Trying again cannot help. `address_dead`: nothing will ever reach this address (blocked, unknown number)."""

    reason: str
    address_dead: bool = False


Result = Accepted | Deferred | Uncertain | Rejected


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """A channel's report on one of our messages, by our delivery id where it gives that back, else by its own reference."""

    kind: ReceiptKind
    at: int
    provider_ref: str
    delivery_id: int | None = None
    reason: str = ""
    address_dead: bool = False


@dataclass(frozen=True, slots=True)
class AckSeen:
    """A person tapped a button of ours or set a reaction. `token` lets the hub answer the tap (Channel.confirm)."""

    handle: Handle
    data: str
    at: int
    via: str = "button"
    token: str = ""


@dataclass(frozen=True, slots=True)
class ReplySeen:
    """A person wrote words. `provider_ref`: the message of ours they replied to, if they did."""

    handle: Handle
    text: str = field(repr=False)
    at: int
    provider_ref: str | None = None


@dataclass(frozen=True, slots=True)
class AddressChanged:
    """An address became unreachable (blocked), reachable again, or moved to another handle."""

    handle: Handle
    at: int
    reachable: bool
    moved_to: Handle | None = None
    reason: str = ""


Event = ReceiptSeen | AckSeen | ReplySeen | AddressChanged


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
class Can:
    """What a channel is able to do. Lengths in characters; `service_window`: seconds an inbound message opens, None if not used."""

    receipts: frozenset[ReceiptKind]
    answers: frozenset[str]
    idempotent: bool
    max_text: int
    service_window: int | None = None


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

    async def examine(self) -> str:
        """Ask the provider who we are: one line for `doctor`. Raises ChannelDown with what to do about it."""
        ...

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        """What a stored update means, in order; [] if it is none of ours. Raises Unreadable."""
        ...

    async def close(self) -> None: ...


class ChannelDown(Exception):
    """`examine` found the account unusable; the text says what to do, without secrets."""


@runtime_checkable
class Listens(Protocol):
    """A channel that fetches its updates. Each batch is on disk before the next is asked for (that asking confirms it)."""

    def updates(self) -> AsyncIterator[Sequence[RawUpdate]]:
        """Endless; raises on a fault (the hub waits and starts it anew)."""
        ...


@runtime_checkable
class Hooks(Protocol):
    """A channel whose provider calls us. The raw body is on disk before we answer 200."""

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
