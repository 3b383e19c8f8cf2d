"""Free replies to an alert: words that are no answer, a place, a picture. Everybody hears "call 112"; what they sent is counted,
and kept for the control room where the operator switched that on. It is never relayed to anyone.

What is stored goes into the receiver's transaction; a picture is fetched once that is done (pictures.py).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from hub.channel import Channel, SightingSeen
from hub.clock import Clock
from hub.domain import Point, Status
from hub.relay.answering import Answer, say
from hub.relay.said import said
from hub.relay.wakes import Wakes
from hub.store.alerts import AlertView
from hub.store.database import Store
from hub.store.engine import Statement
from hub.store.linking import Person
from hub.store.receipts import KeptUpdate
from hub.store.sightings import LONGEST_MEDIA, Sighting, sighting_id

LONGEST_TEXT = 4096
REMEMBERED = 10_000
"""Whom we told to call 112, and what was counted; a restart forgets it."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remark:
    """What a free reply comes to: stored with its update, answered after that."""

    statements: list[Statement]
    answer: Answer


class Sightings:
    def __init__(self, store: Store, wakes: Wakes, clock: Clock, *, keep: bool) -> None:
        """`keep`: the control room reads them; else they are counted only."""
        self._store = store
        self._wakes = wakes
        self._clock = clock
        self._keep = keep
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._counted: OrderedDict[int, None] = OrderedDict()

    async def understand(self, channel: Channel, seen: SightingSeen, update: KeptUpdate) -> Remark | None:
        """None if it is about no alert: of a stranger, after the end, or told before."""
        text, location = _stored(seen.text), _on_earth(seen.location)
        if not (text or location or seen.kind == "picture"):
            return None
        person = await self._store.linking.person(channel.name, seen.handle)
        if person is None or person.state == "unverified":
            return None
        alert = await self._alert(person, seen)
        if alert is None:
            return None
        names = channel.name, seen.handle.value, seen.answer_ref or text
        sighting = Sighting(sighting_id(seen.at, *names), alert.id, person.admin_id, seen.at, seen.kind, text, location)
        if sighting.id in self._counted or await self._store.sightings.is_kept(sighting.id):
            return None
        real = alert.status is Status.ACTUAL
        statements = self._store.sightings.count(alert.id, update.id, sighting.id)
        if self._keep and real:
            account = channel.name, channel.account
            statements += self._store.sightings.keep(sighting, self._clock.now(), account, _reference(seen.media_ref))
        key = "sighting_exercise" if not real else "sighting_kept" if self._keep else "sighting_counted"
        told = say(channel, person.handle, said(person.language, key))
        return Remark(statements, lambda: self._answer(sighting, told))

    async def _alert(self, person: Person, seen: SightingSeen) -> AlertView | None:
        """The active alert it is about: the one replied to, and no other; else the newest they got."""
        store = self._store
        named = await store.sightings.alerts_of(person.admin_id, seen.provider_ref) if seen.provider_ref else []
        for alert_id in named or await store.sightings.alerts_of(person.admin_id):
            view = await store.alerts.view(alert_id)
            if view is not None and self._is_active(view):
                return view
        return None

    def _is_active(self, view: AlertView) -> bool:
        # A Cancel or an all-clear matches no neighbourhood of its own: there is nothing to look out for any more.
        return view.closed_at is None and view.expires_at > self._clock.now() and bool(view.matched)

    async def _answer(self, sighting: Sighting, told: Answer) -> None:
        """Once it is stored: have its picture fetched, and say it once for each person and alert."""
        self._wakes.pictures.set()
        _remember(self._counted, sighting.id)
        if _remember(self._told, (sighting.alert_id, sighting.admin_id)):
            await told()


def _remember(known: OrderedDict[T, None], one: T) -> bool:
    """Whether it is new."""
    if one in known:
        return False
    known[one] = None
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return True


def _stored(text: str) -> str:
    """As any database takes it: no NUL (PostgreSQL), no half emoji, no more than a screen or two."""
    return text[:LONGEST_TEXT].replace("\0", "").encode("utf-8", "replace").decode().strip()


def _reference(media: str) -> str:
    """What a picture is fetched by, if it is one that any database takes; what is none names no picture."""
    return media if len(media) <= LONGEST_MEDIA and media == _stored(media) else ""


def _on_earth(location: Point | None) -> Point | None:
    if location is None or not (abs(location[0]) <= 90 and abs(location[1]) <= 180):
        return None
    return location
