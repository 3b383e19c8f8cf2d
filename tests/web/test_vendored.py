"""Files of others are what their packages hold, unchanged, each with its licence named; and no others lie there."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import hub.web

WEB = Path(hub.web.__file__).parent
VENDORED = tomllib.loads((WEB / "vendored.toml").read_text(encoding="utf-8"))
FILES = {name: file for package in VENDORED.values() for name, file in package["files"].items()}


def test_every_file_of_others_is_unchanged() -> None:
    for name, file in FILES.items():
        assert hashlib.sha256((WEB / "static" / name).read_bytes()).hexdigest() == file["sha256"], name


def test_every_package_says_which_and_on_what_terms() -> None:
    for name, package in VENDORED.items():
        assert package["licence"] in ("0BSD", "BSD-2-Clause", "BSD-3-Clause", "MIT"), name
        assert package["source"].endswith(f"/{name}/v/{package['version']}")


def test_no_file_of_others_lies_there_unnamed() -> None:
    longest = {
        path.name for path in (WEB / "static").iterdir() if max(map(len, path.read_text("utf-8").splitlines())) > 1000
    }
    assert longest <= {*FILES, "icon.svg"}, "written by a machine: name it in vendored.toml"
