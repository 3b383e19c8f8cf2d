"""SECURITY.md says of every secret of the settings who has it, when it is renewed, and what to do when it leaked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr

from hub.commands.dangers import NO_SECRETS
from hub.settings import ROOT, Settings

TABLE: Final = (
    (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## Secrets and keys")[2].partition("\n\nAfter")[0]
)
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line[:2] == "| "
][1:]
NAMED: Final = {name for row in ROWS for name in re.findall(r"`([a-z_.]+)`", row[0])}


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections within a type: a section itself, or many of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def secrets(model: type[BaseModel], place: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{place}.{name}" if place else name
        if field.annotation is SecretStr and (name not in NO_SECRETS or here == "database.url"):
            yield here.replace(".accounts", "")
        for inner in models(field.annotation):
            yield from secrets(inner, here)


def test_every_secret_of_the_settings_stands_in_it_and_none_that_is_gone() -> None:
    ours = set(secrets(Settings))
    assert len(ours) > 10 and ours <= NAMED
    assert NAMED - ours == {"web.tls.key", "channels.matrix.encryption_store"}, "files, whose paths are no secrets"


def test_of_each_it_says_who_has_it_when_it_is_renewed_and_what_to_do_when_it_leaked() -> None:
    assert len(ROWS) > 12 and all(len(row) == 5 and all(row) for row in ROWS)
