"""A provider that only answers: HTTP/1.1 keep-alive, one fixed answer in WhatsApp's or Telegram's shape with a new id each time.

A process of its own (`sink`), with as little Python as possible, so that it is never what is measured. `GET /seen` gives the
monotonic nanoseconds of the first byte of each POST it took since the last time it was asked; `GET /named`, where it was told to
keep names, also whose each was: the delivery id (WhatsApp), the chat (Telegram), the path (anything else). `GET /last` gives the
bytes of the last one. To three numbers it misbehaves, and those it does not count. It serves until its stdin closes.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
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
BOT = b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Bench","username":"benchbot"}}'
TOO_MANY = REFUSALS[LIMITED[-1], True]
_TROUBLE = TROUBLE.encode()
# In JSON, in a form (python-telegram-bot over httpx), else the path.
_NAMES = re.compile(rb'"(?:biz_opaque_callback_data|chat_id)":"?(\d+)|\bchat_id=(\d+)|^POST (\S+)')


@contextmanager
def sink(*, wait: float = 0.0, rate: int = 0, names: bool = False) -> Iterator[str]:
    """The address of a new one. `wait`: seconds until it answers; `rate`: how many it takes in any second (0: all); then 429."""
    options = [f"--wait={wait}", f"--rate={rate}", *(["--names"] if names else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.sink", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.communicate()


class Sink(asyncio.Protocol):
    wait: ClassVar[float] = 0.0
    rate: ClassVar[int] = 0
    names: ClassVar[bool] = False
    seen: ClassVar[list[int]] = []
    named: ClassVar[list[tuple[int, bytes]]] = []
    taken: ClassVar[deque[float]] = deque()
    last: ClassVar[bytes] = b""
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
            self._answer(data[: end + 4 + length], end)
            data = data[end + 4 + length :]
        self._waiting = data

    def _answer(self, request: bytes, end: int) -> None:
        telegram = request.startswith(b"POST /bot")
        trouble = request.find(_TROUBLE, end)
        if request.startswith(b"GET "):
            self._tell(request)
        elif trouble >= 0:
            refusal = REFUSALS.get((chr(request[trouble + len(_TROUBLE)]), telegram))
            if refusal is not None:
                self._write(_refusal(*refusal))
        elif telegram and b"/sendMessage " not in request[:200]:
            self._write(_taken(BOT if b"/getMe " in request[:200] else b'{"ok":true,"result":true}'))
        elif Sink.rate and _too_many():
            self._write(_refusal(*TOO_MANY))
        else:
            Sink.sent += 1
            Sink.last = request
            Sink.seen.append(self._began)
            if Sink.names:
                Sink.named.append((self._began, _name(request)))
            if telegram:
                body = b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":1,"type":"private"}}}' % Sink.sent
            else:
                body = (
                    b'{"messaging_product":"whatsapp","contacts":[{"input":"31600000000","wa_id":"31600000000"}],'
                    b'"messages":[{"id":"wamid.%s","message_status":"accepted"}]}' % _wamid(Sink.sent)
                )
            self._write(_taken(body))

    def _tell(self, request: bytes) -> None:
        if request.startswith(b"GET /named"):
            body = b"[" + b",".join(b'[%d,"%s"]' % one for one in Sink.named) + b"]"
            Sink.named.clear()
        elif request.startswith(b"GET /last"):
            body = Sink.last
        else:
            body = b"[" + b",".join(b"%d" % at for at in Sink.seen) + b"]"
            Sink.seen.clear()
        self._transport.write(_taken(body))

    def _write(self, answer: bytes) -> None:
        if Sink.wait:
            asyncio.get_running_loop().call_later(Sink.wait, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _too_many() -> bool:
    """Whether the last second is full; what is refused does not count."""
    now = time.monotonic()
    while Sink.taken and Sink.taken[0] <= now - 1:
        Sink.taken.popleft()
    if len(Sink.taken) >= Sink.rate:
        return True
    Sink.taken.append(now)
    return False


def _taken(body: bytes) -> bytes:
    return HEAD + b"%d\r\n\r\n" % len(body) + body


def _refusal(status: int, body: bytes) -> bytes:
    return REFUSAL % (status, len(body), body)


def _name(request: bytes) -> bytes:
    *_, last = _NAMES.finditer(request)  # the path always fits; what stands in the body comes after it
    return last[1] or last[2] or last[3]


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--wait", type=float, default=0.0)
    options.add_argument("--rate", type=int, default=0)
    options.add_argument("--names", action="store_true")
    given = options.parse_args()
    Sink.wait, Sink.rate, Sink.names = given.wait, given.rate, given.names
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _wamid(number: int) -> bytes:
    """As long as Meta's, and like them in no order: names that ascend would make the store's index cheaper than it is."""
    unlike = blake2b(b"%d" % number, digest_size=9).hexdigest().upper().encode()
    return base64.b64encode(b"\x1c\x18\x0b31600000000\x15\x02\x00\x11\x18\x12%s\x00" % unlike)


if __name__ == "__main__":
    main()
