"""Installs a package of Debian where that can be: as root or by sudo without a password."""

from __future__ import annotations

import os
import shutil
import subprocess


def install(package: str) -> bool:
    """False where it cannot be had."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None or (prefix and shutil.which("sudo") is None):
        return False
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", package],
    ):
        if subprocess.run(
            [*prefix, *command], check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        ).returncode:
            return False
    return True
