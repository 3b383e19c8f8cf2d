"""The statements that make deliveries: run by the planner, chunk by chunk, or for small alerts as they are accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.store.engine import Rows, Statement
from hub.store.queries import Queries

Plan = tuple[str, Sequence[str], int]
"""Of one alert: its number, the neighbourhoods whose deliveries are made now, and the first of their ids (nearest first)."""


def planning(
    sql: Queries, plans: Sequence[Plan], routes: Mapping[str, Sequence[str]], now: int, *, last: bool
) -> list[Statement]:
    """The deliveries of these neighbourhoods; safe to run again. `now` in ms.

    `last`: there are no more after these; the alerts are planned, in the same transaction.
    """
    chosen = [(alert_id, code, first_id - 1) for alert_id, codes, first_id in plans for code in codes]
    statements: list[Statement] = [
        (sql.plan_deliveries, Rows(3, chosen), now, dict(routes)),
        (sql.codes_planned, Rows(2, [(alert_id, code) for alert_id, code, _ in chosen]), now),
    ]
    if last:
        ids = [alert_id for alert_id, _, _ in plans]
        statements += [(sql.planned_events, ids, now), (sql.alerts_planned, ids, now)]
    return statements
