"""No address that somebody gave us is ever fetched by the hub: not in an alert, not in a message, not on a form (SSRF)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.walk.world import Walk, alert, until, walking

ROOT = Path(__file__).resolve().parents[3]
FETCHES = re.compile(
    r"session\.(get|post|put|request|ws_connect)\(|\burlopen\(|\bhttpx\b|\brequests\.|open_connection\("
)
WHO = {
    "hub/demo.py": "the hub itself",
    "hub/trust/provider.py": "a sign-on's provider, which the operator set, and what its discovery names, by https",
    "hub/web/docs/snippets.py": "nothing: examples for others to run",
    "hub/relay/webhook.py": "the police's systems, which the operator set",
    "adapters/download.py": "a file, from where its messenger said it is",
    "adapters/telegram/request.py": "the Bot API",
    "adapters/whatsapp/graph.py": "the Graph API",
    "adapters/matrix/client.py": "the homeserver",
}
"""All that call another host, and whose; none of them takes an address from an alert, a message or a form."""


def test_only_these_call_other_hosts() -> None:
    files = [*(ROOT / "hub").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    named = {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files if "emulator" not in file.parts
    }
    assert {name for name, text in named.items() if FETCHES.search(text)} == WHO.keys()


async def test_addresses_in_an_alert_and_in_an_answer_are_left_alone(tmp_path: Path) -> None:
    asked: list[str] = []

    async def trap(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"\x89PNG\r\n\x1a\n", content_type="image/png")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", trap)
    async with (
        TestServer(app) as server,
        walking(tmp_path, ["N,whatsapp,9,BU06370300,Anna,nl,whatsapp,+31612340001,1"]) as walk,
    ):
        here = str(server.make_url("/trap"))
        posted = alert(identifier="trap")
        posted["info"][0] |= {
            "web": here,
            "description": f"Zie {here}",
            "resource": [
                {"resourceDesc": "foto", "mimeType": "image/png", "uri": here},
                {"resourceDesc": "foto", "mimeType": "image/png", "derefUri": here, "uri": f"{here}.png"},
                {"resourceDesc": "kaart", "mimeType": "text/html", "derefUri": here},
            ],
        }
        taken = await walk.post(**posted)
        await until(lambda: sent(walk, taken))
        walk.whatsapp.say("+31612340001", f"ok {here}")
        await until(lambda: sent(walk, taken))
        async with walk.session.get(f"{walk.url}/api/v1/alerts/{taken['id']}/cap?pictures=true") as answer:
            assert answer.status == 200
        assert asked == []


async def sent(walk: Walk, taken: dict[str, Any]) -> bool:
    rows = await walk.deliveries(taken)
    return bool(rows) and all(row["state"] in ("sent", "delivered", "read") for row in rows)
