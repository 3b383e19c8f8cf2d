"""`key create | list | rotate | bind | revoke`: API keys are shown once and kept as a hash."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.clock import DAY_MS, to_datetime
from hub.commands.senders import Senders, not_theirs, read_senders
from hub.commands.shell import CLOCK, opened, run
from hub.commands.staff import known_account
from hub.domain import Mistake, Refused, Role, Scope
from hub.store.audit import COMMAND_LINE
from hub.store.keys import KeyView
from hub.trust.certificates import from_pem, thumbprint
from hub.trust.keys import hash_secret, make_key, make_secret
from hub.trust.signatures import read_public_key, written
from hub.web.route import ANY_SCOPE, MEASURERS, Open
from hub.web.routes import ROUTES

app = typer.Typer(no_args_is_help=True, help="API keys: shown once, kept as a hash.")

OVERLAP_HOURS = 24.0
HOUR_MS = 3_600_000

Expires = Annotated[
    int | None, typer.Option(min=1, max=3650, metavar="DAYS", help="It ends by itself after so many days.")
]
Pem = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM: every request must be signed with its key.")
]
Person = Annotated[
    str | None, typer.Option("--for", metavar="LOGIN", help="Whose own key it is: with this account it is one person.")
]
Certificate = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM: it must come with this client certificate.")
]


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    name: Annotated[str, typer.Option(help="Whose key it is.")],
    sender: Annotated[str, typer.Option(help="The CAP sender of alerts that name none.")] = "",
    scope: Annotated[list[Scope] | None, typer.Option(help="Only this of its role; several may be given.")] = None,
    municipality: Annotated[
        list[str] | None, typer.Option(metavar="GM…", help="Only this municipality; several may be given.")
    ] = None,
    expires: Expires = None,
    public_key: Pem = None,
    certificate: Certificate = None,
    senders: Senders = None,
    person: Person = None,
) -> None:
    """Make a key and print it, once."""

    async def command() -> dict[str, Any]:
        names = read_senders(senders)
        wrong = [*_useless(role, scope or []), *_no_places(role, municipality or []), *not_theirs(role, sender, names)]
        if wrong:
            raise Refused("No key was made", wrong)
        proofs = _proofs(public_key, certificate)
        async with opened() as (_, store):
            (key_id, secret), now = make_key(role), CLOCK.now()
            await store.keys.put(
                key_id,
                name=name,
                role=role,
                sender=sender or next(iter(names), ""),
                hash=hash_secret(secret),
                now=now,
                expires_at=_end(expires),
                municipalities=municipality or [],
                scopes=[one.value for one in scope or []],
                senders=names,
                staff_id=(await known_account(store, person)).id if person else "",
                **{kind: value for kind, value in proofs.items() if value is not None},
            )
            await store.audit.put(COMMAND_LINE, "key.made", key_id, {"role": role.value}, now)
            return {"key": secret, "id": key_id}

    run(command())


@app.command("list")
def list_keys() -> None:
    """The keys there are, without the keys themselves."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            return {"items": [_shown(key, CLOCK.now()) for key in await store.keys.list()]}

    run(command())


