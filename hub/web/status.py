"""/healthz, /readyz and /metrics: what a supervisor, a load balancer and Prometheus ask. Public, and without personal data."""

from __future__ import annotations

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hub.web.calls import Call, answer
from hub.web.readiness import Check


async def healthz(call: Call) -> web.Response:
    """The process is up; nothing else is looked at."""
    return answer({"status": "ok"})


async def readyz(call: Call) -> web.Response:
    checks = await _checks(call)
    ready = all(one.ok for one in checks)
    return answer({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)


async def metrics(call: Call) -> web.Response:
    ready = all(one.ok for one in await _checks(call))
    return web.Response(body=await call.state.metrics.written(ready), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _checks(call: Call) -> list[Check]:
    checks = [*await call.state.readiness.checks()]
    if call.state.closing:
        checks.append(Check("running", False, "the hub is stopping"))
    return checks
