"""Somebody with a staff account, for tests: invited, signed in by passphrase and code, with the cookies of a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from html import unescape

import pyotp
from aiohttp import ClientResponse

from hub.domain import Role
from hub.store.sessions import Strength
from hub.store.staff import Account, make_id
from hub.trust.passphrases import HASHER
from hub.trust.second_factor import hash_recovery, make_recovery, make_totp
from tests.sessions import begun
from tests.web.world import World

COOKIE, ASKED = "__Host-buurtsein_session", "__Host-buurtsein_asked"
OURS = {"Origin": "https://buurtsein.example"}
PASSPHRASE = "zilver tractor mistig orgel"  # of nobody


@dataclass
class Browser:
    """Keeps our cookies, and sends forms as our own pages do."""

    world: World
    secret: str = ""
    asked: str = ""
    agent: str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    address: str = "198.51.100.7"
    body: str = field(default="", repr=False)

    async def get(self, path: str) -> ClientResponse:
        return await self._call("GET", path, None)

    async def post(self, path: str, **fields: str) -> ClientResponse:
        return await self._call("POST", path, fields)

    async def _call(self, method: str, path: str, fields: dict[str, str] | None) -> ClientResponse:
        headers = {"User-Agent": self.agent, "Accept-Language": "nl", **(OURS if method == "POST" else {})}
        if self.address:
            headers["X-Forwarded-For"] = self.address
        kept = {COOKIE: self.secret, ASKED: self.asked}
        if cookies := "; ".join(f"{name}={value}" for name, value in kept.items() if value):
            headers["Cookie"] = cookies
        answer = await self.world.client.request(method, path, data=fields, headers=headers, allow_redirects=False)
        self.body = unescape((await answer.read()).decode(errors="replace"))
        if COOKIE in answer.cookies:
            self.secret = answer.cookies[COOKIE].value
        if ASKED in answer.cookies:
            self.asked = answer.cookies[ASKED].value
        return answer

    def found(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.body)


def code_of(secret: str, now: int) -> str:
    """What an authenticator app shows at that time (ms)."""
    return str(pyotp.TOTP(secret.replace(" ", "")).at(now // 1000))


@dataclass
class Person:
    """An account that is set up whole. `recovery`: codes, not used yet."""

    account: Account
    totp: str
    recovery: list[str]


async def somebody(
    world: World, role: Role, municipalities: frozenset[str] = frozenset(), login: str = "anna@gemeente.example"
) -> Person:
    """As if they had followed their invitation."""
    store, now = world.hub.store, world.clock.now()
    account = Account(make_id(), "Anna Admiraal", login, role, "oc@politie.example", municipalities)
    await store.staff.add(replace(account, invited_until=now + 1000), f"invited-{account.id}", now)
    await store.staff.accept(f"invited-{account.id}", _hash(), now)
    totp, recovery = make_totp(), make_recovery()
    await store.staff.offer_totp(account.id, totp)
    await store.staff.take_totp(account.id, totp, 0, [hash_recovery(one) for one in recovery], now)
    return Person(account, totp, recovery)


@cache
def _hash() -> str:
    """Of PASSPHRASE, once a process: it takes 30 ms on purpose."""
    return HASHER.hash(PASSPHRASE)


async def signed_in(world: World, person: Person) -> Browser:
    """A browser of theirs."""
    now, secret = world.clock.now(), make_id()
    await world.hub.store.sessions.put(begun(secret, person.account.id, now, now + 43_200_000, Strength.TOTP))
    return Browser(world, secret)
