"""Turns what pydantic found into `Mistake`s: a place such as `info[0].area[0].circle[0]` and a sentence for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.domain import Mistake

MOST_MISTAKES = 200
"""More help nobody, and finding near names for a megabyte of wrong ones would take seconds."""

_LONGEST_QUOTE = 40

_MISSING = {
    "event": 'say in a word what is the matter, such as "Woninginbraak"',
    "valueName": 'say what kind of code it is, such as "CBS-BU"',
    "value": 'give the code itself, such as "BU06370300"',
}


def near(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` when a known word looks like it, else nothing."""
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:_LONGEST_QUOTE].lower(), lowered, n=1)
    return f"; did you mean {lowered[found[0]]}?" if found else ""


def short(name: str) -> str:
    """A name from outside, short and printable enough to stand in an error."""
    cut = name if len(name) <= _LONGEST_QUOTE else name[:_LONGEST_QUOTE] + "…"
    return "".join(c if c.isprintable() else "�" for c in cut)


def place(path: Iterable[int | str]) -> str:
    """`("info", 0, "event")` written as `info[0].event`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            written += f".{short(step)}" if written else short(step)
    return written


def mistakes_of(error: ValidationError, model: type[BaseModel]) -> list[Mistake]:
    """At most `MOST_MISTAKES` of them, and then how many more there are."""
    found = error.errors(include_url=False, include_input=False)
    mistakes = [Mistake(place(e["loc"]), _sentence(e, model)) for e in islice(found, MOST_MISTAKES)]
    if len(found) > MOST_MISTAKES:
        mistakes.append(Mistake("", f"and {len(found) - MOST_MISTAKES} mistakes more"))
    return mistakes


def _sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "rule":
            return error["msg"]
        case "missing":
            name = str(error["loc"][-1])
            return f"is missing; {_MISSING.get(name, 'fill it in')}"
        case "extra_forbidden":
            return f"no such element{_meant(str(error['loc'][-1]), _model_at(error['loc'][:-1], model))}"
        case "string_type":
            return 'must be text, in double quotes: "…"'
        case "list_type":
            return "must be a list, in square brackets: […]"
        case "model_type" | "dict_type":
            return "must be an object, in curly brackets: {…}"
        case "float_type":
            return "must be a number, without quotes"
        case "int_type":
            return "must be a whole number, without quotes"
        case "finite_number":
            return "must be a finite number"
        case "greater_than_equal":
            return f"give {limits['ge']:g} or more"
        case "less_than_equal":
            return f"give at most {limits['le']:g}"
        case "string_too_long":
            return f"is too long; keep it to {limits['max_length']:,} characters"
        case "too_long":
            return f"has too many items; give at most {limits['max_length']:,}"
        case _:
            return "cannot be read; see the element of this name in CAP 1.2"


def _meant(name: str, model: type[BaseModel]) -> str:
    for outer, annotation in ((outer, field.annotation) for outer, field in model.model_fields.items()):
        inner = _model_in(annotation)
        if inner and name in inner.model_fields:
            return f"; it belongs one level deeper, in {outer}"
    return near(name, model.model_fields)


def _model_at(path: Iterable[int | str], model: type[BaseModel]) -> type[BaseModel]:
    for step in path:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, getattr(annotation, "__args__", ()))), None)
