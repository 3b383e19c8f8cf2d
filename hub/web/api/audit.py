"""/api/v1/audit: the audit chain for auditors, oldest first, each entry as it is hashed but for what was kept apart."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.relay.events import moment
from hub.store.chain import Entry
from hub.web.api.answers import Moment
from hub.web.api.parameters import LIMIT
from hub.web.calls import Call, page


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """Who did what to what: `who` the id of a key, an account or an admin; `look`: personal data was shown, else something changed.

    `what` is JSON as it was hashed; `contentHash`: of what is kept apart, '' for nothing.
    """

    sequence: str
    at: Moment
    who: str
    role: str
    kind: str
    subject: str
    look: bool
    what: str
    contentHash: str
    previous: str
    hash: str


async def list_audit(call: Call) -> web.Response:
    cursor, limit = call.cursor(int), LIMIT.of(call)
    found: list[Entry] = []
    async for entry in call.hub.store.audit.entries(cursor[0] if cursor else 0):
        found.append(entry)
        if len(found) > limit:
            break
    return page(found, limit, audit_answer, lambda one: (one.sequence,))


def audit_answer(one: Entry) -> AuditAnswer:
    return AuditAnswer(
        sequence=str(one.sequence),
        at=moment(one.at),
        who=one.who,
        role=one.role,
        kind=one.kind,
        subject=one.subject,
        look=one.look,
        what=one.what,
        contentHash=one.content_hash,
        previous=one.previous,
        hash=one.hash,
    )
