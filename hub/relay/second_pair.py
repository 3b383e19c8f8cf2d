"""Which alerts somebody else must agree to before they are relayed, by whom they reach and by severity Extreme; and who is
somebody else: another person, as far as a hub can know."""

from __future__ import annotations

from collections.abc import Sequence

from hub.cap import alert_from_content
from hub.clock import Clock
from hub.domain import Alert, Severity, Status
from hub.places.atlas import Atlas
from hub.places.index import NeighbourhoodIndex
from hub.plain import plain
from hub.settings import Console
from hub.store.alerts import Alerts, AlertView, Routes
from hub.store.keys import Identity, Keys
from hub.store.staff import Staff


def needs_second_pair(
    rule: Console, alert: Alert, admins: int, codes: Sequence[str], index: NeighbourhoodIndex
) -> bool:
    """`codes`: of the neighbourhoods it reaches, with what it follows."""
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


async def reached_before(alerts: Alerts, alert: Alert) -> list[str]:
    """The neighbourhoods of every alert that this one follows, step by step back: who got one of those gets this one too."""
    ids: dict[str, None] = {}
    named = [(one.sender, one.identifier) for one in alert.references]
    while named:
        found = [one for one in await alerts.chain(list((await alerts.find(named)).values())) if one not in ids]
        ids |= dict.fromkeys(found)
        earlier = [alert_from_content(view.content) for view in await alerts.views(found)]
        named = [(one.sender, one.identifier) for each in earlier for one in each.references]
    return await alerts.reached(list(ids)) if ids else []


class SecondPair:
    """Asked where somebody adds to an alert by hand, and where somebody agrees."""

    def __init__(
        self,
        alerts: Alerts,
        keys: Keys,
        staff: Staff,
        atlas: Atlas,
        clock: Clock,
        routes: Routes,
        *,
        keys_sign_in: bool,
    ) -> None:
        """`keys_sign_in`: people work with keys, so one of nobody's own can be a second pair of eyes."""
        self._alerts = alerts
        self._keys = keys
        self._staff = staff
        self._atlas = atlas
        self._clock = clock
        self._routes = routes
        self._keys_sign_in = keys_sign_in

    async def needed(self, rule: Console, view: AlertView, adds: Sequence[str]) -> bool:
        """Whether a new alert would need it that reached all that this one has reached, and these neighbourhoods as well."""
        if not rule.asks_for_two:
            return False
        alert = alert_from_content(view.content)
        had = [*await self._alerts.reached([view.id]), *await reached_before(self._alerts, alert)]
        codes = list(dict.fromkeys([*had, *adds]))
        audience = await self._alerts.audience(codes, self._routes, self._clock.now())
        return needs_second_pair(rule, alert, audience.admins, codes, self._atlas.index)

    async def is_another(self, who: Identity, key_id: str) -> bool:
        """Whether whoever asks is another person than the one whose key or account this is.

        A key that says whose it is counts as that account. One that does not is told apart by its name, which should say it;
        and where people sign in with accounts only, it is a system: that posts, and agrees to nothing.
        """
        if who.key_id == key_id or not (who.person or self._keys_sign_in):
            return False
        mine, other = await self._owner(who.key_id), await self._owner(key_id)
        if mine is None or other is None:
            return True
        if mine.person and other.person:
            return mine.person != other.person
        return plain(mine.name) != plain(other.name)

    async def _owner(self, key_id: str) -> Identity | None:
        """The account that this is, or whose key it is; else the key itself. None for neither."""
        key = await self._keys.ever(key_id)
        account = await self._staff.find(key.person if key else key_id)
        return account.identity if account is not None else key
