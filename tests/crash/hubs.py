"""Hub processes for a storm, each with its imports done before it is wanted, so that a cycle takes a second.

What is left of a start is what matters here: opening the store, taking over from the dead, sending.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp

from tests.forked import Forked
from tests.walk.world import until

# Seconds; a start takes one, and many on a machine that is busy with other things.
PATIENCE = 60.0


class HubProcess(Forked):
    """What it says on stderr goes to `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(environment, log)
        self._url = url_of(environment)
        self._log = log

    @property
    def ended(self) -> bool:
        return self.returncode is not None

    async def started(self) -> None:
        """Comes back once it answers; fails if it ends instead."""

        async def ready() -> bool:
            assert not self.ended, f"the hub ended by itself:\n{self._log.read_text(errors='replace')[-3000:]}"
            return await answers(self._url)

        await until(ready, PATIENCE)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    async def die(self) -> None:
        """SIGKILL; comes back when it is gone."""
        self.kill()
        await self.wait()

    async def wait_or_kill(self, seconds: float) -> None:
        """For its end; killed if that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            await self.die()


class Service:
    """A hub that is started again whenever it ends, as systemd or a container platform does it."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.url = url_of(environment)
        self._environment = environment
        self._log = log
        self._hub: HubProcess | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Comes back once it answers."""
        self._keeping = asyncio.create_task(self._keep())
        await self.ready()

    async def ready(self) -> None:
        """Comes back once it answers, whichever life of it that is."""
        await until(lambda: answers(self.url), PATIENCE)

    async def kill(self) -> None:
        """SIGKILL, once: soon it is started again."""
        assert self._hub is not None
        await self._hub.die()

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._hub is not None:
            self._hub.terminate()
            await self._hub.wait_or_kill(30)

    async def _keep(self) -> None:
        while True:
            self._hub = HubProcess(self._environment, self._log)
            self._hub.start()
            await self._hub.wait()
            await asyncio.sleep(0.2)


def url_of(environment: Mapping[str, str]) -> str:
    """Where a hub with this environment listens."""
    return f"http://{environment['HUB_WEB__LISTEN']}"


async def answers(url: str) -> bool:
    """Is the hub there ready now?"""
    with suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    return False
