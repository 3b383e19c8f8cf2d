"""The schema as migrations change it one after the other: what an operation changes is made anew, everything else stays.

Tortoise's own makes every model's class anew for a copy before each operation, and readies all of them for queries after it:
six seconds for a new database with sixty models, one this way.
"""

from __future__ import annotations

from typing import Any, Self

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model


class Executor(MigrationExecutor):
    """Tortoise's, with our way to copy."""

    async def _project_state(self, applied: Any, *, upto: Any = None) -> State:
        state = await super()._project_state(applied, upto=upto)
        models = _Models(state.apps._default_connections, state.apps._connections)
        models.apps.update(state.apps.apps)
        return _Schema(state.models, models)


class _Schema(State):
    def clone(self) -> Self:
        return type(self)({key: model.clone() for key, model in self.models.items()}, self.apps.clone())


class _Models(StateApps):
    """Classes of models. No class changes once it is made, so a copy may hold the same ones."""

    def clone(self, model_states: Any = None) -> _Models:
        copy = _Models(dict(self._default_connections), self._connections)
        copy.apps.update({label: dict(models) for label, models in self.apps.items()})
        return copy

    def unregister_model(self, app_label: str, model_name: str) -> None:
        """A copy may still hold it, so it keeps its app."""
        self.apps.get(app_label, {}).pop(model_name, None)

    def _build_initial_querysets(self) -> None:
        """Of those that are new."""
        every, self.apps = self.apps, {label: self._new(models) for label, models in self.apps.items()}
        super()._build_initial_querysets()
        self.apps = every

    @staticmethod
    def _new(models: dict[str, type[Model]]) -> dict[str, type[Model]]:
        return {name: model for name, model in models.items() if not model._meta.basetable.get_table_name()}
