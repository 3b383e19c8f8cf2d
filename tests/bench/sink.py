"""A provider that only answers: HTTP/1.1 keep-alive, one fixed answer in WhatsApp's or Telegram's shape with a new id each time.

`python -m tests.bench.sink` prints its port and serves until its stdin closes; `GET /seen` gives the monotonic nanoseconds of the
first byte of each POST since the last time it was asked. To three numbers it misbehaves, and those it does not count as seen.
As little Python as possible, so that it is never what is measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import ClassVar, cast

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
REFUSAL = b"HTTP/1.1 %d No\r\nRetry-After: 1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"

# Who has blocked us, who may not be written to for another second (whenever it is tried), and whom no answer ever comes for.
TROUBLE = "3169999990"
BLOCKED, LIMITED, SLOW = (f"{TROUBLE}{n}" for n in range(3))
REFUSALS = {
    (BLOCKED[-1], False): (400, b'{"error":{"code":131026,"message":"undeliverable"}}'),
    (LIMITED[-1], False): (400, b'{"error":{"code":131056,"message":"pair rate limit"}}'),
    (BLOCKED[-1], True): (403, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}'),
    (LIMITED[-1], True): (
        429,
        b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}',
    ),
}
_TROUBLE = TROUBLE.encode()


class Sink(asyncio.Protocol):
    seen: ClassVar[list[int]] = []
    sent = 0

    def __init__(self) -> None:
        self._waiting = b""
        self._began = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        if not self._waiting:
            self._began = time.monotonic_ns()
        data = self._waiting + data if self._waiting else data
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                break
            mark = data.lower().find(b"content-length:", 0, end)
            length = int(data[mark + 15 : data.find(b"\r\n", mark)]) if mark >= 0 else 0
            if len(data) < end + 4 + length:
                break
            trouble = data.find(_TROUBLE, end, end + 4 + length)
            if trouble < 0:
                self._answer(data[:4] == b"GET ", data[:9] == b"POST /bot")
            else:
                self._misbehave(chr(data[trouble + len(_TROUBLE)]), data[:9] == b"POST /bot")
            data = data[end + 4 + length :]
        self._waiting = data

    def _misbehave(self, who: str, telegram: bool) -> None:
        refusal = REFUSALS.get((who, telegram))
        if refusal is not None:
            status, body = refusal
            self._transport.write(REFUSAL % (status, len(body), body))

    def _answer(self, asked: bool, telegram: bool) -> None:
        if asked:
            body = b"[" + b",".join(b"%d" % at for at in Sink.seen) + b"]"
            Sink.seen.clear()
        elif telegram:
            Sink.sent += 1
            Sink.seen.append(self._began)
            body = b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":1,"type":"private"}}}' % Sink.sent
        else:
            Sink.sent += 1
            Sink.seen.append(self._began)
            body = (
                b'{"messaging_product":"whatsapp","contacts":[{"input":"31600000000","wa_id":"31600000000"}],'
                b'"messages":[{"id":"wamid.BENCH%015d","message_status":"accepted"}]}' % Sink.sent
            )
        self._transport.write(HEAD + b"%d\r\n\r\n" % len(body) + body)


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
