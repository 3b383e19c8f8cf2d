"""Forgetting people: of whatever somebody wrote to us, who it was and what they wrote is erased when its term is over.

All terms stand here, but those of alerts (eraser.py) and of mails (postman.py). Every process does it: done twice it does no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from hub.channel import TOLD_AGAIN_DAYS
from hub.clock import DAY_MS, Clock
from hub.store.audit import HUB
from hub.store.database import Store
from hub.store.engine import StoreUnavailable

log = structlog.get_logger()

CONFIRM_DAYS: Final = 7
"""As long as the link in a mail works."""
DECIDED_DAYS: Final = 30
"""For a question about the decision, and for links to be mailed once more."""
UNDECIDED_DAYS: Final = 365
"""What nobody decides on in a year is answered by nobody any more."""
PASSED_DAYS: Final = 14
"""A visitor's message to a group that its admins have: should it not be found there."""
NEVER_DAYS: Final = 60
"""The same where it could not be passed on."""
LEFT_DAYS: Final = 365
"""A disabled account of the staff, or one that no longer comes by its organisation's sign-on: for questions about what they did."""
HEARD_DAYS: Final = TOLD_AGAIN_DAYS + 2
"""By what an answer is known when it is told again: longer than anything told again is taken."""
BEAT_SECONDS: Final = 20.0
ROUNDS: Final = 15
"""It looks every five minutes: what is kept for a day may be kept for so long more."""


@dataclass(frozen=True, slots=True)
class Term:
    """`erase(before, now)` takes out what is due, or some of it, and says how much. Times in ms."""

    what: str
    after_ms: int
    erase: Callable[[int, int], Awaitable[int]]


def terms(store: Store, texts_ms: int) -> tuple[Term, ...]:
    """`texts_ms`: how long the texts of alerts are kept, and what may become one."""
    confirm, undecided, decided = CONFIRM_DAYS * DAY_MS, UNDECIDED_DAYS * DAY_MS, DECIDED_DAYS * DAY_MS
    return (
        Term("applications_unconfirmed", confirm, store.applications.erase_unconfirmed),
        Term("applications_undecided", undecided, store.applications.erase_undecided),
        Term("applications_decided", decided, store.applications.erase_people),
        Term("signs_unconfirmed", confirm, store.signs.erase_unconfirmed),
        Term("signs_undecided", undecided, store.signs.erase_undecided),
        Term("signs_decided", decided, store.signs.erase_people),
        Term("contacts_unconfirmed", confirm, store.contact_requests.erase_unconfirmed),
        Term("contacts_passed", PASSED_DAYS * DAY_MS, store.contact_requests.erase_passed),
        Term("contacts_never_passed", NEVER_DAYS * DAY_MS, store.contact_requests.erase_never_passed),
        Term("neighbour_reports", texts_ms, store.neighbour_reports.erase),
        Term("drafts", texts_ms, store.drafts.erase),
        # Longer than anything that stands on a form.
        Term("consents", undecided + decided, store.consents.erase),
        Term("staff_disabled", LEFT_DAYS * DAY_MS, store.staff.erase_disabled),
        Term("staff_unused", LEFT_DAYS * DAY_MS, store.sign_ons.erase_unused),
        Term("sign_in_attempts", DAY_MS, store.sign_in_attempts.forget),
        Term("heard", HEARD_DAYS * DAY_MS, store.receipts.forget_heard),
    )


class Forgetting:
    def __init__(self, store: Store, clock: Clock, *, hours: float) -> None:
        """`hours`: how long the texts of alerts are kept after their end."""
        self._store = store
        self._terms = terms(store, round(hours * 3_600_000))
        self._clock = clock

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            for _ in range(ROUNDS):  # first: a start has more urgent things to do
                beat()
                await self._clock.sleep(BEAT_SECONDS)
            try:
                await self.forget(beat)
            except StoreUnavailable as error:
                log.warning("forgetting_waits", error=str(error))

    async def forget(self, beat: Callable[[], None] = lambda: None) -> None:
        """All that is due now."""
        now = self._clock.now()
        erased: dict[str, int] = {}
        for term in self._terms:
            while some := await term.erase(now - term.after_ms, now):
                erased[term.what] = erased.get(term.what, 0) + some
                beat()
        if erased:
            await self._store.erasing.leave_the_log()
            await self._store.audit.put(HUB, "people.erased", "", erased, now)
            log.info("people_erased", **erased)
