"""A homeserver to talk to, the emulator or a real Synapse, with the accounts hub, anna and bram; a password is the name and -pw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from nio import AsyncClient, AsyncClientConfig, LoginResponse

NAMES = ("hub", "anna", "bram")
CLIENT = "/_matrix/client/v3"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def refusal(self) -> tuple[int, str, str]:
        return self.status, self.body.get("errcode", ""), self.body.get("error", "")


@dataclass(slots=True)
class Place:
    url: str
    session: aiohttp.ClientSession
    server_name: str = "hub.test"
    clients: list[AsyncClient] = field(default_factory=list)

    def user(self, name: str) -> str:
        return f"@{name}:{self.server_name}"

    async def nio(self, name: str, device: str = "") -> AsyncClient:
        """matrix-nio as it comes, but for its own retries, logged in."""
        config = AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, request_timeout=5)
        client = AsyncClient(self.url, self.user(name), device, config=config)
        self.clients.append(client)
        assert isinstance(await client.login(f"{name}-pw"), LoginResponse)
        return client

    async def token(self, name: str, device: str) -> str:
        who = {"type": "m.id.user", "user": name}
        given = {"type": "m.login.password", "identifier": who, "password": f"{name}-pw", "device_id": device}
        return str((await self.call("POST", "/login", json=given)).body["access_token"])

    async def call(self, method: str, path: str, token: str = "", **more: Any) -> Answer:
        """One raw request, by its path below /_matrix/client/v3 or whole."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.url + (path if path.startswith("/_matrix") else CLIENT + path)
        async with self.session.request(method, url, headers=headers, **more) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.read()
            return Answer(response.status, body, response.headers)


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Place]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        place = Place(url, session)
        try:
            yield place
        finally:
            for client in place.clients:
                await client.close()
