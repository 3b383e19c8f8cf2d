"""One POST to a system of the police, signed the way of Standard Webhooks, so that it knows who says so and drops doubles."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import dataclass, field

import aiohttp

from hub.settings import Hook

OFF = 410
"""By this status the receiver says that it wants no more."""


@dataclass(frozen=True, slots=True)
class Report:
    """`id`: the same with each try. `body` holds ids, never names, numbers or what people wrote."""

    id: str
    content_type: str
    body: bytes = field(repr=False)


def signed(report: Report, hook: Hook, now: int) -> dict[str, str]:
    """Its headers at this moment (ms)."""
    timestamp = str(now // 1000)
    content = b".".join((report.id.encode(), timestamp.encode(), report.body))
    signature = base64.b64encode(hmac.new(hook.signing_bytes, content, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": report.content_type,
        "User-Agent": "Buurtsein",
        "webhook-id": report.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


async def post(session: aiohttp.ClientSession, hook: Hook, report: Report, now: int) -> tuple[int, str]:
    """(status, ''), or (0, why there was none). Redirects are not followed."""
    try:
        async with asyncio.timeout(hook.timeout):
            headers = signed(report, hook, now)
            async with session.post(hook.url, data=report.body, headers=headers, allow_redirects=False) as response:
                return response.status, ""
    except TimeoutError:
        return 0, f"no answer within {hook.timeout:g} s"
    except (aiohttp.ClientError, ValueError, OSError) as error:
        return 0, f"cannot be reached ({type(error).__name__})"
