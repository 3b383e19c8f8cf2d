"""The ladder of the escalation: its steps as data (config/escalation.toml), and which of them is due for one neighbourhood. Pure.

Read once at the start. Called by the escalator, which does what was decided.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.domain import Match, Mistake, Refused, Status
from hub.store.escalations import Climb, Standing

# Until a message of a neighbourhood has reached the provider, and after a step that may have made one, we look again so soon.
SOON_MS = 1000


class Tell(StrEnum):
    """Whom a step turns to."""

    NEXT_CHANNEL = "next-channel"
    NEXT_ADMIN = "next-admin"
    ADJACENT = "adjacent"
    CONTROL_ROOM = "control-room"


class Step(BaseModel):
    """`after`: seconds of silence in the neighbourhood. `within_metres`: how far away is still next door; 0: touching."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: float = Field(ge=0)
    tell: Tell
    within_metres: float = Field(0.0, ge=0, le=10_000)

    @model_validator(mode="after")
    def _metres_of_adjacent(self) -> Step:
        if self.within_metres and self.tell is not Tell.ADJACENT:
            raise ValueError("within_metres belongs to a step that tells adjacent")
        return self


class Ladder(BaseModel):
    """`received_gives`: seconds more after somebody answered *received*."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    begin: Literal["everyone", "one"] = "everyone"
    received_gives: float = Field(0.0, ge=0)
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Ladder:
        if any(later.after < earlier.after for earlier, later in zip(self.steps, self.steps[1:], strict=False)):
            raise ValueError("steps must stand in the order of their `after`")
        return self

    @property
    def first_only(self) -> bool:
        return self.begin == "one"

    @property
    def check_after(self) -> int | None:
        """Milliseconds after planning when a neighbourhood is looked at first; None where there is nothing to climb."""
        return round(self.steps[0].after * 1000) if self.steps else None

    @property
    def channel_after(self) -> int | None:
        """Milliseconds of a person's own silence after which they get it on their next address; None for never."""
        after = [step.after for step in self.steps if step.tell is Tell.NEXT_CHANNEL]
        return round(after[0] * 1000) if after else None


def read_ladder(path: Path) -> Ladder:
    """Raises Refused with every mistake."""
    title = f"The escalation in {path.name} cannot be used"
    try:
        return Ladder.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Refused(title, [Mistake(path.name, error.strerror or "cannot be read")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(title, [Mistake(path.name, f"cannot be read: {error}")]) from None
    except ValidationError as error:
        wrong = [
            Mistake(".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Refused(title, wrong) from None


def decide(one: Standing, ladder: Ladder, nearby: Callable[[Standing, float], Sequence[Match]], now: int) -> Climb:
    """The steps that are due for a neighbourhood at `now` (ms), and when to look again.

    `nearby`: the neighbourhoods next door, within so many metres.
    """
    if one.over or one.expires_at <= now or not ladder.steps:
        return Climb(one, one.rung, None)
    if not one.planned:
        return Climb(one, one.rung, now + SOON_MS)
    climbed = _Climbing(one)
    for number, step in list(enumerate(ladder.steps, 1))[one.rung :]:
        due = _due(one, ladder, step)
        if due is None:  # nothing has reached the provider yet: the waiting is ours
            return climbed.done(now + SOON_MS)
        if due > now:
            return climbed.done(_sooner(due, one, ladder))
        climbed.take(number, step, nearby)
        if step.tell in (Tell.NEXT_CHANNEL, Tell.NEXT_ADMIN):
            return climbed.done(now + SOON_MS)  # it may have found somebody: then there is reason to wait again
    return climbed.done(_sooner(None, one, ladder))


def _due(one: Standing, ladder: Ladder, step: Step) -> int | None:
    """When this step is to be taken (ms); None if that cannot be told yet."""
    if not one.live:
        return 0
    if one.first_sent_at is None:
        return None
    due = one.first_sent_at + round(step.after * 1000)
    return max(due, one.received_at + round(ladder.received_gives * 1000)) if one.received_at is not None else due


def _sooner(due: int | None, one: Standing, ladder: Ladder) -> int | None:
    """Who was told later than the others is silent later, too."""
    if one.not_silent_yet is None or ladder.channel_after is None:
        return due
    silent = one.not_silent_yet + ladder.channel_after
    return silent if due is None else min(due, silent)


class _Climbing:
    """The steps that are being taken for one neighbourhood."""

    def __init__(self, one: Standing) -> None:
        self._one = one
        self._rung = one.rung
        self._told: list[Tell] = []
        self._adjacent: dict[str, Match] = {}
        self._events: list[tuple[str, dict[str, object]]] = []

    def take(self, number: int, step: Step, nearby: Callable[[Standing, float], Sequence[Match]]) -> None:
        self._rung = number
        if step.tell is Tell.ADJACENT:
            if self._one.status is not Status.ACTUAL:
                return
            self._adjacent |= {match.code: match for match in nearby(self._one, step.within_metres)}
        self._told.append(step.tell)
        place = {"code": self._one.code, "name": self._one.name, "step": number}
        kind = "dark" if step.tell is Tell.CONTROL_ROOM else "escalation"
        self._events.append((kind, {**place, "tell": step.tell.value}))

    def done(self, check_at: int | None) -> Climb:
        return Climb(
            self._one,
            self._rung,
            check_at,
            open=True,
            next_admin=Tell.NEXT_ADMIN in self._told,
            dark=Tell.CONTROL_ROOM in self._told,
            adjacent=tuple(self._adjacent.values()),
            events=tuple(self._events),
        )
