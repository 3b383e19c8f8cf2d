"""What went wrong, told the same way everywhere: application/problem+json (RFC 9457) for programs, a small page for people.

Turns the exceptions of the layers below into HTTP; an unexpected one is logged by type and place only, for its text may hold
what it failed on, and that may be personal.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

import orjson
import structlog
from aiohttp import web

from hub.domain import Mistake, Refused
from hub.relay.backlog import BacklogFull
from hub.relay.drills import DrillOngoing
from hub.relay.intake import AlreadyDifferent
from hub.relay.senders import NotInThatName
from hub.store.engine import NeverStored, StoreUnavailable
from hub.trust.passphrases import TooBusy

log = structlog.get_logger()

RETRY_SECONDS = "5"
MACHINE_PATHS = ("/.well-known", "/api", "/hooks", "/healthz", "/readyz", "/metrics", "/static", "/map")


class Problem(Exception):
    """An answer that is an error. `more` are members beside the standard ones."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: Sequence[Mistake] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def response(self) -> web.Response:
        content = {"status": self.status, "title": self.title, "detail": self.detail, **self.more}
        if self.errors:
            content["errors"] = [{"place": one.place, "reason": one.reason} for one in self.errors]
        return web.Response(
            body=orjson.dumps(content),
            status=self.status,
            content_type="application/problem+json",
            headers=self.headers,
        )


def not_found(what: str, name: str) -> Problem:
    # Cut, for what was asked for may be as long as a URL.
    return Problem(404, f"There is no such {what}", f"We know no {what} {name[:40]!r}.")


def is_for_people(path: str) -> bool:
    return not any(path == start or path.startswith(start + "/") for start in MACHINE_PATHS)


def problem_of(error: Exception) -> Problem:
    """The answer to an exception of the layers below or of aiohttp."""
    match error:
        case Problem():
            return error
        case Refused():
            found = error.mistakes
            first = f": {found[0]}" if found else ""
            count = "One thing has" if len(found) == 1 else f"{len(found)} things have"
            return Problem(400, error.title, f"{count} to be put right{first}. Nothing was stored.", errors=found)
        case AlreadyDifferent():
            return Problem(
                409,
                "Another alert has this sender and identifier",
                f"Alert {error.alert_id} has other content. Post a change as an Update, with an identifier of its own.",
                more={"id": error.alert_id},
            )
        case NotInThatName():
            return Problem(403, "Not in that sender's name", f"{error} Ask the operator. Nothing was stored.")
        case DrillOngoing():
            return Problem(
                409,
                "A drill is going on there",
                f"Drill {error.alert_id} has not ended yet. Begin another when it has, or in another district.",
                more={"id": error.alert_id},
            )
        case BacklogFull():
            return Problem(
                503,
                "Too much waits to be sent",
                f"{error}. Nothing was stored; send it again in {error.retry_after} seconds.",
                headers={"Retry-After": str(error.retry_after)},
            )
        case StoreUnavailable():
            return Problem(
                503,
                "The store is unavailable",
                "Nothing was stored; send it again in some seconds.",
                headers={"Retry-After": RETRY_SECONDS},
            )
        case TooBusy():
            return Problem(
                503,
                "Too many people sign in at this moment",
                "Try again in some seconds.",
                headers={"Retry-After": RETRY_SECONDS},
            )
        case NeverStored():
            return Problem(
                404, "There is nothing of that name", "No id or code of ours looks like the one in the address."
            )
        case web.HTTPException():
            phrase = HTTPStatus(error.status).phrase
            kept = {
                name: value for name, value in error.headers.items() if name in ("Allow", "Location", "Retry-After")
            }
            return Problem(error.status, phrase, DETAILS.get(error.status, phrase + "."), headers=kept)
        case _:
            log.error("request_failed", error=type(error).__name__, where=where(error))
            return Problem(
                500, "Something went wrong here", "It was written to the hub's log; the operator can look it up."
            )


DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method; see the Allow header.",
}


def where(error: BaseException) -> str:
    """file:line of the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
