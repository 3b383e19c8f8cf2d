"""What all tests share: the browser tests need a Chromium, and nobody may overlook that they did not run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from hub import interpreter
from tests.browser.chromium import find
from tests.postgres.databases import Databases
from tests.postgres.server import Server

# No deadline: how fast a shared machine is says nothing of the code. In CI the examples are the same at every run, so that what is
# red is red for what changed, sixty of each; everywhere else a hundred new ones are tried each time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

BROWSER_TESTS = Path(__file__).parent / "browser"
MISSING = "NOT TESTED: the pages in a browser. There is no Chromium here: install one (Debian: apt install chromium)."


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command configures logging for its process; here a process goes on with other tests, some of which read the log."""
    level = logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A real PostgreSQL server: that of TEST_POSTGRES_URL if given, else one of our own for this worker."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        yield Databases(given)
        return
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.close()


def pytest_collection_finish(session: pytest.Session) -> None:
    """As a hub that serves: ten thousand tests are a large heap, and looking through it was a tenth of the time of all."""
    interpreter.tune()
    interpreter.settle()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if collection_path != BROWSER_TESTS or find() is not None:
        return None
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(MISSING)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find() is None:
        terminalreporter.section(MISSING, red=True, bold=True)
