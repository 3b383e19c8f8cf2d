"""/metrics for Prometheus: one registry per hub. Labels hold channels, loops and routes, never a person or an alert."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from hub.service import Hub
from hub.store.engine import StoreUnavailable

# Seconds. Intake is to answer in milliseconds, a hook within a provider's patience (some seconds).
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "buurtsein_http_request_seconds",
            "Time to answer, by route",
            ("method", "route", "status"),
            registry=registry,
            buckets=BUCKETS,
        )
        self._up = Gauge("buurtsein_store_up", "1 if the store answered", registry=registry)
        self._deliveries = Gauge("buurtsein_deliveries", "Deliveries not yet ended", ("state",), registry=registry)
        self._doubles = Gauge("buurtsein_possible_duplicates", "Sends that may have come twice", registry=registry)
        self._unreadable = Gauge(
            "buurtsein_unreadable_updates", "Provider updates kept, not understood", registry=registry
        )
        self._breakers = Gauge(
            "buurtsein_breaker_open",
            "1 while a sender account is given a rest",
            ("channel", "account"),
            registry=registry,
        )
        self._failures = Gauge(
            "buurtsein_loop_failures", "Times a loop failed and was restarted", ("loop",), registry=registry
        )
        self._neighbourhoods = Gauge("buurtsein_neighbourhoods", "Neighbourhoods loaded", registry=registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    async def written(self) -> bytes:
        """The text format, asked of store and loops now. Without the store its figures stay as they were."""
        try:
            totals = await self._hub.store.outbox.totals()
        except StoreUnavailable:
            self._up.set(0)
        else:
            self._up.set(1)
            self._deliveries.labels("pending").set(totals.pending)
            self._deliveries.labels("sending").set(totals.sending)
            self._doubles.set(totals.possible_duplicates)
            self._unreadable.set(totals.unreadable_updates)
        for sender, dispatcher in zip(self._hub.senders, self._hub.dispatchers, strict=True):
            self._breakers.labels(sender.channel.name, sender.channel.account).set(dispatcher.breaker.is_open)
        for loop, count in self._hub.loops.failures.items():
            self._failures.labels(loop).set(count)
        self._neighbourhoods.set(len(self._hub.atlas.index))
        return generate_latest(self._registry)
