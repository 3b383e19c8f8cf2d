"""The Graph API over HTTP: one request, its answer, and what Meta says went wrong. Knows of no messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from adapters.download import download
from adapters.whatsapp.errors import Failure, Verdict, asked_wait, failure_of
from hub.settings import WhatsAppAccount

UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError)
"""What a request may raise."""


@dataclass(slots=True)
class Answer:
    """What came back. `said`: the body as JSON, None if it is none."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    said: Any = field(repr=False)

    @property
    def failure(self) -> Failure:
        """What Meta says went wrong; its code is None if it does not say."""
        match self.said:
            case {"error": error}:
                return failure_of(error, self.status)
            case _:
                return Failure(None, status=self.status)

    @property
    def asked_wait(self) -> float | None:
        """Seconds that Meta asks us to wait."""
        usage = decode(self.headers.get("X-Business-Use-Case-Usage", "").encode())
        return asked_wait(self.headers, usage)


class Graph:
    """Requests in the name of one sender account. The session is the hub's."""

    def __init__(self, account: WhatsAppAccount, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._root = f"{account.api_base.rstrip('/')}/{account.api_version}"
        self._seconds = account.timeout
        self._whole = self._patience(1)  # made once: every message sent asks for it
        self._bearer = CIMultiDict({"Authorization": f"Bearer {account.token.get_secret_value()}"})
        # All that aiohttp would add by itself for each request; answers are too short for compression to help.
        plain = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "Buurtsein",
            "Content-Type": "application/json",
        }
        self._json = CIMultiDict({**self._bearer, **plain})

    def at(self, *path: str) -> URL:
        return URL("/".join((self._root, *path)))

    async def get(self, url: URL, **query: str) -> Answer:
        async with self._session.get(
            url, params=query, headers=self._bearer, timeout=self._patience(1), allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, decode(await response.read()))

    async def download(self, url: URL, most: int) -> bytes | None:
        """A file of at most so many bytes from where Meta says it is; None if it is larger or cannot be had."""
        if url.scheme != "https" and self._root.startswith("https"):
            return None  # our token goes with the question
        return await download(self._session, url, most, self._patience(1), self._bearer)

    async def post(self, url: URL, body: bytes | aiohttp.FormData, share: float = 1) -> Answer:
        """`share`: of the time that one send may take, for those who need two requests."""
        headers = self._json if isinstance(body, bytes) else self._bearer
        async with self._session.post(
            url,
            data=body,
            headers=headers,
            timeout=self._whole if share == 1 else self._patience(share),
            allow_redirects=False,
        ) as response:
            return Answer(response.status, response.headers, decode(await response.read()))

    def _patience(self, share: float) -> aiohttp.ClientTimeout:
        # Half of the time to connect: what runs out before was surely not sent, what runs out after may have arrived.
        seconds = self._seconds * share
        return aiohttp.ClientTimeout(total=seconds, connect=seconds / 2)


def decode(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def advice(failure: Failure) -> str:
    """Why Meta refuses this account, and what the operator should do. Holds no secret: settings by name only."""
    row = failure.row
    if failure.code == 190 or failure.status == 401:
        todo = "make a new system user token and set channels.whatsapp.token"
    elif row is not None and row.name == "unknown-object":
        todo = "check channels.whatsapp.phone_number_id and business_account_id, and that the token's user may use both"
    elif row is not None and row.verdict is Verdict.ACCOUNT:
        todo = "look in Meta's WhatsApp Manager what is wrong with the account"
    elif failure.code is None:
        todo = "check channels.whatsapp.api_base"
    else:
        todo = "try again later"
    return f"WhatsApp refuses this account ({failure.reason}): {todo}"


def unreachable(error: BaseException) -> str:
    return f"WhatsApp gives no answer ({type(error).__name__}): check the network and channels.whatsapp.api_base"
