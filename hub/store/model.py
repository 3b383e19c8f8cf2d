"""What all tables are made of: Tortoise's model, without its search for comments in the source, and with sealed fields.

For each model Tortoise parses the whole file it stands in, for `#:` comments on fields, of which we have none: a quarter of a
second at every start of a hub or a command. A model that is made takes what it is given for what a database gave: sealed text.
"""

from __future__ import annotations

from typing import Any

from tortoise.models import Model, ModelMeta

from hub.store.sealing import Sealed, SealedBytes


class _Uncommented(ModelMeta):
    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> ModelMeta:
        return super().__new__(cls, name, bases, {"_no_comments": True, **attributes})


class Table(Model, metaclass=_Uncommented):
    def _set_kwargs(self, kwargs: dict[str, Any]) -> set[str]:
        ours = {name for name in kwargs if isinstance(self._meta.fields_map.get(name), Sealed | SealedBytes)}
        for name in ours:
            setattr(self, name, kwargs[name])
        passed: set[str] = super()._set_kwargs({name: value for name, value in kwargs.items() if name not in ours})
        return passed | ours

    class Meta:
        abstract = True
