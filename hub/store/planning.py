"""The statements that make deliveries: run by the planner, chunk by chunk, or for small alerts as they are accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.store.engine import Rows, Statement
from hub.store.queries import Queries

Plan = tuple[str, Sequence[str], int]
"""Of one alert: its number, the neighbourhoods whose deliveries are made now, and the first of their ids (nearest first)."""


def making(
    sql: Queries, plans: Sequence[Plan], routes: Mapping[str, Sequence[str]], now: int, *, first_only: bool
) -> Statement:
    """The deliveries of these neighbourhoods; safe to run again. `now` in ms.

    `first_only`: of each group only the first admin who can be reached; the others are the escalation's.
    """
    chosen = [(alert_id, code, first_id - 1) for alert_id, codes, first_id in plans for code in codes]
    return (sql.plan_deliveries, Rows(3, chosen), now, dict(routes), first_only)


def planning(
    sql: Queries,
    plan: Plan,
    routes: Mapping[str, Sequence[str]],
    now: int,
    *,
    last: bool,
    first_only: bool = False,
    check_at: int | None = None,
) -> list[Statement]:
    """The same of an alert that is stored already, with the note of it.

    `last`: there are no more after these; the alert is planned, in the same transaction. `check_at`: when the escalation looks at
    these neighbourhoods first (ms; at once where nobody is), None for never.
    """
    alert_id, codes, _ = plan
    statements: list[Statement] = [
        making(sql, [plan], routes, now, first_only=first_only),
        (sql.codes_planned, alert_id, list(codes), now, check_at),
    ]
    if last:
        statements += [(sql.planned_event, alert_id, now), (sql.alert_planned, alert_id, now)]
    return statements
