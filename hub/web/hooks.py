"""/hooks/…: what providers tell us. A call is proven by its channel, kept on disk as it came, and only then answered 200.

Knows no messenger: any channel that implements `hub.channel.Hooks` is served. What an update means is the receiver's to find out.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hub.channel import Channel, HookRefused, Hooks
from hub.service import Hub
from hub.web.calls import Call, answer
from hub.web.problems import Problem, not_found
from hub.web.request_lines import CHANNEL

MOST_BYTES = 3 << 20
"""WhatsApp's webhooks are at most 3 MB (Meta, webhooks reference); Telegram's are far smaller."""


async def hook_challenge(call: Call) -> web.Response:
    """The provider's GET that sets the hook up: answered with what it wants back."""
    for _, hooks in _accounts(call):
        text = hooks.challenge(call.request.query)
        if text is not None:
            return web.Response(text=text)
    raise Problem(403, "This is not for us", "No sender account here has this verify token.")


async def receive_hook(call: Call) -> web.Response:
    # Forged ones are to cost little: most are known by their headers, before a byte of the body is read.
    accounts = [(channel, hooks) for channel, hooks in _accounts(call) if _may_be_proven(hooks, call)]
    if accounts:
        body = await call.body(MOST_BYTES)
        for channel, hooks in accounts:
            try:
                update = hooks.check_hook(call.request.headers, body)
            except HookRefused:
                continue
            await call.hub.letterbox.put(channel.name, channel.account, update)
            return answer({})
    raise Problem(401, "This call proves nothing", "Its signature or secret fits no sender account here.")


def _may_be_proven(hooks: Hooks, call: Call) -> bool:
    try:
        hooks.check_headers(call.request.headers)
    except HookRefused:
        return False
    return True


def hooks_of(hub: Hub) -> dict[str, list[tuple[Channel, Hooks]]]:
    """The sender accounts by channel, each also as what takes its hooks. Asked once: proving a protocol takes 10 µs."""
    found: dict[str, list[tuple[Channel, Hooks]]] = {}
    for sender in hub.senders:
        if isinstance(sender.channel, Hooks):
            found.setdefault(sender.channel.name, []).append((sender.channel, sender.channel))
    return found


def _accounts(call: Call) -> Sequence[tuple[Channel, Hooks]]:
    """Those of the channel that the path names; 404 if there are none."""
    name = call.part("channel")
    if name not in call.state.hooks:
        raise not_found("channel with a webhook", name)
    call.request[CHANNEL] = name
    return call.state.hooks[name]
