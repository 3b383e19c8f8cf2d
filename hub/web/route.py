"""One route of the hub: its method, path and handler, and who may call it. The tables of them stand in each folder's routes.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from hub.domain import Role, Scope
from hub.web.calls import Handler
from hub.web.deprecation import Deprecation


class Open(Enum):
    """Routes that ask for no key."""

    PUBLIC = "public"
    VERIFIED_BY_PROVIDER = "the messenger's signature is checked by its channel"
    ADMIN = "an admin's own session"
    ACCOUNT = "a staff account's own session, also one that still lacks its second factor"
    MEASURING = "anybody, this machine, or a key, as the setting web.metrics says"


PUBLIC = Open.PUBLIC
ANY_KEY = frozenset(Role)
POLICE = frozenset({Role.POLICE})
COORDINATOR = frozenset({Role.COORDINATOR})
OPERATOR = frozenset({Role.OPERATOR})
COORDINATOR_OR_POLICE = frozenset({Role.COORDINATOR, Role.POLICE})
AUDITOR = frozenset({Role.AUDITOR})
DIRECTORY_READERS = frozenset({Role.COORDINATOR, Role.AUDITOR})
MEASURERS = frozenset({Role.OPERATOR, Role.AUDITOR})
ANY_SCOPE = frozenset(Scope)
ALERTS = Scope.ALERTS_READ, Scope.ALERTS_WRITE
DIRECTORY = Scope.DIRECTORY_READ, Scope.DIRECTORY_WRITE
STATISTICS = frozenset({Scope.STATISTICS_READ})
SIGHTINGS = frozenset({Scope.SIGHTINGS_READ})
DRILLS = frozenset({Scope.DRILLS_WRITE})
AUDIT = frozenset({Scope.AUDIT_READ})
METRICS = frozenset({Scope.METRICS_READ})


@dataclass(frozen=True, slots=True)
class Described:
    """What openapi.json says of a route beyond its path. Names of parameters and schemas stand in parameters.py and schemas.py.

    `answers`: status → schema. 401, 403, 429 and 503 need not be named, every guarded route has them.
    """

    tag: str
    answers: Mapping[int, str]
    errors: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    body: str = ""
    deprecated: Deprecation | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`may`: the roles let in. `scopes`: a key that has scopes needs one of these; where none stands it is refused.

    `head`: whether HEAD works as well as GET; not where looking has an effect or never ends.
    `form`: it is posted from a page of ours, so a session will do, and its origin is looked at.
    `sensitive`: a browser that has not proved of late who sits at it does so first.
    `shows`: the noun of the personal data in its answer, and of the entry in the audit chain that says who was shown it.
    `live`: its answer has no end, so that is noted before it begins.
    `urgent`: never turned away for how often it is called.
    """

    method: str
    path: str
    handler: Handler
    may: frozenset[Role] | Open
    summary: str
    described: Described | None = field(default=None, kw_only=True)
    head: bool = field(default=True, kw_only=True)
    form: bool = field(default=False, kw_only=True)
    sensitive: bool = field(default=False, kw_only=True)
    scopes: frozenset[Scope] = field(default=frozenset(), kw_only=True)
    shows: str = field(default="", kw_only=True)
    live: bool = field(default=False, kw_only=True)
    urgent: bool = field(default=False, kw_only=True)


def scoped(read: Scope, write: Scope, routes: Iterable[Route]) -> tuple[Route, ...]:
    """These routes, with the scope for looking or for changing where they name none."""
    return tuple(
        route
        if route.scopes or isinstance(route.may, Open)
        else replace(route, scopes=frozenset({read if route.method == "GET" else write}))
        for route in routes
    )
