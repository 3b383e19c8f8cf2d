"""How far each neighbourhood of an alert is, from what its people got and said: the stages of list, map and numbers. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.domain import AckKind, DeliveryState
from hub.store.alerts import ADJACENT, AlertView, Matched
from hub.store.watching import Person, Standing

REACHED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
ARRIVED = (DeliveryState.DELIVERED, DeliveryState.READ)


class Stage(StrEnum):
    """What somebody has to act on comes first. NOBODY: there is nobody who can be reached; DARK: the control room was told."""

    DARK = "dark"
    NOBODY = "nobody"
    MATCHED = "matched"
    SENT = "sent"
    DELIVERED = "delivered"
    FORWARDED = "forwarded"


ORDER = {stage: number for number, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class Place:
    """One neighbourhood: of its `admins` so many were `reached`, and said *received* or *cannot*. Times in ms.

    `added`: '' for the alert's own area, else widened or adjacent. `rung`: steps of the escalation taken; `check_at`: when the next
    is looked at.
    """

    code: str
    name: str
    added: str
    stage: Stage
    admins: int
    reached: int
    received: int
    cannot: int
    forwarded_at: int | None
    rung: int
    check_at: int | None

    @property
    def next_door(self) -> bool:
        """Asked for another that stayed dark: no part of the coverage, and nothing to act on."""
        return self.added == ADJACENT

    @property
    def needs_attention(self) -> bool:
        return self.stage in (Stage.DARK, Stage.NOBODY) and not self.next_door


def places_of(view: AlertView, standing: Mapping[str, Standing], people: Iterable[Person]) -> list[Place]:
    """Nearest to the scene first; those next door last, where there was anybody to ask."""
    here: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        for code in person.codes:
            here[code].append(person)
    matched = [_place(one, standing.get(one.code), here[one.code]) for one in view.matched]
    next_door = [_place(one, standing.get(one.code), here[one.code]) for one in view.adjacent]
    return [*matched, *(place for place in next_door if place.admins)]


def _place(one: Matched, standing: Standing | None, people: list[Person]) -> Place:
    admins = max(len(people), standing.admins if standing else 0)
    reached = sum(person.state in REACHED or person.answer is not None for person in people)
    return Place(
        code=one.code,
        name=one.name,
        added=one.added,
        stage=_stage(one, admins, people),
        admins=admins,
        reached=reached,
        received=sum(person.answer is AckKind.RECEIVED for person in people),
        cannot=sum(person.answer is AckKind.CANNOT for person in people),
        forwarded_at=one.forwarded_at,
        rung=one.rung,
        check_at=standing.check_at if standing else None,
    )


def _stage(one: Matched, admins: int, people: list[Person]) -> Stage:
    if one.forwarded_at is not None:
        return Stage.FORWARDED
    if one.dark_at is not None:
        return Stage.DARK
    if not admins:
        return Stage.NOBODY
    if any(person.state in ARRIVED or person.answer is not None for person in people):
        return Stage.DELIVERED
    return Stage.SENT if any(person.state in REACHED for person in people) else Stage.MATCHED


def half_at(view: AlertView) -> int | None:
    """When half of the neighbourhoods had forwarded it (p50 by nearest rank, ms); None until then."""
    times = sorted(one.forwarded_at for one in view.matched if one.forwarded_at is not None)
    half = (len(view.matched) + 1) // 2
    return times[half - 1] if half and len(times) >= half else None
