"""Statements that add neighbourhoods to an alert that is being relayed: what the escalation asks next door, what a ring reaches.

They only ever add, and leave it to the planner to make the deliveries: who has the alert already does not get it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain import Match
from hub.store.engine import Rows, Statement
from hub.store.queries import Escalating


def adding(sql: Escalating, matches: Sequence[tuple[str, Match]], added: str, now: int) -> list[Statement]:
    """For each (alert, neighbourhood) that is not there yet, unless its alert has ended at `now` (ms). `added`: widened, adjacent.

    The first of them gives the codes that are new. What was only asked next door becomes part of what a ring widens to.
    """
    if not matches:
        return []
    named = {(alert_id, m.code): (alert_id, m) for alert_id, m in matches}
    rows = [
        (alert_id, m.code, m.name, m.overlap_square_metres, m.distance_metres, m.why) for alert_id, m in named.values()
    ]
    alerts = list(dict.fromkeys(alert_id for alert_id, _ in named))
    return [(sql.add_matches, Rows(6, rows), added, now), (sql.unplan, alerts)]
