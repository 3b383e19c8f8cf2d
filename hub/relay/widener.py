"""The widener: every few seconds it plans the rings of alerts whose suspect got away, and proposes or takes those that are due.

What is done stands in the store: a ring is asked for, decided on and carried out once, whoever is killed in between; only the log
may tell of it twice. `decide` is the control room's answer, `widen` its own wish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from hub.cap import alert_from_content, flight_of
from hub.cap.flight import MODE
from hub.clock import Clock
from hub.domain import Alert, Flight, Match, Status
from hub.places.atlas import Atlas
from hub.places.rings import Ring, reason, rings
from hub.relay.wakes import Wakes
from hub.settings import Rings
from hub.store.alerts import Alerts, AlertView, Routes
from hub.store.widenings import BY_ITSELF_MOST, Widening, Widenings, WideningState

log = structlog.get_logger()

# An alert is looked for from so long (ms) before the last look: one that another process accepts is in sight only when committed.
OVERLAP_MS = 10_000
# Rings are minutes apart; where something happened (an alert came in) it looks at once, but no more than once a second.
LOOK_SECONDS = 15.0
PAUSE_SECONDS = 1.0

BY_HAND = {250: BY_ITSELF_MOST + 1, 500: BY_ITSELF_MOST + 2, 1000: BY_ITSELF_MOST + 3}
"""Rings that police may ask for: metres round the alert's area → number. One of each, so that asked twice it is taken once."""


class Decided(Exception):
    """There is nothing to decide (any more): 409. The text says why."""


class NoSuchRing(Exception):
    """The alert has no ring of this number: 404."""


@dataclass(frozen=True, slots=True)
class RingView:
    """A ring as the control room sees it. `adds`: what of it the alert has not, `admins`: who would get it and has not."""

    widening: Widening
    adds: tuple[Match, ...]
    why: str
    admins: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """What all rings of an alert together may add, the last of them after so many minutes. `by_itself`: nobody is asked."""

    neighbourhoods: int
    admins: int
    minutes: int
    by_itself: bool


