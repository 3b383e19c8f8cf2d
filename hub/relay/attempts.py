"""One attempt of one delivery: builds the message, has the channel send it, and says what came of it.

Called by the dispatcher's senders, one claimed delivery at a time. What results say of the account as a whole goes to its breaker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from hub.channel import Accepted, Action, Channel, Deferred, Outbound, Part, Rejected, Result, Uncertain, Wording
from hub.clock import Clock
from hub.domain import DeliveryState, Handle
from hub.measures import AccountMeasures
from hub.relay.answers import actions_for
from hub.relay.backoff import Backoff
from hub.relay.breaker import Breaker
from hub.relay.delivery import not_sent, outcome_of, put_back
from hub.relay.message import ENDS, Messages
from hub.settings import Account
from hub.store.claiming import Claimed
from hub.store.engine import StoreUnavailable
from hub.store.outbox import Outcome
from hub.tracing import is_traced, span

log = structlog.get_logger()

NOT_OURS = "another process sends from this account"
TOO_LATE = Uncertain("expired while it was being sent")


class Attempts:
    def __init__(
        self,
        channel: Channel,
        account: Account,
        messages: Messages,
        outcomes: Callable[[Outcome], None],
        clock: Clock,
        breaker: Breaker,
        backoff: Backoff,
        measures: AccountMeasures,
        may_send: Callable[[], bool],
        turned: Callable[[], None],
        needed: Callable[[int], Awaitable[bool]],
    ) -> None:
        """`may_send`: whether this process still has the account. `turned` is told when the breaker has opened or closed.

        `needed`: of a delivery that the escalation made, whether there is still reason for it.
        """
        self.name = f"{channel.name}/{channel.account}"
        self._channel = channel
        self._account = account
        self._messages = messages
        self._outcomes = outcomes
        self._clock = clock
        self._breaker = breaker
        self._backoff = backoff
        self._measures = measures
        self._may_send = may_send
        self._turned = turned
        self._needed = needed

    async def make(self, claimed: Claimed) -> None:
        """Nine times out of ten: build, send, report. Otherwise say why it was not sent."""
        now = self._clock.now()
        if claimed.handle is None:
            # Failed, so that the person's next address gets it: another alert's message may just have shown that this one is dead.
            self._outcomes(not_sent(claimed, DeliveryState.FAILED, now, "the address is gone or signed off"))
            return
        began = sent_at = self._clock.monotonic()
        outage, accepted_at = False, 0
        try:
            if claimed.rung and not await self._needed(
                claimed.id
            ):  # forwarded there, or answered, since it was claimed
                self._outcomes(not_sent(claimed, DeliveryState.CANCELLED, now, "not needed any more"))
                return
            await self._prepare(claimed)
            outbound = self._outbound(claimed, claimed.handle)
            if outbound is None:
                self._outcomes(not_sent(claimed, DeliveryState.CANCELLED, now, "the first message never went out"))
                return
            if not self._may_send():  # what it was made of may have been long in coming
                self._outcomes(put_back(claimed, now, NOT_OURS))
                return
            accepted_at = self._messages.accepted_at(claimed.alert_id)
            self._breaker.sending()
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
            if self._breaker.is_open:
                self.judge(result, began)
        else:
            self.judge(result, began)
            outage = self._breaker.is_open
        self._measures.sent(result, self._clock.monotonic() - sent_at)
        if isinstance(result, Accepted) and claimed.part is Part.MESSAGE:
            self._measures.relay.add((self._clock.now() - accepted_at) / 1000)
        if isinstance(result, Rejected) and result.address_dead and claimed.home not in (None, self._channel.account):
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

    def judge(self, result: Result, began: float) -> None:
        """What this result of a send begun at `began` (monotonic seconds) says of the account as a whole."""
        breaker = self._breaker
        was_open = breaker.is_open
        if isinstance(result, Accepted) and not was_open:  # nearly always
            breaker.succeeded()
            return
        match result:
            case Deferred(reason, retry_after, True, _):
                breaker.trip(reason, retry_after)
            case Deferred(reason, None, False, None) | Uncertain(reason):
                breaker.failed(reason, began)
            case Accepted() | Rejected() | Deferred():
                breaker.succeeded()
        if breaker.is_open and not was_open:
            self._measures.trips.inc()
            log.error("breaker_opened", channel=self.name, reason=breaker.reason)
            self._turned()
        elif was_open and not breaker.is_open:
            log.info("breaker_closed", channel=self.name)
            self._turned()

    async def _prepare(self, claimed: Claimed) -> None:
        """Unless very many alerts are under way, what the message is made of is there."""
        knows = self._messages.knows
        if not knows(claimed.alert_id) or (claimed.follows is not None and not knows(claimed.follows)):
            await self._messages.prepare([one for one in (claimed.alert_id, claimed.follows) if one is not None])

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
                next_door = claimed.rung < 0
                wording = messages.wording(claimed.alert_id, claimed.language, channel, next_door=next_door)
        ended = messages.kind(claimed.alert_id) in ENDS
        if wording is None or (ended and not claimed.first_reached):
            return None
        if claimed.part is Part.MESSAGE:
            actions = actions_for(claimed.id, claimed.language, ended)
        # A window was opened, and a message sent, by the account that is stood in for.
        standing_in = claimed.home is not None and claimed.home != self._channel.account
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
