"""What we stand on is pinned, allowed and listed; the wheel of a commit is always the same, and runs from an empty folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub.settings import ROOT
from tests.supply import sbom
from tests.supply.audit import told
from tests.supply.licences import GIVEN_ON, is_allowed, licence_of, refused
from tests.supply.lock import DEV, RUNTIME, Pinned, read_lock
from tests.supply.wheel import build

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {RUNTIME: PROJECT["dependencies"], DEV: [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda one: one.name)
def test_every_line_of_a_lock_pins_one_version_by_hash(lock: Path) -> None:
    assert all(one.hashes for one in read_lock(lock))
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"://|--index-url|--extra-index|--find-links|--trusted-host|^-e ", text, re.MULTILINE)


@pytest.mark.parametrize(
    "line", ["aiohttp>=3 --hash=sha256:" + "0" * 64, "aiohttp==3.14.5", "a @ https://x.example/a.whl"]
)
def test_what_is_not_pinned_is_no_lock(tmp_path: Path, line: str) -> None:
    (tmp_path / "lock").write_text(line)
    with pytest.raises(ValueError):
        read_lock(tmp_path / "lock")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda one: one.name)
def test_the_locks_hold_what_pyproject_asks_for(lock: Path) -> None:
    pinned: dict[str, list[Pinned]] = {}
    for one in read_lock(lock):
        pinned.setdefault(canonicalize_name(one.name), []).append(one)
    for line in LOCKS[lock]:
        wanted = Requirement(line)
        found = pinned.get(canonicalize_name(wanted.name), [])
        assert found and all(one.version in wanted.specifier for one in found), f"{line}: run make lock"


def test_the_two_locks_agree() -> None:
    dev = {(one.name, one.version, one.marker): one.hashes for one in read_lock(DEV)}
    assert [one for one in read_lock(RUNTIME) if dev.get((one.name, one.version, one.marker)) != one.hashes] == []


def test_no_file_of_the_project_names_a_package_registry() -> None:
    """Packages come from wherever pip is told to fetch them; a hash says whether they are the right ones."""
    hosts = re.compile(r"(files\.pythonhosted|pypi|registry\.npmjs|registry\.yarnpkg)\.(org|com)/(?!project/)")
    ours = [
        ROOT / name
        for name in ("Makefile", "pyproject.toml", ".ci/run", "config/deploy/Containerfile", *map(str, LOCKS))
    ]
    assert [file for file in ours if hosts.search(file.read_text(encoding="utf-8"))] == []


def test_every_licence_is_known_and_may_be_given_on() -> None:
    assert refused(read_lock(RUNTIME), read_lock(DEV)) == []


def test_an_unknown_or_a_stricter_licence_is_refused_in_words() -> None:
    strict, unknown = Pinned("matrix-synapse", "1", "", ()), Pinned("nobody-knows-this", "1", "", ())
    assert "AGPL-3.0-or-later" in refused([strict], [])[0]
    assert "does not say its licence" in refused([unknown], [])[0]
    assert refused([], [strict]) == [], "a homeserver for the tests"
    assert is_allowed("GPL-3.0-only OR MIT", GIVEN_ON) and not is_allowed("GPL-3.0-only AND MIT", GIVEN_ON)
    assert not is_allowed("", GIVEN_ON)


def test_the_list_of_what_is_inside_is_whole_valid_and_always_the_same() -> None:
    made = sbom.made()
    assert made == sbom.made()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made.decode()) is None
    listed = orjson.loads(made)
    by_name = {(one["name"], one["version"]): one for one in listed["components"]}
    for one in read_lock(RUNTIME):
        found = by_name[one.name, one.version]
        sums = {each["content"] for each in found["externalReferences"][0]["hashes"]}
        assert sums == set(one.hashes)
        (said,) = found["licenses"]
        assert (said.get("expression") or said["license"]["id"]) == licence_of(one.name)
    vendored = tomllib.loads((ROOT / "hub/web/vendored.toml").read_text(encoding="utf-8"))
    for name, package in vendored.items():
        files = {one["name"]: one["hashes"][0]["content"] for one in by_name[name, package["version"]]["components"]}
        assert files == {f"hub/web/static/{file}": of["sha256"] for file, of in package["files"].items()}
    needs = {one["ref"]: one.get("dependsOn", ()) for one in listed["dependencies"]}
    aiohttp = next(ref for ref in needs if ref.startswith("pkg:pypi/aiohttp@"))
    assert aiohttp in needs["buurtsein"] and any(ref.startswith("pkg:pypi/yarl@") for ref in needs[aiohttp])


def test_the_fonts_are_those_their_readme_names() -> None:
    named = re.findall(
        r"`(\S+\.ttf)` \| `([0-9a-f]{64})`", (ROOT / "config/fonts/README.md").read_text(encoding="utf-8")
    )
    assert {file for file, _ in named} == {file.name for file in (ROOT / "config/fonts").glob("*.ttf")}
    for file, found in named:
        assert hashlib.sha256((ROOT / "config/fonts" / file).read_bytes()).hexdigest() == found


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two, of one source: in another folder, with other times and rights, and with a secret of whoever built it lying there."""

    def copied(number: int) -> Path:
        source = tmp_path_factory.mktemp(f"source-{number}") / ("x" * number)
        source.mkdir()
        for name in ("hub", "adapters", "config"):
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "hub.local.toml"))
        for name in ("run.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore"):
            shutil.copyfile(ROOT / name, source / name)
        os.utime(source / "run.py", (number * 10**8, number * 10**8))
        (source / "hub" / "domain.py").chmod(0o600 if number == 1 else 0o664)
        (source / "config" / "hub.local.toml").write_text('[mail]\npassword = "of-who-builds"\n')
        return build(source, source / "dist", "1700000000")

    with ThreadPoolExecutor() as both:
        return list(both.map(copied, (1, 2)))