@app.command()
def rotate(
    key_id: str,
    overlap: Annotated[
        float,
        typer.Option(min=0, max=24 * 90, metavar="HOURS", help="How long the old secret works beside the new one."),
    ] = OVERLAP_HOURS,
    expires: Expires = None,
) -> None:
    """A new secret for a key, printed once. It stays the same key: its alerts, sender, scopes and proofs go on."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            now = CLOCK.now()
            found = next((key for key in await store.keys.list() if key.id == key_id), None)
            if found is None or found.revoked_at is not None:
                raise Refused("Nothing rotated", [Mistake(key_id, "no such key, or it was revoked")])
            if found.state(now) == "expired" and expires is None:
                raise Refused(
                    "Nothing rotated", [Mistake(key_id, "has expired: give it a new end with --expires DAYS")]
                )
            secret, old_until = make_secret(found.role), now + round(overlap * HOUR_MS)
            await store.keys.rotate(key_id, hash_secret(secret), old_until, _end(expires))
            await store.audit.put(COMMAND_LINE, "key.rotated", key_id, {}, now)
            return {"key": secret, "id": key_id, "oldUntil": _moment(old_until)}

    run(command())


@app.command()
def bind(
    key_id: str,
    public_key: Pem = None,
    certificate: Certificate = None,
    senders: Senders = None,
    person: Person = None,
    unbind: Annotated[bool, typer.Option("--unbind", help="Its secret is enough again.")] = False,
) -> None:
    """What a key must prove from now on beside its secret (its sessions end); in whose names it speaks; whose own it is."""

    async def command() -> dict[str, Any]:
        if unbind == bool(public_key or certificate) and (unbind or (senders is None and person is None)):
            wrong = "give --public-key, --certificate, --senders, --for; or --unbind, which ends the first two"
            raise Refused("Nothing bound", [Mistake("", wrong)])
        proofs = {"public_key": "", "certificate": ""} if unbind else _proofs(public_key, certificate)
        names = None if senders is None else read_senders(senders)
        async with opened() as (_, store):
            found = next((key for key in await store.keys.list() if key.id == key_id), None)
            if found is not None and (wrong_names := not_theirs(found.role, found.sender or found.name, names or [])):
                raise Refused("Nothing bound", wrong_names)
            staff_id = (await known_account(store, person)).id if person else person
            if not await store.keys.bind(key_id, **proofs, senders=names, staff_id=staff_id):
                raise Refused("Nothing bound", [Mistake(key_id, "no such key, or it was revoked")])
            await store.audit.put(COMMAND_LINE, "key.unbound" if unbind else "key.bound", key_id, {}, CLOCK.now())
            return {"bound": key_id, "proves": [kind for kind, value in proofs.items() if value]}

    run(command())


@app.command()
def revoke(key_id: str) -> None:
    """End a key at once."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            if not await store.keys.revoke(key_id, CLOCK.now()):
                raise Refused("Nothing revoked", [Mistake(key_id, "no such key, or revoked before")])
            await store.audit.put(COMMAND_LINE, "key.revoked", key_id, {}, CLOCK.now())
            return {"revoked": key_id}

    run(command())


def _useless(role: Role, scopes: list[Scope]) -> list[Mistake]:
    """Scopes of which this role may do nothing anyway: whoever asks for them expects something else."""
    useful = {Scope.METRICS_READ} if role in MEASURERS else set()
    for route in ROUTES:
        if not isinstance(route.may, Open) and role in route.may and route.scopes != ANY_SCOPE:
            useful |= route.scopes
    return [Mistake("--scope", f"{one} is nothing that the role {role} may do") for one in scopes if one not in useful]


def _no_places(role: Role, codes: list[str]) -> list[Mistake]:
    wrong = [
        Mistake("--municipality", f"{code} is no code such as GM0637")
        for code in codes
        if not re.fullmatch(r"GM\d{4}", code)
    ]
    if codes and role is not Role.COORDINATOR:
        wrong.append(Mistake("--municipality", "only coordinators are limited to municipalities"))
    return wrong


def _proofs(public_key: Path | None, certificate: Path | None) -> dict[str, str | None]:
    return {
        "public_key": written(read_public_key(public_key.read_bytes())) if public_key else None,
        "certificate": thumbprint(from_pem(certificate.read_bytes())) if certificate else None,
    }


def _end(days: int | None) -> int | None:
    return None if days is None else CLOCK.now() + days * DAY_MS


def _shown(key: KeyView, now: int) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "sender": key.sender,
        "senders": " ".join(key.senders),
        "for": key.staff_id,
        "state": key.state(now),
        "revoked": bool(key.revoked_at),
        "scopes": " ".join(key.scopes),
        "municipalities": " ".join(key.municipalities),
        "expires": _moment(key.expires_at),
        "oldUntil": _moment(key.old_until if key.old_until > now else None),
        "lastUsed": to_datetime(key.used_on).astimezone(UTC).date().isoformat() if key.used_on else "never",
        "proves": "+".join(
            name for name, it in (("certificate", key.certificate), ("signature", key.public_key)) if it
        ),
    }


def _moment(at: int | None) -> str:
    return "" if at is None else to_datetime(at).isoformat(timespec="seconds")
