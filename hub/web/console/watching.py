"""The alerts that are being watched, in memory: read once for all screens, and which row changed at which turn.

A screen is told the rows that changed since the turn it has. The store is the truth: the alert's log says who changed, and every
few seconds everything is read anew. A screen that comes from another process, or from before a restart, gets all of it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.domain import AlertState
from hub.service import Hub
from hub.store.alerts import AlertEvent, AlertView
from hub.store.watching import ASIDE, Person, Standing
from hub.web.console.standing import Place, places_of

PAUSE_SECONDS = 0.25
"""Between looks at one alert: four a second is as live as an eye can follow."""

WHOLE_SECONDS = 10.0
"""Between readings of all of it: what no entry of the log told, such as when the escalation looks next."""

BATCH = 500
MOST_PEOPLE = 2000
"""Shown on the page, nearest first: more are of several municipalities, and nobody reads them one by one."""

MORE_PEOPLE = ("planned", "widening", "escalation", "closed")
"""Entries of the log after which people may be in it whom none names, or not any more."""

KEPT = 50


@dataclass(slots=True)
class Watched:
    """`places` and `people` with the turn at which they changed. `aside` changes when what stands beside them does."""

    view: AlertView
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    turn: int = 0
    places: dict[str, tuple[int, Place]] = field(default_factory=dict)
    people: dict[int, tuple[int, Person]] = field(default_factory=dict)
    aside: int = 0
    _standing: dict[str, Standing] = field(default_factory=dict)
    _last: int = -1
    _state: AlertState | None = None
    _looked_at: float = float("-inf")
    _whole_at: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def mark(self) -> str:
        """How far somebody is who has all of this: the stream's Last-Event-ID."""
        return f"{self.epoch}-{self.turn}"

    def turn_of(self, mark: str) -> int:
        """The turn that somebody has; -1 for nothing of this."""
        epoch, _, turn = mark.partition("-")
        known = epoch == self.epoch and turn.isascii() and turn.isdecimal() and len(turn) < 16
        return int(turn) if known else -1

    def since(self, turn: int) -> tuple[list[Place], list[Person]]:
        """What changed after this turn, nearest first."""
        return (
            [place for at, place in self.places.values() if at > turn],
            [person for at, person in self.people.values() if at > turn],
        )

    async def look(self, hub: Hub, *, at_once: bool = False) -> None:
        """See what the store has, at most a few times a second whoever asks. `at_once`: for somebody who opens the page."""
        async with self._looking:
            now = hub.clock.monotonic()
            if now - self._looked_at < PAUSE_SECONDS and not at_once:
                return
            whole = now - self._whole_at >= WHOLE_SECONDS
            await self._read(hub, whole=whole)
            self._looked_at = hub.clock.monotonic()
            if whole:
                self._whole_at = self._looked_at

    async def _read(self, hub: Hub, *, whole: bool) -> None:
        store, alert_id = hub.store, self.view.id
        events = await self._log(hub)
        whole = whole or any(one.kind in MORE_PEOPLE for one in events)
        changed = bool(events)
        if whole or events:
            view = await store.alerts.view(alert_id)
            if view is None:
                return
            self.view, self._last = view, view.last_event
            self._standing = await store.watching.standing(alert_id)
            people = await store.watching.people(alert_id, MOST_PEOPLE, None if whole else _named(events))
            self.aside = await store.watching.newest_aside(alert_id) if whole else _newest(events, self.aside)
            changed = self._take(people, whole=whole) or changed
        state = self.view.state(hub.clock.now())
        if changed or state is not self._state:  # time alone may have done that
            self.turn += 1
        self._state = state

    async def _log(self, hub: Hub) -> list[AlertEvent]:
        """What was written since the last look."""
        found: list[AlertEvent] = []
        last = self._last
        while True:
            part = await hub.store.alerts.events_after(self.view.id, last, BATCH)
            found += part
            if len(part) < BATCH:
                return found
            last = part[-1].id

    def _take(self, people: Iterable[Person], *, whole: bool) -> bool:
        """Whether a row changed; it did so at the turn that is coming."""
        turn, changed = self.turn + 1, False
        for person in people:
            had = self.people.get(person.admin_id)
            known = had is not None or whole or len(self.people) < MOST_PEOPLE
            if known and (had is None or had[1] != person):
                self.people[person.admin_id] = (turn, person)
                changed = True
        everybody = (person for _, person in self.people.values())
        for place in places_of(self.view, self._standing, everybody):
            before = self.places.get(place.code)
            if before is None or before[1] != place:
                self.places[place.code] = (turn, place)
                changed = True
        return changed


class Watching:
    """Those that somebody looks at, or did a moment ago."""

    def __init__(self) -> None:
        self._watched: OrderedDict[str, Watched] = OrderedDict()

    async def of(self, hub: Hub, alert_id: str) -> Watched | None:
        """As it stands now; None for an unknown alert."""
        watched = self._watched.get(alert_id)
        if watched is None:
            view = await hub.store.alerts.view(alert_id)
            if view is None:
                return None
            watched = self._watched.setdefault(alert_id, Watched(view))
        self._watched.move_to_end(alert_id)
        while len(self._watched) > KEPT:
            self._watched.popitem(last=False)  # a screen that looks at it keeps its own
        await watched.look(hub, at_once=True)
        return watched


def _newest(events: Iterable[AlertEvent], before: int) -> int:
    return max((one.id for one in events if one.kind in ASIDE), default=before)


def _named(events: Iterable[AlertEvent]) -> set[int]:
    """The admins that these entries are about."""
    found: set[int] = set()
    for event in events:
        if event.kind == "deliveries":
            found.update(int(admin) for *_, admin in event.data)
        elif event.kind in ("acknowledgement", "takenBack"):
            found.add(int(event.data["admin"]))
    return found
