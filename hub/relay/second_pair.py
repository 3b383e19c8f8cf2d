"""Which alerts somebody else must agree to before they are relayed: by whom they reach, and by severity Extreme."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain import Alert, Severity, Status
from hub.places.index import NeighbourhoodIndex
from hub.settings import Console


def needs_second_pair(
    rule: Console, alert: Alert, admins: int, codes: Sequence[str], index: NeighbourhoodIndex
) -> bool:
    """`codes`: of the neighbourhoods it matches."""
    if rule.second_pair == "always" or (rule.second_pair_admins and admins > rule.second_pair_admins):
        return True
    if rule.second_pair_neighbourhoods and len(codes) > rule.second_pair_neighbourhoods:
        return True
    if rule.second_pair_extreme and alert.status is Status.ACTUAL and is_extreme(alert):
        return True
    return rule.second_pair == "municipality" and whole_municipality(codes, index)


def is_extreme(alert: Alert) -> bool:
    return any(info.severity is Severity.EXTREME for info in alert.infos)


def whole_municipality(matched: Sequence[str], index: NeighbourhoodIndex) -> bool:
    """Whether these neighbourhoods are all of some municipality."""
    ours = set(matched)
    towns = {one.municipality for code in matched if (one := index.get(code)) is not None}
    return any(ours.issuperset(index.known_code(town)) for town in towns if town)