@pytest.mark.xdist_group("wheel")
def test_two_builds_of_one_source_are_the_same(wheels: list[Path]) -> None:
    one, another = (hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels)
    assert one == another


@pytest.mark.xdist_group("wheel")
def test_a_wheel_has_no_emulator_no_demo_and_nothing_of_who_built_it(wheels: list[Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = wheel.namelist()
    assert {
        "buurtsein.py",
        "hub/config/hub.toml",
        "hub/web/static/leaflet.js",
        "hub/store/migrations/0001_start.py",
    } <= set(names)
    assert [one for one in names if re.search(r"emulator|phones|demo|local\.toml|^tests|__pycache__", one)] == []


@pytest.mark.xdist_group("wheel")
def test_an_installed_hub_runs_from_an_empty_folder_and_its_production_has_no_emulator_to_reach(
    wheels: list[Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(tmp_path / "installed")
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
        "PYTHONPATH": str(tmp_path / "installed"),
        "HUB_CHANNELS__TELEGRAM__TOKEN": "1:x",
        "HUB_CHANNELS__WHATSAPP__TOKEN": "x",
        "HUB_CHANNELS__MATRIX__HOMESERVER": "https://matrix.example",
    }
    program = (
        "import sys, buurtsein, hub.web.metrics\n"
        "try: buurtsein.app(['--json', 'check'])\n"
        "except SystemExit as end: print(end.code, buurtsein.INSTALLED, buurtsein.__file__)"
    )
    found = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=empty, env=environment, capture_output=True, text=True, check=True
    )
    answer, ended = found.stdout.strip().splitlines()
    assert orjson.loads(answer)["channels"] == ["telegram/main", "whatsapp/main", "matrix/main"]
    assert ended == f"0 True {tmp_path / 'installed' / 'buurtsein.py'}"


def test_an_audit_that_could_ask_nobody_says_so() -> None:
    assert "NOT AUDITED" in told("requests.exceptions.ConnectionError: …")
    assert told("Found 2 known vulnerabilities in 1 package") == ""
