"""`python -m tests.browser`: sees to it that there is a Chromium to test the pages with, installing Debian's where that can be."""

from __future__ import annotations

from tests.browser.chromium import find
from tests.debian import install

if find() is None:
    install("chromium")  # if not, tests/conftest.py says so in one loud line, or fails where CI=true
