"""What the contract suite asks of every channel's bench: the channel beside its provider, and both hands on that provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from itertools import count
from typing import Any, ClassVar, Protocol

import pytest

from hub.channel import (
    Action,
    Channel,
    Deferred,
    Outbound,
    RawUpdate,
    ReceiptSeen,
    Rejected,
    Result,
    Uncertain,
    Wording,
)
from hub.domain import AckKind, Handle, ReceiptKind
from tests.contracts.serving import Gate

TEXT = "Inbraak in de Kerkstraat, man met rode fiets"
SECRET_WORDS = ("Kerkstraat", "rode fiets")
ACTIONS = (
    Action(AckKind.RECEIVED, "Ontvangen", "received:1"),
    Action(AckKind.FORWARDED, "Doorgestuurd", "forwarded:1"),
    Action(AckKind.CANNOT, "Kan niet", "cannot:1"),
)
# Seconds for a channel that is to lose patience: long for an answer on loopback, short for a test.
IMPATIENT = 0.5
# Seconds for what comes by itself: an update, an event that travels through a real homeserver.
PATIENCE = 10.0
_deliveries = count(1001)


class Break(StrEnum):
    """How a connection can break under a message."""

    HANG = "hangs"
    HANG_AFTER = "takes it, then hangs"
    DROP = "hangs up"
    DROP_AFTER = "takes it, then hangs up"
    TRUNCATED = "takes it, answers half"
    GARBAGE = "takes it, answers garbage"

    @property
    def arrives(self) -> bool:
        return self not in (Break.HANG, Break.DROP)

    @property
    def takes_patience(self) -> bool:
        return self in (Break.HANG, Break.HANG_AFTER)


class Todo(Enum):
    """What a result or a late failure asks of the hub: the one thing that the error tables decide."""

    BACK_OFF = auto()
    """This recipient again, in our own time."""
    WAIT = auto()
    """This recipient again, in the time that was named."""
    AT_ONCE = auto()
    """This recipient again now, for the next try differs."""
    MOVED = auto()
    """This person at their new handle, now."""
    REST = auto()
    """The whole account waits, and the operator is told."""
    UNSURE = auto()
    """It may have arrived."""
    NEXT = auto()
    """The person's next address; nothing against this one."""
    STRIKE = auto()
    """The next address, and this one may be dead."""
    DEAD = auto()
    """The next address, and never this one again."""


def todo(result: Result | ReceiptSeen) -> Todo:
    match result:
        case Deferred(whole_account=True):
            return Todo.REST
        case Deferred(moved_to=Handle()):
            return Todo.MOVED
        case Deferred(retry_after=None):
            return Todo.BACK_OFF
        case Deferred(retry_after=seconds) | ReceiptSeen(again=float(seconds)):
            return Todo.WAIT if seconds else Todo.AT_ONCE
        case Uncertain():
            return Todo.UNSURE
        case Rejected(address_dead=True) | ReceiptSeen(address_dead=True):
            return Todo.DEAD
        case Rejected(strike=True) | ReceiptSeen(strike=True):
            return Todo.STRIKE
        case Rejected() | ReceiptSeen(kind=ReceiptKind.FAILED):
            return Todo.NEXT
        case _:
            raise AssertionError(f"nothing to do about {result}")


@dataclass(frozen=True)
class Code:
    """A row of the error tables. `fault`: how the provider answers so; `late`: how it tells so of a message it had taken."""

    name: str
    todo: Todo | None = None
    fault: Any = None
    late_todo: Todo | None = None
    late: Any = None
    # Seconds that are reported of it.
    seconds: float | None = None
    # What the message must be for this to happen to it.
    more: Mapping[str, Any] = field(default_factory=dict)


class Bench(Protocol):
    """One channel and its provider. `secrets`: what may show nowhere. `receipts`: what it tells of a message that fares well.

    `gate`: before all of the provider.
    """

    name: str
    channel: Channel
    handle: Handle
    secrets: tuple[str, ...]
    receipts: tuple[ReceiptKind, ...]
    gate: Gate
    breaks: ClassVar[Mapping[Break, Any]]
    codes: Sequence[Code]

    def again(self, **settings: Any) -> Channel:
        """Another channel object for the same account, as a new process would have."""
        ...

    # The provider's side.

    def fault(self, fault: Any, times: int = 1) -> None:
        """The next messages go wrong so."""
        ...

    def page(self, status: int, words: str = "") -> Any:
        """A fault: a page that the provider's own software did not write."""
        ...

    def refusal(self, status: int, words: str = "") -> Any:
        """A fault: the provider's own error answer, with a code and words nobody has seen before."""
        ...

    def limited(self, seconds: int | None) -> Any:
        """A fault: too many requests, with the seconds to wait or without."""
        ...

    @property
    def messages(self) -> int:
        """How many requests to send a message have come in."""
        ...

    @property
    def requests(self) -> int:
        """How many requests of any kind."""
        ...

    async def screen(self) -> list[str]:
        """The texts on the person's phone, oldest first."""
        ...

    # What comes back.

    async def listen(self) -> None:
        """What was told before this is no news."""
        ...

    async def send(self, outbound: Outbound, *told: ReceiptKind) -> tuple[Result, list[RawUpdate]]:
        """Send it, and let the provider tell this of it: an update each, in the order in which it happened."""
        ...

    async def fail(self, outbound: Outbound, code: Code) -> tuple[Result, list[RawUpdate]]:
        """Send it, and let the provider tell later that it failed so."""
        ...

    async def answer(self, kind: AckKind) -> list[RawUpdate]:
        """The person answers the last message, as is done on this channel."""
        ...


def outbound_to(handle: Handle, text: str = TEXT, delivery_id: int = 0, **more: Any) -> Outbound:
    """An alert with the three answers and a delivery id of its own, unless told otherwise."""
    about = {name: more.pop(name) for name in ("location", "picture") if name in more}
    parts = {"number": "7K3M-2QXA", "event": "Inbraak", "headline": text, "link": "https://buurtsein.example/a/x"}
    wording = Wording("alert", "nl", text, text, parts, **about)
    return Outbound(
        delivery_id or next(_deliveries), more.pop("attempt", 1), handle, wording, **{"actions": ACTIONS, **more}
    )


EMULATED = ("telegram", "whatsapp", "matrix", "bridge")
_REAL = [
    pytest.param(name, marks=pytest.mark.xdist_group("synapse")) for name in ("matrix on synapse", "bridge on synapse")
]

on_every_emulator = pytest.mark.parametrize("made", EMULATED, indirect=True)
everywhere = pytest.mark.parametrize("made", [*EMULATED, *_REAL], indirect=True)
"""Where a real homeserver has something to add."""
where_receipts_come = pytest.mark.parametrize("made", [*EMULATED[1:], *_REAL], indirect=True)
