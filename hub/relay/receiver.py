"""The receiver: what comes back from the messengers, from raw updates on disk to receipts, acknowledgements and addresses.

Updates are kept before they are understood (web/hooks.py for webhooks, `listener` for what a channel fetches), and dropped in the
transaction that stores their meaning. One that cannot be understood stays, with its error, for the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, assert_never

import structlog

from hub.channel import (
    AckSeen,
    AddressChanged,
    Channel,
    Confirms,
    Listens,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
    Unreadable,
)
from hub.clock import Clock
from hub.domain import AckKind, Handle
from hub.relay.answers import STOP, read_action, read_words
from hub.relay.wakes import Wakes
from hub.relay.words import language
from hub.store.alerts import Routes
from hub.store.database import Store
from hub.store.engine import Statement, StoreUnavailable
from hub.store.receipts import KeptUpdate, Receipt

log = structlog.get_logger()

BATCH = 200
# Words without a reply-to are taken to be about the latest alert of the last day; a bare "ok" next week is about nothing.
WORDS_MS = 24 * 3600 * 1000
LISTEN_AGAIN_SECONDS = 1.0
LISTEN_AGAIN_MOST = 20.0  # less than loops.STUCK_SECONDS: a listener that waits is not stuck

Confirmation = Callable[[], Coroutine[Any, Any, None]]
_Understood = tuple[KeptUpdate, list[Statement], list[Confirmation]]


class Receiver:
    def __init__(
        self, store: Store, channels: Sequence[Channel], wakes: Wakes, clock: Clock, routes: Routes, poll: float
    ) -> None:
        self._store = store
        self._channels = {(channel.name, channel.account): channel for channel in channels}
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._poll = poll
        self._confirming: set[asyncio.Task[None]] = set()

    def listener(self, channel: Channel) -> Callable[[Callable[[], None]], Awaitable[None]]:
        """The loop that fetches a channel's updates, where it has to be asked for them; each batch is on disk before the next."""

        async def listen(beat: Callable[[], None]) -> None:
            if not isinstance(channel, Listens):
                return
            wait = LISTEN_AGAIN_SECONDS
            while True:
                beat()
                try:
                    async for batch in channel.updates():
                        beat()
                        if batch:
                            await self.keep(channel, batch)
                        wait = LISTEN_AGAIN_SECONDS
                    return  # the channel has nothing to fetch: its provider calls us
                except Exception as error:
                    log.warning(
                        "listening_failed", channel=channel.name, account=channel.account, error=type(error).__name__
                    )
                await self._clock.sleep(wait)
                wait = min(LISTEN_AGAIN_MOST, wait * 2)

        return listen

    async def keep(self, channel: Channel, updates: Sequence[RawUpdate]) -> None:
        """Updates on disk, and somebody awake to read them."""
        await self._store.receipts.keep(
            channel.name, channel.account, [(update.key, update.body) for update in updates], self._clock.now()
        )
        self._wakes.receiver.set()

    async def run(self, beat: Callable[[], None]) -> None:
        try:
            while True:
                beat()
                await self.read_all(beat)
                await self._clock.wait(self._wakes.receiver, self._poll)
        finally:
            for task in self._confirming:
                task.cancel()
            await asyncio.gather(*self._confirming, return_exceptions=True)

    async def read_all(self, beat: Callable[[], None] = lambda: None) -> None:
        """Work off what is kept, in order; a batch per transaction."""
        after = 0
        while kept := await self._store.receipts.kept(after, BATCH):
            beat()
            after = kept[-1].id
            understood: list[_Understood] = []
            for update in kept:
                try:
                    meant, confirm = await self._understand(update)
                except Unreadable as error:
                    log.error("update_unreadable", channel=update.channel, update=update.id, error=str(error))
                    await self._store.receipts.mark_unreadable(update.id, str(error))
                except StoreUnavailable:
                    raise
                except Exception as error:  # a bug in an adapter: this update is set aside, the others go on
                    await self._set_aside(update, error)
                else:
                    understood.append((update, meant, confirm))
            try:
                await self._apply(understood)
            except StoreUnavailable:
                raise
            except Exception:  # one of them cannot be stored: one by one, so that it does not hold up the others
                for one in understood:
                    try:
                        await self._apply([one])
                    except StoreUnavailable:
                        raise
                    except Exception as error:
                        await self._set_aside(one[0], error)

    async def _apply(self, understood: Sequence[_Understood]) -> None:
        """Store what these updates mean, in one transaction; only then tell the people."""
        statements = [statement for _, meant, _ in understood for statement in meant]
        await self._store.receipts.apply(statements, [update.id for update, _, _ in understood])
        self._wakes.changed()
        self._wakes.dispatch()  # a failed receipt may have made a delivery to someone's next address
        for _, _, confirmations in understood:
            for confirm in confirmations:
                # Beside us: a provider that is slow to take them must not hold up what is read.
                task = asyncio.create_task(confirm(), name="confirm")
                self._confirming.add(task)
                task.add_done_callback(self._confirming.discard)

    async def _set_aside(self, update: KeptUpdate, error: Exception) -> None:
        log.error("update_failed", channel=update.channel, update=update.id, error=type(error).__name__)
        await self._store.receipts.mark_unreadable(update.id, f"failed: {type(error).__name__}")

    async def _understand(self, update: KeptUpdate) -> tuple[list[Statement], list[Confirmation]]:
        """What to store for this update, and what to tell the person once it is stored."""
        channel = self._channels.get((update.channel, update.account))
        if channel is None:
            raise Unreadable("this sender account is not configured any more")
        statements: list[Statement] = []
        confirmations: list[Confirmation] = []
        receipts: list[Receipt] = []
        for event in channel.parse(RawUpdate(update.body, update.key)):
            match event:
                case ReceiptSeen(kind, at, provider_ref, delivery_id, reason, address_dead):
                    receipts.append(Receipt(kind, at, provider_ref, delivery_id, reason, address_dead))
                case AckSeen(handle, data, at, via, token):
                    answer = read_action(data)
                    if answer is not None:
                        moment = _finer(at, update.received_at)
                        statements += self._acknowledged(channel, handle, answer[1], answer[0], moment, via)
                    statements += self._window(channel, handle, at)
                    if token:
                        confirmations.append(_confirm(channel, token, answer[0] if answer else None))
                case ReplySeen(handle, text, at, provider_ref):
                    statements += await self._replied(
                        channel, handle, text, _finer(at, update.received_at), provider_ref
                    )
                    statements += self._window(channel, handle, at)
                case AddressChanged(handle, _, reachable, moved_to, _):
                    statements += self._store.receipts.address_changed(channel.name, handle, reachable, moved_to)
                case _:
                    assert_never(event)
        if receipts:
            statements += self._store.receipts.receipts(
                channel.name, receipts, self._routes, first_id=self._store.ids.block(), now=self._clock.now()
            )
        return statements, confirmations

    async def _replied(
        self, channel: Channel, handle: Handle, text: str, at: int, provider_ref: str | None
    ) -> list[Statement]:
        meaning = read_words(text)
        if meaning is None:
            return []
        if meaning == STOP:
            return self._store.receipts.stop(channel.name, handle)
        # A reply says itself what it is about, however old; but we do not know every message of ours (one that timed out and
        # arrived all the same), and then it counts like words without a reply.
        delivery_id = provider_ref and await self._store.receipts.answered_delivery(
            channel.name, handle, provider_ref, 0
        )
        if not delivery_id:
            since = self._clock.now() - WORDS_MS
            delivery_id = await self._store.receipts.answered_delivery(channel.name, handle, "", since)
        if not delivery_id:
            return []
        via = "reply" if provider_ref else "word"
        return self._acknowledged(channel, handle, delivery_id, AckKind(meaning), at, via)

    def _acknowledged(
        self, channel: Channel, handle: Handle, delivery_id: int, kind: AckKind, at: int, via: str
    ) -> list[Statement]:
        return self._store.receipts.acknowledge(
            channel.name, handle, delivery_id, kind, at=at, via=via, now=self._clock.now()
        )

    def _window(self, channel: Channel, handle: Handle, at: int) -> list[Statement]:
        """Hearing from a person opens their service window, on channels that have one."""
        if channel.can.service_window is None:
            return []
        return self._store.receipts.open_window(channel.name, handle, at + channel.can.service_window * 1000)


def _finer(at: int, received_at: int) -> int:
    """When a person answered (ms). WhatsApp tells whole seconds: of an answer that came at once our own clock knows more."""
    return received_at if 0 <= received_at - at < 2000 else at


def _confirm(channel: Channel, token: str, kind: AckKind | None) -> Confirmation:
    async def confirm() -> None:
        if isinstance(channel, Confirms):
            # The language of the person is not in the update; Dutch first.
            with contextlib.suppress(Exception):  # best effort: what they said is stored
                await channel.confirm(token, language("nl").noted[kind] if kind else "")

    return confirm
