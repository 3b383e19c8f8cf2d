"""A file that a person sent us, fetched from their messenger: of at most so many bytes, and never from where we are sent on to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL


async def download(
    session: aiohttp.ClientSession,
    url: URL | str,
    most: int,
    timeout: aiohttp.ClientTimeout,
    headers: Mapping[str, str],
) -> bytes | None:
    """None if it is larger or cannot be had."""
    try:
        async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:
                return None
            await response.content.readexactly(most + 1)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
    return None
