"""Verbs on the directory's health: what is wrong with it, which address is to be checked next, who sends this week's summary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Subquery
from tortoise.functions import Count, Max

from hub.domain import EVERYWHERE, Bounds, Handle
from hub.store import tables
from hub.store.engine import shielded
from hub.store.ids import BLOCK
from hub.store.within import admins_within, groups_within, places_within

CHECKED = ("verified", "dead")
"""States of addresses that are checked: a stopped one is let alone, an unverified one is not ours to ask about."""
CHOICE = 500
"""So many of the longest unchecked are looked through for one that the asking account may ask about."""

_CURSOR = "health"


@dataclass(frozen=True, slots=True)
class Place:
    """A neighbourhood of the map, without its boundary."""

    code: str
    name: str
    district: str
    district_name: str
    municipality: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The directory as numbers. `got`: admin → alerts sent to them lately; `answered`: who answered any of that time.

    `ways`: admin → (channel, state) of each address.
    """

    places: tuple[Place, ...]
    groups: dict[int, str] = field(repr=False)
    codes: dict[int, set[str]]
    runs: dict[int, set[int]]
    admins: dict[int, str] = field(repr=False)
    ways: dict[int, list[tuple[str, str]]]
    got: dict[int, int]
    answered: set[int]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """An address to be checked now. `heard`: their service window is open. `may_test`: they agreed to a message."""

    id: int
    handle: Handle
    language: str
    heard: bool
    may_test: bool


class Health:
    # what is wrong -----------------------------------------------------------------------------------------------------------

    @shielded
    async def facts(self, since: int, bounds: Bounds = EVERYWHERE) -> Facts:
        """All of it that lies within these; `since` (ms): from when on alerts and answers count."""
        columns = ("code", "name", "district", "district_name", "municipality")
        places = await tables.Neighbourhood.filter(places_within(bounds)).order_by("code").values_list(*columns)
        groups, admins = tables.WatchGroup.filter(groups_within(bounds)), tables.Admin.filter(admins_within(bounds))
        codes: dict[int, set[str]] = defaultdict(set)
        for group_id, code in await tables.GroupNeighbourhood.filter(places_within(bounds)).values_list(
            "group_id", "code"
        ):
            codes[int(group_id)].add(str(code))
        runs: dict[int, set[int]] = defaultdict(set)
        for group_id, admin_id in await tables.GroupAdmin.all().values_list("group_id", "admin_id"):
            runs[int(group_id)].add(int(admin_id))
        ways: dict[int, list[tuple[str, str]]] = defaultdict(list)
        held = tables.Address.filter(admin_id__in=Subquery(admins.values("id"))).order_by("rank")
        rows = await held.values_list("admin_id", "channel", "state")
        for admin_id, channel, state in rows:
            ways[int(admin_id)].append((str(channel), str(state)))
        # Delivery ids tell the time they were made (ids.py), so this reads no older ones.
        sent = tables.Delivery.filter(id__gt=since * BLOCK, part="", sent_at__isnull=False)
        got = (
            await sent.annotate(alerts=Count("alert_id", distinct=True))
            .group_by("admin_id")
            .values_list("admin_id", "alerts")
        )
        heard = await tables.Acknowledgement.filter(at__gt=since).distinct().values_list("admin_id", flat=True)
        return Facts(
            places=tuple(Place(*(str(one) for one in row)) for row in places),
            groups={int(i): str(name) for i, name in await groups.values_list("id", "name")},
            codes=codes,
            runs=runs,
            admins={int(i): str(name) for i, name in await admins.values_list("id", "name")},
            ways=ways,
            got={int(admin_id): int(alerts) for admin_id, alerts in got},
            answered={int(str(one)) for one in heard},
        )

    # checking addresses ------------------------------------------------------------------------------------------------------

    @shielded
    async def is_relaying(self, now: int) -> bool:
        """Whether anything waits to be planned or sent."""
        if await tables.Delivery.filter(state=0).exists() or await tables.Delivery.filter(state=1).exists():
            return True
        return await tables.Alert.filter(planned_at=None, closed_at=None, expires_at__gt=now).exists()

    @shielded
    async def unchecked(
        self, channel: str, accounts: Sequence[str], account: str, *, now: int, every: int, least: int
    ) -> Unchecked | None:
        """The next to be checked by this account, if it is time: each address once in `every` ms, evenly, `least` ms apart."""
        theirs = tables.Address.filter(channel=channel, state__in=CHECKED)
        (row,) = await theirs.annotate(number=Count("id"), last=Max("checked_at")).values("number", "last")
        if not row["number"] or now - (row["last"] or 0) < max(every // row["number"], least):
            return None
        rows = await theirs.filter(checked_at__lte=now - every).order_by("checked_at", "id").limit(CHOICE)
        for one in rows:
            own = one.account if one.account in accounts else accounts[one.id % len(accounts)]
            if own == account:
                admin = await tables.Admin.get(id=one.admin_id)
                heard = one.window_open_until > now
                return Unchecked(one.id, Handle(one.handle), admin.language, heard, admin.test_messages)
        return None

    @shielded
    async def checked(self, one: Unchecked, now: int, reachable: bool | None) -> None:
        """What came of it; None: nobody can tell. Only of the address as it was asked about, and never against a STOP."""
        same = tables.Address.filter(id=one.id, handle=one.handle.value)
        if reachable is not None:
            before, after = ("dead", "verified") if reachable else ("verified", "dead")
            await same.filter(state=before).update(state=after, strikes=0)
        await tables.Address.filter(id=one.id).update(checked_at=now)

    # the weekly summary ------------------------------------------------------------------------------------------------------

    @shielded
    async def is_ours_to_tell(self, what: str, moment: int) -> bool:
        """True for one caller only, of however many processes and restarts: then it tells what is due since `moment` (ms).

        What was due before the first time this is asked is told by nobody.
        """
        written = f"{moment:016d}"
        row = tables.ChannelCursor.filter(channel=_CURSOR, account=what)
        if not await row.exists():
            with suppress(IntegrityError):  # another process did, in this moment
                await tables.ChannelCursor.create(channel=_CURSOR, account=what, cursor=written)
            return False
        return bool(await row.filter(cursor__lt=written).update(cursor=written))
