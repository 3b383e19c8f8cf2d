"""What an alert would do if nothing else were sent and nobody answered: each send with its second, each step of the escalation.

The real limiter decides, on a clock that is turned by hand; a provider is taken to answer at once, so nothing comes
earlier than told here.
Pure. Called by intake's simulation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.clock import SystemClock
from hub.relay.ladder import Ladder, Tell
from hub.relay.limiter import Limiter
from hub.settings import Account
from hub.store.alerts import WouldSend


@dataclass(frozen=True, slots=True)
class Send:
    """The first message to one admin; `second` after the alert was accepted."""

    to: WouldSend
    second: float


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the escalation (from 1): from the first neighbourhood's `from_second` to the last one's `to_second`."""

    step: int
    tell: Tell
    from_second: float
    to_second: float


class _Turned(SystemClock):
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed


def forecast(order: Sequence[WouldSend], accounts: Mapping[tuple[str, str], Account]) -> list[Send]:
    """`order` as the store would send them; what comes of it in order of time. An account that is not named has no limit."""
    found: list[Send] = []
    by_account: dict[tuple[str, str], list[WouldSend]] = {}
    for one in order:
        by_account.setdefault((one.channel, one.account), []).append(one)
    for name, ours in by_account.items():
        limits, clock = accounts.get(name, Account()), _Turned()
        limiter = Limiter(limits.rate, limits.burst, clock)
        for one in ours:
            while (wait := limiter.wait()) > 0:
                clock.passed += wait
            limiter.answered(limiter.take())
            found.append(Send(one, clock.passed))
    place = {one.admin_id: number for number, one in enumerate(order)}
    return sorted(found, key=lambda send: (send.second, place[send.to.admin_id]))


def rungs(ladder: Ladder, sends: Sequence[Send], dark: Sequence[str]) -> list[Rung]:
    """Each neighbourhood's silence begins with its first message; in a dark one, where there is nobody to wait for, at once."""
    begins: dict[str, float] = {}
    for send in sends:
        for code in send.to.codes:
            begins[code] = min(send.second, begins.get(code, send.second))
    if not begins and not dark:
        return []
    return [
        Rung(
            number,
            step.tell,
            0.0 if dark else min(begins.values()) + step.after,
            max(begins.values()) + step.after if begins else 0.0,
        )
        for number, step in enumerate(ladder.steps, start=1)
    ]
