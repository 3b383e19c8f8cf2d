"""What an admin sets by message: linking, START, language, order of channels, absence. What to store, and what to say back.

Reads the store, and writes only through the statements it hands back, which the receiver applies with the update. The same
message again, after a crash or because the provider sent it twice, changes nothing more and is answered the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog

from hub.clock import Clock, to_datetime, to_milliseconds
from hub.directory.linking import hash_token, make_token
from hub.domain import Handle
from hub.relay.asked import Link, Plain, SetAway, SetLanguage, SetOrder, TellNeighbours, Wrong, read_command
from hub.relay.said import CHANNEL_NAMES, FALLBACK, channel_names, said, speech
from hub.store.consents import What
from hub.store.engine import Statement
from hub.store.linking import Linking, Person
from hub.store.neighbour_reports import NeighbourReports
from hub.store.own_sessions import OwnSessions

log = structlog.get_logger()

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EXAMPLE_DAYS = 7
"""How far away the date is that we give as an example."""
SHORTEST_REPORT, LONGEST_REPORT = 10, 600
"""Signs of a report to neighbours: fewer tell nothing, more are not read on a phone."""
PAGE_MS = 30 * 60_000
"""How long a link to somebody's own page can be used."""


@dataclass(frozen=True, slots=True)
class Understood:
    """`say`: what to tell the person once the statements are stored; '' for nothing."""

    statements: list[Statement] = field(default_factory=list)
    say: str = field(default="", repr=False)


