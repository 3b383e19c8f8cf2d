"""Asks one organisation's sign-on (OpenID Connect): where to send people, whose keys count, and who came back.

What it answers is limited in time and size, redirects are not followed, and one that is down is asked again only after a pause, so
that whoever waits for it holds up nobody else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from hub.channel import Finding
from hub.clock import Clock
from hub.settings import SignOn
from hub.trust.signon import (
    Endpoints,
    Farewell,
    Person,
    SignOnRefused,
    Why,
    address,
    code_in,
    nonce_of,
    person_of,
    read_endpoints,
    read_farewell,
    read_keys,
    read_token,
    verifier_of,
)

LARGEST_ANSWER = 256 * 1024
"""Bytes. Discovery and keys of the large providers are 2 to 20 kB, tokens with hundreds of groups some more."""
FRESH_SECONDS = 10 * 60.0
"""How long discovery and keys are believed, where what comes with the keys (Cache-Control) does not say …"""
LEAST_FRESH, MOST_FRESH = 60.0, 3600.0
"""… and within which bounds it is believed: not asked again at each sign-in, and a key they withdraw is out within the hour."""
PAUSE_SECONDS = 5.0
"""After it gave no answer."""
AGAIN_SECONDS = 30.0
"""Between two looks for a key that is not among those we have: anybody can make up the id of one."""
NUMBER = re.compile("[0-9]{1,10}")
T = TypeVar("T")


class Provider:
    """`redirect`: where it sends people back to, as it was told."""

    def __init__(self, sign_on: SignOn, public_url: str, clock: Clock) -> None:
        self.name = sign_on.name
        self.label = sign_on.label
        self.issuer = sign_on.issuer
        self.redirect = f"{public_url}/login/with/{sign_on.name}/back"
        self._afterwards = f"{public_url}/login"
        self._sign_on = sign_on
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._endpoints: Endpoints | None = None
        self._keys: KeySet | None = None
        self._fresh_until = self._failed_at = self._keys_at = float("-inf")

    async def address(self, secret: str, state: str, *, anew: bool = False) -> str:
        """Where a browser with this secret is sent; raises SignOnRefused. `anew`: to sign in there even who is signed in there."""
        endpoints, _ = await self._known()
        return address(self._sign_on, endpoints, self.redirect, secret, state, anew=anew)

    async def person(self, secret: str, state: str, answer: Mapping[str, str], *, since: int | None = None) -> Person:
        """Who came back with this answer to what `address` asked; raises SignOnRefused. `since`: signed in there since (ms)."""
        endpoints, _ = await self._known()
        code = code_in(self._sign_on, endpoints, answer)
        token, access_token = await self._tokens(endpoints, code, verifier_of(secret, state))
        nonce, now = nonce_of(secret, state), self._clock.now()
        claims = await self._signed(
            lambda keys: read_token(self._sign_on, keys, token, nonce=nonce, access_token=access_token, now=now)
        )
        return person_of(self._sign_on, claims, since=since)

    async def gone(self, token: str) -> Farewell:
        """Who signed out there, as the provider's logout token says; raises SignOnRefused."""
        now = self._clock.now()
        return await self._signed(lambda keys: read_farewell(self._sign_on, keys, token, now=now))

    async def farewell(self) -> str:
        """Where people sign out there too; '' where they cannot, or it does not answer."""
        try:
            endpoints, _ = await self._known()
        except SignOnRefused:
            return ""
        query = urlencode({"client_id": self._sign_on.client_id, "post_logout_redirect_uri": self._afterwards})
        joint = "&" if "?" in endpoints.farewell else "?"
        return f"{endpoints.farewell}{joint}{query}" if endpoints.farewell else ""

    async def examine(self) -> Finding:
        """Whether discovery works, for doctor."""
        try:
            _, keys = await self._known()
        except SignOnRefused as refused:
            return Finding(False, f"{refused.detail} (issuer {self.issuer})")
        return Finding(True, f"discovery works, {len(keys.keys)} signing keys; it sends people back to {self.redirect}")

    async def _known(self) -> tuple[Endpoints, KeySet]:
        async with self._one_at_a_time:
            now = self._clock.monotonic()
            if self._endpoints is not None and self._keys is not None and now < self._fresh_until:
                return self._endpoints, self._keys
            if now - self._failed_at < PAUSE_SECONDS:
                raise SignOnRefused(Why.UNREACHABLE, "it gave no answer just now")
            try:
                well_known = get_well_known_url(self.issuer, external=True)
                content, _ = await self._ask("GET", well_known, "discovery")
                self._endpoints = read_endpoints(self._sign_on, content)
                self._keys = await self._keys_of(self._endpoints)
            except SignOnRefused:
                self._failed_at = self._clock.monotonic()
                raise
            return self._endpoints, self._keys

    async def _signed(self, read: Callable[[KeySet], T]) -> T:
        """What `read` makes of a token with the keys we have; where its key is none of those, with the keys of this moment."""
        endpoints, keys = await self._known()
        try:
            return read(keys)
        except InvalidKeyIdError:
            pass
        try:
            return read(await self._newer(keys, endpoints))
        except InvalidKeyIdError:
            raise SignOnRefused(Why.UNTRUSTED, "token: its key is none of theirs") from None

    async def _newer(self, keys: KeySet, endpoints: Endpoints) -> KeySet:
        """The same where somebody looked a moment ago."""
        async with self._one_at_a_time:
            if self._keys is not None and self._keys is not keys:
                return self._keys
            if self._clock.monotonic() - self._keys_at >= AGAIN_SECONDS:
                keys = self._keys = await self._keys_of(endpoints)
            return keys

    async def _keys_of(self, endpoints: Endpoints) -> KeySet:
        self._keys_at = self._clock.monotonic()
        content, headers = await self._ask("GET", endpoints.keys, "keys")
        keys = read_keys(content)
        self._fresh_until = self._clock.monotonic() + fresh_for(headers)
        return keys

    async def _tokens(self, endpoints: Endpoints, code: str, verifier: str) -> tuple[str, str]:
        """The ID token for a code, and the access token, of which we only check that it belongs to it."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": verifier,
        }
        who, secret = self._sign_on.client_id, self._sign_on.client_secret.get_secret_value()
        headers = {}
        if endpoints.secret_in_body:
            form |= {"client_id": who, "client_secret": secret}
        else:
            headers["Authorization"] = aiohttp.encode_basic_auth(quote(who, safe=""), quote(secret, safe=""))
        content, _ = await self._ask("POST", endpoints.token, "token", data=form, headers=headers)
        try:
            found = orjson.loads(content)
            token = found["id_token"]
            access_token = found.get("access_token", "")
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            token = access_token = None
        if not isinstance(token, str) or not isinstance(access_token, str):
            raise SignOnRefused(Why.UNTRUSTED, "token: it gave no ID token")
        return token, access_token

    async def _ask(
        self,
        method: str,
        url: str,
        what: str,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[bytes, Mapping[str, str]]:
        """Body and headers of a 200; raises SignOnRefused. A code that the provider does not take is a 400 of its."""
        body = bytearray()
        sent = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "Buurtsein",
            **(headers or {}),
        }
        try:
            async with (
                asyncio.timeout(self._sign_on.timeout),
                aiohttp.ClientSession() as session,
                session.request(method, url, data=data, headers=sent, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    why = Why.UNREACHABLE if response.status >= 500 else Why.UNTRUSTED
                    raise SignOnRefused(why, f"{what}: it answers {response.status}")
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        raise SignOnRefused(Why.UNREACHABLE, f"{what}: more than {LARGEST_ANSWER:,} bytes")
                told = response.headers
        except TimeoutError:
            raise SignOnRefused(Why.UNREACHABLE, f"{what}: no answer within {self._sign_on.timeout:g} s") from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise SignOnRefused(Why.UNREACHABLE, f"{what}: cannot be reached ({type(error).__name__})") from None
        return bytes(body), told


def fresh_for(headers: Mapping[str, str]) -> float:
    """Seconds that an answer is believed, as its Cache-Control says, within our bounds."""
    parts = (part.partition("=") for part in headers.get("Cache-Control", "").lower().split(","))
    said = {name.strip(): value.strip(' "') for name, _, value in parts}
    if "no-store" in said or "no-cache" in said:
        return LEAST_FRESH
    if not NUMBER.fullmatch(said.get("max-age", "")):
        return FRESH_SECONDS
    age = headers.get("Age", "")
    left = int(said["max-age"]) - (int(age) if NUMBER.fullmatch(age) else 0)
    return min(max(float(left), LEAST_FRESH), MOST_FRESH)
