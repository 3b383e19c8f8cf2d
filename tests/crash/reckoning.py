"""The reckoning after a storm: what the ledger, the phones and the hub say, held against each other.

A loss is a sentence. Nobody outside an alert's area may have got it, and every double must be counted and explained.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families
from shapely.geometry import shape

from hub.clock import to_milliseconds
from hub.settings import CONFIG
from tests.crash.bustle import MARK, Bustle
from tests.crash.ledger import Person, Posted

# In flight when a process is killed: what the provider still takes, and what it took so long (ms) before that the outcome may not
# have been on disk yet. That takes 30 ms, and up to a second for the first sends of a hub that starts on a busy machine.
IN_FLIGHT = 2_000
# As shipped (config/escalation.toml): whoever lives next door is asked after three minutes of silence (ms), and told from others by
# the `escalation` of their deliveries.
ASKED_AFTER, NEXT_DOOR = 180_000, -1
Phones = Mapping[str, Mapping[str, list[int]]]
"""mark → name → when it came (ms)."""
ENDED = {"sent", "delivered", "read", "failed", "cancelled"}


@dataclass(slots=True)
class Reckoning:
    """`lag`: the longest time (ms) from a message that was doubled to the trouble that made it so."""

    losses: list[str] = field(default_factory=list)
    alerts: int = 0
    deliveries: int = 0
    messages: int = 0
    receipts: int = 0
    answers: int = 0
    next_door: int = 0
    duplicates: int = 0
    possible_duplicates: int = 0
    in_flight: int = 0
    lag: int = 0


async def reckon(town: Bustle) -> Reckoning:
    """As things stand now; before the hub has come to rest there are losses that are none."""
    told = Reckoning()
    phones = _phones(town)
    all_posted = town.ledger.posted
    told.messages = sum(len(at) for got in phones.values() for at in got.values())
    told.in_flight = sum(
        began - IN_FLIGHT <= at <= ended
        for began, ended in town.ledger.trouble
        for got in phones.values()
        for ats in got.values()
        for at in ats
    )
    gate = asyncio.Semaphore(8)

    async def one(posted: Posted) -> None:
        async with gate:
            _check(told, town, posted, phones, await _deliveries(town, posted.id))

    accepted = [posted for posted in all_posted.values() if posted.id]
    told.alerts = len(accepted)
    await asyncio.gather(*(one(posted) for posted in accepted))
    if told.duplicates > told.in_flight:
        told.losses.append(f"{told.duplicates} doubles, more than the {told.in_flight} that were in flight")
    told.losses += await left_over(town)
    return told


def _phones(town: Bustle) -> Phones:
    found: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
    for person in town.ledger.people.values():
        for channel, handle in person.addresses:
            for _, text, at in town.on_phone(channel, handle):
                if mark := MARK.search(text):
                    found[mark[0]].setdefault(person.name, []).append(at)
    return found


async def _deliveries(town: Bustle, alert_id: str) -> Mapping[str, list[dict[str, Any]]]:
    """The admin's name → their deliveries."""
    rows = orjson.loads(await town.ask(f"/api/v1/alerts/{alert_id}/deliveries?limit=500"))["items"]
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["adminName"]].append(row)
    return found


def _check(
    told: Reckoning, town: Bustle, posted: Posted, phones: Phones, rows: Mapping[str, list[dict[str, Any]]]
) -> None:
    ledger, got = town.ledger, phones.get(posted.mark, {})
    told.deliveries += sum(map(len, rows.values()))
    may = set() if posted.ends else set(posted.audience)
    if posted.follows:
        may |= ledger.posted[posted.follows].audience | set(phones.get(posted.follows, ()))
    for name in sorted(set(got) - may):
        if any(row["escalation"] == NEXT_DOOR for row in rows.get(name, ())):
            _check_next_door(told, posted, ledger.people, name, min(got[name]))
        else:
            told.losses.append(f"{posted.mark}: {name} is outside its area and got it")
    for name in sorted(posted.audience if not posted.ends else ()):
        if not rows.get(name):
            told.losses.append(f"{posted.mark}: no delivery was planned for {name}")
        elif name not in got and not _withdrawn(posted, rows[name], ledger.people[name]):
            states = [row["state"] for row in rows[name]]
            follow_up = f", followed by {posted.followed_by}" if posted.followed_by else ""
            told.losses.append(f"{posted.mark}: {name} got nothing, deliveries {states}{follow_up}")
    if posted.followed_by and ledger.posted[posted.followed_by].id:
        for name in sorted(set(got) - set(phones.get(posted.followed_by, ()))):
            told.losses.append(f"{posted.followed_by}: {name} got {posted.mark} and never heard of its follow-up")
    for name, mine in rows.items():
        _check_person(told, town, posted, ledger.people[name], got.get(name, []), mine)
    for name in got:
        kinds = ledger.answers.get((posted.mark, name))
        if kinds:
            told.answers += 1
            counted = [row["acknowledgement"]["kind"] for row in rows.get(name, ()) if row["acknowledgement"]]
            if not counted or (counted[-1] not in kinds) or ("forwarded" in kinds and "forwarded" not in counted):
                told.losses.append(f"{posted.mark}: {name} answered {sorted(kinds)}, the hub knows {counted}")


