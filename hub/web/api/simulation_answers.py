"""What the API and `simulate` answer of an alert that was only tried out: described in openapi.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain import Match
from hub.places.overshoot import YARDSTICK_METRES, Overshoot
from hub.relay.forecast import Send, rungs
from hub.relay.intake import Simulation
from hub.relay.ladder import Ladder
from hub.service import Sender
from hub.web.api.answers import AudienceAnswer, MatchedAnswer, audience_answer


@dataclass(frozen=True, slots=True)
class AccountAnswer:
    """What one sender account would have to send, and how long its rate makes that take at least."""

    channel: str
    account: str
    admins: int
    secondsNeeded: float


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """The first message to one admin, `second` after the alert came in if nothing else waits and the messenger answers at once.

    `neighbourhoods`: theirs among those matched. `adminName` is not told over the API.
    """

    admin: str
    adminName: str | None
    neighbourhoods: tuple[str, ...]
    channel: str
    account: str
    second: float


@dataclass(frozen=True, slots=True)
class RungAnswer:
    """A step of the escalation that would be taken if nobody answered: in the first neighbourhood, and in the last."""

    step: int
    tell: str
    fromSecond: float
    toSecond: float


@dataclass(frozen=True, slots=True)
class OvershootAnswer:
    """Ground alerted beyond the area given, its share of all ground alerted, and how far its farthest point lies from that area.

    `yardstickMetres`: the most that US cell broadcast may overshoot. Groups are registered for whole CBS neighbourhoods, so more is
    common.
    """

    squareMetres: float
    share: float
    farthestMetres: float
    yardstickMetres: float


@dataclass(frozen=True, slots=True)
class SimulationAnswer:
    """Who would get it. Nothing was stored or sent. `sends`: the first of them, in order of time; `sendsMore`: how many follow."""

    matched: tuple[MatchedAnswer, ...]
    audience: AudienceAnswer
    accounts: tuple[AccountAnswer, ...]
    secondsNeeded: float
    sends: tuple[SendAnswer, ...]
    sendsMore: int
    rungs: tuple[RungAnswer, ...]
    overshoot: OvershootAnswer | None
    warnings: tuple[str, ...]


def simulation_answer(
    simulation: Simulation, senders: Sequence[Sender], ladder: Ladder, *, names: bool = False
) -> SimulationAnswer:
    """`names`: with those of the admins, for an operator's own screen."""
    limits = {(one.channel.name, one.channel.account): one.account for one in senders}
    accounts = []
    for channel, account, admins in simulation.by_account:
        seconds = limits[channel, account].seconds_for(admins)
        accounts.append(AccountAnswer(channel, account, admins, round(seconds, 1)))
    return SimulationAnswer(
        matched=tuple(_would_match(one) for one in simulation.match.matches),
        audience=audience_answer(simulation.audience),
        accounts=tuple(accounts),
        # The accounts send side by side.
        secondsNeeded=max((one.secondsNeeded for one in accounts), default=0.0),
        sends=tuple(_send_answer(one, names) for one in simulation.sends),
        sendsMore=sum(admins for *_, admins in simulation.by_account) - len(simulation.sends),
        rungs=tuple(
            RungAnswer(one.step, one.tell.value, round(one.from_second, 1), round(one.to_second, 1))
            for one in rungs(ladder, simulation.sends, simulation.audience.dark)
        ),
        overshoot=None if simulation.overshoot is None else overshoot_answer(simulation.overshoot),
        warnings=simulation.warnings,
    )


def _send_answer(one: Send, names: bool) -> SendAnswer:
    to = one.to
    name = to.name if names else None
    return SendAnswer(str(to.admin_id), name, to.codes, to.channel, to.account, round(one.second, 3))


def overshoot_answer(one: Overshoot) -> OvershootAnswer:
    return OvershootAnswer(
        round(one.square_metres, 1), round(one.share, 4), round(one.farthest_metres, 1), YARDSTICK_METRES
    )


def _would_match(one: Match) -> MatchedAnswer:
    shared, away = round(one.overlap_square_metres, 1), round(one.distance_metres, 1)
    return MatchedAnswer(one.code, one.name, shared, away, one.why, None)
