"""nio's client over the hub's aiohttp session; tells what was surely not sent from what may have been.

nio reports some faults by an answer and raises others, repeats requests on its own (for ever, by default), knows no
Retry-After header and loses the HTTP status of a page that is not JSON. All of that ends here, below nio: every answer
but success is one of three exceptions that nio does not know, so it can neither repeat nor reword them. Knows nothing of
rooms. The session belongs to whoever made it; it is not closed here.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Awaitable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from nio import AsyncClient, AsyncClientConfig, ErrorResponse, SyncResponse
from nio.crypto import ENCRYPTION_ENABLED

from adapters.download import download
from hub.clock import Clock, to_milliseconds
from hub.settings import ROOT, MatrixAccount

# Raised before the first byte of the request leaves: no name, no route, no TLS, no free connection in time, no usable
# address.
NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
# Seconds for what nio gives no end to: a first sync with the state of every room, an upload.
LONGEST_SECONDS: Final = 120.0
CLIENT_API: Final = "/_matrix/client/v3"

# At WARNING nio quotes answers that are not as it expects, with all that stands in them.
logging.getLogger("nio").setLevel(logging.CRITICAL)


class Fault(Exception):
    """A request that did not succeed: NotSent, Lost or Refusal."""


class NotSent(Fault):
    """No connection came about, so nothing was sent."""


class Lost(Fault):
    """The request was written, or may have been, and no whole answer came back that can be understood."""


class Refusal(Fault):
    """An answer other than success; `errcode` is '' if it is not the homeserver's own JSON but, say, a proxy's page."""

    def __init__(self, status: int, errcode: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{status} {errcode}")
        self.status = status
        self.errcode = errcode
        self.retry_after = retry_after


class Homeserver(AsyncClient):  # type: ignore[misc]  # nio has no type marks
    """One call = one HTTP request. `account.timeout` holds for getting a connection, and again for the answer."""

    def __init__(self, account: MatrixAccount, session: aiohttp.ClientSession, clock: Clock) -> None:
        encrypts = account.encryption and ENCRYPTION_ENABLED
        config = AsyncClientConfig(
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=account.timeout,
            encryption_enabled=encrypts,
            store_sync_tokens=False,
        )
        super().__init__(
            account.homeserver.rstrip("/"),
            account.user_id,
            device_id=account.device_id,
            store_path=str(ROOT / Path(account.encryption_store)) if encrypts else "",
            config=config,
        )
        self.client_session = session
        self._timeout = account.timeout
        self._clock = clock

    async def send(
        self,
        method: str,
        path: str,
        data: Any = None,
        headers: dict[str, str] | None = None,
        trace_context: Any = None,
        timeout: float | None = None,
    ) -> aiohttp.ClientResponse:
        """What every request of nio goes through. Raises a Fault unless the answer is a success with a JSON object in it.

        A redirect is a Refusal too: following it would be a second request, and might carry the token elsewhere.
        """
        seconds = self._timeout if timeout is None else timeout or LONGEST_SECONDS
        limit = aiohttp.ClientTimeout(total=self._timeout + seconds, connect=self._timeout, sock_read=seconds)
        status, payload, retry_after, response = 0, b"", None, None
        try:
            # Without "async with": what it lets go of cannot be read again, and nio reads it again. Read to the end (or closed
            # by a fault) the connection is free anyway.
            response = await self.client_session.request(
                method,
                self.homeserver + path,
                data=data,
                headers=headers,
                trace_request_ctx=trace_context,
                timeout=limit,
                allow_redirects=False,
                middlewares=(_once,),
            )
            status, retry_after = response.status, response.headers.get("Retry-After")
            payload = await response.read()
        except NEVER_LEFT as error:
            raise NotSent(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if status < 300:
                raise Lost(type(error).__name__) from None
        answer = _json_object(payload)
        if status >= 300:
            raise self._refusal(status, answer or {}, retry_after)
        if answer is None or response is None:
            raise Lost("answer not understood")
        return response

    async def ask(self, method: str, *path: str, body: Any = None) -> dict[str, Any]:
        """A call of the client API that nio has no name for (account data), or of which the bare answer is wanted."""
        where = CLIENT_API + "".join("/" + quote(part, safe="") for part in path)
        headers = {"Authorization": f"Bearer {self.access_token}", "Content-Type": "application/json"}
        response = await self.send(method, where, None if body is None else json.dumps(body), headers)
        return _json_object(await response.read()) or {}

    async def download(self, server: str, media: str, most: int) -> bytes | None:
        """A file of at most so many bytes, from our own homeserver; None if it is larger or cannot be had."""
        path = f"/_matrix/client/v1/media/download/{quote(server, safe='')}/{quote(media, safe='')}"
        timeout = aiohttp.ClientTimeout(total=2 * self._timeout, connect=self._timeout)
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return await download(self.client_session, self.homeserver + path, most, timeout, headers)

    async def expect(self, kind: type[Any], answer: Awaitable[Any]) -> Any:
        """What nio made of an answer, if it is of this kind: nio returns an error for a success that lacks what it needs."""
        given = await answer
        if not isinstance(given, kind):
            raise Lost("answer not understood")
        return given

    async def create_matrix_response(
        self, response_class: type[Any], transport_response: Any, *rest: Any, **more: Any
    ) -> Any:
        """nio's reading of an answer; one it stumbles over is not understood, but still there to be read by us."""
        try:
            return await super().create_matrix_response(response_class, transport_response, *rest, **more)
        except (
            Exception
        ):  # jsonschema's, AttributeError, TypeError, …: it reads no more than the shape of some answers first
            stumbled = ErrorResponse("answer not understood")
            stumbled.transport_response = transport_response
            return stumbled

    async def receive_response(self, response: Any) -> None:
        """nio's own picture of rooms is needed to encrypt only; a state event it cannot digest must not end the listening."""
        if isinstance(response, SyncResponse):
            if self.olm:
                with contextlib.suppress(Exception):
                    await super().receive_response(response)
            return
        await super().receive_response(response)

    def _refusal(self, status: int, answer: dict[str, Any], header: str | None) -> Refusal:
        errcode = answer.get("errcode")
        milliseconds = answer.get("retry_after_ms")
        if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool) and 0 <= milliseconds < 1e12:
            wait: float | None = milliseconds / 1000
        else:
            wait = self._seconds_until(header)
        return Refusal(status, errcode if isinstance(errcode, str) else "", wait)

    def _seconds_until(self, header: str | None) -> float | None:
        """Retry-After in both its forms: seconds, or a date."""
        if header is None:
            return None
        if header.strip().isdecimal() and len(header) < 10:
            return float(header)
        try:
            return max(0.0, (to_milliseconds(parsedate_to_datetime(header)) - self._clock.now()) / 1000)
        except (ValueError, TypeError, OverflowError):
            return None


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends a PUT or GET a second time if the connection breaks under it. The hub counts and spaces its attempts itself."""
    try:
        return await handler(request)
    except NEVER_LEFT:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Lost(type(error).__name__) from None


def _json_object(payload: bytes) -> dict[str, Any] | None:
    try:
        # Not orjson: it refuses lone surrogates, and a poison event must not stop the syncing.
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
