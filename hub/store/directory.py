"""Verbs on the directory: groups, their admins, the admins' addresses. All or nothing, on disk when they return."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from hub.domain import EVERYWHERE, Address, Admin, Bounds, Group, Handle, Mistake, Refused
from hub.store import tables
from hub.store.batches import BATCH, batches
from hub.store.engine import shielded
from hub.store.ids import Ids
from hub.store.within import admins_within, groups_within


class Directory:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    # reading -----------------------------------------------------------------------------------------------------------------

    @shielded
    async def groups(
        self,
        ids: Sequence[int] | None = None,
        after: int = 0,
        limit: int = 1_000_000,
        bounds: Bounds = EVERYWHERE,
    ) -> list[Group]:
        query = tables.WatchGroup.filter(id__gt=after) if ids is None else tables.WatchGroup.filter(id__in=ids)
        rows = await query.filter(groups_within(bounds)).order_by("id").limit(limit)
        found = [row.id for row in rows]
        codes: dict[int, list[str]] = defaultdict(list)
        admins: dict[int, list[int]] = defaultdict(list)
        for part in batches(found):
            links = tables.GroupNeighbourhood.filter(group_id__in=part).order_by("code").values_list("group_id", "code")
            for group_id, code in await links:
                codes[int(group_id)].append(str(code))
            people = (
                tables.GroupAdmin.filter(group_id__in=part).order_by("admin_id").values_list("group_id", "admin_id")
            )
            for group_id, admin_id in await people:
                admins[int(group_id)].append(int(admin_id))
        return [Group(g.id, g.name, g.platform, g.members, tuple(codes[g.id]), tuple(admins[g.id])) for g in rows]

    @shielded
    async def admins(
        self,
        ids: Sequence[int] | None = None,
        after: int = 0,
        limit: int = 1_000_000,
        bounds: Bounds = EVERYWHERE,
    ) -> list[Admin]:
        query = tables.Admin.filter(id__gt=after) if ids is None else tables.Admin.filter(id__in=ids)
        rows = await query.filter(admins_within(bounds)).order_by("id").limit(limit)
        found = [row.id for row in rows]
        addresses: dict[int, list[Address]] = defaultdict(list)
        groups: dict[int, list[int]] = defaultdict(list)
        for part in batches(found):
            ways = tables.Address.filter(admin_id__in=part).order_by("rank")
            for admin_id, *way in await ways.values_list("admin_id", "channel", "handle", "rank", "state"):
                channel, handle, rank, state = way
                addresses[int(admin_id)].append(Address(str(channel), Handle(str(handle)), int(rank), str(state)))
            links = tables.GroupAdmin.filter(admin_id__in=part).order_by("group_id").values_list("admin_id", "group_id")
            for admin_id, group_id in await links:
                groups[int(admin_id)].append(int(group_id))
        return [Admin(a.id, a.name, a.language, tuple(addresses[a.id]), tuple(groups[a.id])) for a in rows]

    async def groups_named(self, names: Sequence[str]) -> list[Group]:
        """Those of these names that there are."""
        found: list[Group] = []
        for part in batches(names):
            ids = await tables.WatchGroup.filter(name__in=part).values_list("id", flat=True)
            found += await self.groups([int(str(one)) for one in ids])
        return found

    async def concerned(self, ways: Iterable[tuple[str, str]], groups: Sequence[int]) -> list[Admin]:
        """Who has one of these addresses (channel, handle) or runs one of these groups, whole."""
        ids: set[int] = set()
        for channel, part in _by_channel(ways):
            held = tables.Address.filter(channel=channel, handle__in=part).values_list("admin_id", flat=True)
            ids.update(int(str(one)) for one in await held)
        for those in batches(groups):
            run = tables.GroupAdmin.filter(group_id__in=those).values_list("admin_id", flat=True)
            ids.update(int(str(one)) for one in await run)
        return [admin for these in batches(sorted(ids)) for admin in await self.admins(these)]

    @shielded
    async def groups_by_neighbourhood(self) -> list[tuple[str, int]]:
        """(neighbourhood code, group id) of every group."""
        pairs = await tables.GroupNeighbourhood.all().values_list("code", "group_id")
        return [(str(code), int(group_id)) for code, group_id in pairs]

    # the whole list, from a file ---------------------------------------------------------------------------------------------

    @shielded
    async def replace_groups(self, groups: Sequence[Group], admins: Sequence[tuple[Admin, Sequence[str]]]) -> None:
        """The groups named become what is given here; other groups stay. `admins`: each with the names of their groups.

        A person is known again by any of their handles. What they said themselves stays: a stopped address stays stopped, and one
        they linked themselves stays theirs, behind those given here. Who has no address yet can be in no file, and stays in their
        groups. Whoever else has no group left afterwards is removed.
        """
        async with in_transaction():
            await self._replace(groups, admins)

    @shielded
    async def take_over(
        self, groups: Sequence[Group], admins: Sequence[tuple[Admin, Sequence[str]]] | None, gone: Sequence[int]
    ) -> None:
        """What was chosen of somebody's list: groups as they have them (id 0: new), groups removed. Raises Refused.

        `admins`: as in replace_groups; None: who runs these groups stays.
        """
        try:
            async with in_transaction():
                for group in groups:
                    await tables.WatchGroup.filter(id=group.id).update(name=group.name)
                if admins is None:
                    await self._put_groups(groups)
                else:
                    await self._replace(groups, admins)
                were = await self._unlink(gone)
                for part in batches(gone):
                    await tables.WatchGroup.filter(id__in=part).delete()
                await _remove_without_group(were)
        except IntegrityError:
            raise Refused("The list was not taken over", [Mistake("name", "another group has this name")]) from None

    async def _replace(self, groups: Sequence[Group], admins: Sequence[tuple[Admin, Sequence[str]]]) -> None:
        ids = await self._put_groups(groups)
        staying = await self._without_address(list(ids.values()))
        old_links = await self._unlink(list(ids.values()))
        put = await self._put_admins([admin for admin, _ in admins])
        await tables.GroupAdmin.bulk_create(
            [
                tables.GroupAdmin(group_id=ids[name], admin_id=admin_id)
                for admin_id, (_, names) in zip(put, admins, strict=True)
                for name in names
            ]
            + [tables.GroupAdmin(group_id=group_id, admin_id=admin_id) for group_id, admin_id in staying],
            batch_size=BATCH,
        )
        await _remove_without_group(old_links)

    async def _without_address(self, groups: Sequence[int]) -> list[tuple[int, int]]:
        """(group, admin) of those who have linked none yet."""
        found: list[tuple[int, int]] = []
        for part in batches(groups):
            links = await tables.GroupAdmin.filter(group_id__in=part).values_list("group_id", "admin_id")
            held: set[int] = set()
            for people in batches([int(admin_id) for _, admin_id in links]):
                rows = await tables.Address.filter(admin_id__in=people).values_list("admin_id", flat=True)
                held.update(int(str(one)) for one in rows)
            found += [(int(group_id), int(admin_id)) for group_id, admin_id in links if int(admin_id) not in held]
        return found

    async def _put_groups(self, groups: Sequence[Group]) -> dict[str, int]:
        known: dict[str, int] = {}
        for part in batches([group.name for group in groups]):
            named = await tables.WatchGroup.filter(name__in=part).values_list("id", "name")
            known |= {str(name): int(group_id) for group_id, name in named}
        ids = {group.name: known.get(group.name) or self._ids.one() for group in groups}
        for these in batches(list(ids.values())):
            await tables.GroupNeighbourhood.filter(group_id__in=these).delete()
        await tables.WatchGroup.bulk_create(
            [tables.WatchGroup(id=ids[g.name], name=g.name, platform=g.platform, members=g.members) for g in groups],
            batch_size=BATCH,
            on_conflict=["id"],
            update_fields=["name", "platform", "members"],
        )
        await tables.GroupNeighbourhood.bulk_create(
            [tables.GroupNeighbourhood(group_id=ids[g.name], code=code) for g in groups for code in g.neighbourhoods],
            batch_size=BATCH,
        )
        return ids

    async def _unlink(self, groups: Sequence[int]) -> set[int]:
        """Take every admin out of these groups; who they were."""
        were: set[int] = set()
        for part in batches(groups):
            query = tables.GroupAdmin.filter(group_id__in=part)
            were |= {link.admin_id for link in await query.only("admin_id")}
            await query.delete()
        return were

    async def _put_admins(self, admins: Sequence[Admin]) -> list[int]:
        given = {key for admin in admins for key in _keys(admin)}
        known = await self._addresses(given)
        put: list[int] = []
        taken: set[int] = set()
        for admin in admins:
            owners = (known[key].admin_id for key in _keys(admin) if key in known)
            put.append(next((owner for owner in owners if owner not in taken), 0) or self._ids.one())
            taken.add(put[-1])
        for part in batches(list(taken.intersection(row.admin_id for row in known.values()))):
            known |= {(row.channel, row.handle): row for row in await tables.Address.filter(admin_id__in=part)}
        linked: dict[int, list[tables.Address]] = defaultdict(list)
        for key, row in known.items():
            if row.account and key not in given:
                linked[row.admin_id].append(row)
        gone = [row.id for row in known.values() if row.admin_id in taken]
        gone += [known[key].id for key in given if key in known]  # a handle that changed hands
        aliases = await self._remove_addresses(gone)
        await tables.Admin.bulk_create(
            [tables.Admin(id=i, name=a.name, language=a.language) for i, a in zip(put, admins, strict=True)],
            batch_size=BATCH,
            on_conflict=["id"],
            update_fields=["name", "language"],
        )
        rows = []
        for admin_id, admin in zip(put, admins, strict=True):
            rows += [
                self._address(admin_id, one, known.get((one.channel, one.handle.value)), keep_stopped=True)
                for one in admin.addresses
            ]
            last = max((one.rank for one in admin.addresses), default=0)
            for rank, row in enumerate(sorted(linked[admin_id], key=lambda row: row.rank), last + 1):
                rows.append(_moved(row, admin_id, rank, row.state))
        await tables.Address.bulk_create(rows, batch_size=BATCH)
        await _put_aliases(aliases, rows)
        return put

    async def _addresses(self, ways: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tables.Address]:
        """Those of these (channel, handle) that there are."""
        return {
            (channel, row.handle): row
            for channel, part in _by_channel(ways)
            for row in await tables.Address.filter(channel=channel, handle__in=part)
        }

    def _address(
        self, admin_id: int, address: Address, row: tables.Address | None, *, keep_stopped: bool
    ) -> tables.Address:
        """The row of an address: what is known of it stays with it (its id, window, account), if it is known."""
        state = "stopped" if keep_stopped and row is not None and row.state == "stopped" else address.state
        if row is not None:
            return _moved(row, admin_id, address.rank, state)
        return tables.Address(
            id=self._ids.one(),
            admin_id=admin_id,
            channel=address.channel,
            handle=address.handle.value,
            rank=address.rank,
            state=state,
        )

    async def _remove_addresses(self, ids: Sequence[int]) -> list[tables.AddressAlias]:
        """Take them out; their other names, to be put back with those that come back."""
        aliases: list[tables.AddressAlias] = []
        for part in batches(ids):
            aliases += await tables.AddressAlias.filter(address_id__in=part)
            await tables.Address.filter(id__in=part).delete()
        return aliases

    # one by one --------------------------------------------------------------------------------------------------------------

    @shielded
    async def put_group(self, group: Group) -> int:
        """Add a group (id 0) or change one, with its neighbourhoods and admins; raises Refused."""
        async with in_transaction():
            clash = await tables.WatchGroup.filter(name=group.name).exclude(id=group.id).exists()
            missing = [a for a in group.admins if not await tables.Admin.filter(id=a).exists()]
            mistakes = [Mistake("name", "another group has this name")] if clash else []
            mistakes += [Mistake("admins", f"there is no admin {a}") for a in missing]
            if mistakes:
                raise Refused("The group cannot be stored", mistakes)
            stored = group if group.id else replace(group, id=self._ids.one())
            await self._put_groups_as(stored)
            were = await self._unlink([stored.id])
            await tables.GroupAdmin.bulk_create(
                [tables.GroupAdmin(group_id=stored.id, admin_id=a) for a in stored.admins]
            )
            await _remove_without_group(were - set(stored.admins))
        return stored.id

    async def _put_groups_as(self, group: Group) -> None:
        fields: dict[str, Any] = {"name": group.name, "platform": group.platform, "members": group.members}
        if not await tables.WatchGroup.filter(id=group.id).update(**fields):
            await tables.WatchGroup.create(id=group.id, **fields)
        await tables.GroupNeighbourhood.filter(group_id=group.id).delete()
        await tables.GroupNeighbourhood.bulk_create(
            [tables.GroupNeighbourhood(group_id=group.id, code=code) for code in group.neighbourhoods]
        )

    @shielded
    async def put_admin(self, admin: Admin) -> int:
        """Add an admin (id 0) or change one, with their addresses and groups; raises Refused."""
        try:
            async with in_transaction():
                missing = [g for g in admin.groups if not await tables.WatchGroup.filter(id=g).exists()]
                if missing:
                    raise Refused(
                        "The admin cannot be stored", [Mistake("groups", f"there is no group {g}") for g in missing]
                    )
                admin_id = admin.id or self._ids.one()
                fields: dict[str, Any] = {"name": admin.name, "language": admin.language}
                if not await tables.Admin.filter(id=admin_id).update(**fields):
                    await tables.Admin.create(id=admin_id, **fields)
                await self._put_addresses(admin_id, admin.addresses)
                await tables.GroupAdmin.filter(admin_id=admin_id).delete()
                await tables.GroupAdmin.bulk_create(
                    [tables.GroupAdmin(group_id=g, admin_id=admin_id) for g in admin.groups]
                )
        except IntegrityError:
            raise Refused(
                "The admin cannot be stored",
                [Mistake("addresses", "a handle or rank is used twice, here or by another admin")],
            ) from None
        return admin_id

    async def _put_addresses(self, admin_id: int, addresses: Sequence[Address]) -> None:
        old = {(row.channel, row.handle): row for row in await tables.Address.filter(admin_id=admin_id)}
        aliases = await self._remove_addresses([row.id for row in old.values()])
        rows = [
            self._address(admin_id, one, old.get((one.channel, one.handle.value)), keep_stopped=False)
            for one in addresses
        ]
        for row in rows:
            await row.save(force_create=True)
        await _put_aliases(aliases, rows)

    @shielded
    async def delete_group(self, group_id: int) -> bool:
        """Its admins who have no other group go with it."""
        async with in_transaction():
            were = await self._unlink([group_id])
            deleted = await tables.WatchGroup.filter(id=group_id).delete()
            await _remove_without_group(were)
        return bool(deleted)

    @shielded
    async def delete_admin(self, admin_id: int) -> bool:
        async with in_transaction():
            return bool(await tables.Admin.filter(id=admin_id).delete())


def _moved(row: tables.Address, admin_id: int, rank: int, state: str) -> tables.Address:
    """The same address, perhaps another's now: then nothing of what was its person's goes with it but the id."""
    own = row.admin_id == admin_id
    return tables.Address(
        id=row.id,
        admin_id=admin_id,
        channel=row.channel,
        handle=row.handle,
        rank=rank,
        state=state,
        window_open_until=row.window_open_until,
        account=row.account if own else "",
        strikes=row.strikes if own and state != "verified" else 0,
    )


async def _put_aliases(aliases: Sequence[tables.AddressAlias], rows: Sequence[tables.Address]) -> None:
    back = {row.id for row in rows}
    for one in aliases:
        if one.address_id in back:
            await tables.AddressAlias.create(channel=one.channel, alias=one.alias, address_id=one.address_id)


def _keys(admin: Admin) -> Iterable[tuple[str, str]]:
    return ((address.channel, address.handle.value) for address in admin.addresses)


def _by_channel(ways: Iterable[tuple[str, str]]) -> Iterable[tuple[str, Sequence[str]]]:
    """Handles of one channel, a part at a time."""
    handles: dict[str, list[str]] = defaultdict(list)
    for channel, handle in ways:
        handles[channel].append(handle)
    return ((channel, part) for channel, those in handles.items() for part in batches(those))


async def _remove_without_group(candidates: Iterable[int]) -> None:
    people = list(candidates)
    for part in batches(people):
        still = {link.admin_id for link in await tables.GroupAdmin.filter(admin_id__in=part).only("admin_id")}
        await tables.Admin.filter(id__in=[a for a in part if a not in still]).delete()
