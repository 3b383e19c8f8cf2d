"""The dispatcher of one sender account: claims what is due, keeps the account's limits, and has a fixed pool of senders try it.

It claims no more than about a second's worth, so that something more urgent is never far behind; the pool is fixed, so that slow
recipients cost a few senders and not the account. Waiting for the limit or an open breaker is not an attempt. Over 300 lines:
claiming and sending share one heap and one breaker, and are understood together.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from secrets import SystemRandom

import structlog

from hub.channel import Accepted, Action, Channel, Deferred, Outbound, Part, Rejected, Result, Uncertain, Wording
from hub.clock import Clock
from hub.domain import DeliveryState, Handle
from hub.measures import Measures
from hub.relay.answers import actions_for
from hub.relay.backoff import Backoff
from hub.relay.breaker import Breaker
from hub.relay.delivery import not_sent, outcome_of, put_back
from hub.relay.limiter import Limiter, Token
from hub.relay.message import ENDS, Messages
from hub.relay.tenure import Tenure
from hub.relay.underway import UnderWay
from hub.relay.wakes import Wakes
from hub.settings import Account, Relay
from hub.store.alerts import Routes
from hub.store.engine import StoreUnavailable
from hub.store.ids import Ids
from hub.store.outbox import LAST, TURNED, Claimed, Outbox, Outcome
from hub.tracing import is_traced, span

log = structlog.get_logger()

# Without a rate limit: enough for 70 ms of sending at the 14,000 a second one process can do, a claim takes a few ms.
UNLIMITED_WINDOW = 1000
# Seconds; what is due already but cannot be claimed (its alert has just expired) must not make a hot loop.
SOONEST = 0.01
# A follow-up waits so long (ms) before it looks again whether the send it answers has ended; most end within a second.
FIRST_MS = 250
NOT_OURS = "another process sends from this account"
TOO_LATE = Uncertain("expired while it was being sent")


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
    ) -> None:
        """`tenure`: the account's lease, where other processes may send from it."""
        self.name = f"{channel.name}/{channel.account}"
        self.channel_name, self.account = channel.name, channel.account
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
        self._routes = routes
        self._measures = (measures or Measures()).account(channel.name, channel.account)
        self._tenure = tenure
        self._under_way = UnderWay()
        self._backoff = Backoff(relay.backoff_first, relay.backoff_most, rng)
        self._limiter = Limiter(account.rate, account.burst, clock)
        self._window = max(1, int(account.rate)) if account.rate else UNLIMITED_WINDOW
        self._ready: list[tuple[tuple[int, int, float, int], int, Claimed]] = []  # place, attempt, claimed
        self._filled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._busy = 0  # sends and claims under way
        self._idle = asyncio.Event()
        self._draining = False
        self.stand_ins: Sequence[Dispatcher] = ()  # the channel's other accounts, in the order in which they are asked

    async def run(self, beat: Callable[[], None]) -> None:
        """Claim and send until cancelled; `drain` first for an orderly end. It may be run again."""
        self._draining = False
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
                    if await self._claim(room) < room:
                        wait = min(wait, await self._until_next_due())
                else:  # enough is claimed, but what goes before all of it must not wait for it
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
                claimed = await self._outbox.claim(
                    self._channel.name,
                    self._channel.account,
                    lease=self._ids.one(),
                    lease_until=now + round(self._relay.lease * 1000),
                    now=now,
                    limit=limit,
                    probe=probe,
                    before=before,
                )
            try:
                told = {one.alert_id for one in claimed}
                if claimed:
                    self._tell(claimed, told)
                await self._messages.prepare(told | {one.follows for one in claimed if one.follows is not None})
            finally:  # they are ours now, whatever happens; `_deliver` prepares what is missing
                for one in claimed:
                    heapq.heappush(self._ready, (one.place, one.attempt, one))
                    self._measures.claim_wait.add((now - one.due_at) / 1000)
            if self._draining:
                self._put_back_ready("the hub is stopping")
            elif self.breaker.is_open and not was_open:
                self._put_back_ready("the channel is down")
            elif not self.may_send():
                self._put_back_ready(NOT_OURS)
            if self._ready:
                self._filled.set()
            return len(claimed)
        finally:
            self._done()

    def _tell(self, claimed: Sequence[Claimed], alerts: set[str]) -> None:
        """A batch that was claimed: one line at INFO, one for each delivery at DEBUG only."""
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
        channel, account, now = self._channel.name, self._channel.account, self._clock.now()
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
        due = await self._outbox.next_due(self._channel.name, self._channel.account)
        return max(SOONEST, (due - self._clock.now()) / 1000) if due is not None else self._relay.poll

    def _put_back_beyond(self, most: int, reason: str) -> None:
        """What would wait behind a second's worth: under a lasting load it would wait there until its lease is lost."""
        now = self._clock.now()
        self._ready.sort()
        for *_, one in self._ready[most:]:
            self._outcomes(put_back(one, now, reason))
        del self._ready[most:]

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
                await self._deliver(claimed)
                self._limiter.answered(token)  # not of a send that was cancelled: nobody knows when it arrives
            except asyncio.CancelledError:
                if not self._under_way.was_broken_off():
                    raise
                # Its lease is gone: the rescuer puts it back, and counts that it may have arrived. To the breaker it says nothing,
                # unless it was the probe.
                self._judge(Uncertain("a send without end"), float("-inf"))
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
            if len(self._ready) == self._window // 2:
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
                    self._wake.set()
                    await self._filled.wait()
                elif not self.may_send():
                    await self._clock.sleep(self._relay.poll)
                elif (wait := self.breaker.wait()) > 0:
                    await self._clock.wait(self.breaker.changed, wait)
                else:
                    await self._limiter.until_token(self._limiter.wait())
            return taken

    async def _deliver(self, claimed: Claimed) -> None:
        """Nine times out of ten: build, send, report. Otherwise say why it was not sent."""
        now = self._clock.now()
        if claimed.handle is None:
            # Failed, so that the person's next address gets it: another alert's message may just have shown that this one is dead.
            self._outcomes(not_sent(claimed, DeliveryState.FAILED, now, "the address is gone or signed off"))
            return
        began = sent_at = self._clock.monotonic()
        outage, accepted_at = False, 0
        try:
            numbers = (claimed.alert_id,) if claimed.follows is None else (claimed.alert_id, claimed.follows)
            if not all(map(self._messages.knows, numbers)):  # unless very many alerts are under way it does
                await self._messages.prepare(numbers)
            outbound = self._outbound(claimed, claimed.handle)
            if outbound is None:
                self._outcomes(not_sent(claimed, DeliveryState.CANCELLED, now, "the first message never went out"))
                return
            if not self.may_send():  # what it was made of may have been long in coming
                self._outcomes(put_back(claimed, now, NOT_OURS))
                return
            accepted_at = self._messages.accepted_at(claimed.alert_id)
            self.breaker.sending()
            left = claimed.expires_at - now
            in_time = left >= self._account.timeout * 1000
            sending = self._channel.send(outbound) if in_time else self._send_until(outbound, left / 1000)
            if is_traced(claimed.id):
                with span("send", claimed.alert_id, delivery=claimed.id, attempt=claimed.attempt, account=self.name):
                    result = await sending
            else:
                result = await sending
            if result is TOO_LATE:
                began = float("-inf")  # how it would have ended nobody knows: it says nothing of the provider
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
            outage = self.breaker.is_open
        self._measures.sent(result, self._clock.monotonic() - sent_at)
        if isinstance(result, Accepted) and claimed.part is Part.MESSAGE:
            self._measures.relay.add((self._clock.now() - accepted_at) / 1000)
        if isinstance(result, Rejected) and result.address_dead and claimed.home not in (None, self.account):
            # To a stand-in somebody may be a stranger (who never started that bot): their own account knows better.
            outcome = put_back(claimed, self._clock.now(), "not reachable from the stand-in")
            self._outcomes(replace(outcome, go_home=True))
            return
        self._outcomes(
            outcome_of(
                result,
                claimed,
                attempts=self._account.attempts,
                can=self._channel.can,
                backoff=self._backoff,
                now=self._clock.now(),
                outage=outage,
            )
        )

    async def _send_until(self, outbound: Outbound, seconds: float) -> Result:
        """A send that may outlast its alert is broken off when that expires: what is late is not sent any more."""
        ended = asyncio.Event()
        send = asyncio.ensure_future(self._channel.send(outbound))
        send.add_done_callback(lambda _: ended.set())
        try:
            if await self._clock.wait(ended, seconds):
                return send.result()
            return TOO_LATE
        finally:
            send.cancel()
            await asyncio.gather(send, return_exceptions=True)

    def _no_reason_to_send(self, claimed: Claimed, now: int) -> Outcome | None:
        if self._wakes.is_withdrawn(claimed.alert_id):
            return not_sent(claimed, DeliveryState.CANCELLED, now, "the alert was withdrawn")
        if claimed.expires_at <= now:
            return not_sent(claimed, DeliveryState.EXPIRED, now, "expired before it could be sent")
        if claimed.lease_until - now <= self._account.timeout * 1000:
            return put_back(claimed, now, "waited too long in memory")  # else somebody else may send it beside us
        if claimed.first_under_way:
            return put_back(claimed, now + FIRST_MS, "the message it answers is still under way")
        return None

    def _outbound(self, claimed: Claimed, handle: Handle) -> Outbound | None:
        """What to send; None for what has no sense without an earlier message, where that surely never went out."""
        messages, channel = self._messages, self._channel.name
        actions: tuple[Action, ...] = ()
        wording: Wording | None
        match claimed.part:
            case Part.AMEND:
                if claimed.follows is None or claimed.reply_to is None:
                    return None
                wording = messages.amended(claimed.follows, claimed.language, messages.kind(claimed.alert_id), channel)
            case Part.POST:
                wording = messages.post(claimed.alert_id, claimed.language)
            case _:
                wording = messages.wording(claimed.alert_id, claimed.language, channel)
        ended = messages.kind(claimed.alert_id) in ENDS
        if wording is None or (ended and not claimed.first_reached):
            return None
        if claimed.part is Part.MESSAGE:
            actions = actions_for(claimed.id, claimed.language, ended)
        # A window was opened, and a message sent, by the account that is stood in for.
        standing_in = claimed.home is not None and claimed.home != self.account
        return Outbound(
            delivery_id=claimed.id,
            attempt=claimed.attempt,
            handle=handle,
            wording=wording,
            actions=actions,
            window_open_until=0 if standing_in else claimed.window_open_until,
            reply_to=None if standing_in else claimed.reply_to,
            part=claimed.part,
        )

    def _judge(self, result: Result, began: float) -> None:
        """What this result says of the account as a whole."""
        was_open = self.breaker.is_open
        if isinstance(result, Accepted) and not was_open:  # nearly always
            self.breaker.succeeded()
            return
        match result:
            case Deferred(reason, retry_after, True, _):
                self.breaker.trip(reason, retry_after)
            case Deferred(reason, None, False, None) | Uncertain(reason):
                self.breaker.failed(reason, began)
            case Accepted() | Rejected() | Deferred():
                self.breaker.succeeded()
        if self.breaker.is_open and not was_open:
            self._measures.trips.inc()
            log.error("breaker_opened", channel=self.name, reason=self.breaker.reason)
            self._put_back_ready("the channel is down")
        elif was_open and not self.breaker.is_open:
            log.info("breaker_closed", channel=self.name)
            self._wake.set()
