"""What the tests of proofs share: keys that must prove more than their secret, requests that are signed, certificates over TLS."""

from __future__ import annotations

import io
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hub.domain import Role
from hub.trust.certificates import from_pem, thumbprint
from hub.trust.keys import hash_secret
from hub.trust.signatures import written
from hub.web.app import create_app
from tests.signed import private_key, signed
from tests.web.certificates import certificate, pem
from tests.web.world import World

CLIENT, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
SECRET = "bs_police_of-a-system"
BEARER = {"Authorization": f"Bearer {SECRET}"}
PUBLIC_URL = "https://buurtsein.example"


@asynccontextmanager
async def with_settings(world: World, **web: Any) -> AsyncIterator[World]:
    """The same hub answering with other settings of [web]."""
    settings = world.hub.settings
    changed = settings.model_copy(update={"web": settings.web.model_copy(update=web)})
    hub = replace(world.hub, settings=changed)
    async with TestClient(TestServer(create_app(hub))) as client:
        yield replace(world, hub=hub, client=client)


async def put_key(
    world: World, *, kind: str = "", bound: ec.EllipticCurvePrivateKey | None = None, **more: Any
) -> None:
    """The key "system": it signs with a key of this kind, and comes with the certificate of that one."""
    await world.hub.store.keys.put(
        "system",
        name="A system of the police",
        role=more.pop("role", Role.POLICE),
        sender="oc@politie.example",
        hash=hash_secret(SECRET),
        now=world.clock.now(),
        public_key=written(private_key(kind).public_key()) if kind else "",
        certificate=thumbprint(from_pem(certificate(bound).encode())) if bound else "",
        **more,
    )


def signing(
    world: World, method: str, path: str, body: bytes | None, *, kind: str = "ed25519", **more: Any
) -> dict[str, str]:
    """The headers of a request signed now."""
    headers = {**BEARER, **({} if body is None else {"Content-Type": "application/json"}), **more.pop("headers", {})}
    created = more.pop("created", world.clock.now() / 1000)
    url = PUBLIC_URL + path
    return signed(method, url, headers, body, key=private_key(kind), key_id="system", created=created, **more)


async def send(world: World, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ClientResponse:
    data = None if body is None else io.BytesIO(body)
    return await world.client.request(method, path, data=data, headers=headers, allow_redirects=False)


def der(text: str) -> bytes:
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)


def files_of(folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    """(certificate, key) as files."""
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_text(certificate(key, name=name), encoding="utf-8")
    paths[1].write_text(pem(key), encoding="utf-8")
    return str(paths[0]), str(paths[1])


def client_context(server: str, shows: tuple[str, str] | None) -> ssl.SSLContext:
    """A client that trusts this server, and shows this certificate."""
    context = ssl.create_default_context(cafile=server)
    context.check_hostname = False
    if shows:
        context.load_cert_chain(*shows)
    return context


async def session_of(world: World, secret: str) -> dict[str, str]:
    """Signed in with this key: the header that a browser sends."""
    response = await world.client.post(
        "/login", data={"key": secret}, headers={"Origin": PUBLIC_URL}, allow_redirects=False
    )
    assert response.status == 303
    name = "__Host-buurtsein_session"
    return {"Cookie": f"{name}={response.cookies[name].value}"}
