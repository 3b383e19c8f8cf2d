"""The report of one alert, in words: facts, tables and the coverage curve. The page, the PDF and the CSV are made of it.

No phone number is in it; names of admins only where whoever asks may see them. Numbers say how long after intake.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.cap import alert_from_content
from hub.clock import to_datetime
from hub.domain import AlertState, DeliveryState
from hub.places.index import NeighbourhoodIndex
from hub.places.overshoot import YARDSTICK_METRES, Overshoot, overshoot
from hub.places.picture import Sketch, sketch
from hub.store.alerts import AlertView
from hub.store.clocks import Aftermath, AlertClock, Clocked, Step
from hub.store.conclusions import Conclusion
from hub.store.database import Store
from hub.store.outbox import DeliveryView

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WORDS_FILE = Path(__file__).parent / "words.toml"
WORDS: dict[str, Any] = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
MOST_ADMINS = 200
"""Listed by name on a page; more are in the CSV."""
AT_ONCE = 1000
"""Deliveries read at a time: the event loop waits while they are made of rows."""
ARRIVED = (DeliveryState.DELIVERED, DeliveryState.READ)


@dataclass(frozen=True, slots=True)
class Found:
    """All that the store has of one alert."""

    view: AlertView
    clock: AlertClock
    deliveries: Sequence[DeliveryView] = field(repr=False)
    aftermath: Aftermath
    conclusion: Conclusion | None


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """`practice`: says that it was not real, or ''. `curve`: (ms since intake, share from 0 to 1), to the end."""

    language: str
    title: str
    practice: str
    facts: tuple[tuple[str, str], ...]
    curve: tuple[tuple[int, float], ...]
    tables: tuple[Table, ...]
    words: Mapping[str, Any] = field(repr=False)
    map: Sketch | None = field(repr=False)
    made: str = ""


async def find(store: Store, alert_id: str) -> Found | None:
    """None for an unknown alert."""
    view = await store.alerts.view(alert_id)
    clock = None if view is None else await store.clocks.of(view.id)
    if view is None or clock is None:
        return None
    deliveries: list[DeliveryView] = []
    while page := await store.outbox.deliveries(alert_id, deliveries[-1].id if deliveries else 0, AT_ONCE):
        deliveries += page
    return Found(
        view,
        clock,
        deliveries,
        await store.clocks.aftermath(alert_id),
        await store.conclusions.of(alert_id),
    )


def map_of(view: AlertView, index: NeighbourhoodIndex) -> Sketch | None:
    """Where it is and where it was forwarded. On the event loop's thread, whose the index is."""
    alert = alert_from_content(view.content)
    states = {one.code: "dark" if one.forwarded_at is None else "forwarded" for one in view.matched}
    return sketch(index, [area for info in alert.infos for area in info.areas], [*states], states)


def overshoot_of(view: AlertView, index: NeighbourhoodIndex) -> Overshoot | None:
    """The ground alerted outside the police's area. In any thread; of a large area it takes its time."""
    areas = [area for info in alert_from_content(view.content).infos for area in info.areas]
    return overshoot(index, areas, [one.code for one in view.matched])


def account_of(
    found: Found, shown: Sketch | None, beyond: Overshoot | None, now: int, language: str, *, names: bool
) -> Account:
    """`shown`: its map; `beyond`: its overshoot. `names`: whether admins are told by name."""
    view, words = found.view, WORDS[language]
    tables = [
        _steps(found, words),
        _neighbourhoods(found, words),
        _channels(found, words),
    ]
    if names and len(found.clock.admins) <= MOST_ADMINS:
        tables.append(_admins(found, words))
    return Account(
        language=language,
        title=f"{words['title']} {view.id}",
        practice="" if view.status.value == "Actual" else words["practice"],
        facts=tuple(_facts(found, words, beyond, now)),
        curve=curve_of(view, now),
        tables=tuple(tables),
        words=words,
        map=shown,
        made=f"{words['footer']} {_moment(now)}",
    )


def curve_of(view: AlertView, now: int) -> tuple[tuple[int, float], ...]:
    """Share of the matched neighbourhoods forwarded, at intake, at each change and at the end (or now)."""
    ends = [view.expires_at, *([view.closed_at] if view.closed_at is not None else []), now]
    times = sorted(max(0, one.forwarded_at - view.accepted_at) for one in view.matched if one.forwarded_at is not None)
    points = [(0, 0.0), *((at, number / len(view.matched)) for number, at in enumerate(times, 1))]
    return (*points, (max(points[-1][0], min(ends) - view.accepted_at), points[-1][1]))


