"""The statements that make an alert's deliveries: run chunk by chunk by the planner, or where a small alert is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.store.engine import Statement
from hub.store.queries import Queries


def planning(
    sql: Queries,
    alert_id: str,
    codes: Sequence[str],
    routes: Mapping[str, Sequence[str]],
    *,
    first_id: int,
    priority: int,
    expires_at: int,
    now: int,
    last: bool,
) -> list[Statement]:
    """The deliveries of these neighbourhoods; safe to run again. Ids run from `first_id` up, nearest first. Times in ms.

    `last`: there are no more after these; the alert is planned, in the same transaction.
    """
    chosen = list(codes)
    statements: list[Statement] = [
        (sql.plan_deliveries, alert_id, chosen, first_id - 1, dict(routes), priority, expires_at, now),
        (sql.codes_planned, alert_id, chosen, now),
    ]
    if last:
        statements += [(sql.planned_event, alert_id, now), (sql.alert_planned, alert_id, now)]
    return statements
