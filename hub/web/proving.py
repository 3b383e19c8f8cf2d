"""What a key must prove beside its secret: the certificate it came with, the signature of this request.

Whoever asks has shown the secret already, so a refusal says in words what is wrong.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web
from cryptography import x509

from hub.service import Hub
from hub.store.keys import KnownKey
from hub.trust.certificates import HEADER, from_header, from_tls, thumbprint
from hub.trust.signatures import WANTED, SignatureRefused, SignedRequest, check, read_public_key
from hub.web.calls import READ
from hub.web.door.addresses import is_one_of, read_address
from hub.web.problems import Problem

log = structlog.get_logger()


async def prove(hub: Hub, request: web.Request, key: KnownKey) -> None:
    """Problem 401 where something is missing: told in the log, for whoever has a secret without its proof may have stolen it."""
    try:
        if key.certificate:
            _prove_certificate(hub, request, key)
        if key.public_key:
            await _prove_signature(hub, request, key)
    except Problem as problem:
        log.warning("proof_refused", key=key.identity.key_id, reason=problem.title)
        raise


def _prove_certificate(hub: Hub, request: web.Request, key: KnownKey) -> None:
    shown = certificate_of(hub, request)
    if shown is None or thumbprint(shown) != key.certificate:
        came = "none came with this request" if shown is None else "another came with this request"
        raise Problem(401, "This key needs its certificate", f"It goes with one certificate, and {came}.")


def certificate_of(hub: Hub, request: web.Request) -> x509.Certificate | None:
    """The client's: what a proxy we believe says of it, or what it showed itself over TLS."""
    if _is_believed(hub, request):
        lines = request.headers.getall(HEADER, [])
        return from_header(lines[0]) if len(lines) == 1 else None
    tls = request.transport and request.transport.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True) if tls else None
    return from_tls(shown) if shown else None


def _is_believed(hub: Hub, request: web.Request) -> bool:
    """Whether this proxy may say which certificate a client showed; it needs saying apart, for it must drop forged headers."""
    address = read_address((request.remote or "").partition("%")[0])
    return address is not None and is_one_of(address, hub.settings.web.client_cert_from)


async def _prove_signature(hub: Hub, request: web.Request, key: KnownKey) -> None:
    if request.content_type.startswith("multipart/"):
        raise Problem(415, "A signed request holds no files", "This key is for the API: send JSON or XML.")
    seconds = hub.settings.web.body_seconds
    try:
        async with asyncio.timeout(seconds):
            # At most as much as the API takes: aiohttp refuses more by itself.
            request[READ] = body = await request.read()
    except TimeoutError:
        raise Problem(408, "The body came too slowly", f"Send all of it within {seconds:g} seconds.") from None
    signed = SignedRequest(
        request.method,
        # The public address, for a proxy may have changed the one that came here; the path as it was sent.
        hub.settings.web.public_url + request.raw_path,
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers),
        body,
    )
    key_id, now, within = key.identity.key_id, hub.clock.now(), hub.settings.web.signed_within
    try:
        taken = check(signed, key_id, read_public_key(key.public_key.encode()), now, within)
    except SignatureRefused as error:
        raise _refused(f"The signature cannot be taken: {error}.") from None
    # As long as it could come again: created up to `within` ahead of us, it holds `within` longer.
    if not await hub.store.keys.take_nonce(taken, now + 2 * within * 1000, now):
        raise _refused("A request with this nonce was taken before. Sign each request anew.")


def _refused(detail: str) -> Problem:
    return Problem(401, "This key signs its requests", detail, headers={"Accept-Signature": WANTED})
