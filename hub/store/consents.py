"""Verbs on consents: what somebody agreed to, when and how, and that they took it back. Ids and times, nothing they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tortoise.expressions import Q, Subquery

from hub.store import registry_tables as tables
from hub.store.engine import Statement, shielded
from hub.store.ids import Ids
from hub.store.marks import marked
from hub.store.tables import Admin


class Of(StrEnum):
    """Who agreed: an admin, or whoever sent a form."""

    ADMIN = "admin"
    APPLICATION = "application"
    CONTACT = "contact"


class What(StrEnum):
    """To get alerts and what belongs to them; to get a test message now and then; to what a form says above its button."""

    ALERTS = "alerts"
    TEST_MESSAGES = "test_messages"
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class Consent:
    """`given`: False where they took it back. `via`: "page", or a channel's name. The words stand in the release of that day."""

    of: Of
    subject: int
    what: What
    given: bool
    via: str
    language: str
    at: int


class Consents:
    def __init__(self, ids: Ids, *, on_postgres: bool) -> None:
        self._ids = ids
        self._put = marked(
            """INSERT INTO consent (id, at, of, subject, what, given, via, language) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (id) DO NOTHING""",
            on_postgres=on_postgres,
        )

    def note(self, one: Consent) -> Statement:
        """For the transaction that stores what they said."""
        mine = self._ids.one(), one.at, one.of.value, one.subject, one.what.value, one.given, one.via, one.language
        return (self._put, *mine)

    @shielded
    async def put(self, one: Consent) -> None:
        await tables.Consent.create(
            id=self._ids.one(),
            at=one.at,
            of=one.of.value,
            subject=one.subject,
            what=one.what.value,
            given=one.given,
            via=one.via,
            language=one.language,
        )

    @shielded
    async def of(self, of: Of, subject: int) -> list[Consent]:
        """In the order in which they were given."""
        rows = await tables.Consent.filter(of=of.value, subject=subject).order_by("at", "id")
        return [
            Consent(Of(row.of), row.subject, What(row.what), row.given, row.via, row.language, row.at) for row in rows
        ]

    @shielded
    async def erase(self, before: int, now: int) -> int:
        """Those of forms, from before then (ms): by then a form is decided on and erased. And those of admins who are no more."""
        there = Subquery(Admin.all().values("id"))
        gone = tables.Consent.filter(of=Of.ADMIN.value).exclude(subject__in=there)
        return await gone.delete() + await tables.Consent.filter(~Q(of=Of.ADMIN.value), at__lte=before).delete()
