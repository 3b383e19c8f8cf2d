"""Alerts that wait for a second pair of eyes: agreed to, refused, sent without for a reason (break-glass), or lapsed, loudly.

A held alert is accepted and on disk; no process plans it. Whoever agrees has another identity than who sent it. Breaking the glass
is for anybody of the control room: it is relayed at once, and told in the log, in /metrics and in the audit chain, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog

from hub.cap import alert_from_content
from hub.clock import Clock
from hub.domain import AlertState, Match, Mistake, MsgType, Refused
from hub.measures import Measures
from hub.relay.intake import priority
from hub.relay.second_pair import SecondPair
from hub.relay.wakes import Wakes
from hub.settings import Console
from hub.store.alerts import Alerts, AlertView, NewAlert
from hub.store.audit import HUB, AuditChain
from hub.store.engine import StoreUnavailable
from hub.store.holds import AGREED, BROKEN, HELD, LAPSED, REFUSED, HeldAlert, Holds
from hub.store.ids import Ids
from hub.store.keys import Identity

log = structlog.get_logger()

SHORTEST_REASON, LONGEST_REASON = 10, 500


class NotHeld(Exception):
    """It was decided on before, has ended, or never was held."""


class OwnAlert(Exception):
    """Who sent it cannot be the second pair of eyes; nor can a key of nobody's own, where people sign in with accounts."""


def read_reason(given: str, place: str) -> str:
    """Why the glass is broken. Raises Refused."""
    reason = " ".join(given.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        wrong = f"say why in {SHORTEST_REASON} to {LONGEST_REASON} characters; it is kept and looked at"
        raise Refused("A reason is needed", [Mistake(place, wrong)])
    return reason


class Holding:
    def __init__(
        self,
        holds: Holds,
        alerts: Alerts,
        audit: AuditChain,
        ids: Ids,
        wakes: Wakes,
        clock: Clock,
        measures: Measures,
        amends: Mapping[str, Sequence[str]],
        second_pair: SecondPair,
        poll: float = 1.0,
    ) -> None:
        """`amends`: as in NewAlert. `poll`: seconds, within which what nobody agreed with lapses."""
        self._poll = poll
        self._holds = holds
        self._alerts = alerts
        self._audit = audit
        self._ids = ids
        self._wakes = wakes
        self._clock = clock
        self._measures = measures
        self._amends = amends
        self._second_pair = second_pair

    async def waiting(self) -> list[HeldAlert]:
        """What can still be agreed to, the oldest first."""
        now = self._clock.now()
        return [one for one in await self._holds.waiting() if one.expires_at > now]

    async def agree(self, view: AlertView, who: Identity) -> None:
        """Raises NotHeld, OwnAlert."""
        await self._others_only(view, who)
        await self._release(view, AGREED)
        await self._audit.put(who, "alert.agreed", view.id, {}, self._clock.now())

    async def refuse(self, view: AlertView, who: Identity, note: str) -> None:
        """Raises NotHeld, OwnAlert."""
        await self._others_only(view, who)
        now = self._clock.now()
        if not await self._holds.refuse(view.id, now):
            raise NotHeld
        self._measures.second_pair.labels(REFUSED).inc()
        self._wakes.changed()
        await self._audit.put(who, "alert.refused", view.id, {}, now, content={"reason": note} if note else None)

    async def break_glass(self, view: AlertView, who: Identity, reason: str) -> None:
        """Raises NotHeld. The reason is in the chain first: whatever happens then, nobody broke it unseen."""
        if view.hold != HELD:
            raise NotHeld
        await self.report(view.id, who, reason)
        await self._release(view, BROKEN)

    async def asks(self, rule: Console | None, view: AlertView, adds: Sequence[Match], who: Identity) -> bool:
        """Whether somebody else must add these neighbourhoods: with them it reaches what nobody sends to alone.

        Somebody else is who did not send it: of two people one said what happened, the other how far that goes.
        """
        if rule is None or not adds or not await self._second_pair.needed(rule, view, [one.code for one in adds]):
            return False
        return not await self._second_pair.is_another(who, await self._alerts.posted_by(view.id))

    async def before_adding(
        self, rule: Console | None, view: AlertView, adds: Sequence[Match], who: Identity, reason: str
    ) -> None:
        """Before neighbourhoods are added by hand: OwnAlert where somebody else must and there is no reason, Refused for a bad one.

        Rings that are taken by themselves (`rings.widen` is automatic) ask nobody: they follow from what the alert said.
        """
        if not await self.asks(rule, view, adds, who):
            return
        if not reason.strip():
            raise OwnAlert
        await self.report(view.id, who, read_reason(reason, "reason"))
        self._measures.second_pair.labels(BROKEN).inc()

    async def report(self, alert_id: str, who: Identity, reason: str) -> None:
        """That it goes, or went, out without a second pair of eyes."""
        await self._audit.put(who, "alert.glass_broken", alert_id, {}, self._clock.now(), content={"reason": reason})
        log.warning("glass_broken", alert=alert_id)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            try:
                await self.lapse()
            except StoreUnavailable as error:
                log.warning("holding_waits", error=str(error))
            await self._clock.sleep(self._poll)

    async def lapse(self) -> None:
        """What nobody agreed with in time was never sent: somebody must hear of that."""
        now = self._clock.now()
        for alert_id in await self._holds.lapse(now):
            self._measures.second_pair.labels(LAPSED).inc()
            log.error("held_alert_lapsed", alert=alert_id)
            await self._audit.put(HUB, "alert.lapsed", alert_id, {}, now)
            self._wakes.changed()

    async def _others_only(self, view: AlertView, who: Identity) -> None:
        held = {one.id: one.key_id for one in await self.waiting()}
        if view.id not in held:
            raise NotHeld
        if not await self._second_pair.is_another(who, held[view.id]):
            raise OwnAlert

    async def _release(self, view: AlertView, hold: str) -> None:
        alert, now = alert_from_content(view.content), self._clock.now()
        closes: tuple[str, ...] = ()
        if alert.msg_type is MsgType.UPDATE:
            earlier = await self._alerts.find([(one.sender, one.identifier) for one in alert.references])
            closes = await self._alerts.chain(list(earlier.values())) if earlier else ()
        released = NewAlert(
            id=view.id,
            alert=alert,
            key_id="",
            priority=priority(alert),
            accepted_at=now,
            expires_at=view.expires_at,
            matches=(),
            audience=view.audience,
            closes=tuple(one for one in closes if one != view.id),
            closes_as=AlertState.ENDED,
            first_id=self._ids.block(),
            amends=self._amends,
        )
        if not await self._holds.release(released, hold, now):
            raise NotHeld
        self._measures.second_pair.labels(hold).inc()
        log.info("held_alert_released", alert=view.id, hold=hold)
        self._wakes.withdraw(released.closes)
        self._wakes.plan(view.id)
        self._wakes.dispatch()
        self._wakes.changed()
