"""`key create | list | revoke`: API keys are shown once and kept as a hash."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, opened, run
from hub.domain import Mistake, Refused, Role
from hub.store.audit import COMMAND_LINE
from hub.trust.keys import hash_secret, make_key

app = typer.Typer(no_args_is_help=True, help="API keys: shown once, kept as a hash.")


@app.command()
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    name: Annotated[str, typer.Option(help="Whose key it is.")],
    sender: Annotated[str, typer.Option(help="The CAP sender of alerts that name none.")] = "",
) -> None:
    """Make a key and print it, once."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            key_id, secret = make_key(role)
            await store.keys.put(key_id, name=name, role=role, sender=sender, hash=hash_secret(secret), now=CLOCK.now())
            await store.audit.put(COMMAND_LINE, "key.made", key_id, {"role": role.value}, CLOCK.now())
            return {"key": secret, "id": key_id}

    run(command())


@app.command("list")
def list_keys() -> None:
    """The keys there are, without the keys themselves."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            return {
                "items": [
                    {
                        "id": k.id,
                        "name": k.name,
                        "role": k.role.value,
                        "sender": k.sender,
                        "revoked": bool(k.revoked_at),
                    }
                    for k in await store.keys.list()
                ]
            }

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
