"""`make fuzz-api N=50000 SEED=1`: every call of the API as openapi.json describes it, with a key of each role and with none.

Schemathesis makes the calls: examples, values at the edges, random ones that fit the schemas and such as do not, and chains that
use what was answered before. Never a 5xx, nor a status, header, content type or answer that is not described; what does not fit
a schema is refused; without a key nothing opens. The hub is a whole one, with a directory, an alert and emulated messengers.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import schemathesis
import structlog
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

from hub.domain import Role
from hub.trust.keys import hash_secret, make_key
from tests.walk.world import CLOCK, Walk, alert, until, walking

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
REFUSED: Final = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "429"]
ROUND: Final = 40
"""Random calls of each operation, of each role, with one seed; then the next seed."""

PEOPLE: Final = [
    "Seghwaert West,whatsapp,190,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Seghwaert Oost,telegram,80,BU06370301,Bram Jansen,en,telegram,1002,1",
]
LIMITS: Final = {"rate": 1000, "burst": 1000}


@dataclass
class Found:
    """`failures`: what was wrong, each kind once, with a call that shows it."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)

    def wrong(self) -> list[str]:
        return [f"- {label}: {title}\n{shown}" for (label, title), shown in self.failures.items()]

    def told(self) -> str:
        counts = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.cases:,} cases, {len(self.failures)} kinds of failure: {counts}"


def described(document: dict[str, Any], url: str, key: str, seed: int, examples: int, phases: Sequence[str]) -> Any:
    """The API for one turn: with this key, so many random calls of each operation."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
            "max-stream-events": 1,
            "request-timeout": 20,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            "checks": {
                "enabled": False,
                **{name: {"enabled": True} for name in CHECKS},
                "negative_data_rejection": {"enabled": True, "expected-statuses": REFUSED},
            },
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "suppress-health-check": ["all"],
            # A live stream that has nothing to tell says nothing for 15 s.
            "operations": [{"include-operation-id": "alert_events", "request-timeout": 0.3}],
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.config.update(base_url=url)
    return schema


def turn(schema: Any, found: Found) -> None:
    """All phases of one turn. Blocks: the hub runs in another thread."""
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event.recorder, found)
        elif isinstance(event, events.NonFatalError):
            found.failures.setdefault((event.label, type(event.value).__name__), str(event.info.format())[:1500])
        elif isinstance(event, events.FatalError):
            raise event.exception


def _note(recorder: Any, found: Found) -> None:
    for case_id, interaction in recorder.interactions.items():
        found.cases += 1
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                response = interaction.response
                answer = "" if response is None else response.content[:300].decode(errors="replace")
                shown = f"  {failure.message}\n  {check.failure_info.code_sample}\n  {answer}"
                found.failures.setdefault((recorder.label, f"{check.name}: {failure.title}"), shown[:3000])


async def fuzzed(
    cases: int, seed: int, examples: int = ROUND, phases: Sequence[str] = PHASES, told: bool = False
) -> Found:
    """At least so many cases: a turn of each role and of nobody, again and again with another seed."""
    found, known = Found(), 0
    with TemporaryDirectory() as folder:
        async with walking(Path(folder), PEOPLE, LIMITS, LIMITS) as town:
            keys = await _keys(town)
            await _furnished(town)
            async with town.session.get(f"{town.url}/api/v1/openapi.json") as answer:
                document = orjson.loads(await answer.read())
            while found.cases < cases:
                for key in keys:
                    url = f"{town.url}/api/v1"
                    schema = described(document, url, key, seed, examples, phases)
                    await asyncio.to_thread(turn, schema, found)
                    if told:
                        print(found.told(), *found.wrong()[known:], sep="\n", flush=True)
                    known = len(found.failures)
                seed += 1
    return found


async def _keys(town: Walk) -> list[str]:
    """One of each role, and none."""
    keys = [""]
    for role in Role:
        key_id, key = make_key(role)
        about = {"name": f"de {role}", "role": role, "sender": f"{role}@politie.example", "hash": hash_secret(key)}
        await town.hub.store.keys.put(key_id, **about, now=CLOCK.now())  # type: ignore[arg-type]  # of several types
        keys.append(key)
    return keys


async def _furnished(town: Walk) -> None:
    """An alert that can widen, sent."""
    fled = {"parameter": [{"valueName": "flightMode", "value": "bike"}]}
    content = alert()
    content["info"][0] |= fled
    made = await town.post(**content)

    async def sent() -> bool:
        return bool((await town.state(made))["deliveries"]["pending"] == 0)

    await until(sent)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--examples", type=int, default=ROUND, help="random calls of each operation before the next seed"
    )
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # it tells of every broken header
    began = time.monotonic()
    found = asyncio.run(fuzzed(given.cases, given.seed, given.examples, told=True))
    print(f"{time.monotonic() - began:.0f} s, seeds from {given.seed}")
    sys.exit(bool(found.failures or not found.cases))


if __name__ == "__main__":
    main()
