"""The queue of updates and its two ways out: getUpdates (an offset confirms) and a webhook (a 2xx confirms)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from adapters.telegram.emulator.faults import CONFLICT, HOOK_ACTIVE, Refused, bad_request
from hub.clock import Clock

# Seconds between two tries of a webhook; the real server does not say, "a reasonable amount of attempts".
FIRST_RETRY, LAST_RETRY = 0.05, 5.0
# getUpdates: these come only when allowed_updates names them.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
HOOK_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Updates:
    """What the bot has not confirmed yet, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self.pending: list[dict[str, Any]] = []
        self.hook_url = ""
        self.hook_secret = ""
        self.hook_error = ""
        self._hook_error_at = 0
        self.hook_failed = asyncio.Event()
        self._allowed: frozenset[str] = frozenset()
        self._clock = clock
        # Ids do not start at 1 at Telegram either.
        self._last_id = 800_000_000
        self._poller = asyncio.Event()
        self._hook_work = asyncio.Event()
        self._closed = False

    def push(self, kind: str, content: dict[str, Any]) -> None:
        if kind not in self._allowed if self._allowed else kind in ON_REQUEST:
            return
        self._last_id += 1
        self.pending.append({"update_id": self._last_id, kind: content})
        self._poller.set()
        self._hook_work.set()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """None leaves it as it was; an empty list is the default again."""
        if kinds is not None:
            self._allowed = frozenset(kinds)

    async def poll(self, offset: int = 0, limit: int = 100, seconds: float = 0) -> list[dict[str, Any]]:
        """Forgets what lies before `offset`, waits at most so long for more. Raises Refused (409) if another poll takes
        over.
        """
        if self.hook_url:
            raise Refused(HOOK_ACTIVE)
        before, self._poller = self._poller, asyncio.Event()
        mine = self._poller
        before.set()
        if offset < 0:
            offset = self._last_id + offset + 1
        self.pending = [update for update in self.pending if update["update_id"] >= offset]
        if not self.pending and not self._closed:
            await self._clock.wait(mine, seconds)
        if self._poller is not mine:
            raise Refused(CONFLICT)
        if self.hook_url:
            raise Refused(HOOK_ACTIVE)
        return self.pending[:limit]

    def hook(self, url: str, secret: str) -> None:
        if url:
            _check_hook(url, secret)
        self.hook_url, self.hook_secret, self.hook_error = url, secret, ""
        self._poller.set()
        self._hook_work.set()

    def hook_info(self) -> dict[str, Any]:
        info = {"url": self.hook_url, "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        if self._allowed:
            info["allowed_updates"] = sorted(self._allowed)
        if self.hook_error:
            info |= {"last_error_date": self._hook_error_at // 1000, "last_error_message": self.hook_error}
        return info

    async def deliver(self) -> None:
        """Post to the webhook, in order, each until it is answered with 2xx. Endless; the emulator's app runs it."""
        retry = FIRST_RETRY
        async with aiohttp.ClientSession(timeout=HOOK_TIMEOUT) as session:
            while True:
                self._hook_work.clear()
                if not self.hook_url or not self.pending:
                    await self._hook_work.wait()
                    continue
                if await self._post(session, self.pending[0]):
                    retry = FIRST_RETRY
                else:
                    await self._clock.sleep(retry)
                    retry = min(2 * retry, LAST_RETRY)

    async def _post(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        headers = {"Content-Type": "application/json"}
        if self.hook_secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.hook_secret
        try:
            async with session.post(self.hook_url, data=orjson.dumps(update), headers=headers) as response:
                if response.status // 100 == 2:
                    self.pending = [one for one in self.pending if one is not update]
                    return True
                self.failed(f"Wrong response from the webhook: {response.status} {response.reason}", self._clock.now())
        except (aiohttp.ClientError, TimeoutError):
            self.failed("Connection failed", self._clock.now())
        return False

    def failed(self, words: str, at: int) -> None:
        """What getWebhookInfo tells from now on. `at` in milliseconds."""
        self.hook_error, self._hook_error_at = words, at
        self.hook_failed.set()

    def close(self) -> None:
        """Let a waiting poll go."""
        self._closed = True
        self._poller.set()


def _check_hook(url: str, secret: str) -> None:
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    parts = urlsplit(url)
    # The real server wants HTTPS; on this machine itself plain HTTP is fine for trying things out.
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname or "")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
