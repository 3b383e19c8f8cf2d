"""`run.py doctor`: what works and what does not, of the store, the map and every configured channel, and how to mend it."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.channel import Channel, Finding
from hub.clock import to_datetime
from hub.domain import Mistake, Refused
from hub.service import Hub
from hub.store.engine import StoreUnavailable

# Longer than any channel's own time limits together: a channel that hangs must not hide what the others say.
PATIENCE_SECONDS = 60.0
SOON_MS = 30 * 86_400_000


async def examined(hub: Hub) -> dict[str, Any]:
    """What works; raises Refused, which names that too, if anything does not."""
    own = [("store", await _store(hub)), ("map", _map(hub))]
    told = await asyncio.gather(*(_channel(sender.channel) for sender in hub.senders))
    names = [f"{sender.channel.name}/{sender.channel.account}" for sender in hub.senders]
    hooks = await asyncio.gather(*(reporter.examine() for reporter in hub.reporters))
    own += [(reporter.name, one) for reporter, one in zip(hub.reporters, hooks, strict=True)]
    told_by = await asyncio.gather(*(one.examine() for one in hub.sign_ons))
    own += [(f"sign-on {one.name}", finding) for one, finding in zip(hub.sign_ons, told_by, strict=True)]
    own += _signing(hub)
    own += await _keys(hub)
    if hub.postman is not None:
        own.append(("mail", await hub.postman.examine()))
    found = own + [(name, one) for name, findings in zip(names, told, strict=True) for one in findings]
    if not hub.senders:
        found.append(("channels", Finding(False, "none is configured: see config/hub.toml")))
    works = [f"{name}: {one.text}" for name, one in found if one.works]
    broken = [Mistake(name, one.text) for name, one in found if not one.works]
    if broken:
        raise Refused("\n".join(["Works:", *(f"  {line}" for line in works), "Does not work:"]), broken)
    return {"works": works}


async def _store(hub: Hub) -> Finding:
    try:
        await hub.store.ping()
    except StoreUnavailable as error:
        return Finding(False, str(error))
    unread = (await hub.store.outbox.totals()).unreadable_updates
    if unread:
        return Finding(
            False, f"{unread} updates of providers could not be read and are kept: a newer version may read them"
        )
    return Finding(True, f"answers ({hub.settings.database.place})")


def _map(hub: Hub) -> Finding:
    index = hub.atlas.index
    if not len(index):
        return Finding(False, "no neighbourhoods: run `python run.py import neighbourhoods FILE`")
    return Finding(True, f"{len(index)} neighbourhoods, edition {index.edition or 'unknown'}")


def _signing(hub: Hub) -> list[tuple[str, Finding]]:
    if hub.signing is None:
        return []
    ends, left = to_datetime(hub.signing.ends), hub.signing.ends - hub.clock.now()
    if left > SOON_MS:
        return [("police.signing_certificate", Finding(True, f"valid until {ends:%Y-%m-%d}"))]
    said = "ends" if left > 0 else "ended"
    return [("police.signing_certificate", Finding(False, f"{said} on {ends:%Y-%m-%d}: put a new one in its place"))]


async def _keys(hub: Hub) -> list[tuple[str, Finding]]:
    """API keys that end soon, or have ended and were never revoked."""
    now, found = hub.clock.now(), []
    for key_id, ends in await hub.store.keys.ending(now + SOON_MS):
        said = "ends" if ends > now else "ended"
        todo = f"rotate it (`key rotate {key_id} --expires DAYS`) or revoke it"
        found.append((f"key {key_id}", Finding(False, f"{said} on {to_datetime(ends):%Y-%m-%d}: {todo}")))
    return found


async def _channel(channel: Channel) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return list(await channel.examine())
    except TimeoutError:
        return [Finding(False, f"gives no answer within {PATIENCE_SECONDS:.0f} s")]
