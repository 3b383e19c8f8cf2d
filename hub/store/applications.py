"""Verbs on applications: what people ask of the registry, from the form to the decision, and the erasing of who they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from tortoise.transactions import in_transaction

from hub.domain import Admin, Group, Mistake, Refused
from hub.store import registry_tables, tables
from hub.store.engine import shielded
from hub.store.ids import Ids

MOST = 500
KEPT_AFTERWARDS = ("platform", "members", "codes", "district", "channel", "mailed_at", "asked_at", "drill")
"""What of a form stays when who sent it is erased: codes, counts and times."""


class Kind(StrEnum):
    """What is asked for: a group registered, to be admin for a district, word that a group is being started."""

    GROUP = "group"
    ADMIN = "admin"
    STARTING = "starting"


class State(StrEnum):
    """`UNCONFIRMED`: the link in the mail was not followed yet; nobody looks at it before."""

    UNCONFIRMED = "unconfirmed"
    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What a form comes to. `confirm_hash`: the SHA-256 of the token in the mail."""

    kind: Kind
    language: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    confirm_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Application:
    """One as stored. `group_id`, `admin_id`: whom the decision made or joined to what. Times in ms."""

    id: int
    kind: Kind
    state: State
    language: str
    name: str = field(repr=False)
    email: str = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    created_at: int
    confirmed_at: int | None
    decided_at: int | None
    decided_by: str
    note: str = field(repr=False)
    group_id: int | None
    admin_id: int | None
    erased_at: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """`by`: the name of the key that decided. `note`: what the applicant is told of it."""

    state: State
    by: str
    note: str = field(default="", repr=False)


