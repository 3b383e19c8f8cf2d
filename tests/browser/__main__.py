"""`python -m tests.browser`: sees to it that there is a Chromium to test the pages with, installing Debian's where that can be."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.browser.chromium import find


def main() -> None:
    if find() is not None or shutil.which("apt-get") is None:
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and shutil.which("sudo") is None:
        return
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"],
    ):
        if subprocess.run(
            [*prefix, *command], check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        ).returncode:
            return  # tests/conftest.py says so in one loud line, or fails where CI=true


main()
