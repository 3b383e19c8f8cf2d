"""Each reader over what was kept of it: samples, and every input that once broke something. And a second of new ones."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.__main__ import HANGS_SECONDS, changed
from tests.fuzz.targets import CORPUS, TARGETS

LARGEST = 20_000
TURNS = 150


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_was_kept_breaks_its_reader(name: str) -> None:
    target = TARGETS[name]
    assert target.corpus, "a target without a corpus begins from nothing"
    for file in target.corpus:
        _quickly(name, file.read_bytes(), file)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_changed_a_little_breaks_it_neither(name: str) -> None:
    rng, known = Random(name), [file.read_bytes() for file in TARGETS[name].corpus]
    for _ in range(TURNS):
        _quickly(name, changed(rng.choice(known), rng.choice(known), rng), None)


def test_the_corpus_stays_small() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert all(file.stat().st_size <= LARGEST and file.parent.name in TARGETS for file in files)
    assert sum(file.stat().st_size for file in files) < 200_000


def _quickly(name: str, data: bytes, file: Path | None) -> None:
    begun = time.monotonic()
    try:
        TARGETS[name].run(data)
    except Exception as error:
        raise AssertionError(f"{name} broke on {file or data!r}") from error
    assert time.monotonic() - begun < HANGS_SECONDS, (name, file or data)
