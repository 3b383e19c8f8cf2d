"""Verbs on linking: one-time links, who is behind a handle, and what a person sets by message.

What a message means is written as statements, so that the receiver stores it in the transaction that drops the update. Each
may be applied twice: the second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from hub.domain import Handle
from hub.store.consents import Consent, Consents, Of, What
from hub.store.engine import Engine, Statement
from hub.store.ids import Ids
from hub.store.marks import marked
from hub.store.queries import Queries
from hub.store.sealing import handle_hash, sealer


@dataclass(frozen=True, slots=True)
class Person:
    """The admin behind a handle. `handle`: as we store it, where they wrote from an alias; `state`: of that address.

    `addresses`: (channel, state) of each, the first by rank first.
    """

    handle: Handle
    state: str
    admin_id: int
    language: str
    away_until: int
    addresses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OfferedLink:
    """A one-time link: whose, and whether it can still be used. `newcomer`: accepted on the pages, no address so far."""

    admin_id: int
    language: str
    channel: str
    expires_at: int
    used: bool
    newcomer: bool = False


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """A group of an admin."""

    id: int
    name: str = field(repr=False)


class Linking:
    def __init__(self, engine: Engine, queries: Queries, ids: Ids, consents: Consents, *, on_postgres: bool) -> None:
        self._consents = consents
        self._engine = engine
        self._sql = queries
        self._ids = ids
        self._set_test = marked("UPDATE admin SET test_messages = ?2 WHERE id = ?1", on_postgres=on_postgres)

    # links -------------------------------------------------------------------------------------------------------------------

    async def offer(self, hash: str, admin_id: int, channel: str, *, now: int, expires_at: int, sweep: int) -> bool:
        """A new link; an earlier one for the same admin and channel is void. False if there is no such admin.

        Links that ended before `sweep` are forgotten.
        """
        sql = self._sql
        *_, put = await self._engine.write(
            (sql.sweep_links, sweep),
            (sql.void_links, admin_id, channel, now),
            (sql.put_link, hash, admin_id, channel, now, expires_at),
        )
        return bool(put)

    async def find(self, hash: str) -> OfferedLink | None:
        rows = await self._engine.read(self._sql.find_link, hash)
        if not rows:
            return None
        admin_id, language, channel, expires_at, used, newcomer = rows[0]
        return OfferedLink(admin_id, language, channel, expires_at, bool(used), bool(newcomer))

    async def is_offered(self, channel: str, now: int) -> bool:
        """Whether any link for this channel can still be used."""
        return bool(await self._engine.read(self._sql.offered_links, channel, now))

    def use(self, hash: str, channel: str, account: str, handle: Handle, now: int) -> list[Statement]:
        """The handle becomes a verified address of the link's admin, and the link is used up.

        Nothing if the link is used or void by then, or the handle another admin's.
        """
        sql = self._sql
        return [
            (sql.link_address, hash, self._ids.one(), channel, *_handle(handle, "address"), account, now),
            (sql.use_link, hash, channel, handle_hash(handle.value), now),
        ]

    # people ------------------------------------------------------------------------------------------------------------------

    async def person(self, channel: str, handle: Handle) -> Person | None:
        rows = await self._engine.read(self._sql.find_person, channel, handle_hash(handle.value))
        if not rows:
            return None
        own, state, admin_id, language, away_until, addresses = rows[0]
        ways = tuple((str(name), str(its)) for name, its in orjson.loads(addresses))
        return Person(Handle(sealer().open(own, "address.handle")), state, admin_id, language, away_until, ways)

    def start(self, channel: str, handle: Handle) -> list[Statement]:
        """This address is verified, and so is every other one that the person had stopped."""
        return [(self._sql.start_person, channel, handle_hash(handle.value))]

    def set_language(self, admin_id: int, language: str) -> list[Statement]:
        return [(self._sql.set_language, admin_id, language)]

    def set_away(self, admin_id: int, until: int) -> list[Statement]:
        """No alerts until then (ms); 0: not away."""
        return [(self._sql.set_away, admin_id, until)]

    def set_test_messages(self, admin_id: int, wanted: bool) -> list[Statement]:
        """Whether they get a message now and then, to see whether they can be reached."""
        return [(self._set_test, admin_id, wanted)]

    def set_order(self, admin_id: int, channels: Sequence[str]) -> list[Statement]:
        """Addresses on these channels first, in this order; within a channel, and after these, the order stays."""
        return [
            (self._sql.lift_ranks, admin_id),
            (self._sql.order_channels, admin_id, list(channels)),
        ]

    def agreed(
        self, what: What, admin_id: int, channel: str, language: str, now: int, *, given: bool = True
    ) -> list[Statement]:
        """What they agreed to by message, or took back."""
        return [self._consents.note(Consent(Of.ADMIN, admin_id, what, given, channel, language, now))]

    # groups ------------------------------------------------------------------------------------------------------------------

    async def groups_of(self, admin_id: int) -> list[OwnGroup]:
        return [OwnGroup(*row) for row in await self._engine.read(self._sql.groups_of, admin_id)]

    def link_chat(self, group_id: int, channel: str, account: str, chat: Handle) -> list[Statement]:
        """The chat is the group's own; a group has one a channel."""
        sql = self._sql
        return [
            (sql.replace_chat, group_id, channel, handle_hash(chat.value)),
            (sql.put_chat, self._ids.one(), group_id, channel, account, *_handle(chat, "group_chat")),
        ]


def _handle(handle: Handle, table: str) -> tuple[str, str]:
    """To be looked up by, and sealed."""
    return handle_hash(handle.value), sealer().seal(handle.value, f"{table}.handle")
