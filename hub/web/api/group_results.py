"""/api/v1/alerts/{id}/groups: how far an alert came, group by group; of a rehearsal, its results."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from hub.store.results import GroupResult
from hub.web.api.alerts import known_alert
from hub.web.api.parameters import LIMIT
from hub.web.calls import Call, page


@dataclass(frozen=True, slots=True)
class GroupResultAnswer:
    """How far an alert came in one group, in admins. `received`: answered so, or forwarded; `silent`: reached, no answer;
    `dead`: no address left that works. `firstAnswerSeconds`: from the alert on disk to the first answer."""

    id: str
    name: str
    neighbourhoods: tuple[str, ...]
    admins: int
    reached: int
    read: int
    received: int
    forwarded: int
    silent: int
    dead: int
    firstAnswerSeconds: float | None


async def list_group_results(call: Call) -> web.Response:
    cursor, limit = call.cursor(int), LIMIT.of(call)
    alert = await known_alert(call)
    found = await call.hub.store.results.groups(alert.id, cursor[0] if cursor else 0, limit + 1)
    return page(found, limit, group_result_answer, lambda one: (one.id,))


def group_result_answer(one: GroupResult) -> GroupResultAnswer:
    seconds = None if one.first_answer is None else round(one.first_answer / 1000, 1)
    counts = one.admins, one.reached, one.read, one.received, one.forwarded, one.silent, one.dead
    return GroupResultAnswer(str(one.id), one.name, one.codes, *counts, seconds)
