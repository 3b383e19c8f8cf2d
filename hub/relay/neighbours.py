"""Neighbour reports: passed on by a coordinator or the control room, as alerts of the hub's own; who reported hears of it.

Such an alert is by CAP code `buurtsein-neighbours`: every text says that it is not the police's. Its identifier follows from the
report, so it goes out once; it is never escalated, and never goes to who reported it (plan_deliveries).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from hub.cap import NEIGHBOURS, Posted
from hub.channel import Channel
from hub.clock import Clock
from hub.relay.answering import say
from hub.relay.expiry import OURSELVES
from hub.relay.intake import AlreadyDifferent, Intake
from hub.relay.said import SPEECHES, said
from hub.store.engine import StoreUnavailable
from hub.store.leases import Name
from hub.store.neighbour_reports import NeighbourReport, NeighbourReports, Way

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True)
class Passed:
    """A report as it goes out: what the coordinator or the control room made of it. `codes`: where to."""

    report_id: int
    place: str = field(repr=False)
    text: str = field(repr=False)
    codes: tuple[str, ...]


async def pass_on(passed: Passed, intake: Intake) -> str:
    """The number of the alert that it is now, or was before. Raises Refused, and what intake raises."""
    try:
        taken = await intake.accept(posted(passed), OURSELVES)
    except AlreadyDifferent as before:
        return before.alert_id
    return taken.view.id


def posted(passed: Passed) -> Posted:
    """As CAP, in every language we have; the text is in the words of whoever wrote it."""
    geocodes = [{"valueName": "CBS-BU", "value": code} for code in passed.codes]
    infos: list[dict[str, Any]] = [
        {
            "language": language,
            "event": said(language, "neighbours_event"),
            "headline": said(language, "neighbours_headline"),
            "description": passed.text,
            "urgency": "Expected",
            "severity": "Minor",
            "certainty": "Possible",
            "senderName": "Buurtsein",
            "area": [{"areaDesc": passed.place, "geocode": geocodes}],
        }
        for language in SPEECHES
    ]
    return Posted(
        {
            "identifier": f"{NEIGHBOURS}-{passed.report_id}",
            "sender": OURSELVES.sender,
            "status": "Actual",
            "msgType": "Alert",
            "code": [NEIGHBOURS],
            "info": infos,
        }
    )


class Neighbours:
    """Tells who reported what became of it."""

    def __init__(
        self,
        reports: NeighbourReports,
        channels: Sequence[Channel],
        clock: Clock,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
        *,
        poll: float = LOOK_SECONDS,
    ) -> None:
        """`elsewhere`: the accounts that another process sends from."""
        self._reports = reports
        self._channels = channels
        self._clock = clock
        self._elsewhere = elsewhere
        self._look = max(LOOK_SECONDS, poll)

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            await self._clock.sleep(self._look)  # first: a start has more urgent things to do
            try:
                await self.look()
            except StoreUnavailable as error:
                log.warning("neighbour_reports_wait", error=str(error))

    async def look(self) -> None:
        for report in await self._reports.to_tell(AT_ONCE):
            await self._tell(report)

    async def _tell(self, report: NeighbourReport) -> None:
        ways = await self._reports.ways_to(report.admin_id)
        found = next(((way, channel) for way in ways if (channel := self._channel(way)) is not None), None)
        if found is not None and (found[1].name, found[1].account) in self._elsewhere():
            return  # the process that sends from there tells it
        if not await self._reports.is_ours_to_tell(report.id, self._clock.now()) or found is None:
            return
        way, channel = found
        note = f"\n{report.note}" if report.note else ""
        text = said(way.language, f"neighbours_{report.state}", number=report.alert_id, note=note).strip()
        await say(channel, way.handle, text)()
        log.info("neighbour_report_told", channel=channel.name, state=report.state)

    def _channel(self, way: Way) -> Channel | None:
        """The account they know, else the channel's first."""
        ours = [one for one in self._channels if one.name == way.channel]
        return next((one for one in ours if one.account == way.account), ours[0] if ours else None)
