"""Verbs on what an alert came to, group by group: a rehearsal's results, and a real alert's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.domain import AckKind, DeliveryState, Status
from hub.store import tables
from hub.store.batches import batches
from hub.store.engine import shielded

DRILL = "drill-"
"""How the identifier of a drill begins."""
REACHED = {DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ}


@dataclass(frozen=True, slots=True)
class GroupResult:
    """How far an alert came in one group; `codes`: its neighbourhoods that the alert matched.

    Of its `admins`: `reached` (a message was sent to them), `read` (seen by receipt or answer), `received` (answered so, or
    forwarded), `forwarded`, `silent` (reached, no answer), `dead` (no address left that works). `first_answer`: ms from the alert
    on disk to the first answer of any of them.
    """

    id: int
    name: str = field(repr=False)
    codes: tuple[str, ...]
    admins: int
    reached: int
    read: int
    received: int
    forwarded: int
    silent: int
    dead: int
    first_answer: int | None


class Results:
    @shielded
    async def groups(self, alert_id: str, after: int = 0, limit: int = 1_000_000) -> list[GroupResult]:
        """In the order of their ids; [] if there is no such alert."""
        alert = await tables.Alert.get_or_none(id=alert_id).only("id", "accepted_at")
        if alert is None:
            return []
        matched = await tables.AlertNeighbourhood.filter(alert_id=alert_id).values_list("code", flat=True)
        codes: dict[int, list[str]] = defaultdict(list)
        for part in batches([str(one) for one in matched]):
            links = tables.GroupNeighbourhood.filter(code__in=part, group_id__gt=after)
            for group_id, code in await links.values_list("group_id", "code"):
                codes[int(group_id)].append(str(code))
        ids = sorted(codes)[:limit]
        names: dict[int, str] = {}
        people: dict[int, set[int]] = defaultdict(set)
        for these in batches(ids):
            named = await tables.WatchGroup.filter(id__in=these).values_list("id", "name")
            names |= {int(group_id): str(name) for group_id, name in named}
            run = await tables.GroupAdmin.filter(group_id__in=these).values_list("group_id", "admin_id")
            for group_id, admin_id in run:
                people[int(group_id)].add(int(admin_id))
        heard = await _Heard.of(alert_id, sorted(set().union(*people.values())))
        return [heard.result(one, names[one], tuple(sorted(codes[one])), people[one], alert.accepted_at) for one in ids]

    @shielded
    async def open_drill(self, codes: Sequence[str], now: int) -> str | None:
        """A drill that is going on in any of these neighbourhoods."""
        open_ones = tables.Alert.filter(
            identifier__startswith=DRILL, status=Status.EXERCISE.value, closed_at=None, expires_at__gt=now
        )
        for part in batches(list(codes)):
            if found := await open_ones.filter(matched__code__in=part).first():
                return str(found.id)
        return None


@dataclass(slots=True)
class _Heard:
    """What is known of people and one alert: the states of their deliveries, what they answered and when, who has an address."""

    states: dict[int, set[DeliveryState]]
    answers: dict[int, dict[AckKind, int]]
    reachable: set[int]

    @classmethod
    async def of(cls, alert_id: str, admins: list[int]) -> _Heard:
        states: dict[int, set[DeliveryState]] = defaultdict(set)
        answers: dict[int, dict[AckKind, int]] = defaultdict(dict)
        reachable: set[int] = set()
        for part in batches(admins):
            sent = tables.Delivery.filter(alert_id=alert_id, admin_id__in=part, part="")
            for admin_id, state in await sent.values_list("admin_id", "state"):
                states[int(admin_id)].add(DeliveryState(int(str(state))))
            given = tables.Acknowledgement.filter(alert_id=alert_id, admin_id__in=part)
            for admin_id, kind, at in await given.values_list("admin_id", "kind", "at"):
                answers[int(admin_id)][AckKind(str(kind))] = int(at)
            ways = tables.Address.filter(admin_id__in=part, state="verified")
            reachable.update(int(str(one)) for one in await ways.values_list("admin_id", flat=True))
        return cls(states, answers, reachable)

    def result(self, group: int, name: str, codes: tuple[str, ...], admins: set[int], accepted_at: int) -> GroupResult:
        answered = {one for one in admins if self.answers.get(one)}
        reached = {one for one in admins if self.states.get(one, set()) & REACHED} | answered
        times = [at for one in answered for at in self.answers[one].values()]
        forwarded = {one for one in answered if AckKind.FORWARDED in self.answers[one]}
        return GroupResult(
            id=group,
            name=name,
            codes=codes,
            admins=len(admins),
            reached=len(reached),
            read=len({one for one in admins if DeliveryState.READ in self.states.get(one, set())} | answered),
            received=len({one for one in answered if AckKind.RECEIVED in self.answers[one]} | forwarded),
            forwarded=len(forwarded),
            silent=len(reached - answered),
            dead=sum(self._is_dead(one) for one in admins - reached),
            first_answer=max(0, min(times) - accepted_at) if times else None,
        )

    def _is_dead(self, admin: int) -> bool:
        states = self.states.get(admin)
        return states == {DeliveryState.FAILED} if states else admin not in self.reachable
