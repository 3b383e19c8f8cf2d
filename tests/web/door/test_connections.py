"""The gate before connections, on a real socket: slow clients, those that do not read, and too many of one address."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from hub.domain import Role
from hub.service import Hub
from hub.settings import Web
from hub.web.app import serving
from hub.web.door.connections import Connections
from tests.web.world import KEYS

POST = f"POST /api/v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEYS[Role.POLICE]}\r\n"
JSON = "Content-Type: application/json\r\n"


@asynccontextmanager
async def served(hub: Hub, **settings: float) -> AsyncIterator[int]:
    """The port of a hub with these settings of [web]."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        web = Web(public_url="https://buurtsein.example", **settings)
        other = replace(hub, settings=hub.settings.model_copy(update={"web": web}))
        async with serving(other, listening):
            yield listening.getsockname()[1]


async def said(port: int, *pieces: str | bytes) -> bytes:
    """All that comes back until the hub closes; it must, by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece.encode() if isinstance(piece, str) else piece)
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_who_never_finishes_asking_is_cut_off(hub: Hub) -> None:
    async with served(hub, header_seconds=0.2, body_seconds=0.2, idle_seconds=0.4) as port:
        with capture_logs() as told:
            assert await said(port, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
        assert told == [{"event": "connections_cut_off", "times": 1, "log_level": "warning"}]
        assert await said(port, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HT") != b"", (
            "the first is answered"
        )
        assert await said(port) == b"", "not a byte"
        answer = await said(port, POST + JSON, "Content-Length: 100\r\n\r\n", "{")
        assert answer.startswith(b"HTTP/1.1 408") and b"too slowly" in answer, answer
        unproven = "POST /hooks/whatsapp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        assert (await said(port, unproven, "{")).startswith(b"HTTP/1.1 401"), "its body is not waited for"
        form = "POST /login HTTP/1.1\r\nHost: localhost\r\nOrigin: https://buurtsein.example\r\n"
        form += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nkey="
        assert (await said(port, form)).startswith(b"HTTP/1.1 408")


async def test_who_asks_and_does_not_read_is_cut_off() -> None:
    gone = asyncio.Event()

    class Endless(asyncio.Protocol):
        """Answers more than any buffer holds."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(bytes(32 << 20))

        def connection_lost(self, exc: Exception | None) -> None:
            gone.set()

    connections = Connections(Endless, most=0, header_seconds=0.1, trusted=(), read_seconds=0.1)
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    with connections.swept(), socket.create_connection(server.sockets[0].getsockname()):
        async with asyncio.timeout(20):
            await gone.wait()
    server.close()
    assert not connections.counts


async def test_an_address_holds_so_many_connections_and_no_more() -> None:
    connections = Connections(asyncio.Protocol, most=3, header_seconds=10, trusted=())
    ends = [Wire("8.8.8.8") for _ in range(5)]
    gates = [connections() for _ in ends]
    for gate, wire in zip(gates, ends, strict=True):
        gate.connection_made(wire)
    assert [wire.aborted for wire in ends] == [False] * 3 + [True] * 2
    for gate in gates[3:]:
        gate.connection_lost(None)
    gates[0].connection_lost(None)
    again, other, here = Wire("8.8.8.8"), Wire("8.8.4.4"), [Wire("127.0.0.1") for _ in range(9)]
    for wire in (again, other, *here):
        connections().connection_made(wire)
    assert not any(wire.aborted for wire in (again, other, *here)), (
        "one's own machine, where a proxy may be, holds as many as it likes"
    )


async def test_a_packed_body_is_not_even_unpacked(hub: Hub) -> None:
    async with served(hub, idle_seconds=0.3) as port:
        bomb = gzip.compress(b" " * (64 << 20), 9)
        headers = f"{POST}{JSON}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        answer = await said(port, headers, bomb)
        assert answer.startswith(b"HTTP/1.1 415") and b"Content-Encoding" in answer


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * 9000 + "\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: a\r\n" * 200 + "\r\n", b"400"),
        ("GET /" + "a" * 9000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (POST + JSON + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"400"),  # request smuggling
        (POST + JSON + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (POST + JSON + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", b"4"),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),  # TLS to a port without
    ],
)  # fmt: skip
async def test_what_is_no_request_of_ours_is_refused_and_the_connection_closed(
    hub: Hub, request_line: str, status: bytes
) -> None:
    async with served(hub, header_seconds=0.3, idle_seconds=0.3) as port:
        answer = await said(port, request_line)
        assert answer.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status)), answer[:100]
        assert b"Traceback" not in answer


async def test_hanging_up_leaves_nothing_behind() -> None:
    left = asyncio.Semaphore(0)

    class Counting(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            left.release()

    connections = Connections(Counting, most=0, header_seconds=10, trusted=())
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    for _ in range(20):
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed with a reset
            client.send(b"GET")
    async with asyncio.timeout(20):
        for _ in range(20):
            await left.acquire()
    server.close()
    assert not connections.counts


class Wire(asyncio.Transport):
    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 4711)})
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True
