"""Random histories of alerts, people and providers, played by the hub's own stages on a real store; and what always holds.

Each rule is something that can happen to a hub: the police post or end an alert, a provider takes, refuses or swallows a message,
people answer, leave and come back, the hub is killed and started again, time passes. `make histories N=10000`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar

import orjson
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from hub.cap import read_json
from hub.channel import Accepted, Deferred, Outbound, Part, Rejected, Result, Uncertain
from hub.clock import to_datetime
from hub.domain import AckKind, Handle, Refused, Role, Status
from hub.places.atlas import Atlas
from hub.places.reading import read_neighbourhoods
from hub.relay.attempts import Attempts
from hub.relay.backlog import Backlog
from hub.relay.backoff import Backoff
from hub.relay.breaker import Breaker
from hub.relay.delivery import put_back
from hub.relay.escalator import Escalator
from hub.relay.expiry import Expiry
from hub.relay.intake import Intake
from hub.relay.ladder import Ladder, Step, Tell
from hub.relay.message import ENDS, Messages
from hub.relay.planner import Planner
from hub.relay.wakes import Wakes
from hub.settings import CONFIG, Account
from hub.store.claiming import Claim, Claimed
from hub.store.database import Store, open_store
from hub.store.keys import Identity
from hub.store.outbox import Outcome
from hub.store.sealing import sealer
from tests.relay.channel import BLIND, FakeChannel
from tests.store.databases import SqliteFiles
from tests.store.world import START, FakeClock, group, person

POLICE = Identity("key-1", "Meldkamer", Role.POLICE, "oc@politie.example")
ROUTES = {"telegram": ["main"], "whatsapp": ["main"]}
WEST, EAST, FAR = "BU06370300", "BU06370301", "BU06370600"
"""Two that touch, and one that lies elsewhere; nobody is registered in all of them at all times."""
DIRECTORY = [
    ("Anna", [WEST], [("telegram", "1"), ("whatsapp", "+1")]),
    ("Bram", [WEST], [("telegram", "2")]),
    ("Chris", [EAST], [("whatsapp", "+3"), ("telegram", "3")]),
    ("Dirk", [WEST, EAST], [("telegram", "4"), ("whatsapp", "+4")]),
    ("Els", [FAR], [("whatsapp", "+5")]),
]
LADDERS = [
    Ladder(
        begin=begin,
        received_gives=30,
        steps=(
            Step(after=20, tell=Tell.NEXT_CHANNEL),
            Step(after=40, tell=Tell.NEXT_ADMIN),
            Step(after=80, tell=Tell.ADJACENT),
            Step(after=100, tell=Tell.CONTROL_ROOM),
        ),
    )
    for begin in ("everyone", "one")
]
LIFE = 1200
RESULTS: dict[str, Callable[[int], Result]] = {
    "accepted": lambda n: Accepted(f"ref-{n}"),
    "blocked": lambda n: Rejected("blocked", address_dead=True),
    "bad text": lambda n: Rejected("bad text"),
    "swallowed": lambda n: Uncertain("timed out"),
    "busy": lambda n: Deferred("busy", retry_after=5),
    "down": lambda n: Deferred("500"),
}
T = TypeVar("T")


@dataclass
class Sent:
    """One request at a provider. `arrived`: it may have come; `written`: what it came to is on disk.

    Of what is not, for the hub was killed or its lease was over before, the hub cannot know whether it came.
    """

    admin: int
    alert: str
    step: int
    rung: int
    part: Part
    arrived: bool
    ends: bool
    text: str
    written: bool = False


@dataclass
class Town:
    """A store with its directory, for all histories of a run: opening one takes longer than a history."""

    runner: asyncio.Runner
    store: Store
    clock: FakeClock
    atlas: Atlas
    number: int = 0

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)


class History(RuleBasedStateMachine):
    town: ClassVar[Town]
    seen: ClassVar[Counter[str]] = Counter()
    """What happened in all of them, so that nobody takes silence for proof."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.alerts: list[str] = []
        self.status: dict[str, Status] = {}
        self.pending: list[tuple[Sent, Outcome]] = []  # what sends came to, not written down yet
        self.count = 0
        self.answers: list[tuple[int, str]] = []

    # the world -----------------------------------------------------------------------------------------------------------------

    @initialize(begin=some.integers(0, 1), tells=some.booleans())
    def begin(self, begin: int, tells: bool) -> None:
        self.town.number += 1
        self.ladder = LADDERS[begin]
        self.start()

    def start(self) -> None:
        """The hub's stages, new: what they had in memory is gone."""
        store, clock, town = self.town.store, self.town.clock, self.town
        wakes, ladder = Wakes(), self.ladder
        self.messages = Messages(store.alerts, "https://hub.example")
        self.intake = Intake(
            store.alerts,
            store.outbox,
            store.ids,
            town.atlas,
            wakes,
            clock,
            Random(town.number * 1000 + self.count),
            routes=ROUTES,
            backlog=Backlog(store.outbox, clock, {}, most=0, poll=1),
            default_duration=LIFE,
            know=self.messages.know,
            first_only=ladder.first_only,
            check_after=ladder.check_after,
        )
        self.planner = Planner(
            store, wakes, clock, ROUTES, 1, first_only=ladder.first_only, check_after=ladder.check_after
        )
        self.escalator = Escalator(store, town.atlas, ladder, [], wakes, clock, ROUTES, 1)
        self.expiry = Expiry(store.alerts, self.intake.accept, clock)
        self.count += 1

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return self.town.run(what)

    # what can happen ------------------------------------------------------------------------------------------------------------

    @rule(
        codes=some.sampled_from([[WEST], [WEST, EAST], [EAST, FAR]]),
        status=some.sampled_from(["Actual"] * 4 + ["Exercise"]),
    )
    def post(self, codes: list[str], status: str) -> None:
        if len(self.alerts) < 3:
            self.accept(status=status, info=[self.info(codes)])

    def info(self, codes: Sequence[str] = (), **more: Any) -> dict[str, Any]:
        area = {"areaDesc": "Seghwaert", "geocode": [{"valueName": "CBS-BU", "value": code} for code in codes]}
        return {"event": "Woninginbraak", "area": [area], **more}

    def accept(self, **content: Any) -> None:
        self.count += 1
        content = {
            "identifier": f"{self.town.number}-{self.count}",
            "sent": self.now().isoformat(timespec="seconds"),
            **content,
        }
        try:
            taken = self.do(self.intake.accept(read_json(orjson.dumps(content)), POLICE))
        except Refused:
            return
        self.alerts.append(taken.view.id)
        self.status[taken.view.id] = taken.view.status

    def now(self) -> Any:
        return to_datetime(self.town.clock.now())

    @precondition(lambda self: self.alerts)
    @rule(data=some.data(), how=some.sampled_from(["Cancel", "AllClear", "Update"]))
    def end(self, data: some.DataObject, how: str) -> None:
        about = data.draw(some.sampled_from(self.alerts))
        view = self.do(self.town.store.alerts.view(about))
        assert view is not None
        more = {"responseType": ["AllClear"]} if how == "AllClear" else {}
        self.accept(
            status=view.status.value,
            msgType="Cancel" if how == "Cancel" else "Update",
            references=f"{view.sender},{view.identifier},{view.content['sent']}",
            info=[self.info([WEST], **more)],
        )

    @rule(
        channel=some.sampled_from(sorted(ROUTES)),
        what=some.lists(some.sampled_from(sorted(RESULTS)), min_size=1, max_size=6),
    )
    def provider(self, channel: str, what: list[str]) -> None:
        """Claim what is due and try it; what it came to is written down later, or never."""
        self.do(self._send(channel, what))

    async def _send(self, channel: str, what: list[str]) -> None:
        store, clock = self.town.store, self.town.clock
        now = clock.now()
        claim = Claim(channel, "main", lease=store.ids.one(), lease_until=now + 60_000, now=now, limit=len(what))
        claimed = await store.outbox.claim(claim)
        for one, result in zip(claimed, what, strict=False):
            if one.first_under_way:
                self.pending.append((await self._claimed(one), put_back(one, now)))
                continue
            outcomes: list[Outcome] = []
            taken: list[Outbound] = []
            await self._attempts(channel, RESULTS[result](one.id), taken, outcomes).make(one)
            sent = [await self._arrives(one, outbound, result) for outbound in taken]
            known = sent[0] if sent else await self._claimed(one)
            self.pending += [(known, outcome) for outcome in outcomes]

    async def _claimed(self, one: Claimed) -> Sent:
        """Claimed and not sent: if the hub is killed before that is written down, it cannot know that it was not."""
        (row,) = await self.town.store.engine.read("SELECT admin_id, step FROM delivery WHERE id = ?1", one.id)
        self.sent.append(Sent(row[0], one.alert_id, row[1], one.rung, one.part, arrived=False, ends=False, text=""))
        return self.sent[-1]

    def _attempts(self, name: str, result: Result, taken: list[Outbound], outcomes: list[Outcome]) -> Attempts:
        clock = self.town.clock

        def answer(outbound: Outbound) -> Result:
            taken.append(outbound)
            return result

        return Attempts(
            FakeChannel(clock, name, can=BLIND, otherwise=answer),
            Account(),
            self.messages,
            outcomes.append,
            clock,
            Breaker(1000, 1, 1, clock),
            Backoff(1, 10, Random(1)),
            self.town.store.measures.account(name, "main"),
            lambda: True,
            lambda: None,
            self.town.store.escalations.needed,
        )

    async def _arrives(self, one: Claimed, outbound: Outbound, result: str) -> Sent:
        (row,) = await self.town.store.engine.read("SELECT admin_id, step FROM delivery WHERE id = ?1", one.id)
        kind = self.messages.kind(one.alert_id)
        arrived = result in ("accepted", "swallowed")
        self.seen["messages"] += 1
        self.seen["ends"] += kind in ENDS
        self.seen["by the escalation"] += one.rung > 0
        self.seen["next door"] += one.rung < 0
        self.seen["of exercises"] += self.status.get(one.alert_id) is Status.EXERCISE
        self.sent.append(
            Sent(
                row[0],
                one.alert_id,
                row[1],
                one.rung,
                one.part,
                arrived,
                kind in ENDS,
                outbound.wording.text,
            )
        )
        await self._judge_sent(self.sent[-1], one)
        return self.sent[-1]

    @precondition(lambda self: self.pending)
    @rule(data=some.data())
    def write_down(self, data: some.DataObject) -> None:
        count = data.draw(some.integers(1, len(self.pending)))
        self.do(self._write(count))

    async def _write(self, count: int) -> None:
        batch, self.pending = self.pending[:count], self.pending[count:]
        if not batch:
            return
        store = self.town.store
        await store.outbox.record(
            [outcome for _, outcome in batch], ROUTES, first_id=store.ids.block(), now=self.town.clock.now()
        )
        for sent, outcome in batch:
            rows = await store.engine.read(
                "SELECT possible_duplicates FROM delivery WHERE id = ?1", outcome.delivery_id
            )
            sent.written = rows[0][0] == 0

    @precondition(lambda self: self.sent)
    @rule(data=some.data(), kind=some.sampled_from(AckKind))
    def answer(self, data: some.DataObject, kind: AckKind) -> None:
        came = [one for one in self.sent if one.arrived and one.part is Part.MESSAGE]
        if came:
            self.do(self._answer(data.draw(some.sampled_from(came)), kind))

    async def _answer(self, one: Sent, kind: AckKind) -> None:
        store, now = self.town.store, self.town.clock.now()
        rows = await store.engine.read(
            """SELECT d.id, a.channel, a.handle FROM delivery d JOIN address a ON a.id = d.address_id
            WHERE d.alert_id = ?1 AND d.admin_id = ?2 AND d.step = ?3""",
            one.alert,
            one.admin,
            one.step,
        )
        for delivery, channel, handle in rows:
            self.count += 1
            ref = f"answer-{self.town.number}-{self.count}"
            statements = store.receipts.acknowledge(
                channel, opened(handle), delivery, kind, at=now, via="reaction", now=now, ref=ref, beside={},
                first_id=store.ids.block(),
            )  # fmt: skip
            await store.receipts.apply(statements, [])
            if kind is AckKind.FORWARDED:
                self.answers.append((one.admin, ref))

    @precondition(lambda self: self.answers)
    @rule(data=some.data())
    def take_back(self, data: some.DataObject) -> None:
        admin, ref = data.draw(some.sampled_from(self.answers))
        self.do(self._take_back(admin, ref))

    async def _take_back(self, admin: int, ref: str) -> None:
        store = self.town.store
        for channel, handle in await store.engine.read(
            "SELECT channel, handle FROM address WHERE admin_id = ?1", admin
        ):
            await store.receipts.apply(
                store.receipts.take_back(channel, opened(handle), ref, self.town.clock.now()), []
            )

    @rule(name=some.sampled_from([name for name, _, _ in DIRECTORY]), back=some.booleans())
    def stop(self, name: str, back: bool) -> None:
        """Somebody signs off, or on again."""
        (channel, handle), *_ = next(ways for one, _, ways in DIRECTORY if one == name)
        store = self.town.store
        statements = (
            store.linking.start(channel, Handle(handle)) if back else store.receipts.stop(channel, Handle(handle))
        )
        self.do(store.receipts.apply(statements, []))

    @rule(seconds=some.sampled_from([1, 5, 20, 20, 60, 300]))
    def time_passes(self, seconds: int) -> None:
        self.town.clock.time += seconds * 1000

    @rule()
    def stages(self) -> None:
        self.do(self._stages())

    async def _stages(self) -> None:
        store, now = self.town.store, self.town.clock.now()
        for alert in await store.alerts.unplanned():
            await self.planner.plan(alert)
        await self.escalator.look()
        await self.expiry.look()
        await store.outbox.expire(now)
        await store.outbox.rescue(now, now)

    @rule(seconds=some.sampled_from([0, 1, 10, 25]))
    def all_is_well(self, seconds: int) -> None:
        """The hub works, and every provider takes what it gets."""
        self.do(self._work())
        self.town.clock.time += seconds * 1000

    async def _work(self) -> None:
        await self._stages()
        for channel in ROUTES:
            await self._send(channel, ["accepted"] * 20)
        await self._write(len(self.pending))

    @rule()
    def killed(self) -> None:
        """What was not written down is lost, with all that was in memory."""
        self.pending.clear()
        self.start()

    # what must hold -------------------------------------------------------------------------------------------------------------

    async def _judge_sent(self, sent: Sent, one: Claimed) -> None:
        earlier = [s for s in self.sent[:-1] if s.admin == sent.admin]
        if sent.ends and sent.part is Part.MESSAGE:
            family = await self._family(sent.alert)
            got = [s for s in earlier if s.alert in family and (s.arrived or not s.written)]
            assert got, "an end to somebody who never got its alert, or before it"
        if sent.rung and sent.part is Part.MESSAGE:
            assert await self._open_for(sent), "somebody was nagged where it is forwarded already"
        if self.status.get(sent.alert) is Status.EXERCISE:
            assert sent.text.startswith("OEFENING") and "Stuur dit door" not in sent.text
            assert sent.part is not Part.POST and sent.rung >= 0, "an exercise left its area or its kind"
        same = [s for s in earlier if (s.alert, s.step, s.part) == (sent.alert, sent.step, sent.part) and s.arrived]
        if sent.arrived and same:
            rows = await self.town.store.engine.read("SELECT possible_duplicates FROM delivery WHERE id = ?1", one.id)
            assert rows[0][0] > 0, "twice, and nobody counted it"

    async def _family(self, end: str) -> set[str]:
        """The alert that this end names, and all that followed it: who got any of them is told."""
        alerts = self.town.store.alerts
        view = await alerts.view(end)
        assert view is not None
        sender, identifier, _ = view.content["references"].split(",")
        named = await alerts.find([(sender, identifier)])
        return {*await alerts.chain(list(named.values()))} - {end}

    async def _open_for(self, sent: Sent) -> bool:
        """Is it still dark anywhere that this person was asked for?"""
        rows = await self.town.store.engine.read(
            """SELECT an.code FROM alert_neighbourhood an WHERE an.alert_id = ?1 AND an.forwarded_at IS NULL AND an.added = ''
            AND (?3 OR an.code IN (SELECT gn.code FROM group_admin ga JOIN group_neighbourhood gn ON gn.group_id = ga.group_id
                                   WHERE ga.admin_id = ?2))""",
            sent.alert,
            sent.admin,
            sent.rung < 0,
        )
        return bool(rows)

    def teardown(self) -> None:
        """Everybody falls silent and the hub works on: then each neighbourhood is forwarded, told dark, or its alert is over."""
        if not hasattr(self, "messages"):
            return
        try:
            self.pending.clear()
            self.start()
            self.do(self._until_quiet())
            self.do(self._judge_end())
        finally:
            self.do(self._clean())

    async def _until_quiet(self) -> None:
        store, clock = self.town.store, self.town.clock
        views = await store.alerts.views(self.alerts)
        end = min(
            (v.expires_at for v in views if v.closed_at is None and v.expires_at > clock.now()), default=clock.now()
        )
        while clock.now() + 15_000 < end:
            await self._work()
            clock.time += 10_000
            if all(v.closed_at is not None or v.expires_at <= clock.now() for v in views):
                break
            if not await store.engine.read("SELECT 1 FROM alert_neighbourhood WHERE check_at IS NOT NULL LIMIT 1"):
                break
        self.judged_at = clock.now()

    async def _judge_end(self) -> None:
        store = self.town.store
        for view in await store.alerts.views(self.alerts):
            if (
                view.closed_at is not None
                or view.expires_at <= self.judged_at + 15_000
                or self.judged_at - view.accepted_at < 200_000
            ):
                continue
            rows = await store.engine.read(
                "SELECT code FROM alert_neighbourhood WHERE alert_id = ?1 AND check_at IS NOT NULL", view.id
            )
            watched = {code for (code,) in rows}  # the alert's time was over before the steps were
            for one in view.matched:
                self.seen["told dark"] += one.dark_at is not None
                looked_after = one.forwarded_at is not None or one.dark_at is not None or one.code in watched
                assert looked_after, f"{one.name} was silently dropped"
        rows = await store.engine.read("SELECT alert_id, admin_id, step FROM delivery WHERE part = ''")
        assert max(Counter(rows).values(), default=1) == 1

    async def _clean(self) -> None:
        tables = ("delivery", "receipt", "acknowledgement", "alert_neighbourhood", "alert_event", "alert")
        back = "UPDATE address SET state = 'verified', strikes = 0"
        await self.town.store.engine.write(*((f"DELETE FROM {name}",) for name in tables), (back,))


