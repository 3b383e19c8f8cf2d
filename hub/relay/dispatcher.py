"""The dispatcher of one sender account: claims what is due, keeps the account's limits, and has a fixed pool of senders try it.

It claims no more than about a second's worth, so that something more urgent is never far behind; the pool is fixed, so that slow
recipients cost a few senders and not the account. Waiting for the limit or an open breaker is not an attempt.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from random import Random
from secrets import SystemRandom

import structlog

from hub.channel import Accepted, Channel, Deferred, Outbound, Rejected, Result, Uncertain
from hub.clock import Clock
from hub.domain import DeliveryState
from hub.relay.answers import actions_for
from hub.relay.backoff import Backoff
from hub.relay.breaker import Breaker
from hub.relay.delivery import not_sent, outcome_of, put_back
from hub.relay.limiter import Limiter, Token
from hub.relay.message import Messages
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.engine import StoreUnavailable
from hub.store.ids import Ids
from hub.store.outbox import Claimed, Outbox, Outcome

log = structlog.get_logger()

# Without a rate limit: enough for 70 ms of sending at the 14,000 a second one process can do, a claim takes a few ms.
UNLIMITED_WINDOW = 1000
# Seconds; what is due already but cannot be claimed (its alert has just expired) must not make a hot loop.
SOONEST = 0.01


class Dispatcher:
    def __init__(
        self,
        channel: Channel,
        account: Account,
        relay: Relay,
        outbox: Outbox,
        ids: Ids,
        messages: Messages,
        outcomes: Callable[[Outcome], None],
        wakes: Wakes,
        clock: Clock,
        rng: Random | SystemRandom,
    ) -> None:
        self.name = f"{channel.name}/{channel.account}"
        self.breaker = Breaker(relay.breaker_failures, relay.breaker_open, relay.breaker_open_most, clock)
        self._channel = channel
        self._account = account
        self._relay = relay
        self._outbox = outbox
        self._ids = ids
        self._messages = messages
        self._outcomes = outcomes
        self._wakes = wakes
        self._wake = wakes.dispatcher()
        self._clock = clock
        self._backoff = Backoff(relay.backoff_first, relay.backoff_most, rng)
        self._limiter = Limiter(account.rate, account.burst, clock)
        self._window = max(1, int(account.rate)) if account.rate else UNLIMITED_WINDOW
        self._ready: list[tuple[int, float, int, Claimed]] = []
        self._filled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._busy = 0  # sends and claims under way
        self._idle = asyncio.Event()
        self._draining = False

    async def run(self, beat: Callable[[], None]) -> None:
        """Claim and send until cancelled; `drain` first for an orderly end."""
        async with asyncio.TaskGroup() as pool:
            for _ in range(self._account.concurrency):
                pool.create_task(self._send_next_for_ever())
            await self._claim_for_ever(beat)

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, put back what was not begun, and give sends under way so long to end."""
        self._draining = True
        self._put_back_ready("the hub is stopping")
        if self._busy:
            self._idle.clear()
            await self._clock.wait(self._idle, seconds)

    # claiming ----------------------------------------------------------------------------------------------------------------

    async def _claim_for_ever(self, beat: Callable[[], None]) -> None:
        while not self._draining:
            beat()
            wait = self._relay.poll
            try:
                if self.breaker.is_open:
                    wait = min(wait, self.breaker.wait() or wait)
                    if not self._ready and self.breaker.wait() == 0:
                        await self._claim(1)  # the probe
                elif len(self._ready) <= self._window // 2:
                    room = self._window - len(self._ready)
                    if await self._claim(room) < room:
                        wait = min(wait, await self._until_next_due())
            except StoreUnavailable as error:  # sends under way must not suffer from it: claim again later
                log.error("claim_failed", channel=self.name, error=str(error))
            await self._clock.wait(self._wake, wait)

    async def _claim(self, limit: int) -> int:
        now = self._clock.now()
        was_open = self.breaker.is_open
        self._busy += 1
        try:
            claimed = await self._outbox.claim(
                self._channel.name,
                self._channel.account,
                lease=self._ids.one(),
                lease_until=now + round(self._relay.lease * 1000),
                now=now,
                limit=limit,
            )
            try:
                await self._messages.prepare({one.alert_id for one in claimed})
            finally:  # they are ours now, whatever happens; `_deliver` prepares what is missing
                for one in claimed:
                    heapq.heappush(self._ready, (one.priority, one.distance, one.id, one))
            if self._draining:
                self._put_back_ready("the hub is stopping")
            elif self.breaker.is_open and not was_open:
                self._put_back_ready("the channel is down")
            if self._ready:
                self._filled.set()
            return len(claimed)
        finally:
            self._done()

    async def _until_next_due(self) -> float:
        due = await self._outbox.next_due(self._channel.name, self._channel.account)
        return max(SOONEST, (due - self._clock.now()) / 1000) if due is not None else self._relay.poll

    def _put_back_ready(self, reason: str) -> None:
        now = self._clock.now()
        for *_, one in self._ready:
            self._outcomes(put_back(one, now, reason))
        self._ready.clear()

    # sending -----------------------------------------------------------------------------------------------------------------

    async def _send_next_for_ever(self) -> None:
        while True:
            claimed, token = self._take() or await self._next()
            self._busy += 1
            try:
                await self._deliver(claimed)
            finally:
                self._limiter.answered(token)
                self._done()

    def _done(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    def _take(self) -> tuple[Claimed, Token] | None:
        """The most urgent of what is ready, if the account may send now."""
        if not self._ready or self.breaker.wait() > 0 or self._limiter.wait() > 0:
            return None
        claimed = heapq.heappop(self._ready)[3]
        if len(self._ready) == self._window // 2:
            self._wake.set()
        return claimed, self._limiter.take()

    async def _next(self) -> tuple[Claimed, Token]:
        """Wait until one may be sent. One sender waits for the cause, the others for their turn.

        Nobody queues here who need not: asyncio's lock is fair, and with a queue before it every send costs a round of the loop
        (measured: 3,900 sends a second instead of 8,000).
        """
        async with self._turn:
            while (taken := self._take()) is None:
                if not self._ready:
                    self._filled.clear()
                    self._wake.set()
                    await self._filled.wait()
                elif (wait := self.breaker.wait()) > 0:
                    await self._clock.wait(self.breaker.changed, wait)
                else:
                    await self._limiter.until_token(self._limiter.wait())
            return taken

    async def _deliver(self, claimed: Claimed) -> None:
        """Nine times out of ten: build, send, report. Otherwise say why it was not sent."""
        now = self._clock.now()
        refused = self._no_reason_to_send(claimed, now)
        if refused is not None or claimed.handle is None:
            self._outcomes(
                refused or not_sent(claimed, DeliveryState.CANCELLED, now, "the address is gone or signed off")
            )
            return
        began = self._clock.monotonic()
        try:
            if not self._messages.knows(claimed.alert_id):  # unless very many alerts are under way it does
                await self._messages.prepare((claimed.alert_id,))
            outbound = Outbound(
                delivery_id=claimed.id,
                attempt=claimed.attempt,
                handle=claimed.handle,
                wording=self._messages.wording(claimed.alert_id, claimed.language),
                actions=actions_for(claimed.id, claimed.language),
                window_open_until=claimed.window_open_until,
            )
            self.breaker.sending()
            result = await self._channel.send(outbound)
        except StoreUnavailable as error:
            self._outcomes(put_back(claimed, now, str(error)))
            return
        except Exception as error:
            # A bug, of an adapter or a text: this delivery is tried again, then given up. It says nothing of the provider, so that
            # one poisonous alert cannot open the breaker for all the others; but a probe has failed.
            log.error("send_raised", channel=self.name, delivery=claimed.id, error=type(error).__name__)
            result = Uncertain(f"the adapter failed: {type(error).__name__}")
            if self.breaker.is_open:
                self._judge(result, began)
        else:
            self._judge(result, began)
        self._outcomes(
            outcome_of(
                result,
                claimed,
                attempts=self._account.attempts,
                can=self._channel.can,
                backoff=self._backoff,
                now=self._clock.now(),
            )
        )

    def _no_reason_to_send(self, claimed: Claimed, now: int) -> Outcome | None:
        if self._wakes.is_withdrawn(claimed.alert_id):
            return not_sent(claimed, DeliveryState.CANCELLED, now, "the alert was withdrawn")
        if claimed.expires_at <= now:
            return not_sent(claimed, DeliveryState.EXPIRED, now, "expired before it could be sent")
        if claimed.tries >= self._account.attempts:
            return not_sent(claimed, DeliveryState.FAILED, now, "attempts used up: lease lost each time")
        if claimed.lease_until - now <= self._account.timeout * 1000:
            return put_back(claimed, now, "waited too long in memory")  # else somebody else may send it beside us
        return None

    def _judge(self, result: Result, began: float) -> None:
        """What this result says of the account as a whole."""
        was_open = self.breaker.is_open
        match result:
            case Deferred(reason, retry_after, True, _):
                self.breaker.trip(reason, retry_after)
            case Deferred(reason, None, False, None) | Uncertain(reason):
                self.breaker.failed(reason, began)
            case Accepted() | Rejected() | Deferred():
                self.breaker.succeeded()
        if self.breaker.is_open and not was_open:
            log.error("breaker_opened", channel=self.name, reason=self.breaker.reason)
            self._put_back_ready("the channel is down")
        elif was_open and not self.breaker.is_open:
            log.info("breaker_closed", channel=self.name)
            self._wake.set()
