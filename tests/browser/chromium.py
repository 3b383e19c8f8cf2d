"""Which Chromium the browser tests use: the system's, for a registry has none to download."""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without the first, Chromium does not start as root; the next keep it from calling home, which a closed network answers slowly;
# with the last it finds no host but this machine.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
