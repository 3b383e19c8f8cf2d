"""The table of routes as a document (ROUTES.md): what `app.py` enforces, to be read. Written by `run.py routes`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hub.domain import Role, Scope
from hub.web.route import ANY_SCOPE, Open, Route

HEAD = """# Who may call what

Written by `make routes` from the tables that the hub is built from; a test keeps it in step. There is no other door: an address
that is not here is answered 404, another method 405.

- **Role**: whose key, account or session it takes. `police` is the dispatcher in the control room.
- **Scope**: a key with scopes needs one of these; a key without has all of its role. *any*: whichever it has; *none*: no key with
  scopes comes in.
- **Session**: a browser's session will do, not only a key in `Authorization`. *origin*: a form, taken from pages of ours alone (the
  `Origin` header), unless it comes with a key.
- HEAD works where GET does, but where looking has an effect or never ends (*no HEAD*).
"""


@dataclass(frozen=True, slots=True)
class Line:
    """`session`: '' for no session, else how it is taken."""

    method: str
    path: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    session: str
    head: bool
    summary: str


def line_of(route: Route) -> Line:
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    if isinstance(route.may, Open):
        roles, scopes = (f"*{route.may.value}*",), ()
        session = "origin" if route.form else "no"
    else:
        roles = tuple(role.value for role in Role if role in route.may)
        named = tuple(one.value for one in Scope if one in route.scopes)
        scopes = ("*any*",) if route.scopes == ANY_SCOPE else named or ("*none*",)
        session = "origin" if route.form else "yes" if route.method == "GET" else "no"
    return Line(route.method, route.path, roles, scopes, session, route.method == "GET" and route.head, route.summary)


def as_markdown(routes: Iterable[Route]) -> str:
    rows = ["| Method | Path | Role | Scope | Session | What |", "|---|---|---|---|---|---|"]
    for line in map(line_of, routes):
        method = line.method if line.head or line.method != "GET" else "GET, *no HEAD*"
        cells = method, f"`{line.path}`", ", ".join(line.roles), ", ".join(line.scopes), line.session, line.summary
        rows.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n" + "\n".join(rows) + "\n"
