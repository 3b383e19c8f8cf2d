"""What a person is told once their update is stored: words, a tap confirmed, an invitation taken. Best effort, never raises."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from hub.channel import Admits, Channel, Confirms
from hub.domain import AckKind, Handle
from hub.relay.words import language

Answer = Callable[[], Coroutine[Any, Any, None]]


def say(channel: Channel, handle: Handle, text: str) -> Answer:
    async def answer() -> None:
        with contextlib.suppress(Exception):  # what they asked for is done
            await channel.say(handle, text)

    return answer


def admit(channel: Channel, room: str, welcome: bool) -> Answer:
    async def answer() -> None:
        if isinstance(channel, Admits):
            await channel.admit(room, welcome)

    return answer


def confirm(channel: Channel, token: str, kind: AckKind | None) -> Answer:
    async def answer() -> None:
        if isinstance(channel, Confirms):
            # The language of the person is not in the update; Dutch first.
            with contextlib.suppress(Exception):  # what they said is stored
                await channel.confirm(token, language("nl").noted[kind] if kind else "")

    return answer