def _facts(found: Found, words: Mapping[str, Any], beyond: Overshoot | None, now: int) -> list[tuple[str, str]]:
    view, after = found.view, found.aftermath
    state = view.state(now)
    over = state in (AlertState.ENDED, AlertState.CANCELLED, AlertState.EXPIRED)
    ended = view.closed_at if view.closed_at is not None else view.expires_at
    outcome = found.conclusion and f"{words['outcomes'][found.conclusion.outcome]} ({_moment(found.conclusion.at)})"
    told = {
        "number": view.id,
        "event": next((info["event"] for info in view.content.get("info", ())), ""),
        "status": words["statuses"].get(view.status.value, view.status.value),
        "state": words["states"][state],
        "accepted": _moment(view.accepted_at),
        "ended": _moment(ended) if over else "",
        "outcome": outcome or "",
        "neighbourhoods": f"{view.forwarded} / {len(view.matched)}",
        "overshoot": _beyond(beyond, words) if beyond is not None else "",
        "groups": str(view.audience.groups),
        "admins": str(view.audience.admins),
        "doubles": str(sum(one.possible_duplicates for one in found.deliveries)),
        "remarks": str(after.remarks),
        "erased": _moment(after.erased_at) if after.erased_at is not None else "",
    }
    return [(words["facts"][name], text) for name, text in told.items() if text]


def _beyond(beyond: Overshoot, words: Mapping[str, Any]) -> str:
    return str(words["overshoot"]).format(
        share=round(100 * beyond.share), metres=round(beyond.farthest_metres), yardstick=round(YARDSTICK_METRES)
    )


def _steps(found: Found, words: Mapping[str, Any]) -> Table:
    rows = []
    for step in Step:
        times = [one.at[step] - found.clock.accepted_at for one in found.clock.admins if step in one.at]
        first, last = (lasted(min(times)), lasted(max(times))) if times else (words["never"],) * 2
        rows.append((words["steps"][step], str(len(times)), first, last))
    columns = words["columns"]
    return Table(words["tables"]["steps"], tuple(columns[c] for c in ("step", "count", "first", "last")), tuple(rows))


def _neighbourhoods(found: Found, words: Mapping[str, Any]) -> Table:
    begun, never = found.clock.accepted_at, words["never"]

    def row(one: Clocked) -> tuple[str, ...]:
        rung, dark_at = found.aftermath.escalated.get(one.key, (0, None))
        sent, forwarded = one.at.get(Step.SENT), one.at.get(Step.FORWARDED)
        return (
            one.name,
            lasted(sent - begun) if sent is not None else never,
            lasted(forwarded - begun) if forwarded is not None else never,
            str(rung),
            lasted(dark_at - begun) if dark_at is not None else never,
            words["added"].get(one.added, one.added),
        )

    header = tuple(words["columns"][c] for c in ("name", "sent", "forwarded", "rung", "dark", "added"))
    return Table(words["tables"]["neighbourhoods"], header, tuple(row(one) for one in found.clock.neighbourhoods))


def _channels(found: Found, words: Mapping[str, Any]) -> Table:
    of: dict[str, list[DeliveryView]] = defaultdict(list)
    for one in found.deliveries:
        of[one.channel].append(one)
    asked: Sequence[tuple[str, Callable[[DeliveryView], bool]]] = (
        ("sent", lambda one: one.sent_at is not None),
        ("delivered", lambda one: one.state in ARRIVED),
        ("read", lambda one: one.state is DeliveryState.READ),
        ("answered", lambda one: bool(one.acknowledgements)),
        ("failed", lambda one: one.state is DeliveryState.FAILED),
    )
    rows = tuple((name, *(str(sum(map(is_so, of[name]))) for _, is_so in asked)) for name in sorted(of))
    header = tuple(words["columns"][c] for c in ("channel", *(name for name, _ in asked)))
    return Table(words["tables"]["channels"], header, rows)


def _admins(found: Found, words: Mapping[str, Any]) -> Table:
    names = {str(one.admin_id): one.admin_name for one in found.deliveries}
    shown = (Step.SENT, Step.READ, Step.RECEIVED, Step.FORWARDED)
    rows = tuple(
        (
            names.get(one.key) or one.key,
            *(lasted(one.at[step] - found.clock.accepted_at) if step in one.at else words["never"] for step in shown),
        )
        for one in found.clock.admins
    )
    return Table(words["tables"]["admins"], (words["columns"]["name"], *(words["steps"][step] for step in shown)), rows)


def lasted(milliseconds: int) -> str:
    """0.4 s, 12.0 s, 3:05, 1:02:03."""
    seconds = max(0, milliseconds) / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _moment(milliseconds: int) -> str:
    return f"{to_datetime(milliseconds).astimezone(AMSTERDAM):%d-%m-%Y %H:%M:%S}"
