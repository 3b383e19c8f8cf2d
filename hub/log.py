"""Logging: structlog to standard error, readable on a console, JSON where `log.format` says so.

No log call of the hub takes a text, a handle or a secret: ids, counts, reasons and types of errors only.
"""

from __future__ import annotations

import logging
import sys

import structlog

from hub.settings import Log


def configure(settings: Log) -> None:
    level = getattr(logging, settings.level.upper())
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # The libraries below us quote URLs (a bot's token stands in its path) and bodies: only their warnings, and of these none.
    logging.getLogger().setLevel(logging.CRITICAL)
