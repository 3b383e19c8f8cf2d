"""What a key must prove beside its secret, asked of a whole hub: requests signed once each, certificates by TLS or by a proxy."""

from __future__ import annotations

import base64
import platform
from dataclasses import replace
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import FormData
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import IPvAnyNetwork, TypeAdapter

from hub.domain import Role
from hub.settings import Tls, Web
from hub.web.app import serving
from hub.web.metrics import VERSION
from tests.signed import KINDS
from tests.walk.world import free_port
from tests.web.certificates import certificate
from tests.web.proofs import (
    BEARER,
    CLIENT,
    SECRET,
    STRANGER,
    client_context,
    der,
    files_of,
    put_key,
    send,
    signing,
    with_settings,
)
from tests.web.world import API, World, an_alert

ALERTS = f"{API}/alerts"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_signed_alert_is_taken_and_the_same_request_again_is_not(world: World, kind: str) -> None:
    await put_key(world, kind=kind)
    body = orjson.dumps(an_alert())
    headers = signing(world, "POST", ALERTS, body, kind=kind)
    first = await send(world, "POST", ALERTS, body, headers)
    assert first.status == 202, await first.text()
    again = await send(world, "POST", ALERTS, body, headers)
    assert again.status == 401 and "nonce was taken before" in (await again.json())["detail"]
    # The window is over, and so is the memory of it: now its time speaks against it.
    world.clock.turn(world.hub.settings.web.signed_within * 2 + 1)
    late = await send(world, "POST", ALERTS, body, headers)
    assert late.status == 401 and "seconds from our time" in (await late.json())["detail"]
    assert world.rows("SELECT COUNT(*) FROM alert") == [(1,)]
    assert (await send(world, "GET", ALERTS, None, signing(world, "GET", ALERTS, None, kind=kind))).status == 200


async def test_its_secret_alone_is_not_enough_and_the_answer_says_what_is_wanted(world: World) -> None:
    await put_key(world, kind="ed25519")
    refused = await world.call("POST", ALERTS, None, body=an_alert(), headers=BEARER)
    assert refused.status == 401 and refused.content_type == "application/problem+json"
    assert "Signature-Input" in (await refused.json())["detail"]
    assert '"@target-uri"' in refused.headers["Accept-Signature"]
    page = await world.client.post("/login", data={"key": SECRET}, headers={"Origin": "https://buurtsein.example"})
    assert page.status == 401 and world.rows("SELECT COUNT(*) FROM web_session") == [(0,)]
    form = FormData({"x": "y"}, default_to_multipart=True)
    assert (await world.client.post("/console/write", data=form, headers=BEARER)).status == 415


async def test_what_was_changed_on_its_way_changes_nothing_here(world: World) -> None:
    await put_key(world, kind="ed25519")
    body = orjson.dumps(an_alert())
    headers = signing(world, "POST", ALERTS, body, headers={"Idempotency-Key": "once"})
    other = orjson.dumps(an_alert({"headline": "Iets anders"}))
    for path, content, more in (
        (ALERTS, other, {}),
        (f"{ALERTS}?allowEmpty=true", body, {}),
        (f"{ALERTS}/_simulate", body, {}),
        (f"{API}/drills", body, {}),
        (ALERTS, body, {"Idempotency-Key": "twice"}),
        (ALERTS, body, {"Content-Type": "application/xml"}),
        (ALERTS, body[:-1], {}),
    ):
        refused = await send(world, "POST", path, content, {**headers, **more})
        assert refused.status == 401, (path, more, await refused.text())
    assert world.rows("SELECT COUNT(*) FROM alert") == world.rows("SELECT COUNT(*) FROM signed_nonce") == [(0,)]
    assert (await send(world, "POST", ALERTS, body, headers)).status == 202, "what was refused used nothing up"


