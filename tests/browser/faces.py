"""How a page is looked at: through which window, in which language and light; and whatever the page or the browser complains of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    Response,
    ViewportSize,
    async_playwright,
)

from tests.browser.chromium import ARGUMENTS, find

FAILED_TO_LOAD: Final = "Failed to load resource"
"""Chromium's own line for an answer of 400 and up, which is told with its address below."""


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    width: int
    height: int
    dark: bool = False
    language: Literal["nl", "en"] = "nl"
    scripts: bool = True


NARROW: Final = ViewportSize(width=390, height=844)
BROAD: Final = ViewportSize(width=1440, height=900)
PHONE: Final = Look("phone", 390, 844)
PHONE_DARK: Final = Look("phone-dark", 390, 844, dark=True)
DESK: Final = Look("desk", 1440, 900)
DESK_DARK: Final = Look("desk-dark", 1440, 900, dark=True)
DESK_DARK_ENGLISH: Final = Look("desk-dark-english", 1440, 900, dark=True, language="en")
WITHOUT_SCRIPTS: Final = Look("phone-without-scripts", 390, 844, scripts=False)


@dataclass
class Watched:
    """A page of the hub at `url`, and its complaints: errors and warnings of scripts, what the policy stopped, what failed to load,
    a dialog, a request to any other host. `expect`: the page itself may answer 400 and up."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.on("dialog", self._opened)

    async def come_as(self, cookies: Mapping[str, str]) -> None:
        """Somebody else at the same window: these cookies and no others."""
        await self.page.context.clear_cookies()
        await self.page.context.add_cookies(
            [
                # As if those of https alone had come by it: our own machine is trusted to be sent them.
                {"name": name, "value": value, "url": self.url.replace("http:", "https:"), "secure": True}
                if name.startswith("__")
                else {"name": name, "value": value, "url": self.url}
                for name, value in cookies.items()
            ]
        )

    async def open(self, path: str) -> Response:
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        return answer

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and FAILED_TO_LOAD not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        host, own = urlsplit(request.url), urlsplit(self.url)
        if host.scheme not in ("data", "blob") and (host.scheme, host.netloc) != (own.scheme, own.netloc):
            self.complaints.append(f"another host: {request.url}")

    def _failed(self, request: Request) -> None:
        # Aborted: what was under way when one went to another page.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure}: {request.url}")

    def _answered(self, response: Response) -> None:
        itself = response.request.is_navigation_request() and response.frame == self.page.main_frame
        if response.status >= 400 and not itself:
            self.complaints.append(f"{response.status}: {response.url}")

    async def _opened(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page that goes to several hosts (the hub, and phones of an emulator), and what it complains of."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


@asynccontextmanager
async def looking(
    browser: Browser, url: str, look: Look = DESK, cookies: Mapping[str, str] | None = None
) -> AsyncIterator[Watched]:
    """A page in a context of its own: nothing of another's is there. No complaint may be left at its end."""
    context = await browser.new_context(
        viewport={"width": look.width, "height": look.height},
        locale={"nl": "nl-NL", "en": "en-GB"}[look.language],
        timezone_id="Europe/Amsterdam",
        color_scheme="dark" if look.dark else "light",
        reduced_motion="reduce",
        java_script_enabled=look.scripts,
    )
    try:
        watched = Watched(await context.new_page(), url)
        watched.listen()
        await watched.come_as(cookies or {})
        yield watched
        assert watched.complaints == []
    finally:
        await context.close()
