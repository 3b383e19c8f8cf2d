"""`python -m tests.api.spectral`: sees to it that Spectral is there; make runs it, once for each lock."""

from __future__ import annotations

import subprocess
import sys

from tests.api.spectral.installed import FOLDER, install, is_there

if not is_there():
    try:
        install()
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(
            f"Spectral could not be installed in {FOLDER} ({error}); the rules for APIs cannot be tested without it"
        )