class Applications:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    # asking ------------------------------------------------------------------------------------------------------------------

    @shielded
    async def put(self, new: NewApplication, now: int) -> int:
        """Unconfirmed until the link in the mail is used."""
        application_id = self._ids.one()
        await registry_tables.Application.create(
            id=application_id,
            kind=new.kind.value,
            state=State.UNCONFIRMED.value,
            language=new.language,
            name=new.name,
            email=new.email,
            content=_written(new.content),
            confirm_hash=new.confirm_hash,
            created_at=now,
        )
        return application_id

    @shielded
    async def of_link(self, confirm_hash: str) -> Application | None:
        row = await registry_tables.Application.get_or_none(confirm_hash=confirm_hash)
        return _application(row) if row is not None else None

    @shielded
    async def confirm(self, confirm_hash: str, now: int, *, since: int) -> bool:
        """Open from now on, if it was asked for since then (ms) and is not open already."""
        waiting = registry_tables.Application.filter(
            confirm_hash=confirm_hash, state=State.UNCONFIRMED.value, created_at__gt=since
        )
        return bool(await waiting.update(state=State.OPEN.value, confirmed_at=now))

    @shielded
    async def renew(self, application_id: int, confirm_hash: str) -> bool:
        """Another link; the one before is void. How long it is valid counts from the form, not from here."""
        waiting = registry_tables.Application.filter(id=application_id, state=State.UNCONFIRMED.value)
        return bool(await waiting.update(confirm_hash=confirm_hash))

    @shielded
    async def asked_since(self, since: int, email: str = "") -> int:
        """How many since then (ms); with `email` those of this address, however it is written."""
        query = registry_tables.Application.filter(created_at__gt=since)
        return await (query.filter(email__iexact=email) if email else query).count()

    @shielded
    async def of_email(self, email: str, *, since: int = 0) -> list[Application]:
        """Those of this address that came in since then (ms), newest first."""
        rows = registry_tables.Application.filter(email__iexact=email, created_at__gt=since).exclude(email="")
        return [_application(row) for row in await rows.order_by("-id").limit(MOST)]

    # the inbox ---------------------------------------------------------------------------------------------------------------

    @shielded
    async def get(self, application_id: int) -> Application | None:
        """One that was confirmed."""
        row = await registry_tables.Application.get_or_none(id=application_id)
        return _application(row) if row is not None and row.state != State.UNCONFIRMED else None

    @shielded
    async def page(
        self, before: int, limit: int, states: Sequence[State], kinds: Sequence[Kind] = tuple(Kind)
    ) -> list[Application]:
        """Those with an id below `before`, newest first."""
        rows = registry_tables.Application.filter(
            id__lt=before, state__in=[one.value for one in states], kind__in=[one.value for one in kinds]
        )
        return [_application(row) for row in await rows.order_by("-id").limit(limit)]

    @shielded
    async def open(self, kinds: Sequence[Kind] = tuple(Kind)) -> list[Application]:
        """Oldest first: who has waited longest."""
        rows = registry_tables.Application.filter(state=State.OPEN.value, kind__in=[one.value for one in kinds])
        return [_application(row) for row in await rows.order_by("confirmed_at", "id").limit(MOST)]

    @shielded
    async def count_open(self) -> int:
        return await registry_tables.Application.filter(state=State.OPEN.value).count()

    @shielded
    async def decide(self, application_id: int, decision: Decision, now: int) -> bool:
        """False if it was decided already."""
        return await self._decide(application_id, decision, now)

    @shielded
    async def accept(
        self,
        application_id: int,
        decision: Decision,
        admin: Admin,
        now: int,
        *,
        make: Sequence[Group] = (),
        join: Sequence[int] = (),
    ) -> Application | None:
        """Accepted, its groups made, and the applicant made admin of those and of the ones they join: all or nothing.

        None if it was decided already. Raises Refused where a group cannot be made or is gone.
        """
        async with in_transaction():
            if not await self._decide(application_id, decision, now):
                return None
            mistakes = [
                Mistake("group", f"another group is called {one.name}")
                for one in make
                if await tables.WatchGroup.filter(name=one.name).exists()
            ]
            mistakes += [
                Mistake("join", "this group is gone") for one in join if not await tables.WatchGroup.exists(id=one)
            ]
            if mistakes:
                raise Refused("The application was not accepted", mistakes)
            admin_id = self._ids.one()
            await tables.Admin.create(id=admin_id, name=admin.name, language=admin.language)
            run = [*join, *[await self._make(one) for one in make]]
            for group_id in run:
                await tables.GroupAdmin.create(group_id=group_id, admin_id=admin_id)
            await registry_tables.Application.filter(id=application_id).update(
                group_id=run[0] if run else None, admin_id=admin_id
            )
            return _application(await registry_tables.Application.get(id=application_id))

    async def _decide(self, application_id: int, decision: Decision, now: int) -> bool:
        waiting = registry_tables.Application.filter(id=application_id, state=State.OPEN.value)
        return bool(
            await waiting.update(
                state=decision.state.value, decided_at=now, decided_by=decision.by[:200], note=decision.note
            )
        )

    async def _make(self, group: Group) -> int:
        group_id = self._ids.one()
        await tables.WatchGroup.create(id=group_id, name=group.name, platform=group.platform, members=group.members)
        await tables.GroupNeighbourhood.bulk_create(
            [tables.GroupNeighbourhood(group_id=group_id, code=code) for code in group.neighbourhoods]
        )
        return group_id

    @shielded
    async def note(self, application_id: int, **what: Any) -> None:
        """Add to its content: when links were mailed, which drill it was."""
        async with in_transaction():
            row = await registry_tables.Application.get(id=application_id)
            content = {**orjson.loads(row.content), **what}
            await registry_tables.Application.filter(id=application_id).update(content=_written(content))

    # afterwards --------------------------------------------------------------------------------------------------------------

    @shielded
    async def accepted_since(self, since: int) -> list[Application]:
        """Accepted with an admin since then (ms): who may link an address now."""
        rows = registry_tables.Application.filter(state=State.ACCEPTED.value, decided_at__gt=since).exclude(
            admin_id=None
        )
        return [_application(row) for row in await rows.order_by("id")]

    @shielded
    async def erase_unconfirmed(self, before: int, now: int) -> int:
        """All of what was asked before then (ms) and never confirmed; how many."""
        return await registry_tables.Application.filter(state=State.UNCONFIRMED.value, created_at__lte=before).delete()

    @shielded
    async def erase_undecided(self, before: int, now: int) -> int:
        """All of what was asked before then (ms) and nobody ever decided on; how many."""
        return await registry_tables.Application.filter(state=State.OPEN.value, created_at__lte=before).delete()

    @shielded
    async def erase_people(self, before: int, now: int) -> int:
        """Of what was decided before then (ms): who it was, and what they wrote. How many; at most MOST at once."""
        due = await registry_tables.Application.filter(
            state__in=[State.ACCEPTED.value, State.REFUSED.value], decided_at__lte=before, erased_at=None
        ).limit(MOST)
        for row in due:
            content = orjson.loads(row.content)
            kept = {name: content[name] for name in KEPT_AFTERWARDS if name in content}
            await registry_tables.Application.filter(id=row.id).update(
                name="", email="", note="", content=_written(kept), erased_at=now
            )
        return len(due)


def codes_asked(content: Mapping[str, Any]) -> list[str]:
    """What an application is about: neighbourhoods, or a district."""
    return list(content.get("codes", ())) or [one for one in (content.get("district", ""),) if one]


def _written(content: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(content)).decode()


def _application(row: registry_tables.Application) -> Application:
    return Application(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        language=row.language,
        name=row.name,
        email=row.email,
        content=orjson.loads(row.content),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        note=row.note,
        group_id=row.group_id,
        admin_id=row.admin_id,
        erased_at=row.erased_at,
    )
