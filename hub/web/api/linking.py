"""/api/v1/admins/{id}/links: a coordinator makes a one-time link by which an admin links an address."""

from __future__ import annotations

from aiohttp import web

from hub.directory.linking import make_link
from hub.relay.events import moment
from hub.web.api.answers import LinkAnswer
from hub.web.api.directory_given import read_link
from hub.web.calls import Call, answer
from hub.web.within import own_admin


async def create_link(call: Call) -> web.Response:
    channel = read_link(await call.json_object())
    admin = await own_admin(call, call.part("id"))
    channels = tuple(sender.channel.name for sender in call.hub.senders)
    public_url = call.hub.settings.web.public_url
    made = await make_link(call.hub.store, channels, admin.id, channel, public_url, call.now())
    await call.changed("link.made", admin.id, channel=made.channel)
    return answer(LinkAnswer(made.url, made.channel, moment(made.expires_at)), 201, Location=made.url)
