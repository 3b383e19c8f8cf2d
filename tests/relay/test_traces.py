"""OpenTelemetry: one trace an alert, its spans with ids and nothing private; off, nothing is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.typing import EventDict

from hub import tracing
from hub.domain import Refused
from hub.settings import Tracing
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd, pass_time, sending


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    """What was traced, with every second send."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.switch_on(provider, one_send_in=2)
    yield exporter
    tracing.switch_off()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in exporter.get_finished_spans() if one.name == name]


async def test_an_alerts_way_is_one_trace_and_sends_are_sampled(
    store: Store, clock: FakeClock, exported: InMemorySpanExporter
) -> None:
    await crowd(store, "BU1", 6)
    async with sending(store, clock, FakeChannel(clock)) as hub:
        await hub.relay("A", "BU1")
        await hub.relay("B", "BU1")
        await pass_time(clock, store, 1)
    plans, sends = named(exported, "plan"), named(exported, "send")
    traces = {span.attributes["buurtsein.alert"]: span.context.trace_id for span in plans if span.attributes}
    assert len(traces) == len(set(traces.values())) == 2
    assert len(sends) == 6, "of twelve every second"
    for span in sends:
        assert span.attributes is not None
        assert span.context.trace_id == traces[span.attributes["buurtsein.alert"]]
        assert span.attributes["buurtsein.account"] == "telegram/main"
    told = {span.attributes["buurtsein.delivery"] for span in sends if span.attributes}
    outcomes = [span.attributes["buurtsein.deliveries"] for span in named(exported, "outcomes") if span.attributes]
    assert {delivery for batch in outcomes for delivery in batch} == told  # type: ignore[union-attr]
    assert named(exported, "claim")
    assert "BU1-" not in str([span.to_json() for span in exported.get_finished_spans()]), "no handle"


async def test_an_error_is_told_by_its_type_and_not_by_its_text(exported: InMemorySpanExporter) -> None:
    with suppress(ValueError), tracing.span("intake", alert="A"):
        raise ValueError("+31612345678")
    (span,) = exported.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "31612345678" not in span.to_json()


async def test_a_log_line_names_the_trace_it_was_written_in(exported: InMemorySpanExporter) -> None:
    with tracing.span("intake", alert="A"):
        inside: EventDict = dict(tracing.add_trace(None, "info", {"event": "x"}))
    (span,) = exported.get_finished_spans()
    assert inside["trace"] == f"{span.context.trace_id:032x}"
    assert tracing.add_trace(None, "info", {"event": "x"}) == {"event": "x"}


async def test_switched_off_nothing_is_made() -> None:
    assert tracing.span("a") is tracing.span("b", alert="A")
    assert not tracing.is_traced(0)
    assert tracing.add_trace(None, "info", {"event": "x"}) == {"event": "x"}


def test_an_exporter_that_is_not_there_is_refused_with_what_to_install() -> None:
    tracing.configure(Tracing())
    with pytest.raises(Refused, match="pip install opentelemetry-sdk"):
        tracing.configure(Tracing(exporter="otlp_proto_http"))
    assert not tracing.is_traced(0)
