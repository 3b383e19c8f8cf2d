"""What a hub counts and times as it happens, for /metrics (web/metrics.py): every name, and what it means, stands here.

Labels name channels, sender accounts and kinds, never a person or an alert. Over several hubs on one database they sum up, where
the text does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from hub.channel import Accepted, Deferred, Rejected, Result, Uncertain

MILLISECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds in seconds for what one machine does, and for a provider's answer with `timeout` beyond it."""
SECONDS = (*MILLISECONDS, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0)
"""For what waits for limits and people: up to the two hours an alert lives unless it says otherwise."""

SHARED = "; read from the database, so the same on every hub: do not sum over hubs"
SAMPLE = 2000
"""Under a storm of receipts a sample of them tells as much, and reading them all would cost what the storm needs."""

FOLD = 4096

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody asks for


class Timing:
    """The times of one set of labels. Adding one is appending to a list: 0.1 µs where prometheus_client's `observe` takes 1.1."""

    __slots__ = ("_bounds", "_counts", "_fresh", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = np.array(bounds)
        self._counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self._sum = 0.0
        self._fresh: list[float] = []

    def add(self, seconds: float) -> None:
        """Below zero (clocks of two machines differ, or one was set back) counts as zero."""
        fresh = self._fresh
        fresh.append(seconds)
        if len(fresh) >= FOLD:
            self.fold()

    def fold(self) -> tuple[Sequence[int], float]:
        """How many lie at or below each bound (the last: all), and their sum."""
        fresh = np.maximum(np.array(self._fresh, dtype=float), 0.0)
        self._fresh.clear()
        self._counts += np.bincount(np.searchsorted(self._bounds, fresh), minlength=len(self._counts))
        self._sum += float(fresh.sum())
        return [int(count) for count in np.cumsum(self._counts)], self._sum


class Timings(Collector):
    """A Prometheus histogram of seconds; `of` gives the Timing of some labels, to be kept by whoever times."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        registry: CollectorRegistry,
        bounds: Sequence[float] = MILLISECONDS,
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._bounds = bounds
        self._timings: dict[tuple[str, ...], Timing] = {} if labels else {(): Timing(bounds)}
        registry.register(self)

    def of(self, *values: str) -> Timing:
        if values not in self._timings:
            self._timings[values] = Timing(self._bounds)
        return self._timings[values]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        bounds = [str(float(bound)) for bound in self._bounds] + ["+Inf"]
        for values, timing in self._timings.items():
            counts, total = timing.fold()
            family.add_metric(values, list(zip(bounds, map(float, counts), strict=True)), total)
        yield family


class AccountMeasures:
    """What is counted and timed of one sender account."""

    def __init__(self, measures: Measures, channel: str, account: str) -> None:
        self.claim_wait = measures.claim_wait.of(channel, account)
        self.relay = measures.relay.of(channel, account)
        measures.unreadable.labels(channel)  # there as 0 from the start, so that the first one shows as an increase
        self.trips = measures.breaker_trips.labels(channel, account)
        self._sends = {
            kind: measures.send.of(channel, account, kind.__name__.lower())
            for kind in (Accepted, Deferred, Uncertain, Rejected)
        }

    def sent(self, result: Result, seconds: float) -> None:
        self._sends[type(result)].add(seconds)


class Measures:
    """One per store, and so per hub; who counts asks for their child once, at the start."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def timings(name: str, documentation: str, *labels: str, bounds: Sequence[float] = SECONDS) -> Timings:
            return Timings(f"buurtsein_{name}_seconds", documentation, labels, registry=registry, bounds=bounds)

        def counter(name: str, documentation: str, *labels: str) -> Counter:
            return Counter(f"buurtsein_{name}", documentation, labels, registry=registry)

        account = "channel", "account"
        self.intake = timings("intake", "From an alert that was read to the alert on disk", bounds=MILLISECONDS).of()
        self.plan = timings("plan", "From an alert on disk to all its deliveries on disk").of()
        self.claim_wait = timings("claim_wait", "How long a delivery was due before it was claimed", *account)
        self.send = timings("send", "A provider's answer to one send, by what it came to", *account, "result")
        self.relay = timings("relay", "From an alert on disk to a provider taking a message of it", *account)
        self.outcome_lag = timings(
            "outcome_lag", "From a provider's answer to its outcome on disk", bounds=MILLISECONDS
        ).of()
        self.update = timings("update", "From a provider's update on disk to its being understood", "channel")
        self.response = timings(
            "response",
            f"From a message sent to what was reported of it (at most {SAMPLE} a scrape){SHARED}",
            "channel",
            "kind",
        )
        self.coverage = timings("coverage", f"From an alert on disk to its last neighbourhood forwarded{SHARED}").of()
        self.store = timings(
            "store", "One unit of the database, until it is on disk or read", "kind", bounds=MILLISECONDS
        )
        self.store_errors = counter("store_errors", "Units that the database did not take or answer", "kind")
        self.alerts = counter("alerts", "Alerts accepted, by their CAP status", "status")
        self.outcomes = counter("outcomes", "What attempts came to, on disk; retry: it will be tried again", "state")
        self.possible_duplicates = counter("possible_duplicates", "Sends that may have come twice")
        self.leases_rescued = counter("leases_rescued", "Leases that ran out: their deliveries were put back")
        self.escalations = counter("escalations", "Steps of the escalation taken, by whom they turn to", "tell")
        self.breaker_trips = counter("breaker_trips", "Times an account's breaker opened", *account)
        self.reports = counter("reports", "Receipts and answers understood, on disk", "channel", "kind")
        self.audit_faults = Gauge(
            "buurtsein_audit_faults",
            f"What the last walk along the audit chain found to be wrong{SHARED}",
            registry=registry,
        )
        self.second_pair = counter(
            "second_pair", "Alerts that needed a second pair of eyes, by what became of it", "what"
        )
        self.unreadable = counter("unreadable_updates", "Updates kept because they were not understood", "channel")

        self.hook_failures = counter("hook_failures", "POSTs that a system of the police did not take", "hook")
        self.hook_lag = Gauge(
            "buurtsein_hook_lag_seconds",
            f"How long the oldest entry waits to be taken{SHARED}",
            ["hook"],
            registry=registry,
        )
        self.mails_waiting = Gauge(
            "buurtsein_mails_waiting",
            f"E-mails that the mail server has not taken yet{SHARED}",
            registry=registry,
        )

    def account(self, channel: str, account: str) -> AccountMeasures:
        return AccountMeasures(self, channel, account)
