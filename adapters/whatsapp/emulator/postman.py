"""The emulator's webhooks: built as Meta builds them, signed, batched, and told again until the hub answers 200."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from adapters.whatsapp.hooks import SIGNATURE, sign
from hub.clock import Clock

BUSINESS_ACCOUNT_ID = "102290129340398"

# Meta tells again with a growing pause for up to seven days (…/create-webhook-endpoint).
FIRST_PAUSE, LONGEST_PAUSE, GIVE_UP = 1.0, 3600.0, 7 * 86_400.0
# Meta's own patience is not published; long enough for any commit.
PATIENCE = aiohttp.ClientTimeout(total=10)
# Seconds a batch waits for company.
LINGER = 0.02
# The last webhooks are kept for tests and for the curious.
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell: a status or a person's message (`kind` is its place in the webhook) about one number.

    `contact`: the webhook says who it is about (a system message's does not).
    """

    kind: str
    number: str
    body: dict[str, Any] = field(repr=False)
    contact: bool = True


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook as it goes over the wire."""

    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


class Postman:
    """Takes items and posts them. `batch`: the most statuses in one webhook. `meagre`: without contacts and user ids,
    like Meta's own v23 samples. `longest_pause`: the most seconds between two tries. `loses`: which items are
    never told. `hidden`: usernames of people (by digits) who hide their number.

    Without a `hook_url`, webhooks are only kept in `hooks`.
    """

    def __init__(self, hook_url: str, app_secret: str, phone_number_id: str, clock: Clock) -> None:
        self.hook_url = hook_url
        self.batch = 1
        self.meagre = False
        self.longest_pause = LONGEST_PAUSE
        self.loses: Callable[[Item], bool] = lambda item: False
        self.hooks: deque[Hook] = deque(maxlen=KEPT)
        self.answers: deque[int] = deque(maxlen=KEPT)
        self.names: dict[str, str] = {}
        self.hidden: dict[str, str] = {}
        self._app_secret = app_secret
        self._phone_number_id = phone_number_id
        self._clock = clock
        self._waiting: asyncio.Queue[Item] = asyncio.Queue()
        self._unposted = 0
        self._again: set[asyncio.Task[None]] = set()

    def tell(self, item: Item) -> None:
        """Post it soon."""
        if self.loses(item):
            return
        self._unposted += 1
        self._waiting.put_nowait(item)

    @property
    def untold(self) -> int:
        """How much the hub has not answered with 200 yet: items to be posted, and webhooks to be posted again."""
        return self._unposted + len(self._again)

    async def settled(self) -> None:
        """Wait until everything told so far was posted once; what was refused may still be told again."""
        await self._waiting.join()

    async def work(self, session: aiohttp.ClientSession) -> None:
        """Post what waits, for ever. Several may work side by side, as Meta's do; then order is not kept."""
        while True:
            items = [await self._waiting.get()]
            if self.batch > 1:
                await self._clock.sleep(LINGER)
            while items[-1].kind == "statuses" and len(items) < self.batch and not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            try:
                for hook in self._hooks_of(items):
                    await self._post(session, hook, waited=0.0, pause=FIRST_PAUSE)
            finally:
                self._unposted -= len(items)
                for _ in items:
                    self._waiting.task_done()

    async def close(self) -> None:
        """Forget what was to be told again."""
        for task in self._again:
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)

    def _hooks_of(self, items: list[Item]) -> Iterable[Hook]:
        for kind in ("statuses", "messages"):
            same = [item for item in items if item.kind == kind]
            if same:
                yield self.seal(self._value(kind, same))

    def _value(self, kind: str, items: list[Item]) -> dict[str, Any]:
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "31790000000", "phone_number_id": self._phone_number_id},
        }
        if not self.meagre and any(item.contact for item in items):
            value["contacts"] = [self._contact(number) for number in dict.fromkeys(item.number for item in items)]
        value[kind] = [item.body for item in items]
        return value

    def _contact(self, number: str) -> dict[str, Any]:
        username, user_id = self.hidden.get(number), user_id_of(number)
        if username is not None:
            name = self.names.get(number, username)
            return {"profile": {"name": name, "username": username}, "user_id": user_id}
        return {"profile": {"name": self.names.get(number, number)}, "wa_id": number, "user_id": user_id}

    def seal(self, value: dict[str, Any], field_name: str = "messages") -> Hook:
        """The envelope and its signature. Meta escapes what is not ASCII, and signs that."""
        envelope = {
            "object": "whatsapp_business_account",
            "entry": [{"id": BUSINESS_ACCOUNT_ID, "changes": [{"value": value, "field": field_name}]}],
        }
        body = json.dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode()
        return Hook(body, {"Content-Type": "application/json", SIGNATURE: sign(self._app_secret, body)})

    async def _post(self, session: aiohttp.ClientSession, hook: Hook, *, waited: float, pause: float) -> None:
        self.hooks.append(hook)
        if not self.hook_url:
            return
        try:
            async with session.post(self.hook_url, data=hook.body, headers=hook.headers, timeout=PATIENCE) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        self.answers.append(status)
        if status != 200 and waited < GIVE_UP:
            task = asyncio.create_task(self._post_later(session, hook, waited, pause))
            self._again.add(task)
            task.add_done_callback(self._again.discard)

    async def _post_later(self, session: aiohttp.ClientSession, hook: Hook, waited: float, pause: float) -> None:
        await self._clock.sleep(pause)
        await self._post(session, hook, waited=waited + pause, pause=min(pause * 2, self.longest_pause))


def user_id_of(number: str) -> str:
    """A business-scoped user id that stays the same for one number."""
    return number if "." in number else f"NL.{int(number) * 7919 % 10**17:017d}"
