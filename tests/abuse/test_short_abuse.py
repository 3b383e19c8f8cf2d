"""A short and small abuse of each kind; `make abuse` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.abuse.crowds import Abuse, abused, alerts_meanwhile
from tests.walk.world import walking

ANNA = "Noord,whatsapp,120,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1"
MOST_MS = 1000


async def test_alerts_pass_within_a_second_while_a_hub_is_abused(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        async with abused(walk.url, [walk.key], Abuse(slow=100, streams=90, forgers=2)) as done:
            waits = await alerts_meanwhile(walk.url, walk.key, "abused", seconds=2)
        assert max(waits) < MOST_MS, sorted(waits)
        assert done.streaming == 90 and done.forged > 20
