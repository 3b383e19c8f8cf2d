"""What stands beside the people of an alert: the rings it may be widened by, and what admins saw. Read when a page is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.cap import alert_from_content, flight_of
from hub.domain import FlightMode, Role
from hub.relay.widener import RingView
from hub.store.alerts import AlertView
from hub.store.sightings import Sighting
from hub.store.widenings import BY_ITSELF_MOST, WideningState
from hub.web import labels
from hub.web.calls import Call
from hub.web.console.watching import Watched
from hub.web.languages import N_
from hub.web.rendering import clock_time

MODES = {
    FlightMode.FOOT: N_("te voet"),
    FlightMode.BIKE: N_("op de fiets"),
    FlightMode.CAR: N_("met de auto"),
    FlightMode.UNKNOWN: N_("gevlucht"),
}
MOST_SIGHTINGS = 200


@dataclass(frozen=True, slots=True)
class RingShown:
    """`to_decide`: police may take or refuse it. `names`: the neighbourhoods it adds. `asks`: for a colleague to take."""

    number: int
    title: str
    state: str
    to_decide: bool
    names: tuple[str, ...]
    admins: int
    asks: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What widening by so many metres round the area would add now. `asks`: as in RingShown."""

    metres: int
    names: tuple[str, ...]
    admins: int
    asks: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """`sightings` None: whoever looks is not the police, or they are switched off. `by_itself`: no ring needs anybody."""

    rings: tuple[RingShown, ...]
    offers: tuple[Offer, ...]
    sightings: tuple[Sighting, ...] | None = field(repr=False)
    by_itself: bool


async def beside_of(call: Call, watched: Watched) -> Beside:
    hub, view, police = call.hub, watched.view, call.identity.role is Role.POLICE
    rings = [await _ring(call, view, one) for one in await hub.widener.of(view)]
    offered = await hub.widener.offers(view) if police and view.matched else []
    offers = [
        Offer(round(one.widening.metres), _names(one), one.admins, await _asks(call, view, one)) for one in offered
    ]
    shown = police and hub.settings.relay.sightings
    sightings = tuple(await hub.store.sightings.of(view.id, 0, MOST_SIGHTINGS)) if shown else None
    return Beside(tuple(rings), tuple(offers), sightings, by_itself=hub.settings.rings.widen == "automatic")


async def _ring(call: Call, view: AlertView, ring: RingView) -> RingShown:
    one = ring.widening
    metres = f"{one.metres:,.0f}".replace(",", "." if call.language == "nl" else ",")
    if one.number > BY_ITSELF_MOST:
        title = call.say(N_("%(metres)s meter rond het gebied, op verzoek van de politie"), metres=metres)
    else:
        flight = flight_of(alert_from_content(view.content))
        mode = call.say(MODES[flight.mode if flight else FlightMode.UNKNOWN])
        title = call.say(
            N_("Tot %(metres)s meter van de plek (%(mode)s), vanaf %(time)s"),
            metres=metres,
            mode=mode,
            time=clock_time(one.due_at),
        )
    to_decide = one.state in (WideningState.DUE, WideningState.PROPOSED) and bool(ring.adds)
    return RingShown(
        number=one.number,
        title=title,
        state=call.say(labels.RINGS[one.state]),
        to_decide=to_decide,
        names=_names(ring),
        admins=ring.admins,
        asks=to_decide and call.identity.role is Role.POLICE and await _asks(call, view, ring),
    )


async def _asks(call: Call, view: AlertView, ring: RingView) -> bool:
    return await call.hub.holding.asks(call.hub.settings.console, view, ring.adds, call.identity)


def _names(ring: RingView) -> tuple[str, ...]:
    return tuple(match.name for match in ring.adds)
