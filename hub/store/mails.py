"""Verbs on mails: what waits to be sent by e-mail. A mail is gone once the server has taken it; one given up keeps no address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from hub.domain import Mistake, Refused
from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids

MOST_SUBJECT: Final = 200
_RECIPIENT: Final = re.compile(r"[^\s\x00-\x20\x7f<>(),;:\\\"\[\]@]{1,64}@[^\s\x00-\x20\x7f<>(),;:\\\"\[\]@]{1,253}")
"""One address and nothing that could become a second one, or a header."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says."""

    subject: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """`tries`: those that failed before."""

    id: int
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    tries: int


class Mails:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    @shielded
    async def put(self, recipient: str, subject: str, text: str, now: int) -> None:
        """To be sent as soon as the postman looks; on disk when this returns. Refused for what is no address, or two lines."""
        mistakes = (
            []
            if _RECIPIENT.fullmatch(recipient) and len(recipient) <= 254
            else [Mistake("recipient", "is not one e-mail address")]
        )
        mistakes += [Mistake("subject", "must be one line of text")] if _CONTROL.search(subject) else []
        if mistakes:
            raise Refused("This mail cannot be sent", mistakes)
        await tables.Mail.create(
            id=self._ids.one(),
            recipient=recipient,
            subject=subject[:MOST_SUBJECT],
            text=text,
            created_at=now,
            due_at=now,
        )

    @shielded
    async def due(self, now: int, limit: int) -> list[Mail]:
        """Those to be tried now, oldest first."""
        rows = await tables.Mail.filter(due_at__lte=now, given_up_at=None).order_by("due_at", "id").limit(limit)
        return [Mail(row.id, row.recipient, row.subject, row.text, row.tries) for row in rows]

    @shielded
    async def waiting(self) -> int:
        """How many are to be sent still, now or later."""
        return await tables.Mail.filter(given_up_at=None).count()

    @shielded
    async def sent(self, mail_id: int) -> None:
        await tables.Mail.filter(id=mail_id).delete()

    @shielded
    async def failed(self, mail_id: int, *, tries: int, error: str, due_at: int) -> None:
        """To be tried again at `due_at`. `error`: what went wrong, without the address."""
        await tables.Mail.filter(id=mail_id).update(tries=tries, error=error[:300], due_at=due_at)

    @shielded
    async def give_up(self, mail_id: int, *, error: str, now: int) -> None:
        """No further tries; whom it was for and what it said are erased."""
        await tables.Mail.filter(id=mail_id).update(
            recipient="", subject="", text="", error=error[:300], given_up_at=now
        )

    @shielded
    async def give_up_late(self, before: int, now: int) -> int:
        """The same for all that were put before then; how many."""
        late = tables.Mail.filter(given_up_at=None, created_at__lt=before)
        return await late.update(recipient="", subject="", text="", given_up_at=now)

    @shielded
    async def erase_given_up(self, before: int) -> None:
        await tables.Mail.filter(given_up_at__lt=before).delete()
