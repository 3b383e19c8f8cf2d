"""What the published Bot API says an answer must look like, where that file is there: types, required fields, no unknown ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[3] / "shared" / "specs" / "telegram-bot-api.json"
PUBLISHED: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
PLAIN: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "Integer": int,
    "Boolean": bool,
    "True": bool,
    "Float": (int, float),
}


def complaints(value: Any, types: list[str], where: str) -> list[str]:
    """What is wrong with this value; nothing if one of the types allows it, or nothing is published here."""
    if not PUBLISHED:
        return []
    tries = [_complaints(value, kind, where) for kind in types]
    return min(tries, key=len)


def answer_complaints(method: str, result: Any) -> list[str]:
    return complaints(result, PUBLISHED["methods"][method]["returns"], method) if PUBLISHED else []


def _complaints(value: Any, kind: str, where: str) -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [one for at, item in enumerate(value) for one in complaints(item, [kind[9:]], f"{where}[{at}]")]
    if kind in PLAIN:
        right = isinstance(value, PLAIN[kind]) and (kind in ("Boolean", "True")) is isinstance(value, bool)
        return [] if right else [f"{where} is no {kind}"]
    published = PUBLISHED["types"][kind]
    if published.get("subtypes"):
        return complaints(value, published["subtypes"], where)
    if not isinstance(value, dict):
        return [f"{where} is no {kind}"]
    fields = {one["name"]: one for one in published.get("fields", [])}
    found = [f"{where}.{name} is not in {kind}" for name in value if name not in fields]
    found += [f"{where}.{name} is missing" for name, one in fields.items() if one["required"] and name not in value]
    for name, one in fields.items():
        if name in value:
            found += complaints(value[name], one["types"], f"{where}.{name}")
    return found
