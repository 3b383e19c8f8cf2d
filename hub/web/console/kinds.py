"""The kinds of alert a dispatcher chooses from, with the police's own words for each: config/kinds.toml, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.domain import Mistake, Refused
from hub.settings import CONFIG

FILE: Final = CONFIG / "kinds.toml"
OTHER: Final = "other"
"""What the dispatcher names themselves."""


class Kind(BaseModel):
    """`event` and `headline` go out; `name` and `ask` are what the dispatcher reads, by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[a-z][a-z-]{0,30}$")
    event: str = Field(min_length=1, max_length=100)
    headline: str = Field(min_length=1, max_length=200)
    name: dict[str, str]
    ask: dict[str, str]


@cache
def kinds(file: Path = FILE) -> Mapping[str, Kind]:
    """By key, in the order of the file; raises Refused for a file that says something else."""
    try:
        given: list[Any] = tomllib.loads(file.read_text(encoding="utf-8"))["kinds"]
        found = [Kind.model_validate(one) for one in given]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValidationError) as error:
        raise Refused("The kinds of alert cannot be read", [Mistake(file.name, str(error))]) from None
    return {one.key: one for one in found}
