"""What pages show of an alert's info, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.store.alerts import AlertView


@dataclass(frozen=True, slots=True)
class ShownInfo:
    """What the pages show of an alert's info; '' and () for what it does not have."""

    event: str
    headline: str
    description: str
    sender: str
    areas: tuple[str, ...]


def shown_info(view: AlertView, language: str = "nl") -> ShownInfo:
    """The alert's info in this language, else its first; empty if it has none (a bare Cancel)."""
    return info_of(view.content, language)


def info_of(content: Mapping[str, Any], language: str = "nl") -> ShownInfo:
    infos: list[dict[str, Any]] = content.get("info", [])
    info = next((one for one in infos if one["language"].lower().startswith(language)), infos[0] if infos else {})
    return ShownInfo(
        event=info.get("event", ""),
        headline=info.get("headline", ""),
        description=info.get("description", ""),
        sender=info.get("senderName", ""),
        areas=tuple(area["areaDesc"] for area in info.get("area", ()) if area.get("areaDesc")),
    )
