"""A call of the API that will end: since when that is told, and how its answers tell it. A route is marked with one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime

NOTICE = timedelta(days=183)
"""Half a year between telling that a call will end, and its end; /docs promises it."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """`since`: the day from which it is told; it ends on the day `ends`.

    `instead`: the path to use now.
    """

    since: date
    ends: date
    instead: str

    def __post_init__(self) -> None:
        if self.ends < self.since + NOTICE:
            raise ValueError(
                f"a call ends {NOTICE.days} days after it was deprecated at the earliest, not on {self.ends}"
            )

    @property
    def sentence(self) -> str:
        return f"Deprecated since {self.since}; it ends on {self.ends}. Use {self.instead} instead."

    @property
    def headers(self) -> dict[str, str]:
        """RFC 9745, and RFC 8594."""
        since, ends = (datetime.combine(day, time(), UTC) for day in (self.since, self.ends))
        return {
            "Deprecation": f"@{since.timestamp():.0f}",
            "Sunset": format_datetime(ends, usegmt=True),
            "Link": f'<{self.instead}>; rel="successor-version", </docs#deprecation>; rel="deprecation"',
        }
