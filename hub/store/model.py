"""What all tables are made of: Tortoise's model, without its search for comments in the source.

For each model Tortoise parses the whole file it stands in, for `#:` comments on fields, of which we have none: a quarter of a
second at every start of a hub or a command.
"""

from __future__ import annotations

from typing import Any

from tortoise.models import Model, ModelMeta


class _Uncommented(ModelMeta):
    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> ModelMeta:
        return super().__new__(cls, name, bases, {"_no_comments": True, **attributes})


class Table(Model, metaclass=_Uncommented):
    class Meta:
        abstract = True
