"""What all tests share: the browser tests need a Chromium, and nobody may overlook that they did not run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.chromium import find

BROWSER_TESTS = Path(__file__).parent / "browser"
MISSING = "NOT TESTED: the pages in a browser. There is no Chromium here: install one (Debian: apt install chromium)."


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if collection_path != BROWSER_TESTS or find() is not None:
        return None
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(MISSING)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if find() is None:
        terminalreporter.section(MISSING, red=True, bold=True)
