"""make audit-dependencies: known weaknesses of what a hub needs to run (pip-audit). It asks the internet, so CI does not."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from tests.supply.lock import RUNTIME

AWAY: Final = (
    "ConnectionError",
    "ConnectTimeout",
    "ProxyError",
    "Max retries exceeded",
    "ServiceError",
    "NameResolutionError",
)
WITHIN_SECONDS: Final = 300


def told(said: str) -> str:
    """In words, if what pip-audit said means that nothing could be looked up; else ''."""
    if any(one in said for one in AWAY):
        return (
            "NOT AUDITED: the list of known weaknesses cannot be reached from here. Nothing was looked up, and nothing is known to "
            "be well. Run it again where there is internet; CI never runs it, so that it depends on nobody."
        )
    return ""


def main() -> None:
    command = (sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off")
    try:
        found = subprocess.run(
            (*command, "-r", str(RUNTIME)), capture_output=True, text=True, check=False, timeout=WITHIN_SECONDS
        )
    except subprocess.TimeoutExpired:
        sys.exit(told("ConnectTimeout"))
    if found.returncode and (words := told(found.stderr)):
        sys.exit(words)
    print(found.stdout or found.stderr)
    sys.exit(found.returncode)


if __name__ == "__main__":
    main()
