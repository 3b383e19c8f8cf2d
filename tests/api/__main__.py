"""`python -m tests.api`: sees to it that Spectral and curl are there to test the API with. Without them tests fail."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.api.spectral.installed import FOLDER, install, is_there
from tests.debian import install as install_package

if shutil.which("curl") is None and not install_package("curl"):
    sys.exit(
        "There is no curl here, and it could not be installed; the examples of the API cannot be tested without it"
    )
if not is_there():
    try:
        install()
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(
            f"Spectral could not be installed in {FOLDER} ({error}); the rules for APIs cannot be tested without it"
        )
