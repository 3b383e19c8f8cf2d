"""The report as CSV, for spreadsheets: a row a neighbourhood, group and admin, with the milliseconds from intake to each step."""

from __future__ import annotations

import csv
import io

from hub.directory.table import guard
from hub.report.account import Found
from hub.store.clocks import Step

HEADER = ("alert", "status", "kind", "id", "name", "added", *(f"{step}_ms" for step in Step))


def as_csv(found: Found, *, names: bool) -> str:
    """`names`: whether admins are told by name; else by id alone."""
    known = {str(one.admin_id): one.admin_name for one in found.deliveries} if names else {}
    clock = found.clock
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for kind, several in (("neighbourhood", clock.neighbourhoods), ("group", clock.groups), ("admin", clock.admins)):
        for one in several:
            times = (max(0, one.at[step] - clock.accepted_at) if step in one.at else "" for step in Step)
            name = guard(one.name or known.get(one.key, ""))
            writer.writerow((clock.id, clock.status.value, kind, one.key, name, one.added, *times))
    return out.getvalue()
