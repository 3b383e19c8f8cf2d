"""One group, one admin, for whoever asks: 404 where it lies outside their municipalities, 403 where it may be seen and not changed.

A group that reaches beyond their municipalities they see and do not change. Of anybody else's people they learn nothing, not even
that there is such an admin.
"""

from __future__ import annotations

from hub.domain import Admin, Group, Mistake, Refused
from hub.web.api.directory_given import id_number
from hub.web.calls import Call
from hub.web.problems import Problem, not_found


async def known_admin(call: Call, admin_id: str) -> Admin:
    """The admin of this id, or 404."""
    found = await call.hub.store.directory.admins([_number("admin", admin_id)], bounds=call.bounds)
    if not found:
        raise not_found("admin", admin_id)
    return found[0]


async def known_group(call: Call, group_id: str) -> Group:
    """The group of this id, or 404."""
    found = await call.hub.store.directory.groups([_number("group", group_id)], bounds=call.bounds)
    if not found:
        raise not_found("group", group_id)
    return found[0]


async def own_group(call: Call, group_id: str) -> Group:
    """The group of this id, to be changed: 404 where it lies elsewhere, 403 where it lies elsewhere too."""
    group = await known_group(call, group_id)
    if not call.bounds.holds(group.neighbourhoods):
        raise beyond("group")
    return group


async def own_admin(call: Call, admin_id: str) -> Admin:
    """The admin of this id, to be changed: 404 where none of their groups is here, 403 where some are not."""
    admin = await known_admin(call, admin_id)
    if not await _runs_here_alone(call, admin.groups):
        raise beyond("admin")
    return admin


async def allow_group(call: Call, group: Group) -> None:
    """Raises Refused for neighbourhoods elsewhere, and for admins they do not know."""
    if not call.bounds.municipalities:
        return
    known = {one.id for one in await call.hub.store.directory.admins(list(group.admins), bounds=call.bounds)}
    wrong = [
        Mistake("neighbourhoods", f"{code} lies outside your municipality")
        for code in group.neighbourhoods
        if not call.bounds.holds([code])
    ]
    wrong += [Mistake("admins", f"there is no admin {one}") for one in group.admins if one not in known]
    if wrong:
        raise Refused("The group cannot be stored", wrong)


async def allow_admin(call: Call, admin: Admin) -> None:
    """Raises Refused unless they run groups here, and none elsewhere."""
    if not call.bounds.municipalities:
        return
    found = await call.hub.store.directory.groups(list(admin.groups), bounds=call.bounds)
    here = {one.id for one in found if call.bounds.holds(one.neighbourhoods)}
    wrong = [Mistake("groups", f"there is no group {one}") for one in admin.groups if one not in here]
    if not admin.groups:
        wrong.append(Mistake("groups", "choose a group in your municipality"))
    if wrong:
        raise Refused("The admin cannot be stored", wrong)


def only_everywhere(call: Call) -> None:
    """Problem 403 for who is bound: it concerns every municipality."""
    if call.bounds.municipalities:
        raise beyond("page")


def beyond(what: str) -> Problem:
    return Problem(403, f"This {what} reaches beyond your municipality", "Ask a coordinator of all municipalities.")


async def _runs_here_alone(call: Call, groups: tuple[int, ...]) -> bool:
    if not call.bounds.municipalities:
        return True
    return all(call.bounds.holds(one.neighbourhoods) for one in await call.hub.store.directory.groups(list(groups)))


def _number(what: str, given: str) -> int:
    """An id as a number; one that can be none of ours is not found."""
    number = id_number(given)
    if number is None:
        raise not_found(what, given)
    return number
