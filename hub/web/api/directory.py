"""/api/v1/admins and /groups: the directory, one by one. Whole lists come in by `import directory`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
from aiohttp import web

from hub.domain import Admin
from hub.web.api.answers import AdminAnswer, GroupAnswer, admin_answer, group_answer
from hub.web.api.directory_given import read_admin, read_group
from hub.web.api.parameters import LIMIT
from hub.web.calls import Call, answer, page
from hub.web.coordinator.groups import may_change
from hub.web.coordinator.shown import masked
from hub.web.within import allow_admin, allow_group, known_admin, known_group, own_admin, own_group

MERGE_TYPE = "application/merge-patch+json"
"""RFC 7396: members left out stay as they are."""

NAMES = {one.name for answered in (AdminAnswer, GroupAnswer) for one in fields(answered)} - {"id"}
"""What a change may be of: noted by name, whatever else came along."""


async def list_admins(call: Call) -> web.Response:
    cursor, limit = call.cursor(int), LIMIT.of(call)
    found = await call.hub.store.directory.admins(after=cursor[0] if cursor else 0, limit=limit + 1, bounds=call.bounds)
    return page(found, limit, lambda one: _shown(call, one), lambda one: (one.id,))


async def create_admin(call: Call) -> web.Response:
    admin = read_admin(await call.json_object(), None)
    await allow_admin(call, admin)
    admin_id = await call.hub.store.directory.put_admin(admin)
    await call.changed("admin.added", admin_id)
    return _created("admins", admin_id, admin_answer(await known_admin(call, str(admin_id))))


async def get_admin(call: Call) -> web.Response:
    return answer(_shown(call, await known_admin(call, call.part("id"))))


async def update_admin(call: Call) -> web.Response:
    given = await call.json_object(MERGE_TYPE)
    old = await own_admin(call, call.part("id"))
    admin = read_admin(_merged(admin_answer(old), given), old)
    await allow_admin(call, admin)
    await call.hub.store.directory.put_admin(admin)
    await call.changed("admin.changed", old.id, fields=sorted(given.keys() & NAMES))
    return await get_admin(call)


async def delete_admin(call: Call) -> web.Response:
    admin = await own_admin(call, call.part("id"))
    await call.hub.store.directory.delete_admin(admin.id)
    await call.changed("admin.removed", admin.id)
    return web.Response(status=204)


async def list_groups(call: Call) -> web.Response:
    cursor, limit = call.cursor(int), LIMIT.of(call)
    found = await call.hub.store.directory.groups(after=cursor[0] if cursor else 0, limit=limit + 1, bounds=call.bounds)
    return page(found, limit, group_answer, lambda one: (one.id,))


async def create_group(call: Call) -> web.Response:
    group = read_group(await call.json_object(), None, call.hub.atlas.index)
    await allow_group(call, group)
    group_id = await call.hub.store.directory.put_group(group)
    await call.changed("group.added", group_id)
    return _created("groups", group_id, group_answer(await known_group(call, str(group_id))))


async def get_group(call: Call) -> web.Response:
    return answer(group_answer(await known_group(call, call.part("id"))))


async def update_group(call: Call) -> web.Response:
    given = await call.json_object(MERGE_TYPE)
    old = await own_group(call, call.part("id"))
    group = read_group(_merged(group_answer(old), given), old, call.hub.atlas.index)
    await allow_group(call, group)
    await call.hub.store.directory.put_group(group)
    await call.changed("group.changed", old.id, fields=sorted(given.keys() & NAMES))
    return await get_group(call)


async def delete_group(call: Call) -> web.Response:
    group = await own_group(call, call.part("id"))
    await call.hub.store.directory.delete_group(group.id)
    await call.changed("group.removed", group.id)
    return web.Response(status=204)


def _shown(call: Call, admin: Admin) -> AdminAnswer:
    """Handles in full for coordinators only, as on the pages."""
    return admin_answer(admin, str if may_change(call) else masked)


def _merged(old: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What stands now, with what was given over it. Its own id may come along, as in what GET answered."""
    now: dict[str, Any] = orjson.loads(orjson.dumps(old))
    own_id = now.pop("id")
    return {**now, **{name: value for name, value in given.items() if (name, value) != ("id", own_id)}}


def _created(path: str, new_id: int, content: Any) -> web.Response:
    return answer(content, 201, Location=f"/api/v1/{path}/{new_id}")
