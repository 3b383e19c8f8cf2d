"""Reads a lock: each distribution with its version, where it is wanted, and the hashes of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from hub.settings import ROOT

RUNTIME, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


@dataclass(frozen=True, slots=True)
class Pinned:
    """`marker`: on which machines it is wanted, '' for all."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def wanted_here(self) -> bool:
        return Requirement(f"{self.name}; {self.marker}").marker.evaluate() if self.marker else True  # type: ignore[union-attr]


def read_lock(file: Path) -> list[Pinned]:
    """Raises ValueError for a line that pins nothing, so that none is passed over."""
    found = []
    for line in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
        wanted = Requirement(re.sub(r"\s--hash=\S+", "", line).strip())
        (only,) = wanted.specifier
        if only.operator != "==" or wanted.url or not hashes:
            raise ValueError(f"{wanted.name}: give one version with == and its hashes, and no address")
        found.append(Pinned(wanted.name, only.version, str(wanted.marker or ""), hashes))
    return found
