"""CAP messages of real authorities, where they lie beside the project: taken as they are, or refused with the reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from hub.settings import ROOT
from tests.walk.world import Walk, walking

VISIBLE = ROOT.parent / "shared" / "cap" / "visible"
MESSAGES = sorted(VISIBLE.glob("*.xml"))
TIMES = re.compile(rb"(<(?:\w+:)?(sent|effective|onset|expires)>)\s*[^<]+?\s*(</)")
ANNA = "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1"


def moved(raw: bytes) -> bytes:
    """The same message as if it were sent now and valid for an hour."""
    now = datetime.now(UTC).replace(microsecond=0)
    times = {b"expires": now + timedelta(hours=1)}

    def put(found: re.Match[bytes]) -> bytes:
        moment = times.get(found[2], now).strftime("%Y-%m-%dT%H:%M:%S-00:00")
        return found[1] + moment.encode() + found[3]

    return TIMES.sub(put, raw)


async def answer(walk: Walk, path: str, raw: bytes) -> tuple[int, list[str]]:
    """Status, and why if it was refused."""
    headers = {"Content-Type": "application/cap+xml"}
    async with walk.session.post(f"{walk.url}/api/v1/alerts{path}", data=raw, headers=headers) as response:
        body = orjson.loads(await response.read())
        return response.status, [one["reason"] for one in body.get("errors", [])]


async def test_every_real_message_is_simulated_as_it_is_and_taken_or_refused_with_its_reason(tmp_path: Path) -> None:
    async with walking(tmp_path, [ANNA]) as walk:
        report = []
        for message in MESSAGES:
            raw = message.read_bytes()
            simulated, why = await answer(walk, "/_simulate", raw)
            assert simulated == 200 or (simulated == 400 and why), message.name
            posted, why_not = await answer(walk, "?allowEmpty=true", moved(raw))
            assert posted in (200, 202) or (posted == 400 and why_not), message.name
            report.append((simulated, posted, message.name, [*why, *why_not]))
        for one in report:
            print(*one)
        assert not walk.whatsapp.requests, "none of them concerns Zoetermeer"
