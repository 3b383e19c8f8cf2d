"""`staff add | list | disable | reset`: accounts. Who is invited sets passphrase and second factor themselves, by the link."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from hub.commands.shell import CLOCK, opened, run
from hub.domain import Mistake, Refused, Role
from hub.settings import Settings
from hub.store.audit import COMMAND_LINE
from hub.store.database import Store
from hub.store.staff import Account, make_id
from hub.trust.keys import hash_secret, make_session

app = typer.Typer(no_args_is_help=True, help="Staff accounts: invited, disabled, reset.")


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="What they sign in as: an e-mail address or a name.")],
    name: Annotated[str, typer.Option(help="Who it is.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    sender: Annotated[str, typer.Option(help="Police: the CAP sender of alerts that name none.")] = "",
    municipality: Annotated[list[str] | None, typer.Option(help="A coordinator's own, GM…; none: all.")] = None,
) -> None:
    """Make an account and print its invitation, once."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            asked = Account(make_id(), name, login.strip(), role, sender, frozenset(municipality or ()))
            await _check(store, asked)
            token, until = make_session(), _until(settings)
            await store.staff.add(replace(asked, invited_until=until), hash_secret(token), CLOCK.now())
            await store.audit.put(COMMAND_LINE, "staff.invited", asked.id, {"role": role.value}, CLOCK.now())
            return {"id": asked.id, "invitation": _link(settings, token)}

    run(command())


@app.command("list")
def list_staff() -> None:
    """The accounts there are."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            return {
                "items": [
                    {
                        "id": one.id,
                        "login": one.login,
                        "name": one.name,
                        "role": one.role.value,
                        "municipalities": sorted(one.municipalities),
                        "invited": one.invited_until > CLOCK.now(),
                        "disabled": one.disabled_at is not None,
                    }
                    for one in await store.staff.list()
                ]
            }

    run(command())


@app.command()
def disable(who: Annotated[str, typer.Argument(help="The account's id, or what they sign in as.")]) -> None:
    """End an account at once, and wherever it is signed in."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            account = await _known(store, who)
            if not await store.staff.disable(account.id, CLOCK.now()):
                raise Refused("Nothing disabled", [Mistake(who, "was disabled before")])
            await store.audit.put(COMMAND_LINE, "staff.disabled", account.id, {}, CLOCK.now())
            return {"disabled": account.id}

    run(command())


@app.command()
def reset(who: Annotated[str, typer.Argument(help="The account's id, or what they sign in as.")]) -> None:
    """Invite somebody anew who lost their passphrase or second factor; make sure that it is them. Prints the link, once."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            account, token = await _known(store, who), make_session()
            if await store.sign_ons.issuer_of(account.id):
                elsewhere = "signs in elsewhere: its organisation gives it another passphrase, here it has none"
                raise Refused("Nothing was reset", [Mistake(who, elsewhere)])
            await store.staff.reset(account.id, hash_secret(token), _until(settings))
            await store.audit.put(COMMAND_LINE, "staff.reset", account.id, {}, CLOCK.now())
            return {"id": account.id, "invitation": _link(settings, token)}

    run(command())


async def _check(store: Store, account: Account) -> None:
    """Raises Refused with every mistake."""
    known = {one.municipality for one in await store.neighbourhoods.all()}
    wrong = [Mistake("--municipality", f"{one} is not on the map") for one in sorted(account.municipalities - known)]
    if account.municipalities and account.role is not Role.COORDINATOR:
        wrong.append(Mistake("--municipality", "is for coordinators"))
    if account.sender and account.role is not Role.POLICE:
        wrong.append(Mistake("--sender", "is for police"))
    if not (account.login and account.name.strip()):
        wrong.append(Mistake("login", "give a name to sign in by, and whose it is"))
    if wrong:
        raise Refused("The account was not made", wrong)


async def _known(store: Store, who: str) -> Account:
    account = await store.staff.find(who) or await store.staff.by_login(who)
    if account is None:
        raise Refused("No such account", [Mistake(who, "see `staff list`")])
    return account


def _until(settings: Settings) -> int:
    return CLOCK.now() + round(settings.staff.invitation_hours * 3_600_000)


def _link(settings: Settings, token: str) -> str:
    return f"{settings.web.public_url}/welcome/{token}"