async def test_a_signed_body_keeps_to_the_limit_of_all(world: World) -> None:
    await put_key(world, kind="ed25519")
    limit = world.hub.settings.web.max_body_bytes
    large = orjson.dumps(an_alert({"description": "x" * limit}))
    assert (await send(world, "POST", ALERTS, large, signing(world, "POST", ALERTS, large))).status == 413
    whole = orjson.dumps(an_alert()).ljust(limit)
    taken = await send(world, "POST", ALERTS, whole, signing(world, "POST", ALERTS, whole))
    assert taken.status == 202, await taken.text()


async def test_a_certificate_over_tls_is_asked_for_of_a_key_that_is_bound_to_it(world: World, tmp_path: Path) -> None:
    """The hub serves TLS itself; the keys' certificates are by themselves, and so their own authority."""
    server = files_of(tmp_path, "server", ec.generate_private_key(ec.SECP256R1()))
    client, stranger = files_of(tmp_path, "client", CLIENT), files_of(tmp_path, "stranger", STRANGER)
    await put_key(world, bound=CLIENT)
    port = free_port()
    clients = tmp_path / "clients.crt"
    clients.write_text(
        "".join(Path(one).read_text(encoding="utf-8") for one, _ in (client, stranger)), encoding="utf-8"
    )
    tls = Tls(certificate=server[0], key=server[1], client_ca=str(clients))
    settings = world.hub.settings.model_copy(update={"web": Web(listen=f"127.0.0.1:{port}", tls=tls)})
    async with serving(replace(world.hub, settings=settings)):

        async def status(shows: tuple[str, str] | None, headers: dict[str, str]) -> int:
            connector = aiohttp.TCPConnector(ssl=client_context(server[0], shows))
            url = f"https://127.0.0.1:{port}{ALERTS}"
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.get(url, headers=headers) as answer,
            ):
                return answer.status

        assert await status(client, BEARER) == 200
        assert await status(stranger, BEARER) == 401
        assert await status(None, BEARER) == 401
        forged = {**BEARER, "Client-Cert": f":{base64.b64encode(der(certificate(CLIENT))).decode()}:"}
        assert await status(None, forged) == await status(stranger, forged) == 401, "no proxy is believed"


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("192.0.2.0/24", 401)], ids=["believed", "not"])
async def test_a_certificate_in_a_header_counts_from_a_proxy_we_believe_and_from_nobody_else(
    world: World, network: str, status: int
) -> None:
    await put_key(world, bound=CLIENT)
    believed = TypeAdapter(tuple[IPvAnyNetwork, ...]).validate_python((network,))
    right, wrong = (f":{base64.b64encode(der(certificate(key))).decode()}:" for key in (CLIENT, STRANGER))
    async with with_settings(world, client_cert_from=believed) as there:
        assert (await send(there, "GET", ALERTS, None, {**BEARER, "Client-Cert": right})).status == status
        for value in (wrong, "", ":!:", right[1:-1]):
            assert (await send(there, "GET", ALERTS, None, {**BEARER, "Client-Cert": value})).status == 401
        assert (await send(there, "GET", ALERTS, None, BEARER)).status == 401


async def test_who_reads_the_figures_is_a_setting(world: World) -> None:
    await put_key(world, role=Role.OPERATOR, scopes=["metrics:read"])
    for setting, statuses in (
        ("open", [200, 200, 200, 200, 200]),
        ("loopback", [200, 403, 200, 200, 200]),
        ("key", [401, 401, 200, 403, 200]),
    ):
        async with with_settings(world, metrics=setting) as there:
            asked = (
                await there.get("/metrics", None),
                await there.get("/metrics", None, headers={"X-Forwarded-For": "192.0.2.1"}),
                await there.get("/metrics", None, headers=BEARER),
                await there.get("/metrics", Role.POLICE),
                await there.get("/metrics", Role.AUDITOR),
            )
            assert [one.status for one in asked] == statuses, setting
            told = await asked[2].text()
            assert (VERSION in told and platform.python_version() in told) is (setting != "open"), "not to everybody"
    assert (await world.get(ALERTS, None, headers=BEARER)).status == 403, "its scope is for the figures alone"
