"""What /docs shows, drawn once from openapi.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from markupsafe import Markup, escape

from hub.web.api.examples import EXAMPLES, Example
from hub.web.docs.snippets import Asked, for_curl, for_python, path_of

REFERENCE: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Said:
    """A name and what is said of it: a parameter, a member of a schema. `schema`: the one it leads to, '' for none."""

    name: str
    kind: str
    text: Markup
    required: bool = False
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A status of a call, its content types, and the schema of what is answered."""

    status: str
    phrase: str
    types: tuple[str, ...]
    schema: str


@dataclass(frozen=True, slots=True)
class Documented:
    """One call, as the page shows it."""

    name: str
    method: str
    path: str
    summary: str
    description: Markup
    deprecated: bool
    parameters: tuple[Said, ...]
    body_types: tuple[str, ...]
    body: str
    answers: tuple[Answered, ...]
    curl: str
    python: str


Schema = tuple[str, Markup, list[Said]]
"""Its name, what it is, its members."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Calls about one thing."""

    text: str
    calls: tuple[Documented, ...]


@dataclass(frozen=True, slots=True)
class Docs:
    """`calls`: by name. `schemas`: those that a call leads to, by its name, each before what is in it."""

    tags: tuple[Tag, ...]
    calls: Mapping[str, Documented]
    schemas: Mapping[str, Sequence[Schema]]


def drawn(document: dict[str, Any]) -> Docs:
    """All that the pages show, from openapi.json."""
    found = list(_calls(document))
    known = document["components"]["schemas"]
    tags = (
        Tag(tag["description"], tuple(one for name, one in found if name == tag["name"])) for tag in document["tags"]
    )
    calls = {one.name: one for _, one in found}
    schemas = {
        name: [
            (schema, coded(known[schema].get("description", "")), _members(known[schema]))
            for schema in _reached([one.body, *(answer.schema for answer in one.answers)], known)
        ]
        for name, one in calls.items()
    }
    return Docs(tuple(tags), calls, schemas)


def _reached(names: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """These schemas and all that they lead to, each once."""
    found: dict[str, None] = {}
    ahead = [name for name in names if name]
    while ahead:
        name = ahead.pop(0)
        if name not in found:
            found[name] = None
            ahead += [member.schema for member in _members(known[name]) if member.schema]
    return list(found)


def _calls(document: dict[str, Any]) -> Iterator[tuple[str, Documented]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            asked = written(path, method.upper(), operation)
            body = operation.get("requestBody", {}).get("content", {})
            yield (
                operation["tags"][0],
                Documented(
                    name=name,
                    method=method.upper(),
                    path=path,
                    summary=operation["summary"],
                    description=coded(operation["description"]),
                    deprecated=operation.get("deprecated", False),
                    parameters=tuple(map(_parameter, operation.get("parameters", ()))),
                    body_types=tuple(body),
                    body=next((_leads_to(one["schema"]) for one in body.values()), ""),
                    answers=tuple(_answer(*one) for one in operation["responses"].items()),
                    curl=for_curl(asked),
                    python=for_python(asked),
                ),
            )


def coded(text: str) -> Markup:
    """What stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped


def written(path: str, method: str, operation: Mapping[str, Any]) -> Asked:
    """The call as an example makes it."""
    example = EXAMPLES.get(operation["operationId"], Example())
    good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return Asked(
        method=method,
        path=path_of(path, dict(example.path)),
        query=dict(example.query),
        body=example.body,
        answered=next(iter(good.get("content", ())), ""),
        guarded=bool(operation["security"]),
    )


def _parameter(one: Mapping[str, Any]) -> Said:
    where = {"path": "path", "query": "query", "header": "header"}[one["in"]]
    return Said(
        one["name"], f"{where}, {_kind(one['schema'])}", coded(one.get("description", "")), one.get("required", False)
    )


def _answer(status: str, answer: Mapping[str, Any]) -> Answered:
    content = answer.get("content", {})
    schema = next((_leads_to(one["schema"]) for one in content.values()), "")
    return Answered(status, HTTPStatus(int(status)).phrase, tuple(content), schema)


def _members(schema: Mapping[str, Any]) -> list[Said]:
    required = schema.get("required", ())
    return [
        Said(name, _kind(one), coded(one.get("description", "")), name in required, _leads_to(one))
        for name, one in schema.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any]) -> str:
    """In words: `list of text, at most 20`."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REFERENCE)
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema:
        return f"“{schema['const']}”"
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        most = f", at most {schema['maxItems']:,}" if "maxItems" in schema else ""
        return f"list of {_kind(schema.get('items', {}))}{most}"
    words = [" or ".join(kind) if isinstance(kind, list) else kind]
    words += [f"{label} {json.dumps(schema[key])}" for key, label in _LIMITS.items() if key in schema]
    words += [f"{schema['format']}"] if "format" in schema else []
    return ", ".join(words)


_LIMITS: Final = {"minimum": "from", "maximum": "to", "maxLength": "at most", "default": "otherwise"}


def _leads_to(schema: Mapping[str, Any]) -> str:
    """The schema named in it, wherever."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REFERENCE)
    inside = (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ()))
    return next(filter(None, map(_leads_to, inside)), "")
