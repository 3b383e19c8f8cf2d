"""What lies within somebody's bounds, as the directory's queries ask for it."""

from __future__ import annotations

from functools import reduce
from operator import or_

from tortoise.expressions import Q, Subquery

from hub.domain import Bounds
from hub.store import tables


def places_within(bounds: Bounds, column: str = "code") -> Q:
    """Neighbourhoods, by the column that holds their code."""
    own = (Q(**{f"{column}__startswith": f"BU{one[2:6]}"}) for one in sorted(bounds.municipalities))
    return reduce(or_, own, Q())


def groups_within(bounds: Bounds) -> Q:
    """Groups that cover something there."""
    if not bounds.municipalities:
        return Q()
    return Q(id__in=Subquery(tables.GroupNeighbourhood.filter(places_within(bounds)).values("group_id")))


def admins_within(bounds: Bounds) -> Q:
    """Who runs such a group."""
    if not bounds.municipalities:
        return Q()
    groups = Subquery(tables.GroupNeighbourhood.filter(places_within(bounds)).values("group_id"))
    return Q(id__in=Subquery(tables.GroupAdmin.filter(group_id__in=groups).values("admin_id")))
