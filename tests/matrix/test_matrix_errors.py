"""Every answer a homeserver, or what stands before it, can give to a message has its own result."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from adapters.matrix.channel import MatrixChannel
from adapters.matrix.client import Lost, NotSent, Refusal
from adapters.matrix.errors import OTHER, ROWS, Meaning, Row, Step, advice, row_for, to_result
from hub.channel import Deferred, Outbound, Rejected, Result, Uncertain
from hub.clock import SystemClock
from hub.settings import MatrixAccount
from tests.clock import FakeClock

ROOM = "!room:hub.test"
SECRETS = ("syt_secret_token", "@anna:hub.test", "Kerkstraat", ROOM)


@dataclass
class Scripted:
    """A homeserver that answers every message as told; `sends` counts them."""

    status: int = 200
    body: str = ""
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    sends: int = 0

    def app(self) -> web.Application:
        async def anything(request: web.Request) -> web.Response:
            if request.path.endswith("/login"):
                given = {"user_id": "@hub:hub.test", "device_id": "D", "access_token": "syt_secret_token"}
                return web.json_response(given)
            if "/send/" not in request.path:
                return web.json_response({"errcode": "M_NOT_FOUND", "error": "no"}, status=404)
            self.sends += 1
            return web.Response(
                status=self.status, text=self.body, content_type=self.content_type, headers=dict(self.headers)
            )

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", anything)
        return app


@pytest.fixture
def homeserver() -> Scripted:
    return Scripted()


@pytest.fixture
async def url(homeserver: Scripted, serve: Callable[[web.Application], Awaitable[str]]) -> str:
    return await serve(homeserver.app())


@pytest.fixture
async def scripted(url: str, session: aiohttp.ClientSession) -> AsyncIterator[MatrixChannel]:
    account = MatrixAccount(homeserver=url, user_id="@hub:hub.test", password=SecretStr("pw"), timeout=5.0)
    channel = MatrixChannel(account, session, SystemClock())
    yield channel
    await channel.close()


def _secret_free(result: Result) -> bool:
    return not any(secret in repr(result) for secret in SECRETS)


@pytest.mark.parametrize("hundreds", [4, 5])
async def test_every_status_as_a_page_that_is_not_matrix_has_its_result(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], hundreds: int
) -> None:
    homeserver.body = f"<html>no {' '.join(SECRETS)}</html>"
    for homeserver.status in range(hundreds * 100, hundreds * 100 + 100):
        before = homeserver.sends
        result = await scripted.send(outbound(ROOM))
        assert homeserver.sends == before + 1 and _secret_free(result)
        match homeserver.status:
            case 429 | 408 | 503:
                assert isinstance(result, Deferred) and not result.whole_account
            case 413:
                assert isinstance(result, Rejected) and not result.strike and not result.address_dead
            case status if status < 500:
                assert isinstance(result, Deferred) and result.whole_account
            case _:
                assert isinstance(result, Uncertain)


@pytest.mark.parametrize("hundreds", [4, 5])
async def test_every_status_with_an_unknown_errcode_has_its_result(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], hundreds: int
) -> None:
    homeserver.content_type = "application/json"
    homeserver.body = '{"errcode":"M_UNKNOWN","error":"@anna:hub.test Kerkstraat"}'
    for homeserver.status in range(hundreds * 100, hundreds * 100 + 100):
        result = await scripted.send(outbound(ROOM))
        assert _secret_free(result)
        match homeserver.status:
            case 429 | 408 | 503:
                assert isinstance(result, Deferred) and not result.whole_account
            case 401:
                assert isinstance(result, Deferred) and result.whole_account
            case status if status < 500:
                assert result == Rejected("refused: M_UNKNOWN")
            case _:
                assert isinstance(result, Uncertain)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], url: str, status: int
) -> None:
    homeserver.status, homeserver.headers = status, (("Location", f"{url}/elsewhere/send/"),)
    assert await scripted.send(outbound(ROOM)) == Deferred("redirected", whole_account=True)
    assert homeserver.sends == 1


EXPECTED: dict[str, Result] = {
    "M_LIMIT_EXCEEDED": Deferred("asked to wait: M_LIMIT_EXCEEDED"),
    "M_UNKNOWN_TOKEN": Deferred("token refused: M_UNKNOWN_TOKEN", whole_account=True),
    "M_MISSING_TOKEN": Deferred("token refused: M_MISSING_TOKEN", whole_account=True),
    "M_USER_DEACTIVATED": Deferred("account closed: M_USER_DEACTIVATED", whole_account=True),
    "M_USER_LOCKED": Deferred("account closed: M_USER_LOCKED", whole_account=True),
    "M_USER_SUSPENDED": Deferred("account closed: M_USER_SUSPENDED", whole_account=True),
    "M_CONSENT_NOT_GIVEN": Deferred("terms not accepted: M_CONSENT_NOT_GIVEN", whole_account=True),
    "M_RESOURCE_LIMIT_EXCEEDED": Deferred("homeserver full: M_RESOURCE_LIMIT_EXCEEDED", whole_account=True),
    "M_FORBIDDEN": Rejected("not allowed in the room: M_FORBIDDEN", strike=True),
    "M_GUEST_ACCESS_FORBIDDEN": Rejected("not allowed in the room: M_GUEST_ACCESS_FORBIDDEN", strike=True),
    "M_NOT_FOUND": Rejected("no such room: M_NOT_FOUND", strike=True),
    "M_UNRECOGNIZED": Deferred("not a homeserver: M_UNRECOGNIZED", whole_account=True),
    "M_TOO_LARGE": Rejected("too large: M_TOO_LARGE"),
    "M_BAD_JSON": Rejected("refused: M_BAD_JSON"),
    "M_NOT_JSON": Rejected("refused: M_NOT_JSON"),
    "M_INVALID_PARAM": Rejected("refused: M_INVALID_PARAM"),
    "M_MISSING_PARAM": Rejected("refused: M_MISSING_PARAM"),
    "M_DUPLICATE_ANNOTATION": Rejected("already there: M_DUPLICATE_ANNOTATION"),
}


@pytest.mark.parametrize("row", [row for row in ROWS if row.errcode not in ("", "-")], ids=lambda row: row.errcode)
async def test_every_errcode_of_the_table_has_its_result(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], row: Row
) -> None:
    homeserver.status, homeserver.content_type = 400, "application/json"
    homeserver.body = f'{{"errcode":"{row.errcode}","error":"{" ".join(SECRETS)}"}}'
    assert await scripted.send(outbound(ROOM)) == EXPECTED[row.errcode]


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "7", '"$e"', "{}", '{"event_id":7}', '{"event_id":null}', "\x00\xff"]
)
async def test_a_success_that_says_nothing_may_have_been_one(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], body: str
) -> None:
    homeserver.body, homeserver.content_type = body, "application/json"
    assert isinstance(await scripted.send(outbound(ROOM)), Uncertain)
    assert homeserver.sends == 1


@pytest.mark.parametrize(
    "errcode", ["@anna:hub.test", "syt_secret_token", "M_" + "A" * 200, "", "m forbidden Kerkstraat", "M_X\\n"]
)
async def test_an_errcode_that_is_none_is_not_quoted(
    scripted: MatrixChannel, homeserver: Scripted, outbound: Callable[..., Outbound], errcode: str
) -> None:
    homeserver.status, homeserver.content_type = 400, "application/json"
    homeserver.body = f'{{"errcode":"{errcode}","error":"no"}}'
    result = await scripted.send(outbound(ROOM))
    assert _secret_free(result) and len(repr(result)) < 150


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', None, 2.5),
        ('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', "9", 2.5),
        ('{"errcode":"M_LIMIT_EXCEEDED"}', "9", 9.0),
        ('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":"soon"}', "9", 9.0),
        ('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":-1}', None, None),
        ('{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":true}', None, None),
        ("", "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("", "tomorrow", None),
        ("", "-5", None),
        ("", None, None),
    ],
)
async def test_the_wait_is_read_from_the_body_then_from_the_header(
    scripted: MatrixChannel,
    homeserver: Scripted,
    outbound: Callable[..., Outbound],
    body: str,
    header: str | None,
    seconds: float | None,
) -> None:
    homeserver.status, homeserver.body, homeserver.content_type = 429, body, "application/json"
    homeserver.headers = (("Retry-After", header),) if header else ()
    result = await scripted.send(outbound(ROOM))
    assert isinstance(result, Deferred) and result.retry_after == seconds


async def test_a_wait_until_a_date_is_counted_on_our_clock(
    session: aiohttp.ClientSession, homeserver: Scripted, url: str, outbound: Callable[..., Outbound]
) -> None:
    account = MatrixAccount(homeserver=url, user_id="@hub:hub.test", password=SecretStr("pw"))
    channel = MatrixChannel(account, session, FakeClock())
    homeserver.status, homeserver.headers = 429, (("Retry-After", "Sun, 22 Nov 2026 12:00:30 GMT"),)
    result = await channel.send(outbound(ROOM))
    assert isinstance(result, Deferred) and result.retry_after == 30.0
    await channel.close()


@pytest.mark.parametrize(
    "homeserver_url",
    ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://no.such.host.invalid", "ftp://127.0.0.1", "nonsense"],
)
async def test_without_a_connection_nothing_was_sent(
    session: aiohttp.ClientSession, outbound: Callable[..., Outbound], homeserver_url: str
) -> None:
    account = MatrixAccount(homeserver=homeserver_url, user_id="@hub:hub.test", password=SecretStr("pw"))
    channel = MatrixChannel(account, session, SystemClock())
    await channel.open()
    result = await channel.send(outbound("@anna:hub.test"))
    assert isinstance(result, Deferred) and result.reason.startswith("not connected")
    [finding] = await channel.examine()
    assert not finding.works
    await channel.close()


@pytest.mark.parametrize("step", list(Step), ids=lambda step: step.name)
@pytest.mark.parametrize("row", [*ROWS, OTHER], ids=lambda row: f"{row.status}{row.errcode}")
def test_only_while_the_message_is_sent_can_it_have_arrived(row: Row, step: Step) -> None:
    status = row.status * 100 + 18 if 0 < row.status < 10 else row.status or 200
    refusal = Refusal(status, row.errcode.strip("-"), 3.0)
    result = to_result(refusal, step)
    if step is not Step.MESSAGE:
        assert not isinstance(result, Uncertain)
    if step is Step.SIGN_IN and row.meaning not in (Meaning.LATER, Meaning.UNSURE):
        assert isinstance(result, Deferred) and result.whole_account
    if isinstance(result, Rejected):
        assert not result.address_dead
    assert advice(refusal)


@pytest.mark.parametrize("step", list(Step), ids=lambda step: step.name)
def test_a_broken_connection_is_uncertain_only_while_the_message_is_sent(step: Step) -> None:
    kind = Uncertain if step is Step.MESSAGE else Deferred
    assert isinstance(to_result(Lost("ServerDisconnectedError"), step), kind)
    assert isinstance(to_result(NotSent("ClientConnectorError"), step), Deferred)
    assert advice(Lost("x")) and advice(NotSent("x"))


def test_every_row_can_be_reached() -> None:
    for row in ROWS:
        status = row.status * 100 + 18 if 0 < row.status < 10 else row.status or 400
        errcode = {"": "M_SOMETHING_NEW", "-": ""}.get(row.errcode, row.errcode)
        assert row_for(Refusal(status, errcode)) is row
