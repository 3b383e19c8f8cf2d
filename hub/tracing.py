"""OpenTelemetry traces, for operators who install the packages and name an exporter; for all others a span is nothing.

All that happens to one alert is one trace, whichever process does it: the trace's id is made from the alert's. Attributes hold ids,
counts and sender accounts, and no error's text, for that may hold what it failed on. Where spans go, and how many are kept,
OpenTelemetry's own environment variables say (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import entry_points

import structlog

from hub.domain import Mistake, Refused
from hub.settings import Tracing

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
except ImportError:
    PACKAGES = False
else:
    PACKAGES = True

EXPORTERS = "opentelemetry_traces_exporter"
"""The group of entry points under which exporters announce themselves (OpenTelemetry's own name)."""
ABSENT = "needs packages: pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"

_NOTHING = nullcontext()
_tracer: trace.Tracer | None = None
_one_send_in = 1


def configure(settings: Tracing) -> None:
    """Switch traces on, if an exporter is named. Raises Refused if that cannot be."""
    if not settings.exporter:
        return
    found = [one for one in entry_points(group=EXPORTERS) if one.name == settings.exporter]
    if not PACKAGES or not found:
        raise Refused("The configuration has mistakes", [Mistake("tracing.exporter", f"{settings.exporter} {ABSENT}")])
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "buurtsein"}))
    provider.add_span_processor(BatchSpanProcessor(found[0].load()()))
    switch_on(provider, settings.one_send_in)


def switch_on(provider: trace.TracerProvider, one_send_in: int) -> None:
    global _tracer, _one_send_in
    _tracer, _one_send_in = provider.get_tracer("buurtsein"), one_send_in


def switch_off() -> None:
    global _tracer
    _tracer = None


def is_traced(delivery_id: int) -> bool:
    """Sends are many and alike: one in so many is traced, by its number, so that its outcome is as well."""
    return _tracer is not None and delivery_id % _one_send_in == 0


def span(
    name: str, alert: str = "", **attributes: str | int | Sequence[str] | Sequence[int]
) -> AbstractContextManager[None]:
    """What is done in this context, in the trace of `alert` if it is about one."""
    return _NOTHING if _tracer is None else _span(_tracer, name, alert, attributes)


def add_trace(logger: object, method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """structlog's processor: the trace in which the line was written."""
    if _tracer is not None:
        here = trace.get_current_span().get_span_context()
        if here.is_valid:
            entry["trace"] = trace.format_trace_id(here.trace_id)
    return entry


@contextmanager
def _span(
    tracer: trace.Tracer, name: str, alert: str, attributes: dict[str, str | int | Sequence[str] | Sequence[int]]
) -> Iterator[None]:
    given = {"alert": alert, **attributes} if alert else attributes
    with tracer.start_as_current_span(
        name,
        context=_trace_of(alert) if alert else None,
        attributes={f"buurtsein.{key}": value for key, value in given.items()},
        record_exception=False,
        set_status_on_exception=False,
    ) as here:
        try:
            yield
        except BaseException as error:
            here.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def _trace_of(alert: str) -> Context:
    digest = hashlib.sha256(alert.encode()).digest()
    parent = trace.SpanContext(
        trace_id=int.from_bytes(digest[:16]),
        span_id=int.from_bytes(digest[16:24]),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))