def opened(handle: str) -> Handle:
    return Handle(sealer().open(handle, "address.handle"))


async def furnished(store: Store) -> Atlas:
    """The map and the directory; the atlas of it."""
    found, _ = read_neighbourhoods(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
    await store.neighbourhoods.replace(found, source="test", now=START)
    groups = {"Bram": "G Anna"}  # Anna's group has a second admin
    named = [group(f"G {name}", *codes) for name, codes, _ in DIRECTORY if name not in groups]
    entries = [(person(name, *ways), [groups.get(name, f"G {name}")]) for name, _, ways in DIRECTORY]
    await store.directory.replace_groups(named, entries)
    atlas = Atlas(store.neighbourhoods)
    await atlas.refresh()
    return atlas


def play(folder: Path, count: int, fixed: bool = False, steps: int = 30, shrink: bool = True) -> None:
    """So many histories on a database in this folder; raises what does not hold, with the shortest history that shows it.

    `fixed`: the same histories each time.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        database = stack.enter_context(SqliteFiles(folder).new())
        runner = stack.enter_context(asyncio.Runner())
        clock = FakeClock(START)
        opening = open_store(database, clock)
        store = runner.run(opening.__aenter__())
        History.town = Town(runner, store, clock, runner.run(furnished(store)))
        checked = settings(
            max_examples=count,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=fixed,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(History, settings=checked)
        finally:
            runner.run(_as_coroutine(opening.__aexit__(None, None, None)))
    structlog.reset_defaults()


async def _as_coroutine(what: Any) -> Any:
    return await what


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--steps", type=int, default=30)
    arguments.add_argument("--no-shrink", dest="shrink", action="store_false", help="tell the first failure as it came")
    given = arguments.parse_args()
    with TemporaryDirectory() as where:
        play(Path(where) / "histories", given.count, steps=given.steps, shrink=given.shrink)
    told = ", ".join(f"{count:,} {what}" for what, count in History.seen.items())
    print(f"{given.count:,} histories, nothing broken ({told})")
