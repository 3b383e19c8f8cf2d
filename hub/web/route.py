"""One route of the hub: its method, path and handler, and who may call it. The tables of them stand in each folder's routes.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hub.domain import Role
from hub.web.calls import Handler


class Open(Enum):
    """Routes that ask for no key."""

    PUBLIC = "public"
    VERIFIED_BY_PROVIDER = "the messenger's signature is checked by its channel"
    ADMIN = "an admin's own session"


PUBLIC = Open.PUBLIC
ANY_KEY = frozenset(Role)
POLICE = frozenset({Role.POLICE})
COORDINATOR = frozenset({Role.COORDINATOR})
COORDINATOR_OR_POLICE = frozenset({Role.COORDINATOR, Role.POLICE})
DIRECTORY_READERS = frozenset({Role.COORDINATOR, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Described:
    """What openapi.json says of a route beyond its path. Names of parameters and schemas stand in openapi.py.

    `answers`: status → schema. 401, 403 and 503 need not be named, every guarded route has them.
    """

    tag: str
    answers: Mapping[int, str]
    errors: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """`may`: the roles let in. `head`: whether HEAD works as well as GET; not where looking has an effect or never ends.

    `form`: it is posted from a page of ours, so a session will do, and its origin is looked at. `urgent`: never turned away for
    how often it is called.
    """

    method: str
    path: str
    handler: Handler
    may: frozenset[Role] | Open
    summary: str
    described: Described | None = field(default=None, kw_only=True)
    head: bool = field(default=True, kw_only=True)
    form: bool = field(default=False, kw_only=True)
    urgent: bool = field(default=False, kw_only=True)
