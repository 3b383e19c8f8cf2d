"""/metrics for Prometheus: what the hub counts as it happens (hub/measures.py), and here how things stand when it is asked.

Labels hold channels, sender accounts, loops and routes, never a person or an alert. One registry per hub.
"""

from __future__ import annotations

import asyncio
import platform
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from hub.measures import SAMPLE, SHARED
from hub.service import Hub
from hub.settings import INSTALLED, ROOT
from hub.store.engine import StoreUnavailable
from hub.store.figures import Mark, Queue, Snapshot

# Seconds. Intake is to answer in milliseconds, a hook within a provider's patience (some seconds).
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ACCOUNT = "channel", "account"
VERSION = (
    version("buurtsein")
    if INSTALLED
    else str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
)


class Metrics:
    def __init__(self, hub: Hub, *, versions: bool = True) -> None:
        """`versions`: whether it says which ours and Python's are; not to everybody, for that tells what to look up."""
        self._hub = hub
        self._mark: Mark | None = None
        self._registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "buurtsein_http_request_seconds",
            "Time to answer, by route",
            ("method", "route", "status"),
            registry=registry,
            buckets=BUCKETS,
        )
        ProcessCollector(registry=registry)
        if versions:
            PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._standing = _Standing(hub, versions)
        registry.register(self._standing)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    async def written(self, ready: bool) -> bytes:
        """The text format, asked of store and loops now. Without the store, what only it knows is left out."""
        self._standing.ready, self._standing.snapshot = ready, None
        try:
            self._standing.snapshot = await self._hub.store.figures.snapshot(self._hub.clock.now())
            await self._look_back()
        except StoreUnavailable:
            pass
        return generate_latest(self._hub.store.measures.registry) + generate_latest(self._registry)

    async def _look_back(self) -> None:
        """What was reported since the last time; at the first time, from now on."""
        figures, measures = self._hub.store.figures, self._hub.store.measures
        if self._mark is None:
            self._mark = await figures.mark()
            return
        reported = await figures.reported(self._mark, SAMPLE)
        self._mark = reported.mark
        for channel, kind, seconds in reported.responses:
            measures.response.of(channel, kind).add(seconds)
        for seconds in reported.covered:
            measures.coverage.add(seconds)


class _Standing(Collector):
    """How things stand. `ready`: what /readyz says; `snapshot`: what waits in the store, None if it does not answer."""

    def __init__(self, hub: Hub, versions: bool) -> None:
        self.ready = False
        self._versions = {"version": VERSION, "python": platform.python_version()} if versions else {}
        self.snapshot: Snapshot | None = None
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("buurtsein_build", "What runs here", value=self._versions)
        yield _gauge("ready", "1 if alerts may be given to this hub; /readyz says why not", self.ready)
        yield _gauge("store_up", "1 if the store answered", self.snapshot is not None)
        yield from self._accounts()
        yield from self._loops()
        yield _gauge(
            "asyncio_tasks", "Tasks of the event loop: a number that only grows is a leak", len(asyncio.all_tasks())
        )
        yield _gauge("neighbourhoods", "Neighbourhoods loaded", len(self._hub.atlas.index))
        if self.snapshot is not None:
            accounts = [(sender.channel.name, sender.channel.account) for sender in self._hub.senders]
            yield from _waiting(self.snapshot, accounts, self._hub.clock.now())

    def _accounts(self) -> Iterator[Metric]:
        rate = GaugeMetricFamily("buurtsein_account_rate_limit", "Messages a second; 0: no limit", labels=ACCOUNT)
        tokens = GaugeMetricFamily("buurtsein_account_tokens", "Messages that may go at this moment", labels=ACCOUNT)
        breaker = GaugeMetricFamily(
            "buurtsein_breaker_open", "1 while a sender account is given a rest", labels=ACCOUNT
        )
        held = GaugeMetricFamily("buurtsein_account_held", "1 on the hub that sends from this account", labels=ACCOUNT)
        for sender, dispatcher in zip(self._hub.senders, self._hub.dispatchers, strict=True):
            names = [sender.channel.name, sender.channel.account]
            rate.add_metric(names, sender.account.rate)
            tokens.add_metric(names, dispatcher.tokens())
            breaker.add_metric(names, dispatcher.breaker.is_open)
            held.add_metric(names, dispatcher.may_send())
        yield from (rate, tokens, breaker, held)

    def _loops(self) -> Iterator[Metric]:
        age = GaugeMetricFamily("buurtsein_loop_age_seconds", "Since a loop last came round", labels=["loop"])
        for loop, seconds in self._hub.loops.ages().items():
            age.add_metric([loop], seconds)
        failures = CounterMetricFamily(
            "buurtsein_loop_failures", "Times a loop failed and was restarted", labels=["loop"]
        )
        for loop, count in self._hub.loops.failures.items():
            failures.add_metric([loop], count)
        yield from (age, failures)


def _waiting(snapshot: Snapshot, accounts: Sequence[tuple[str, str]], now: int) -> Iterator[Metric]:
    """`accounts`: those of which 0 is said where nothing waits for them."""
    deliveries = GaugeMetricFamily(
        "buurtsein_deliveries", f"Deliveries not yet ended{SHARED}", labels=(*ACCOUNT, "state")
    )
    age = GaugeMetricFamily(
        "buurtsein_oldest_due_seconds", f"How long the oldest delivery has been due{SHARED}", labels=ACCOUNT
    )
    busy = {(queue.channel, queue.account): queue for queue in snapshot.queues}
    for names in {*accounts, *busy}:
        queue = busy.get(names) or Queue(*names, pending=0, oldest_due=None, sending=0)
        deliveries.add_metric([*names, "pending"], queue.pending)
        deliveries.add_metric([*names, "sending"], queue.sending)
        age.add_metric(names, _age(queue.oldest_due, now))
    yield from (deliveries, age)
    yield _gauge("alerts_open", f"Alerts not ended that matched somewhere{SHARED}", snapshot.alerts)
    yield _gauge("open_neighbourhoods", f"Neighbourhoods matched by open alerts{SHARED}", snapshot.matched)
    yield _gauge("covered_neighbourhoods", f"Of those, forwarded{SHARED}", snapshot.forwarded)
    yield _gauge(
        "oldest_unplanned_seconds",
        f"How long the oldest alert has been waiting for its deliveries to be made{SHARED}",
        _age(snapshot.oldest_unplanned, now),
    )
    yield _gauge(
        "keys_ending",
        f"API keys that end within thirty days, or have ended and were not revoked{SHARED}",
        snapshot.keys_ending,
    )
    yield _gauge("inbox_updates", f"Provider updates on disk, the unreadable included{SHARED}", snapshot.updates)
    yield _gauge(
        "oldest_update_seconds",
        f"How long the oldest update has been waiting to be understood{SHARED}",
        _age(snapshot.oldest_update, now),
    )


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"buurtsein_{name}", documentation, value=value)


def _age(since: int | None, now: int) -> float:
    """Seconds; 0 for what is not there or not yet due."""
    return 0.0 if since is None else max(0.0, (now - since) / 1000)
