"""The form of an account: who somebody is, what they may, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.domain import Role
from hub.plain import plain
from hub.store.staff import Account, make_id
from hub.web.forms import Form
from hub.web.languages import N_


def new_account(now: int) -> Account:
    """Nobody yet."""
    return Account(make_id(), "", "", Role.AUDITOR, created_at=now)


def account_form(account: Account | None, names: Mapping[str, str]) -> Form:
    """`names`: municipalities, GM code → name."""
    if account is None:
        return Form()
    return Form(
        {
            "name": [account.name],
            "login": [account.login],
            "role": [account.role.value],
            "sender": [account.sender],
            "municipalities": [", ".join(sorted(names.get(one, one) for one in account.municipalities))],
        }
    )


def read_account_form(form: Form, account: Account, names: Mapping[str, str]) -> Account:
    """The account with what was filled in; its login is set once."""
    name = form.line("name", most=100)
    login = account.login or form.line("login", most=254)
    role = form.choice("role", [one.value for one in Role])
    sender = form.line("sender", most=200, required=role == Role.POLICE.value)
    given = [one.strip() for one in form.line("municipalities", most=2000, required=False).split(",") if one.strip()]
    by_name = {plain(name): code for code, name in names.items()}
    codes = {one: one.upper() if one.upper() in names else by_name.get(plain(one), "") for one in given}
    if unknown := [one for one, code in codes.items() if not code]:
        form.wrong("municipalities", N_("Deze gemeente staat niet op de kaart: %(names)s."), names=", ".join(unknown))
    if role == Role.POLICE.value and account.senders and sender not in account.senders:
        form.wrong(
            "sender", N_("Dit account spreekt alleen namens %(names)s."), names=", ".join(sorted(account.senders))
        )
    if not form.ok:
        return account
    return replace(
        account,
        name=name,
        login=login,
        role=Role(role),
        sender=sender if role == Role.POLICE.value else "",
        senders=account.senders if role == Role.POLICE.value else frozenset(),
        municipalities=frozenset(codes.values()) if role == Role.COORDINATOR.value else frozenset(),
    )
