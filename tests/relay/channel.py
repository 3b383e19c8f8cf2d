"""A messenger that does what a test tells it: an answer scripted per handle, and raw updates whose meaning the test gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.channel import Accepted, Batch, Can, Event, Finding, Outbound, RawUpdate, Result
from hub.clock import Clock
from hub.domain import Handle, ReceiptKind

TELLS = Can(
    receipts=frozenset({ReceiptKind.SENT, ReceiptKind.DELIVERED, ReceiptKind.READ, ReceiptKind.FAILED}),
    answers=frozenset({"button"}),
    idempotent=False,
    max_text=4096,
)
"""A channel with receipts, like WhatsApp."""
BLIND = Can(receipts=frozenset(), answers=frozenset({"button"}), idempotent=False, max_text=4096)
"""A channel without any, like Telegram."""
IDEMPOTENT = Can(receipts=frozenset(), answers=frozenset({"reaction"}), idempotent=True, max_text=4096)
"""A channel that drops doubles, like Matrix."""


@dataclass(frozen=True)
class After:
    """An answer that comes so many seconds after the request."""

    seconds: float
    result: Result


Answer = Result | After | Exception


@dataclass
class Meanings:
    """What each raw update means; shared by the channel objects of a hub and of the one started after it."""

    events: dict[bytes, Sequence[Event] | Exception] = field(default_factory=dict)

    def update(self, *events: Event, error: Exception | None = None, key: str = "") -> RawUpdate:
        body = b"update %d" % len(self.events)
        self.events[body] = error if error is not None else events
        return RawUpdate(body, key)


def accepted(outbound: Outbound) -> Accepted:
    return Accepted(f"ref-{outbound.delivery_id}-{outbound.attempt}")


def accepted_after(seconds: float) -> Callable[[Outbound], Answer]:
    return lambda outbound: After(seconds, accepted(outbound))


class FakeChannel:
    def __init__(
        self,
        clock: Clock,
        name: str = "telegram",
        *,
        account: str = "main",
        can: Can = BLIND,
        otherwise: Callable[[Outbound], Answer] = accepted,
        meanings: Meanings | None = None,
    ) -> None:
        self.name = name
        self.account = account
        self.can = can
        self.otherwise = otherwise
        self.meanings = meanings or Meanings()
        self.asked: list[tuple[float, str, Outbound]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.calls: list[str] = []
        self.confirmed: list[tuple[str, str]] = []
        self.said: list[tuple[str, str]] = []
        self._clock = clock
        self._scripts: dict[str, Iterator[Answer]] = {}

    def script(self, handle: str, answers: Iterable[Answer]) -> None:
        """These answers for this handle, one a try; afterwards `otherwise`."""
        self._scripts[handle] = iter(answers)

    @property
    def handles(self) -> list[str]:
        return [handle for _, handle, _ in self.asked]

    @property
    def times(self) -> list[float]:
        return [at for at, _, _ in self.asked]

    async def open(self) -> None:
        self.calls.append("open")

    async def send(self, outbound: Outbound) -> Result:
        handle = outbound.handle.value
        self.asked.append((self._clock.monotonic(), handle, outbound))
        answer = next(self._scripts.get(handle, iter(())), None) or self.otherwise(outbound)
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, After):
                await self._clock.sleep(answer.seconds)
                return answer.result
            return answer
        finally:
            self.under_way -= 1

    async def say(self, handle: Handle, text: str) -> Result:
        self.said.append((handle.value, text))
        return Accepted("said")

    async def examine(self) -> Sequence[Finding]:
        return [Finding(True, "fine")]

    def parse(self, update: RawUpdate) -> Sequence[Event]:
        meaning = self.meanings.events[update.body]
        if isinstance(meaning, Exception):
            raise meaning
        return meaning

    async def confirm(self, token: str, text: str) -> None:
        self.confirmed.append((token, text))

    async def close(self) -> None:
        self.calls.append("close")


class ListeningChannel(FakeChannel):
    """One that is asked for its updates: `batches` are given in turn, an Exception among them is a fault."""

    batches: Iterator[Sequence[RawUpdate] | Exception] = iter(())
    polls = 0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.cursors: list[str] = []

    async def updates(self, cursor: str) -> AsyncIterator[Batch]:
        self.polls += 1
        self.cursors.append(cursor)
        while True:
            batch = next(self.batches, None)
            if batch is None:
                await self._clock.sleep(1e9)
                continue
            if isinstance(batch, Exception):
                raise batch
            yield Batch(batch, f"after-{self.polls}")
