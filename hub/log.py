"""Logging: structlog to standard error, readable on a console, one JSON object a line where `log.format` says so.

No log call of the hub takes a text, a handle or a secret: ids, counts, reasons and types of errors only. Event names stay what they
are, for people search and count by them; config/monitoring/README.md lists them. A line holds `request` while a request is being
answered, and `trace` where traces are on (hub/tracing.py).
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import orjson
import structlog

from hub.settings import Log
from hub.tracing import add_trace


def configure(settings: Log) -> None:
    level = getattr(logging, settings.level.upper())
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_written)
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
    )
    # The libraries below us quote URLs (a bot's token stands in its path) and bodies: only their warnings, and of these none.
    logging.getLogger().setLevel(logging.CRITICAL)


class _Stderr:
    """Standard error, as long as it takes anything: a full disk or a reader that has gone must not stop an alert."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def _written(entry: structlog.typing.EventDict, **_: object) -> str:
    return orjson.dumps(entry, default=str).decode()
