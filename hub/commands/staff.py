"""`staff add | list | bind | disable | reset`: accounts. Who is invited sets passphrase and second factor by the link."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from hub.commands.senders import Senders, not_theirs, read_senders
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
    senders: Senders = None,
) -> None:
    """Make an account and print its invitation, once."""

    async def command() -> dict[str, Any]:
        async with opened() as (settings, store):
            names = read_senders(senders)
            own = sender or next(iter(names), "")
            asked = Account(make_id(), name, login.strip(), role, own, frozenset(municipality or ()))
            asked = replace(asked, senders=frozenset(names))
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
                        "senders": sorted(one.senders),
                        "invited": one.invited_until > CLOCK.now(),
                        "disabled": one.disabled_at is not None,
                    }
                    for one in await store.staff.list()
                ]
            }

    run(command())


@app.command()
def bind(
    who: Annotated[str, typer.Argument(help="The account's id, or what they sign in as.")], senders: Senders = None
) -> None:
    """In whose names somebody of the police writes, updates and ends alerts from now on. Their sessions end."""

    async def command() -> dict[str, Any]:
        names = read_senders(senders)
        async with opened() as (_, store):
            account = await known_account(store, who)
            if wrong := not_theirs(account.role, account.sender or account.name, names):
                raise Refused("Nothing bound", wrong)
            await store.staff.change(replace(account, senders=frozenset(names)))
            await store.audit.put(COMMAND_LINE, "staff.changed", account.id, {"fields": ["senders"]}, CLOCK.now())
            return {"bound": account.id, "senders": names}

    run(command())


@app.command()
def disable(who: Annotated[str, typer.Argument(help="The account's id, or what they sign in as.")]) -> None:
    """End an account at once, and wherever it is signed in."""

    async def command() -> dict[str, Any]:
        async with opened() as (_, store):
            account = await known_account(store, who)
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
            account, token = await known_account(store, who), make_session()
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
    wrong += not_theirs(account.role, account.sender, sorted(account.senders))
    if account.sender and account.role is not Role.POLICE:
        wrong.append(Mistake("--sender", "is for police"))
    if not (account.login and account.name.strip()):
        wrong.append(Mistake("login", "give a name to sign in by, and whose it is"))
    if wrong:
        raise Refused("The account was not made", wrong)


async def known_account(store: Store, who: str) -> Account:
    """By its id, or what they sign in as. Raises Refused."""
    account = await store.staff.find(who) or await store.staff.by_login(who)
    if account is None:
        raise Refused("No such account", [Mistake(who, "see `staff list`")])
    return account


def _until(settings: Settings) -> int:
    return CLOCK.now() + round(settings.staff.invitation_hours * 3_600_000)


def _link(settings: Settings, token: str) -> str:
    return f"{settings.web.public_url}/welcome/{token}"
