"""The emulator is what it imitates: unmodified matrix-nio accepts it, and it refuses what Synapse refuses, in the same words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.matrix_emulator.oracle import TALKS
from tests.matrix_emulator.place import Place
from tests.matrix_emulator.refusals import REFUSALS, Refusal, ask, prepare

Talk = Callable[[Place], Awaitable[None]]
every_talk = pytest.mark.parametrize("talk", TALKS, ids=lambda talk: talk.__name__)


@every_talk
async def test_nio_on_the_emulator(place: Place, talk: Talk) -> None:
    await talk(place)


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.name)
async def test_the_emulator_refuses_it(place: Place, row: Refusal) -> None:
    scene = await prepare(place)
    status, errcode, words = row.answer
    assert await ask(place, scene, row) == (status, errcode, scene.fill(words))


@pytest.mark.xdist_group("synapse")
@every_talk
async def test_nio_on_synapse(real_place: Place, talk: Talk) -> None:
    await talk(real_place)


@pytest.mark.xdist_group("synapse")
async def test_synapse_refuses_all_that_the_emulator_refuses(real_place: Place) -> None:
    scene = await prepare(real_place)
    for row in REFUSALS:
        status, errcode, words = row.answer
        assert (row.name, *await ask(real_place, scene, row)) == (row.name, status, errcode, scene.fill(words))