class Commands:
    def __init__(
        self,
        linking: Linking,
        clock: Clock,
        pages: OwnSessions | None = None,
        public_url: str = "",
        reports: NeighbourReports | None = None,
    ) -> None:
        """`pages`: who asks for their own page gets a link to it, below `public_url`.

        `reports`: None where neighbours cannot be warned.
        """
        self._linking = linking
        self._clock = clock
        self._pages = pages
        self._reports = reports
        self._public_url = public_url.rstrip("/")

    async def understand(self, channel: str, account: str, handle: Handle, text: str) -> Understood | None:
        """None if the text asks nothing of us. `account`: the sender account it came to."""
        asked = read_command(text, self._today())
        if asked is None:
            return None
        person = await self._linking.person(channel, handle)
        if isinstance(asked, Link):
            return await self._link(channel, account, handle, person, asked.token)
        if person is None:
            # Strangers are told whom to ask, once they knock; nothing else is answered, so that we cannot be made to talk.
            return Understood(say=said(FALLBACK, "started_unknown")) if asked is Plain.START else None
        if asked is Plain.START:
            return self._start(channel, person)
        if person.state == "unverified":
            return Understood(say=said(person.language, "unconfirmed"))
        if isinstance(asked, TellNeighbours):
            return await self._tell_neighbours(channel, person, asked.text)
        return self._set(channel, person, asked)

    async def stopped(self, channel: str, handle: Handle) -> Understood:
        """What to keep and say of a STOP; also to strangers, for whom it is true as well."""
        person = await self._linking.person(channel, handle)
        if person is None:
            return Understood(say=said(FALLBACK, "stopped"))
        taken_back = self._agreed(What.ALERTS, channel, person.admin_id, person.language, given=False)
        return Understood(taken_back, said(person.language, "stopped"))

    async def is_expected(self, channel: str, handle: Handle) -> bool:
        """May this person invite us into a room? Anyone of the directory, and anyone while a link for the channel is out."""
        return await self._linking.person(channel, handle) is not None or await self._linking.is_offered(
            channel, self._clock.now()
        )

    async def joined(self, channel: str, account: str, group: Handle, by: Handle, title: str) -> Understood:
        """Our account was put into a chat: it is linked to the person's group, if it is clear which. `say` is for them."""
        person = await self._linking.person(channel, by)
        if person is None or person.state != "verified":
            return Understood()
        groups = await self._linking.groups_of(person.admin_id)
        named = [one for one in groups if one.name.strip().casefold() == title.strip().casefold()]
        meant = named or groups
        if len(meant) != 1:
            return Understood(say=said(person.language, "group_unclear"))
        statements = self._linking.link_chat(meant[0].id, channel, account, group)
        return Understood(statements, said(person.language, "group_linked", group=meant[0].name))

    # linking -----------------------------------------------------------------------------------------------------------------

    async def _link(self, channel: str, account: str, handle: Handle, person: Person | None, token: str) -> Understood:
        hashed, now = hash_token(token), self._clock.now()
        link = await self._linking.find(hashed)
        if link is None:
            return Understood(say=said(person.language if person else FALLBACK, "link_unknown"))
        if link.channel != channel:
            return Understood(say=said(link.language, "link_elsewhere", channel=channel_names([link.channel])))
        own = person is not None and person.admin_id == link.admin_id
        linked = said(link.language, "linked", channel=channel_names([channel]))
        if link.used:
            # Their own message once more: they are linked, and hear it again.
            done = own and person is not None and person.state == "verified"
            return Understood(say=linked if done else said(link.language, "link_used"))
        if link.expires_at <= now:
            return Understood(say=said(link.language, "link_expired"))
        if person is not None and not own:
            log.warning("link_refused", channel=channel, reason="the sender's address belongs to another admin")
            return Understood(say=said(link.language, "link_taken"))
        known = person.handle if person is not None else handle
        if link.newcomer:
            linked = f"{linked}\n\n{said(link.language, 'welcome')}"
        agreed = self._agreed(What.ALERTS, channel, link.admin_id, link.language)
        return Understood([*self._linking.use(hashed, channel, account, known, now), *agreed], linked)

    def _start(self, channel: str, person: Person) -> Understood:
        back = {"verified", "stopped"} if person.state != "unverified" else {"verified"}
        ways = [name for name, state in person.addresses if state in back or name == channel]
        told = said(person.language, "started", channels=channel_names(ways))
        agreed = self._agreed(What.ALERTS, channel, person.admin_id, person.language)
        return Understood([*self._linking.start(channel, person.handle), *agreed], told)

    def _agreed(self, what: What, channel: str, admin_id: int, language: str, *, given: bool = True) -> list[Statement]:
        return self._linking.agreed(what, admin_id, channel, language, self._clock.now(), given=given)

    # settings ----------------------------------------------------------------------------------------------------------------

    def _set(self, channel: str, person: Person, asked: SetLanguage | SetOrder | SetAway | Plain) -> Understood:
        match asked:
            case SetLanguage(code):
                return self._set_language(person, code)
            case SetOrder(channels):
                return self._set_order(person, channels)
            case SetAway(until):
                return self._set_away(person, until)
            case Plain.BACK:
                key = "back_stopped" if person.state == "stopped" else "back"
                return Understood(self._linking.set_away(person.admin_id, 0), said(person.language, key))
            case Plain.STATUS:
                return Understood(say=self._status(person))
            case Plain.TEST_ON | Plain.TEST_OFF:
                wanted = asked is Plain.TEST_ON
                agreed = self._agreed(What.TEST_MESSAGES, channel, person.admin_id, person.language, given=wanted)
                kept = self._linking.set_test_messages(person.admin_id, wanted)
                return Understood([*kept, *agreed], said(person.language, asked.value))
            case Plain.PAGE:
                return self._page(person)
            case Plain.START:
                raise AssertionError("START is answered before settings are")
        assert_never(asked)

    def _set_language(self, person: Person, code: str) -> Understood:
        if not code:
            names = ", ".join(names[0] for names in speech(person.language).languages.values())
            return Understood(say=said(person.language, "language_unknown", languages=names))
        return Understood(self._linking.set_language(person.admin_id, code), said(code, "language"))

    def _set_order(self, person: Person, channels: tuple[str, ...]) -> Understood:
        theirs = list(dict.fromkeys(name for name, _ in person.addresses))
        if not channels or not set(channels) <= set(theirs):
            first = CHANNEL_NAMES.get(theirs[-1], theirs[-1]).lower()
            names = channel_names(theirs)
            return Understood(say=said(person.language, "order_unknown", channels=names, first=first))
        order = [*channels, *(name for name in theirs if name not in channels)]
        statements = self._linking.set_order(person.admin_id, channels)
        return Understood(statements, said(person.language, "order", channels=channel_names(order)))

    def _set_away(self, person: Person, until: date | Wrong) -> Understood:
        if isinstance(until, Wrong):
            return Understood(say=said(person.language, until.value, date=self._example(person.language)))
        told = said(person.language, "away", date=speech(person.language).day(until))
        return Understood(self._linking.set_away(person.admin_id, end_of(until)), told)

    def _page(self, person: Person) -> Understood:
        """A one-time link to their own page, to the address that asked for it."""
        if self._pages is None:
            return Understood()
        token, now = make_token(), self._clock.now()
        offered = self._pages.offer(hash_token(token), person.admin_id, now=now, expires_at=now + PAGE_MS)
        return Understood(offered, said(person.language, "page", link=f"{self._public_url}/mine/{token}"))

    async def _tell_neighbours(self, channel: str, person: Person, text: str) -> Understood:
        """It waits for somebody who looks at it first; always told: call 112."""
        tongue, now = person.language, self._clock.now()
        if self._reports is None:
            return Understood(say=said(tongue, "neighbours_off"))
        text = text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST_REPORT].strip()
        if len(text) < SHORTEST_REPORT:
            return Understood(say=said(tongue, "neighbours_ask"))
        codes = await self._reports.codes_of(person.admin_id)
        if not codes or not await self._reports.may_report(person.admin_id, now):
            return Understood(say=said(tongue, "neighbours_enough" if codes else "neighbours_nowhere"))
        offered = self._reports.offer(person.admin_id, codes, "", text, via=channel, now=now)
        return Understood([offered], said(tongue, "neighbours_noted"))

    def _status(self, person: Person) -> str:
        tongue = person.language
        reached = _reached(person.addresses)
        away = said(tongue, "status_not_away")
        if person.away_until > self._clock.now():
            last = to_datetime(person.away_until - 1).astimezone(AMSTERDAM).date()
            away = said(tongue, "status_away", date=speech(tongue).day(last))
        return said(
            tongue,
            "status",
            channels=channel_names(reached) or said(tongue, "status_nowhere"),
            away=away,
            date=self._example(tongue).upper(),
            more=said(tongue, "status_neighbours") + "\n" if self._reports is not None else "",
        )

    def _today(self) -> date:
        return to_datetime(self._clock.now()).astimezone(AMSTERDAM).date()

    def _example(self, language: str) -> str:
        """A day soon, as one can write it."""
        day = self._today() + timedelta(days=EXAMPLE_DAYS)
        return f"{day.day} {speech(language).months[day.month - 1][0]}"


def end_of(day: date) -> int:
    """The midnight after this day in Amsterdam, in ms."""
    return to_milliseconds(datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM) + timedelta(days=1))


def _reached(addresses: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, state in addresses if state == "verified"]
