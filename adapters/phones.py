"""The demo's phones: the emulators on one port, a page that lists every phone, and people who answer by themselves.

async with Phones(hub_url, people) as phones:      # people: (channel, handle, name)
    await phones.answer()                          # everyone who has a message answers it, in their own time
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path
from random import Random
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from adapters.matrix.emulator import MatrixEmulator
from adapters.telegram.emulator import TelegramEmulator
from adapters.whatsapp.emulator import WhatsAppEmulator

TELEGRAM_TOKEN = "700000:emulated-bot-of-the-demo"  # noqa: S105  # opens nothing but the emulator
WHATSAPP_TOKEN = "emulated-token-of-the-demo"  # noqa: S105
PHONE_NUMBER_ID = "106540352242922"
MATRIX_SERVER, MATRIX_USER = "hub.test", "@buurtsein:hub.test"
MATRIX_PASSWORD = "emulated-password-of-the-demo"  # noqa: S105
# A contact behind the WhatsApp bridge has a Matrix handle of this shape, with the number in it.
BRIDGED = "@whatsapp_"
PORT = 8081
LARGEST_BODY = 12 << 20
# Seconds a person of the demo takes to see a message, and then to forward it.
SEES, FORWARDS = (0.4, 1.6), (0.5, 2.0)


class Phones:
    """`api_base` (Matrix: `homeserver`) of each channel is `url` + /telegram, /whatsapp or /matrix. Real limits are kept.

    Matrix has none here: whoever runs a homeserver for the hub sets its limits (rc_message) so.
    """

    def __init__(self, hub_url: str, people: Iterable[tuple[str, str, str]]) -> None:
        self.app_secret, self.verify_token = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self.telegram = TelegramEmulator(TELEGRAM_TOKEN, rate=30, rate_per_group=20, latency=0.04)
        self.whatsapp = WhatsAppEmulator(WHATSAPP_TOKEN, PHONE_NUMBER_ID, self.app_secret, f"{hub_url}/hooks/whatsapp")
        self.whatsapp.rate, self.whatsapp.latency = 80, 0.06
        self.matrix = MatrixEmulator(MATRIX_SERVER, latency=0.02)
        self.matrix.account(MATRIX_USER, password=MATRIX_PASSWORD, name="Buurtsein")
        self.people = list(people)
        self.url = ""
        for channel, handle, name in self.people:
            if channel == "telegram":
                self.telegram.chat(int(handle), name)
            elif channel == "matrix" and handle.startswith(BRIDGED):
                self.matrix.bridged("+" + handle.removeprefix(BRIDGED).partition(":")[0], name)
            elif channel == "matrix":
                self.matrix.person(handle, name)
            else:
                self.whatsapp.postman.names[handle.lstrip("+")] = name
        self._runner: web.AppRunner | None = None
        self._rng = Random()  # noqa: S311  # how fast people of a demo are is no secret

    def channels(self) -> dict[str, dict[str, str]]:
        """The settings of [channels] that make a hub speak to these phones."""
        return {
            "telegram": {"token": TELEGRAM_TOKEN, "api_base": f"{self.url}/telegram"},
            "whatsapp": {
                "token": WHATSAPP_TOKEN,
                "phone_number_id": PHONE_NUMBER_ID,
                "app_secret": self.app_secret,
                "verify_token": self.verify_token,
                "api_base": f"{self.url}/whatsapp",
            },
            "matrix": {"homeserver": f"{self.url}/matrix", "user_id": MATRIX_USER, "password": MATRIX_PASSWORD},
        }

    async def __aenter__(self) -> Phones:
        # The outermost application's limit holds for those within it; a picture is larger than what aiohttp takes unasked.
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_subapp("/telegram", self.telegram.app())
        app.add_subapp("/whatsapp", self.whatsapp.app())
        app.add_subapp("/matrix", self.matrix.app())
        app.router.add_get("/", self._list)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", PORT).start()
        except OSError:  # taken: any free port will do
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def answer(self, silent: Collection[str] = ()) -> None:
        """Everyone answers each message that asks for it once: seen, then forwarded. `silent`: handles of those who do not.

        Runs until cancelled.
        """
        async with asyncio.TaskGroup() as group:
            for channel, handle, _ in self.people:
                if handle not in silent:
                    group.create_task(self._answer_as(channel, handle))

    async def _answer_as(self, channel: str, handle: str) -> None:
        answered = ""
        while True:
            await asyncio.sleep(self._rng.uniform(*SEES))
            if (asks := self._asks(channel, handle)) not in ("", answered):
                answered = asks
                self._tap(channel, handle, 0)
                await asyncio.sleep(self._rng.uniform(*FORWARDS))
                self._tap(channel, handle, 1)

    def _asks(self, channel: str, handle: str) -> str:
        """The newest message from the hub with something to answer; '' if there is none."""
        if channel == "telegram":
            asking = [str(one.message_id) for one in self.telegram.messages(int(handle)) if one.keyboard]
        elif channel == "matrix":
            asking = [one.id for one in self.matrix.messages(handle) if not one.mine and one.kind == "m.text"]
        else:
            asking = [one.id for one in self.whatsapp.chat(handle) if not one.mine and one.content.buttons]
        return asking[-1] if asking else ""

    def _count(self, channel: str, handle: str) -> int:
        """Messages from the hub on this phone."""
        if channel == "telegram":
            return sum(message.from_bot for message in self.telegram.messages(int(handle)))
        if channel == "matrix":
            return sum(not message.mine for message in self.matrix.messages(handle))
        return sum(not bubble.mine for bubble in self.whatsapp.chat(handle))

    def _tap(self, channel: str, handle: str, button: int) -> None:
        """The first or second button, in whichever language it is; on Matrix the first or second sign, under the words."""
        if channel == "matrix":
            words = [one.id for one in self.matrix.messages(handle) if not one.mine and one.kind == "m.text"]
            if words:
                self.matrix.react(handle, "✅📣"[button], words[-1])
            return
        for label in (("Ontvangen", "Received"), ("Doorgestuurd", "Forwarded"))[button]:
            tapped = (
                self.telegram.tap(int(handle), label) if channel == "telegram" else self.whatsapp.tap(handle, label)
            )
            if tapped:
                return

    async def _list(self, request: web.Request) -> web.Response:
        pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
        phones = [
            {
                "name": name,
                "channel": channel,
                "handle": handle,
                "link": f"{channel}/phone/{quote(handle)}",
                "messages": self._count(channel, handle),
            }
            for channel, handle, name in self.people
        ]
        return web.Response(text=pages.get_template("phones.html").render(phones=phones), content_type="text/html")
