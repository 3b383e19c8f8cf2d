"""Choosing neighbourhoods in a form, without JavaScript too: a search in it shows it again, with what it found to choose from."""

from __future__ import annotations

from collections.abc import Iterable

from hub.domain import Neighbourhood
from hub.web.calls import Call
from hub.web.forms import Form
from hub.web.map.search import neighbourhoods_named

MOST = 60
"""Found by one search: who sees so many searches more closely."""


def is_search(form: Form, field: str) -> bool:
    """The search was asked for; or something new stands in its field, which by Enter sends the form."""
    typed = form.shown(field).strip()
    return bool(form.shown("search")) or bool(typed and typed != form.shown("searched").strip())


async def found(call: Call, form: Form, field: str) -> list[Neighbourhood]:
    """What the search found, the best first; nothing where nothing was typed."""
    return (await neighbourhoods_named(call, form.shown(field)))[:MOST]


def with_chosen(call: Call, chosen: Iterable[str], more: Iterable[Neighbourhood]) -> list[Neighbourhood]:
    """The neighbourhoods of these codes, then more of them; each once."""
    known = (one for code in chosen if (one := call.hub.atlas.index.get(code)) is not None)
    return list({one.code: one for one in [*known, *more]}.values())
