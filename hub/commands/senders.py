"""`--senders`: in whose names a key or an account speaks, as given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from hub.cap.schema import LONGEST_NAME
from hub.cap.values import is_plain_name
from hub.domain import Mistake, Role

Senders = Annotated[
    str | None,
    typer.Option(
        metavar="A,B", help="Police: only in the names of these CAP senders, also Updates and Cancels; '' for any."
    ),
]


def read_senders(given: str | None) -> list[str]:
    return list(dict.fromkeys(one.strip() for one in (given or "").split(",") if one.strip()))


def not_theirs(role: Role, own: str, senders: Sequence[str]) -> list[Mistake]:
    """What is wrong with these names. `own`: the sender of alerts that name none, which must be among them."""
    wrong = [
        Mistake("--senders", f"{one!r} is no CAP sender")
        for one in senders
        if not is_plain_name(one) or len(one) > LONGEST_NAME
    ]
    if senders and role is not Role.POLICE:
        wrong.append(Mistake("--senders", "is for police"))
    if senders and own and own not in senders:
        wrong.append(
            Mistake("--senders", f"its own sender, {own}, is not among these: alerts that name none would be refused")
        )
    return wrong
