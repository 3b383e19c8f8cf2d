"""What a page shows of a watched alert, row by row, in the visitor's language: for the template and for the stream alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.domain import DeliveryState
from hub.relay.events import state_name
from hub.relay.widener import is_open
from hub.store.watching import Person
from hub.web import labels
from hub.web.calls import Call
from hub.web.console.standing import ORDER, Place, Stage, half_at
from hub.web.console.watching import Watched
from hub.web.languages import N_
from hub.web.rendering import clock_time, lasted

NEXT_DOOR_AFTER = 10
"""They stand below all that the alert is for."""

REST = "-"
"""Where people stand who are in none of the alert's neighbourhoods: of an end, or who left their group since."""


@dataclass(frozen=True, slots=True)
class Head:
    """The numbers of an alert. `times`: (name, label, moment), '' for what has not happened. `until`: when its clock stopped."""

    state: str
    label: str
    open: bool
    matched: int
    forwarded: int
    dark: int
    counts: tuple[tuple[str, str, int], ...]
    times: tuple[tuple[str, str, str], ...]
    begun: int
    until: int | None
    aside: int


def head_of(call: Call, watched: Watched, now: int) -> Head:
    view, say = watched.view, call.say
    state = view.state(now)
    times = (
        ("firstSent", N_("Eerste verzonden"), view.first_sent_at),
        ("lastSent", N_("Laatste verzonden"), view.last_sent_at),
        ("firstForwarded", N_("Eerste doorgestuurd"), view.first_forwarded_at),
        ("halfForwarded", N_("Helft van de buurten doorgestuurd (p50)"), half_at(view)),
        ("covered", N_("Overal doorgestuurd"), view.covered_at if view.matched else None),
    )
    over = [at for at in (view.closed_at, view.covered_at if view.matched else None) if at is not None]
    if not is_open(view, now):
        over.append(view.expires_at)
    return Head(
        state=state.value,
        label=say(labels.STATES[state]),
        open=is_open(view, now),
        matched=len(view.matched),
        forwarded=view.forwarded,
        dark=sum(place.needs_attention for _, place in watched.places.values()),
        counts=tuple(
            (state_name(one), say(labels.DELIVERIES[state_name(one)]), view.deliveries[one])
            for one in DeliveryState
            if view.deliveries.get(one)
        ),
        times=tuple((name, say(label), _after(call, view.accepted_at, at)) for name, label, at in times),
        begun=view.accepted_at,
        until=min(over, default=None),
        aside=watched.aside,
    )


def place_row(call: Call, place: Place, *, going: bool) -> dict[str, Any]:
    """`going`: the alert is open, so that there is a next step."""
    return {
        "code": place.code,
        "name": place.name,
        "stage": place.stage.value,
        "order": ORDER[place.stage] + (NEXT_DOOR_AFTER if place.next_door else 0),
        "nextDoor": call.say(N_("buurt ernaast, om hulp gevraagd")) if place.next_door else "",
        "label": call.say(labels.STAGES[place.stage]),
        "said": _said(call, place),
        "next": _next(call, place) if going else "",
    }


def person_row(call: Call, person: Person, watched: Watched) -> dict[str, Any]:
    """`codes`: those of the alert's neighbourhoods they stand under."""
    state = state_name(person.state)
    failed = person.reason if person.state is DeliveryState.FAILED else ""
    return {
        "id": str(person.admin_id),
        "codes": [code for code in person.codes if code in watched.places] or [REST],
        "name": person.name or call.say(N_("(gewist)")),
        "channel": labels.CHANNELS.get(person.channel, person.channel),
        "state": state,
        "label": call.say(labels.DELIVERIES[state]),
        "reason": failed,
        "answer": person.answer.value if person.answer else "",
        "answered": _answered(call, person),
    }


def _answered(call: Call, person: Person) -> str:
    if person.answer is None or person.answered_at is None:
        return ""
    return f"{call.say(labels.ANSWERS[person.answer])} {clock_time(person.answered_at)}"


def _after(call: Call, begun: int, at: int | None) -> str:
    """20:01:07 (+ 41,3 s)"""
    return "" if at is None else f"{clock_time(at)} (+ {lasted(call.language)(max(0, at - begun))})"


def _said(call: Call, place: Place) -> str:
    if not place.admins:
        return ""
    parts = [call.say(N_("%(reached)s van %(admins)s beheerders bereikt"), reached=place.reached, admins=place.admins)]
    if place.forwarded_at is not None:
        parts = [call.say(N_("om %(time)s"), time=clock_time(place.forwarded_at)), *parts]
    if place.received:
        parts.append(call.say(N_("%(count)s zei Ontvangen"), count=place.received))
    if place.cannot:
        parts.append(call.say(N_("%(count)s zei Kan niet"), count=place.cannot))
    return ", ".join(parts)


def _next(call: Call, place: Place) -> str:
    """What the escalation does there next, and when."""
    if place.stage is Stage.FORWARDED or place.next_door:
        return ""
    steps = call.hub.ladder.steps
    if place.rung >= len(steps):
        return call.say(N_("Alle stappen zijn gezet.")) if steps else ""
    step = call.say(labels.STEPS[steps[place.rung].tell])
    if place.check_at is None:
        return ""
    if not place.reached or place.check_at <= call.now():
        return call.say(N_("Hierna: %(step)s."), step=step)
    return call.say(N_("Om %(time)s: %(step)s."), time=clock_time(place.check_at), step=step)
