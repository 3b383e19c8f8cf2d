"""Verbs on the texts of public pages that a coordinator has changed. A page that nobody changed has no row: it is as shipped."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from hub.store import registry_tables as tables
from hub.store.engine import shielded
from hub.store.ids import Ids


@dataclass(frozen=True, slots=True)
class ChangedText:
    """`changed_by`: the name of a key."""

    slug: str
    language: str
    title: str
    text: str
    changed_at: int
    changed_by: str


class PublicTexts:
    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    @shielded
    async def all(self) -> list[ChangedText]:
        return [_read(row) for row in await tables.PublicText.all().order_by("slug", "language")]

    @shielded
    async def get(self, slug: str, language: str) -> ChangedText | None:
        row = await tables.PublicText.get_or_none(slug=slug, language=language)
        return _read(row) if row else None

    @shielded
    async def put(self, one: ChangedText, *, instead_of: int) -> bool:
        """False, and nothing stored, if somebody changed it since `instead_of` (its changed_at as read; 0: as shipped)."""
        same = tables.PublicText.filter(slug=one.slug, language=one.language, changed_at=instead_of)
        # So that two changes within a millisecond are not taken for one.
        at = max(one.changed_at, instead_of + 1)
        if instead_of:
            changed = await same.update(title=one.title, text=one.text, changed_at=at, changed_by=one.changed_by)
            return bool(changed)
        try:
            await tables.PublicText.create(
                id=self._ids.one(),
                slug=one.slug,
                language=one.language,
                title=one.title,
                text=one.text,
                changed_at=at,
                changed_by=one.changed_by,
            )
        except IntegrityError:
            return False
        return True

    @shielded
    async def drop(self, slug: str, language: str) -> bool:
        """Back to the text as shipped; False if it was that already."""
        return bool(await tables.PublicText.filter(slug=slug, language=language).delete())


def _read(row: tables.PublicText) -> ChangedText:
    return ChangedText(row.slug, row.language, row.title, row.text, row.changed_at, row.changed_by)
