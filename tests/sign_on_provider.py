"""A real OpenID provider (idpyoidc, a certified one) on a loopback port, and what a hostile one would answer in its place.

Who signs in there is `user`, without asking: what a browser would have typed is not what we look at.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptojwt.key_bundle import KeyBundle, build_key_bundle
from cryptojwt.key_jar import KeyJar
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.oidc.authorization import Authorization
from idpyoidc.server.oidc.provider_config import ProviderConfiguration
from idpyoidc.server.oidc.session import Session
from idpyoidc.server.oidc.token import Token
from idpyoidc.server.user_authn.authn_context import INTERNETPROTOCOLPASSWORD
from idpyoidc.server.user_authn.user import NoAuthn
from idpyoidc.server.user_info import UserInfo
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "buurtsein", "a-secret.of-at-least_32~bytes.for-tests"
KEYS = {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": kid} for kid in ("password", "salt")]}
TOLD = ("name", "email", "email_verified", "roles", "amr", "tid")
Claims = dict[str, Any]


def user(name: str, *roles: str, **more: Any) -> Claims:
    email = f"{name.lower()}@gemeente.example"
    return {"name": name, "email": email, "email_verified": True, "roles": [*roles], "amr": ["pwd", "mfa"], **more}


@dataclass
class SignOnProvider:
    """`twist`: changes an ID token's header and claims before it is signed; `key`: signs with another key. `answer`: instead of
    what is asked at a path. `mixed`: the query that a browser is sent back with, changed."""

    issuer: str
    users: dict[str, Claims]
    server: Server
    twist: Callable[[Claims, Claims], None] | None = None
    key: RSAKey | None = None
    answer: dict[str, Callable[[web.Request], Any]] = field(default_factory=dict)
    discovered: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def own_key(self) -> RSAKey:
        return own_key()

    def sign_in_as(self, name: str) -> None:
        self.server.context.authn_broker.db["whoever"]["method"].user = name

    def signed(self, claims: Claims, **header: Any) -> str:
        key = self.key or self.own_key
        return jwt.encode({"alg": "RS256", "kid": self.own_key.kid, **header}, claims, key, default_type=None)

    def client(self, redirect: str) -> None:
        """The hub is known here, and sends people back to this address."""
        self.server.context.cdb[CLIENT] = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uris": [(redirect, {})],
            "allowed_scopes": ["openid", "profile", "email"],
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        self.asked.append(path)
        if path in self.answer:
            found = self.answer[path](request)
            return cast(web.StreamResponse, await found if asyncio.iscoroutine(found) else found)
        match path:
            case ".well-known/openid-configuration":
                told = {**self.server.context.provider_info, "jwks_uri": f"{self.issuer}/jwks.json", **self.discovered}
                return web.json_response({**told, "authorization_response_iss_parameter_supported": True})
            case "jwks.json":
                return web.json_response(self.server.keyjar.export_jwks(""))
            case "authorization":
                # Whoever is asked to sign in anew has just done so.
                query = {name: value for name, value in request.query.items() if name not in ("prompt", "max_age")}
                answered = self._ask("authorization", query, {})
                return web.Response(status=302, headers={"Location": answered})
            case "token":
                info = {"headers": {"authorization": request.headers.get("Authorization", "")}, "method": "POST"}
                told = json.loads(self._ask("token", dict(await request.post()), info))
                if "error" in told:
                    return web.json_response(told, status=400)
                return web.json_response({**told, "id_token": self._twisted(told["id_token"])})
            case _:
                return web.Response(status=404)

    def _ask(self, name: str, query: Any, info: dict[str, Any]) -> str:
        endpoint = self.server.endpoint[name]
        parsed = endpoint.parse_request(query, http_info=info)
        if "error" in parsed:
            return str(parsed.to_json()) if name == "token" else f"/error?{parsed.to_urlencoded()}"
        done = endpoint.process_request(parsed)
        if "error" in done:
            return json.dumps({"error": done["error"]})
        return str(endpoint.do_response(request=parsed, **done)["response"])

    def _twisted(self, token: str) -> str:
        if self.twist is None:
            return token
        found = jwt.decode(token, self.own_key, algorithms=["RS256"])
        header, claims = dict(found.header), dict(found.claims)
        self.twist(header, claims)
        return self.signed(claims, **header)


def answered(location: str) -> dict[str, str]:
    """What the browser that is sent back brings along."""
    return dict(parse_qsl(urlsplit(location).query))


@asynccontextmanager
async def sign_on_provider(**users: Claims) -> AsyncIterator[SignOnProvider]:
    """With these people, by what they sign in as there."""
    handlers: list[SignOnProvider] = []
    server = web.Server(lambda request: handlers[0].handle(request))  # type: ignore[arg-type]
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        handlers.append(SignOnProvider(issuer, users, _server(issuer, users)))
        yield handlers[0]
    finally:
        await runner.cleanup()


@cache
def _own_keys() -> KeyBundle:
    """Made once: an RSA key takes a quarter of a second."""
    return build_key_bundle([{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}])


@cache
def own_key() -> RSAKey:
    found = _own_keys().get("RSA")[0]
    pem = found.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return RSAKey.import_key(pem, {"kid": found.kid})


def _server(issuer: str, users: dict[str, Claims]) -> Server:
    crypt = {"kwargs": {"keys": KEYS, "iterations": 1}}
    configuration = {
        "issuer": issuer,
        "token_handler_args": {
            "code": {"lifetime": 600, "kwargs": {"crypt_conf": crypt}},
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 60}},
            "id_token": {
                "class": "idpyoidc.server.token.id_token.IDToken",
                "kwargs": {"base_claims": dict.fromkeys(TOLD)},
            },
        },
        "session_params": {"encrypter": crypt},
        "endpoint": {
            "provider_config": {
                "path": ".well-known/openid-configuration",
                "class": ProviderConfiguration,
                "kwargs": {},
            },
            "authorization": {
                "path": "authorization",
                "class": Authorization,
                "kwargs": {"response_types_supported": ["code"]},
            },
            "token": {
                "path": "token",
                "class": Token,
                "kwargs": {"client_authn_method": ["client_secret_basic", "client_secret_post"]},
            },
            "session": {"path": "session", "class": Session},
        },
        "authentication": {
            "whoever": {"acr": INTERNETPROTOCOLPASSWORD, "class": NoAuthn, "kwargs": {"user": next(iter(users))}}
        },
        "userinfo": {"class": UserInfo, "kwargs": {"db": users}},
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_methods": {"S256": None}},
            }
        },
        "authz": {
            "class": "idpyoidc.server.authz.AuthzHandling",
            "kwargs": {
                "grant_config": {
                    "usage_rules": {
                        "authorization_code": {"supports_minting": ["access_token", "id_token"], "max_usage": 1}
                    }
                }
            },
        },
        "claims_interface": {"class": "idpyoidc.server.session.claims.ClaimsInterface", "kwargs": {}},
    }
    keys = KeyJar()
    for owner in ("", issuer):
        keys.add_kb(owner, _own_keys())
    return Server(OPConfiguration(configuration), keyjar=keys)
