"""Newcomers: who was accepted and has linked an address gets a first drill, alone.

The drill is an Exercise that matches no neighbourhood, with one delivery of our own making (store/first_drills.py). Its name is
made of the application's id, so that two processes, or a press of the button beside them, start one and the same.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
import structlog

from hub.cap import Posted, read_json
from hub.clock import DAY_MS, Clock
from hub.domain import Admin, Refused
from hub.relay.backlog import BacklogFull
from hub.relay.expiry import OURSELVES
from hub.relay.forgetting import DECIDED_DAYS
from hub.relay.intake import AlreadyDifferent, Intake
from hub.relay.said import SPEECHES, said
from hub.relay.wakes import Wakes
from hub.store.alerts import Routes
from hub.store.applications import Application
from hub.store.database import Store
from hub.store.engine import StoreUnavailable

log = structlog.get_logger()

LOOK_SECONDS = 5.0
FIRST_DRILL = "first-drill-"


class Newcomers:
    def __init__(
        self, store: Store, intake: Intake, wakes: Wakes, clock: Clock, routes: Routes, *, poll: float
    ) -> None:
        self._store = store
        self._intake = intake
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._look = max(LOOK_SECONDS, poll)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self._clock.sleep(self._look)  # first: a start has more urgent things to do
            try:
                await self.drill()
            except StoreUnavailable as error:
                log.warning("newcomers_wait", error=str(error))

    async def drill(self) -> None:
        """Each who can be reached by now and has had none."""
        since = self._clock.now() - DECIDED_DAYS * DAY_MS
        waiting = {
            one.admin_id: one
            for one in await self._store.applications.accepted_since(since)
            if one.admin_id is not None and "drill" not in one.content
        }
        if not waiting:
            return
        for admin in await self._store.directory.admins([*waiting]):
            if self._is_linked(admin):
                await self.begin(waiting[admin.id])

    async def begin(self, application: Application, *, again: bool = False) -> bool:
        """The drill of this application's admin; `again`: another after it. False if nothing could be sent now."""
        if application.admin_id is None:
            return False
        number = int(application.content.get("drills", 0)) + 1 if again else 1
        try:
            taken = await self._intake.accept(first_drill(f"{application.id}-{number}"), OURSELVES, allow_empty=True)
            alert_id = taken.view.id
        except AlreadyDifferent as error:  # begun before our texts were changed
            alert_id = error.alert_id
        except (Refused, BacklogFull) as error:
            log.warning("first_drill_waits", error=type(error).__name__)
            return False
        told = await self._store.first_drills.tell(alert_id, application.admin_id, self._routes, self._clock.now())
        # Also where nothing could be sent any more: it is not begun again and again, but at a coordinator's word.
        await self._store.applications.note(application.id, drill=alert_id, drills=number)
        self._wakes.dispatch()
        self._wakes.changed()
        log.info("first_drill_begun", alert=alert_id, sent=told)
        return told

    def _is_linked(self, admin: Admin) -> bool:
        return any(one.state == "verified" and one.channel in self._routes for one in admin.addresses)


def first_drill(name: str) -> Posted:
    """An exercise whose place is only words, which match no neighbourhood; in every language we have."""
    infos = [
        {
            "language": language,
            "event": said(language, "drill_event"),
            "headline": said(language, "first_drill_headline"),
            "description": said(language, "first_drill_description"),
            "area": [{"areaDesc": said(language, "first_drill_place")}],
        }
        for language in SPEECHES
    ]
    content = {"identifier": f"{FIRST_DRILL}{name}", "sender": OURSELVES.sender, "status": "Exercise", "info": infos}
    return read_json(orjson.dumps(content))
