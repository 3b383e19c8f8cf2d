"""Verbs on mails: what waits to be sent by e-mail. A mail is gone once the server has taken it; one given up keeps no address."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids


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
        """To be sent as soon as the postman looks; on disk when this returns."""
        await tables.Mail.create(
            id=self._ids.one(), recipient=recipient, subject=subject, text=text, created_at=now, due_at=now
        )

    @shielded
    async def due(self, now: int, limit: int) -> list[Mail]:
        """Those to be tried now, oldest first."""
        rows = await tables.Mail.filter(due_at__lte=now, given_up_at=None).order_by("due_at", "id").limit(limit)
        return [Mail(row.id, row.recipient, row.subject, row.text, row.tries) for row in rows]

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
