"""The dispatcher of one sender account: claims what is due, keeps the account's limits, and has a fixed pool of senders try it.

It claims no more than about a second's worth, so that something more urgent is never far behind; the pool is fixed, so that slow
recipients cost a few senders and not the account. Waiting for the limit or an open breaker is not an attempt; what one is stands
in attempts.py. Over 300 lines: claiming and taking share one heap, and are understood together.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from secrets import SystemRandom

import structlog

from hub.channel import Channel, Uncertain
from hub.clock import Clock
from hub.domain import DeliveryState
from hub.measures import Measures
from hub.relay.attempts import NOT_OURS, Attempts
from hub.relay.backoff import Backoff
from hub.relay.breaker import Breaker
from hub.relay.delivery import not_sent, put_back
from hub.relay.limiter import Limiter, Token
from hub.relay.message import Messages
from hub.relay.tenure import Tenure
from hub.relay.underway import UnderWay
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.alerts import Routes
from hub.store.claiming import LAST, Claim, Claimed
from hub.store.engine import StoreUnavailable
from hub.store.ids import Ids
from hub.store.outbox import TURNED, Outbox, Outcome
from hub.tracing import span

log = structlog.get_logger()

# Without a rate limit: enough for 70 ms of sending at the 14,000 a second one process can do, a claim takes a few ms.
UNLIMITED_WINDOW = 1000
# Seconds; what is due already but cannot be claimed (its alert has just expired) must not make a hot loop.
SOONEST = 0.01
# A follow-up waits so long (ms) before it looks again whether the send it answers has ended; most end within a second.
FIRST_MS = 250
WAITED = "waited too long in memory"


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
        routes: Routes,
        measures: Measures | None = None,
        tenure: Tenure | None = None,
        needed: Callable[[int], Awaitable[bool]] | None = None,
    ) -> None:
        """`tenure`: the account's lease, where other processes may send from it. `needed`: as in attempts.py."""
        self.name = f"{channel.name}/{channel.account}"
        self.channel_name, self.account = channel.name, channel.account
        self.breaker = Breaker(relay.breaker_failures, relay.breaker_open, relay.breaker_open_most, clock)
        self._account = account
        self._relay = relay
        self._outbox = outbox
        self._ids = ids
        self._messages = messages
        self._outcomes = outcomes
        self._wakes = wakes
        self._wake = wakes.dispatcher()
        self._clock = clock
        self._routes = routes
        self._measures = (measures or Measures()).account(channel.name, channel.account)
        self._tenure = tenure
        self._under_way = UnderWay()
        self._attempts = Attempts(
            channel,
            account,
            messages,
            outcomes,
            clock,
            self.breaker,
            Backoff(relay.backoff_first, relay.backoff_most, rng),
            self._measures,
            self.may_send,
            self._breaker_turned,
            needed or _always,
        )
        self._limiter = Limiter(account.rate, account.burst, clock)
        self._window = max(1, int(account.rate)) if account.rate else UNLIMITED_WINDOW
        self._ready: list[tuple[tuple[int, int, float, int], int, Claimed]] = []  # place, attempt, claimed
        self._filled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._busy = 0  # sends and claims under way
        self._more = True  # whether there may be more to claim, that nobody would wake us for
        self._idle = asyncio.Event()
        self._running = self._draining = False
        self.stand_ins: Sequence[Dispatcher] = ()  # the channel's other accounts, in the order in which they are asked

    async def run(self, beat: Callable[[], None]) -> None:
        """Claim and send until cancelled; `drain` first for an orderly end. It may be run again."""
        self._draining, self._running = False, True
        try:
            async with asyncio.TaskGroup() as pool:
                for _ in range(self._account.concurrency):
                    pool.create_task(self._send_next_for_ever())
                await self._claim_for_ever(beat)
        finally:
            self._running = False

    async def drain(self, seconds: float) -> None:
        """Claim nothing more, put back what was not begun, and give sends under way so long to end."""
        self._draining = True
        self._put_back_ready("the hub is stopping")
        if self._busy:
            self._idle.clear()
            await self._clock.wait(self._idle, seconds)

    def may_send(self) -> bool:
        return self._tenure is None or self._tenure.holds()

    def rests(self) -> bool:
        """Is the account's breaker open, here or in the process that sends from it?"""
        return self.breaker.is_open if self.may_send() or self._tenure is None else self._tenure.rests_elsewhere

    def waiting(self) -> set[str]:
        """The alerts of which something is claimed and not begun."""
        return {one.alert_id for *_, one in self._ready}

    def lost_senders(self) -> int:
        """Senders that hang and do not come back: for /readyz."""
        return self._under_way.lost(self._clock.monotonic())

    def tokens(self) -> float:
        """Messages that may go at this moment; infinite without a limit."""
        return self._limiter.left()

    # claiming ----------------------------------------------------------------------------------------------------------------

    async def _claim_for_ever(self, beat: Callable[[], None]) -> None:
        while not self._draining:
            beat()
            for hung in self._under_way.break_off(self._clock.monotonic()):
                log.error("send_hung", channel=self.name, alert=hung.alert_id, delivery=hung.id)
            self._put_back_old()
            wait = self._relay.poll
            try:
                if not self.may_send():
                    self._put_back_ready(NOT_OURS)
                elif self._wakes.store_away:
                    pass  # nobody could remember that it was sent, so it would be sent again
                elif self.breaker.is_open:
                    wait = min(wait, self.breaker.wait() or wait)
                    # First the probe. What is due by the time it was looked for may be it: then nothing is handed over yet.
                    if self._ready or self.breaker.wait() > 0 or await self._claim(1, probe=True):
                        await self._hand_over()
                elif len(self._ready) <= self._window // 2:
                    room = self._window - len(self._ready)
                    self._more = await self._claim(room) >= room
                    if not self._more:
                        wait = min(wait, await self._until_next_due())
                else:  # enough is claimed, but what goes before all of it must not wait for it
                    self._more = True
                    await self._claim(self._window - self._window // 2, before=self._ready[0][0][:2])
                    self._put_back_beyond(self._window, "something more urgent came")
            except StoreUnavailable as error:  # sends under way must not suffer from it: claim again later
                log.error("claim_failed", channel=self.name, error=str(error))
            await self._clock.wait(self._wake, wait)

    async def _claim(self, limit: int, probe: bool = False, before: tuple[int, int] = LAST) -> int:
        now = self._clock.now()
        was_open = self.breaker.is_open
        self._busy += 1
        try:
            with span("claim", account=self.name):
                claimed = await self._outbox.claim(self.claim_of(limit, now, probe, before))
            try:
                about = {one.alert_id for one in claimed} | {one.follows for one in claimed if one.follows is not None}
                await self._messages.prepare(about)
            finally:  # they are ours now, whatever happens; the attempt prepares what is missing
                self.have(claimed, now, was_open)
            return len(claimed)
        finally:
            self._done()

    def have(self, claimed: Sequence[Claimed], now: int, was_open: bool = False) -> None:
        """These were claimed at `now` (ms) and are ours to send, or to put back if we may not any more."""
        for one in claimed:
            heapq.heappush(self._ready, (one.place, one.attempt, one))
            self._measures.claim_wait.add((now - one.due_at) / 1000)
        if claimed:
            self._tell(claimed)
        if self._draining:
            self._put_back_ready("the hub is stopping")
        elif self.breaker.is_open and not was_open:
            self._put_back_ready("the channel is down")
        elif not self.may_send():
            self._put_back_ready(NOT_OURS)
        if self._ready:
            self._filled.set()

    def is_idle(self) -> bool:
        """Would it send at once what is accepted now?"""
        free = self._running and not self._draining and not self._ready and not self._busy
        return free and self.may_send() and not self.breaker.is_open and not self._wakes.store_away

    def claim_of(self, limit: int, now: int, probe: bool = False, before: tuple[int, int] = LAST) -> Claim:
        """What to ask the store for; `have` what it gives."""
        return Claim(
            self.channel_name,
            self.account,
            lease=self._ids.one(),
            lease_until=now + round(self._relay.lease * 1000),
            now=now,
            limit=min(limit, self._window),
            probe=probe,
            before=before,
        )

    def _tell(self, claimed: Sequence[Claimed]) -> None:
        """A batch that was claimed: one line at INFO, one for each delivery at DEBUG only."""
        alerts = {one.alert_id for one in claimed}
        log.info("deliveries_claimed", channel=self.name, deliveries=len(claimed), alerts=sorted(alerts))
        if log.is_enabled_for(logging.DEBUG):
            for one in claimed:
                log.debug(
                    "delivery_claimed", channel=self.name, alert=one.alert_id, delivery=one.id, attempt=one.attempt
                )

    async def _hand_over(self) -> None:
        """While this account is down, another of the channel's sends what is due here.

        Where there is none and it stays down, people with an address on another channel are told there.
        """
        channel, account, now = self.channel_name, self.account, self._clock.now()
        stand_in = next((other for other in self.stand_ins if not other.rests()), None)
        if stand_in is not None:
            to, moved = stand_in.name, await self._outbox.hand_over(channel, account, stand_in.account, now)
        elif self.breaker.open_for() >= self._relay.turn_after:
            elsewhere = {name: accounts for name, accounts in self._routes.items() if name != channel}
            to = "other channels"
            moved = await self._outbox.turn(channel, account, elsewhere, first_id=self._ids.block(TURNED), now=now)
        else:
            return
        if moved:
            log.warning("handed_over", channel=self.name, to=to, deliveries=moved)
            self._wakes.dispatch()
            self._wakes.changed()

    async def _until_next_due(self) -> float:
        due = await self._outbox.next_due(self.channel_name, self.account)
        return max(SOONEST, (due - self._clock.now()) / 1000) if due is not None else self._relay.poll

    def _put_back_beyond(self, most: int, reason: str) -> None:
        """What would wait behind a second's worth: under a lasting load it would wait there until its lease is lost."""
        now = self._clock.now()
        self._ready.sort()
        for *_, one in self._ready[most:]:
            self._outcomes(put_back(one, now, reason))
        del self._ready[most:]

    def _put_back_old(self) -> None:
        """What always had something more urgent before it until its lease is nearly over: a lost lease counts as a double."""
        now = self._clock.now()
        old = [entry for entry in self._ready if not self._lasts(entry[2], now)]
        if old:
            self._ready = [entry for entry in self._ready if self._lasts(entry[2], now)]
            heapq.heapify(self._ready)
            for *_, one in old:
                self._outcomes(put_back(one, now, WAITED))

    def _lasts(self, claimed: Claimed, now: int) -> bool:
        """Is it ours for longer than a send may take? Else somebody else may send it beside us."""
        return claimed.lease_until - now > self._account.timeout * 1000

    def _breaker_turned(self) -> None:
        if self.breaker.is_open:
            self._put_back_ready("the channel is down")
        else:
            self._wake.set()

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
            left = (claimed.lease_until - self._clock.now()) / 1000
            self._under_way.begin(claimed, self._clock.monotonic() + left)
            try:
                await self._attempts.make(claimed)
                self._limiter.answered(token)  # not of a send that was cancelled: nobody knows when it arrives
            except asyncio.CancelledError:
                if not self._under_way.was_broken_off():
                    raise
                # Its lease is gone: the rescuer puts it back, and counts that it may have arrived. To the breaker it says nothing,
                # unless it was the probe.
                self._attempts.judge(Uncertain("a send without end"), float("-inf"))
            finally:
                self._under_way.end()
                self._done()

    def _done(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    def _take(self) -> tuple[Claimed, Token] | None:
        """The most urgent of what is ready, if the account may send now. What need not be sent any more costs no token."""
        while self._ready and self.breaker.wait() <= 0 and self._limiter.wait() <= 0 and self.may_send():
            claimed = heapq.heappop(self._ready)[2]
            if self._more and len(self._ready) == self._window // 2:
                self._wake.set()
            refused = self._no_reason_to_send(claimed, self._clock.now())
            if refused is None:
                return claimed, self._limiter.take()
            self._outcomes(refused)
        return None

    async def _next(self) -> tuple[Claimed, Token]:
        """Wait until one may be sent. One sender waits for the cause, the others for their turn.

        Nobody queues here who need not: asyncio's lock is fair, and with a queue before it every send costs a round of the loop
        (measured: 3,900 sends a second instead of 8,000).
        """
        async with self._turn:
            while (taken := self._take()) is None:
                if not self._ready:
                    self._filled.clear()
                    if self._more:
                        self._wake.set()
                    await self._filled.wait()
                elif not self.may_send():
                    await self._clock.sleep(self._relay.poll)
                elif (wait := self.breaker.wait()) > 0:
                    await self._clock.wait(self.breaker.changed, wait)
                else:
                    await self._limiter.until_token(self._limiter.wait())
            return taken

    def _no_reason_to_send(self, claimed: Claimed, now: int) -> Outcome | None:
        if self._wakes.is_withdrawn(claimed.alert_id):
            return not_sent(claimed, DeliveryState.CANCELLED, now, "the alert was withdrawn")
        if claimed.expires_at <= now:
            return not_sent(claimed, DeliveryState.EXPIRED, now, "expired before it could be sent")
        if not self._lasts(claimed, now):
            return put_back(claimed, now, WAITED)
        if claimed.first_under_way:
            return put_back(claimed, now + FIRST_MS, "the message it answers is still under way")
        return None


async def _always(_: int) -> bool:
    return True
