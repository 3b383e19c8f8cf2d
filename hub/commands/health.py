"""`health`: what is wrong with the directory, by name, before the next alert shows it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hub.clock import DAY_MS
from hub.commands.shell import CLOCK, opened, run
from hub.directory.health import UNANSWERED_DAYS, health_of
from hub.web.api.directory_health import directory_health_answer


def health() -> None:
    """What is wrong with the directory: groups, admins, addresses and neighbourhoods to look after."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            facts = await store.health.facts(CLOCK.now() - UNANSWERED_DAYS * DAY_MS)
            found = asdict(directory_health_answer(health_of(facts)))
            return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    run(command())