class Widener:
    def __init__(
        self,
        widenings: Widenings,
        alerts: Alerts,
        atlas: Atlas,
        wakes: Wakes,
        clock: Clock,
        routes: Routes,
        limits: Rings,
        poll: float,
    ) -> None:
        self._widenings = widenings
        self._alerts = alerts
        self._atlas = atlas
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._limits = limits
        self._look = max(LOOK_SECONDS, poll)
        moments = limits.moments(0)
        self._looked_at = clock.now() - moments[-1]  # of an alert older than that every ring is due, and too late
        self._without_rings: set[str] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        with self._wakes.watching() as changed:
            while True:
                beat()
                if self._limits.widen != "off":  # else it carries on what police asked for
                    await self.plan()
                await self.carry_on()
                if await self._clock.wait(changed, self._look):
                    await self._clock.sleep(PAUSE_SECONDS)

    async def plan(self) -> None:
        """Store the rings of alerts that came in since the last look."""
        now = self._clock.now()
        fleeing = await self._widenings.unplanned(MODE, self._looked_at - OVERLAP_MS, now)
        for one in fleeing:
            view = await self._alerts.view(one.id) if one.id not in self._without_rings else None
            if view is not None and (planned := self._rings_of(view)):
                await self._widenings.plan(planned)
        self._without_rings = {one.id for one in fleeing}
        self._looked_at = now

    async def carry_on(self) -> None:
        """Propose what is due, or take it where nobody is asked; carry out what was accepted."""
        now = self._clock.now()
        for one in await self._widenings.to_do(now):
            view = await self._alerts.view(one.alert_id)
            ring = await self._seen(one, view) if view is not None and is_open(view, now) else None
            if view is None or ring is None or (not ring.adds and one.state is WideningState.DUE):
                await self._widenings.move(one, WideningState.LAPSED, now=now)
            elif one.state is WideningState.ACCEPTED:
                await self._widen(ring)
            elif self._limits.widen == "automatic":
                await self._accept(ring)
            elif self._limits.widen == "propose":
                await self._tell(ring, WideningState.PROPOSED)
                await self._widenings.move(one, WideningState.PROPOSED, now=now)
                log.info("widening_proposed", alert=one.alert_id, ring=one.number, neighbourhoods=len(ring.adds))

    async def of(self, view: AlertView) -> list[RingView]:
        """An alert's rings, nearest first, as they stand now."""
        return [await self._seen(one, view) for one in await self._widenings.of(view.id)]

    async def undecided(self, view: AlertView, number: int) -> RingView | None:
        """The ring of this number, if it can still be taken or refused."""
        ring = await self._numbered(view, number)
        return ring if ring is not None and _is_undecided(ring) and is_open(view, self._clock.now()) else None

    async def decide(self, view: AlertView, number: int, accept: bool) -> RingView:
        """Take or refuse a ring, proposed or not yet due. Raises NoSuchRing and Decided."""
        ring = await self._numbered(view, number)
        if ring is None:
            raise NoSuchRing
        if not is_open(view, self._clock.now()):
            raise Decided("The alert has ended, so it is widened no more.")
        if not _is_undecided(ring):
            raise Decided(f"It was decided before: this ring is {ring.widening.state}.")
        if accept:
            taken = await self._accept(ring)
        else:
            taken = await self._widenings.move(ring.widening, WideningState.REFUSED, now=self._clock.now())
            if taken:
                await self._tell(ring, WideningState.REFUSED)
        if not taken:
            raise Decided("Somebody else decided on it at the same moment.")
        (after,) = [one for one in await self.of(view) if one.widening.number == number]
        return replace(after, adds=ring.adds, admins=ring.admins)

    async def _numbered(self, view: AlertView, number: int) -> RingView | None:
        return next((one for one in await self.of(view) if one.widening.number == number), None)

    async def offers(self, view: AlertView) -> list[RingView]:
        """What police may ask for now: the rings round the area that would add something, nearest first."""
        found = [await self.round(view, metres) for metres in BY_HAND] if is_open(view, self._clock.now()) else []
        return [ring for ring in found if ring.adds]

    async def round(self, view: AlertView, metres: int) -> RingView:
        """What lies within so many metres (one of BY_HAND) of the alert's area, and what of it the alert has not."""
        infos, now = alert_from_content(view.content).infos, self._clock.now()
        wider = [replace(a, buffer_metres=a.buffer_metres + metres) for info in infos for a in info.areas]
        had = {one.code for one in view.matched}
        matches = [match for match in self._atlas.index.match(wider).matches if match.code not in had]
        codes = tuple((match.code, match.distance_metres) for match in matches)
        one = Widening(view.id, BY_HAND[metres], now, float(metres), codes, WideningState.ACCEPTED, decided_at=now)
        return await self._seen(one, view)

    async def widen(self, view: AlertView, metres: int) -> RingView:
        """Add what lies within so many metres (one of BY_HAND) of the alert's area, now. Raises Decided for one that has ended.

        Only who has not got the alert gets it. Asked twice, the second adds nothing.
        """
        if not is_open(view, self._clock.now()):
            raise Decided("The alert has ended, so it is widened no more.")
        ring = await self.round(view, metres)
        if ring.adds and await self._widenings.put(ring.widening):
            await self._widen(ring)
        return ring

    async def ahead(self, alert: Alert, had: Sequence[str]) -> Ahead | None:
        """What the rings of an alert may add that is accepted now; `had`: the codes it matches. None where nobody fled."""
        if self._limits.widen == "off" or alert.status is not Status.ACTUAL:
            return None
        now = self._clock.now()
        found = self._rings(alert, now, had)
        if not found:
            return None
        adds = [match.code for match in found[-1].matches]  # a later ring holds the earlier ones
        told = await self._alerts.audience(list(had), self._routes, now)
        then = await self._alerts.audience([*had, *adds], self._routes, now)
        return Ahead(
            neighbourhoods=len(adds),
            admins=then.admins - told.admins,
            minutes=round((found[-1].at - now) / 60_000),
            by_itself=self._limits.widen == "automatic",
        )

    def _rings_of(self, view: AlertView) -> list[Widening]:
        found = self._rings(alert_from_content(view.content), view.accepted_at, [one.code for one in view.matched])
        return [
            Widening(view.id, number, ring.at, ring.metres, tuple((m.code, m.distance_metres) for m in ring.matches))
            for number, ring in enumerate(found, start=1)
        ]

    def _rings(self, alert: Alert, accepted_at: int, had: Sequence[str]) -> list[Ring]:
        flight = flight_of(alert)
        scene = self._atlas.index.match([area for info in alert.infos for area in info.areas]).scene
        if flight is None or scene is None:
            return []
        return rings(self._atlas.index, scene, flight, self._limits.moments(accepted_at), self._limits, frozenset(had))

    async def _seen(self, one: Widening, view: AlertView) -> RingView:
        had = [matched.code for matched in view.matched]
        why = self._why(flight_of(alert_from_content(view.content)), one)
        known = ((self._atlas.index.get(code), metres) for code, metres in one.codes if code not in had)
        adds = tuple(Match(place.code, place.name, 0.0, metres, why) for place, metres in known if place is not None)
        if not adds:
            return RingView(one, adds, why, 0)
        now = self._clock.now()
        # Who runs groups in both is told already.
        asked = [*had, *(next_door.code for next_door in view.adjacent)]
        told = await self._alerts.audience(asked, self._routes, now)
        then = await self._alerts.audience([*{*asked, *(match.code for match in adds)}], self._routes, now)
        return RingView(one, adds, why, then.admins - told.admins)

    def _why(self, flight: Flight | None, one: Widening) -> str:
        if one.number > BY_ITSELF_MOST:
            return f"asked for by police: within {one.metres:.0f} m of the area"
        # None once its description was erased, or written by a version that knew other words.
        return f"within {one.metres:.0f} m of the scene" if flight is None else reason(flight, one.due_at, self._limits)

    async def _accept(self, ring: RingView) -> bool:
        one = ring.widening
        accepted = await self._widenings.move(one, WideningState.ACCEPTED, now=self._clock.now())
        if accepted:
            await self._widen(replace(ring, widening=replace(one, state=WideningState.ACCEPTED)))
        return accepted

    async def _widen(self, ring: RingView) -> None:
        one, now = ring.widening, self._clock.now()
        if ring.adds:
            await self._alerts.add(one.alert_id, ring.adds, added="widened", now=now)
            self._wakes.plan(one.alert_id)
        await self._tell(ring, WideningState.DONE)
        await self._widenings.move(one, WideningState.DONE, now=now)
        log.info("alert_widened", alert=one.alert_id, ring=one.number, neighbourhoods=len(ring.adds))

    async def _tell(self, ring: RingView, state: WideningState) -> None:
        one = ring.widening
        said = {
            "number": one.number,
            "state": state.value,
            "metres": round(one.metres),
            "why": ring.why,
            "neighbourhoods": [match.name for match in ring.adds],
            "admins": ring.admins,
        }
        await self._widenings.tell(one.alert_id, said, now=self._clock.now())
        self._wakes.changed()


def _is_undecided(ring: RingView) -> bool:
    return ring.widening.state in (WideningState.DUE, WideningState.PROPOSED)


def is_open(view: AlertView, now: int) -> bool:
    return view.closed_at is None and view.expires_at > now
