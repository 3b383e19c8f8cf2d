"""Auditing: what the audit chain needs besides. Accepted alerts are chained, anchors written, all of it walked once a day.

An alert is chained here and not where it is accepted: it must never wait for the chain's head, which all processes share. Nothing
is lost by that, for the alert itself says whether the chain has it (`alert.audited`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from hub.clock import DAY_MS, Clock
from hub.domain import Refused
from hub.measures import Measures
from hub.settings import Audit
from hub.store.audit import AuditChain
from hub.store.chain import Anchor
from hub.store.engine import StoreUnavailable
from hub.trust.anchors import add_anchor, read_anchors

log = structlog.get_logger()

TIDY_MS: Final = 300_000
"""How often contents are erased and the start pruned: what is kept for days may be kept for so long more."""


class Auditing:
    def __init__(self, chain: AuditChain, settings: Audit, clock: Clock, measures: Measures, poll: float = 1.0) -> None:
        """`poll`: seconds, within which an accepted alert is in the chain."""
        self._poll = poll
        self._chain = chain
        self._settings = settings
        self._clock = clock
        self._faults = measures.audit_faults
        self._anchored = -1
        self._anchor_at = self._tidy_at = 0

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            try:
                while await self._chain.note_alerts():
                    beat()
                now = self._clock.now()
                if now >= self._anchor_at:
                    self._anchor_at = now + round(self._settings.anchor_minutes * 60_000)
                    await self.anchor()
                if now >= self._tidy_at:
                    self._tidy_at = now + TIDY_MS
                    await self.tidy(now, beat)
            except StoreUnavailable as error:
                log.warning("auditing_waits", error=str(error))
            await self._clock.sleep(self._poll)

    async def anchor(self) -> None:
        """The chain's end as it is now, written outside, if it went on since."""
        file = self._settings.anchor_path
        if file is None:
            return
        head = await self._chain.head()
        if head.sequence == self._anchored:
            return
        try:
            await asyncio.to_thread(add_anchor, file, Anchor(head.sequence, head.hash, self._clock.now()))
            self._anchored = head.sequence
        except OSError as error:
            log.error("anchor_not_written", reason=error.strerror)

    async def tidy(self, now: int, beat: Callable[[], None] = lambda: None) -> None:
        """Whatever is due of erasing, pruning and walking along all of it."""
        while await self._chain.erase_contents(now - self._settings.content_days * DAY_MS, now):
            beat()
        await self._chain.prune(now - self._settings.keep_days * DAY_MS, now)
        last = await self._chain.verified()
        if now - last.at >= self._settings.verify_hours * 3_600_000:
            await self.verify(now, beat)

    async def verify(self, now: int, beat: Callable[[], None] = lambda: None) -> None:
        """Loud where it is not whole: in the log, in /metrics, and on the auditor's page."""
        file = self._settings.anchor_path
        try:
            known = file is not None and await asyncio.to_thread(file.exists)
            anchors = await asyncio.to_thread(read_anchors, [file]) if known and file is not None else []
        except Refused as refused:
            log.error("anchors_unreadable", mistakes=len(refused.mistakes))
            anchors = []
        verdict = await self._chain.verify(anchors, beat)
        await self._chain.put_verdict(verdict, now)
        self._faults.set(len(verdict.faults))
        if verdict.faults:
            log.error("audit_not_whole", faults=len(verdict.faults), first=str(verdict.faults[0]))
        else:
            log.info("audit_verified", entries=verdict.entries, anchors=verdict.anchors)


def anchors_beside(file: Path | None) -> list[Path]:
    """The anchors of the configuration, where there are any yet."""
    return [file] if file is not None and file.exists() else []
