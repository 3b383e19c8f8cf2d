"""python-telegram-bot's requests over the hub's aiohttp session; tells what was surely not sent from what may have been.

Why not PTB's httpx: it delivers 244 messages a second where this delivers 3,700, and none at all when a thousand are
asked at once. Called by PTB's Bot and, for getUpdates, by channel.py. Knows nothing of the hub. The session belongs to
whoever made it (with a DummyCookieJar); it is not closed here.
"""

from __future__ import annotations

import io
import json
import re
from typing import Any

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from adapters.download import download

# Raised before the first byte of the request leaves: no name, no route, no TLS, no free connection in time, no usable
# address.
NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
# All the hub wants of the message that comes back. Making PTB objects of the whole echo, buttons and all, is half of a
# send's cost.
OF_A_MESSAGE = ("message_id", "date", "chat", "photo")
JSON = {"Content-Type": "application/json"}


class NotSent(NetworkError):
    """No connection came about, so nothing was sent. Names only the kind of fault: aiohttp's text holds the token's URL."""


class Lost(NetworkError):
    """The request was written, or may have been, and no whole answer came back."""


class Refusal(TelegramError):
    """An answer other than success; `description` is '' if it is not the Bot API's own JSON but, say, a proxy's page."""

    __slots__ = ("code", "description", "moved_to", "retry_after")

    def __init__(self, code: int, description: str = "", retry_after: int | None = None, moved_to: int | None = None):
        super().__init__(f"{code}")
        self.code = code
        self.description = description
        self.retry_after = retry_after
        self.moved_to = moved_to


class AiohttpRequest(BaseRequest):
    """One call = one HTTP request. `timeout` (seconds) holds for getting a connection, and again for the answer.

    aiohttp never repeats a POST on a stale keep-alive connection (its issue 10790). A connection that ends before the
    first byte of the answer is therefore Lost, not NotSent: the server may have read the request and died, and Telegram
    has no idempotency key to ask it with.
    """

    __slots__ = ("_session", "_timeout", "last_date")

    def __init__(self, session: aiohttp.ClientSession, timeout: float) -> None:
        self._session = session
        self._timeout = timeout
        # The Date header of the last answer, for who wants to compare clocks.
        self.last_date = ""

    @property
    def read_timeout(self) -> float:
        return self._timeout

    async def initialize(self) -> None:
        """Nothing to do: the session is open."""

    async def shutdown(self) -> None:
        """Nothing to do: the session is not ours."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Raises NotSent, Lost or Refusal. A redirect is a Refusal too: following it would be a second request."""
        read = read_timeout if isinstance(read_timeout, int | float) else self._timeout
        # sock_read starts anew with every piece that comes in; total stops a server that drips one byte at a time.
        timeout = aiohttp.ClientTimeout(total=self._timeout + 2 * read, connect=self._timeout, sock_read=read)
        status, payload = 0, b""
        try:
            async with self._session.request(
                method, url, allow_redirects=False, timeout=timeout, **_body(request_data)
            ) as response:
                status, self.last_date = response.status, response.headers.get("Date", "")
                payload = await response.read()
        except NEVER_LEFT as error:
            raise NotSent(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if status < 300:
                raise Lost(type(error).__name__) from None
        if status < 300:
            return status, payload
        raise _refusal(status, payload)

    async def download(self, url: str, most: int) -> bytes | None:
        """A file of at most so many bytes; None if it is larger or cannot be had."""
        timeout = aiohttp.ClientTimeout(total=2 * self._timeout, connect=self._timeout)
        return await download(self._session, url, most, timeout, {})

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Replaces PTB's, which logs what it cannot read (message texts and all). Only successes come here.

        Of a message only OF_A_MESSAGE is kept.
        """
        try:
            # Not orjson: it refuses lone surrogates, and a poison update must not stop the polling.
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("ok") is not True or "result" not in answer:
            raise Lost("answer not understood")
        result = answer["result"]
        if isinstance(result, dict) and "message_id" in result:
            answer["result"] = {name: result[name] for name in OF_A_MESSAGE if name in result}
        return answer


def _body(request_data: RequestData | None) -> dict[str, Any]:
    """JSON (one encoding of the whole) unless a file is sent along."""
    if request_data is None:
        return {}
    if not request_data.contains_files:
        return {"data": orjson.dumps(request_data.parameters), "headers": JSON}
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in request_data.multipart_data.items():
        # A file, because aiohttp writes those piece by piece, and of a megabyte of bytes at once it warns.
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, file, filename=filename, content_type=content_type)
    return {"data": form}


def _seconds_in(description: str) -> str | None:
    """The words of a flood wait hold its time also where the parameters do not."""
    found = re.search(r"(?:retry after |FLOOD_WAIT_)(\d{1,7})", description)
    return found and found[1]


def _refusal(status: int, payload: bytes) -> Refusal:
    try:
        answer = orjson.loads(payload)
        parameters = answer.get("parameters") or {}
        description = str(answer["description"])
        told = parameters.get("retry_after") or _seconds_in(description)
        return Refusal(
            status,
            description,
            retry_after=None if told is None else int(told),
            moved_to=int(parameters["migrate_to_chat_id"]) if "migrate_to_chat_id" in parameters else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Refusal(status)
