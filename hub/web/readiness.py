"""/readyz: may alerts be given to this hub now? Each check says what to do if not. Asks the store at most once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hub.service import Hub
from hub.store.engine import StoreUnavailable

FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Check:
    """`remedy`: what to do about it, '' if all is well."""

    name: str
    ok: bool
    remedy: str = ""


class Readiness:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = asyncio.Lock()
        self._checks: Sequence[Check] = ()
        self._checked_at = float("-inf")

    async def checks(self) -> Sequence[Check]:
        async with self._lock:
            if self._hub.clock.monotonic() - self._checked_at >= FRESH_SECONDS:
                self._checks = (await self._store(), self._loops(), self._neighbourhoods())
                self._checked_at = self._hub.clock.monotonic()
            return self._checks

    async def _store(self) -> Check:
        try:
            await self._hub.store.ping()
        except StoreUnavailable:
            return Check(
                "store", False, "the database does not answer: look at its disk (full? slow?) and at the hub's log"
            )
        if self._hub.wakes.store_away:  # it answers, and yet what is sent cannot be noted down
            return Check("store", False, "the database does not take what became of messages: look at its disk (full?)")
        return Check("store", True)

    def _loops(self) -> Check:
        stuck = self._hub.loops.stuck()
        for dispatcher in self._hub.dispatchers:
            if lost := dispatcher.lost_senders():
                stuck.append(f"{lost} senders of {dispatcher.name}")
        told = ", ".join(stuck)
        return Check("loops", not stuck, f"stuck: {told}; restart the hub, nothing accepted is lost" if stuck else "")

    def _neighbourhoods(self) -> Check:
        if len(self._hub.atlas.index):
            return Check("neighbourhoods", True)
        return Check("neighbourhoods", False, "none are loaded: run `python run.py import neighbourhoods FILE`")