def _check_next_door(told: Reckoning, posted: Posted, people: Mapping[str, Person], name: str, came: int) -> None:
    """Was this person asked for a neighbourhood beside theirs, and not before it was time?"""
    told.next_door += 1
    beside = set().union(*(neighbours()[people[one].code] for one in posted.audience))
    if people[name].code not in beside:
        told.losses.append(f"{posted.mark}: {name} got it and lives beside none of its neighbourhoods")
    waited = came - to_milliseconds(datetime.fromisoformat(str(posted.body["sent"])))
    if waited < ASKED_AFTER:
        told.losses.append(f"{posted.mark}: {name} of next door got it after {waited} ms")


@cache
def neighbours() -> Mapping[str, frozenset[str]]:
    """The codes that touch each code, by the shapes alone: less than a metre or so apart."""
    found = orjson.loads((CONFIG / "neighbourhoods" / "zoetermeer.geojson").read_bytes())["features"]
    shapes = {
        one["properties"]["code"]: shape(one["geometry"]) for one in found if one["properties"]["level"] == "buurt"
    }
    return {
        code: frozenset(other for other, its in shapes.items() if other != code and its.distance(mine) < 1e-5)
        for code, mine in shapes.items()
    }


def _withdrawn(posted: Posted, mine: list[dict[str, Any]], person: Person) -> bool:
    """Was it updated or ended before it could reach this person, or before it was known that their first address is gone?"""
    return bool(posted.followed_by) and (
        mine[-1]["state"] == "cancelled" or (person.gone and mine[-1]["state"] == "failed")
    )


def _check_person(
    told: Reckoning, town: Bustle, posted: Posted, person: Person, came: list[int], mine: list[dict[str, Any]]
) -> None:
    """Every delivery ended, every status of every message applied, every double counted and explained."""
    for row in mine:
        if row["state"] not in ENDED or (row["state"] == "failed" and not person.gone):
            told.losses.append(f"{posted.mark}: {person.name}'s delivery is {row['state']} ({row['reason']})")
    kinds = Counter(receipt["kind"] for row in mine for receipt in row["receipts"])
    told.receipts += kinds.total()
    if person.addresses[0][0] == "whatsapp" and not person.gone:
        for kind in town.ledger.told_for_sure:
            if kinds[kind] < len(came):
                told.losses.append(
                    f"{posted.mark}: {person.name} has {len(came)} messages, {kinds[kind]} were told {kind}"
                )
    counted = sum(row["possibleDuplicates"] for row in mine)
    doubles = max(0, len(came) - 1)
    told.possible_duplicates += counted
    told.duplicates += doubles
    if doubles > counted:
        told.losses.append(f"{posted.mark}: {person.name} has it {len(came)} times, {counted} doubles are counted")
    for at in sorted(came)[:-1]:
        lag = _trouble_after(town, at)
        if lag is None:
            told.losses.append(
                f"{posted.mark}: {person.name} has it {len(came)} times, and nothing was wrong at the time"
            )
        else:
            told.lag = max(told.lag, lag)


def _trouble_after(town: Bustle, at: int) -> int | None:
    """How long (ms) after this moment the next trouble began; 0 in the midst of one; None if there was none soon."""
    lags = [max(0, began - at) for began, ended in town.ledger.trouble if began - IN_FLIGHT <= at <= ended]
    return min(lags, default=None)


async def left_over(town: Bustle) -> list[str]:
    """What waits or could not be understood, by the hub's own figures."""
    figures: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families((await town.ask("/metrics")).decode()):
        for sample in family.samples:
            figures[sample.name] += sample.value
    expected = {"buurtsein_deliveries": 0, "buurtsein_inbox_updates": town.ledger.unreadable, "buurtsein_store_up": 1}
    return [
        f"{name} is {figures[name]:g}, should be {value}" for name, value in expected.items() if figures[name] != value
    ]
