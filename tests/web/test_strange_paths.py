"""A path with what can be no id of ours is answered like any other that leads nowhere, on every page and call."""

from __future__ import annotations

import re
from typing import Any

from hub.web.route import Open
from hub.web.routes import ROUTES
from tests.web.world import World

STRANGE = (
    "0" * 13,
    "9" * 40,
    "%00",
    "%F0%9F%92%A9" * 20,
    "-1",
    "..%2F..%2Fetc%2Fpasswd",
    "%0d%0aSet-Cookie:a=b",
    "BU'--",
)
OURS = {"Origin": "https://buurtsein.example"}


async def test_whatever_stands_in_a_path_nothing_breaks(world: World) -> None:
    broken = []
    for route in ROUTES:
        if "{" not in route.path:
            continue
        role = None if isinstance(route.may, Open) else min(route.may)
        for strange in STRANGE:
            path = re.sub(r"{\w+}", strange, route.path)
            body: Any = {} if route.method in ("POST", "PATCH") and route.path.startswith("/api") else None
            response = await world.call(route.method, path, role, headers=OURS, body=body)
            if response.status >= 500 or ("Set-Cookie" in response.headers and "a=b" in response.headers["Set-Cookie"]):
                broken.append(f"{response.status} {route.method} {path}")
            response.close()
    assert not broken, "\n".join(broken)
