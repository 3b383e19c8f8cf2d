"""Our message templates at Meta: how each of config/whatsapp stands there, and registering those that are missing.

Used by `run.py templates check` and `register`, and by `doctor`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import aiohttp
import orjson

from adapters.whatsapp.definitions import Definition, Definitions, read_definitions
from adapters.whatsapp.graph import UNREACHABLE, Answer, Graph, advice, unreachable
from adapters.whatsapp.messages import template_name
from hub.channel import ChannelDown
from hub.settings import WhatsAppAccount

FIELDS = "name,language,status,category,components,parameter_format,message_send_ttl_seconds,rejected_reason"
PAGE, MOST_PAGES = "100", 100  # a business account holds at most 6,000 templates
# "There is already content in this language": an answer to registering the same once more.
EXISTS = 2388024
WORDS_OF_META = 200


class State(StrEnum):
    """How a template of ours stands at Meta."""

    MISSING = "missing"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Standing:
    """One template in one language. `todo`: what the operator should do, empty if nothing."""

    name: str
    language: str
    state: State
    todo: str = ""

    @property
    def sendable(self) -> bool:
        return self.state is State.APPROVED


_REVIEW = "Meta reviews it, mostly within minutes, at most 48 hours: wait, then check again"
_STATES: Mapping[str, tuple[State, str]] = {
    "APPROVED": (State.APPROVED, ""),
    "REINSTATED": (State.APPROVED, ""),
    "UNARCHIVED": (State.APPROVED, ""),
    "LOCKED": (State.APPROVED, ""),
    "FLAGGED": (State.APPROVED, "people report or block it: at risk of being paused"),
    "PENDING": (State.PENDING, _REVIEW),
    "IN_APPEAL": (State.PENDING, _REVIEW),
    "PAUSED": (
        State.PAUSED,
        "Meta paused it for its quality: it comes back by itself after hours; see WhatsApp Manager",
    ),
    "DISABLED": (
        State.PAUSED,
        "Meta disabled it: appeal in WhatsApp Manager, or reword it under another template_prefix",
    ),
    "ARCHIVED": (State.PAUSED, "Meta archived it for want of use: unarchive it in WhatsApp Manager within 28 days"),
    "LIMIT_EXCEEDED": (State.PAUSED, "the business account has too many templates: delete some in WhatsApp Manager"),
    "DELETED": (State.MISSING, "it was deleted; Meta frees the name after 30 days, or use another template_prefix"),
    "PENDING_DELETION": (
        State.MISSING,
        "it is being deleted; Meta frees the name after 30 days, or use another prefix",
    ),
}


async def check(
    account: WhatsAppAccount, session: aiohttp.ClientSession, definitions: Definitions | None = None
) -> list[Standing]:
    """How every template of ours stands at Meta. Raises ChannelDown, with what to do, if Meta cannot be asked."""
    return await standings(account, Graph(account, session), _all(definitions))


async def register(
    account: WhatsAppAccount, session: aiohttp.ClientSession, definitions: Definitions | None = None
) -> list[Standing]:
    """Register what is missing, and tell how everything stands then. Doing it again changes nothing."""
    graph, definitions = Graph(account, session), _all(definitions)
    found = await standings(account, graph, definitions)
    wanted = {
        (template_name(account.template_prefix, (d.kind, d.language)), d.language): d for d in definitions.values()
    }
    return [
        await _register(account, graph, one, wanted[one.name, one.language]) if one.state is State.MISSING else one
        for one in found
    ]


async def standings(account: WhatsAppAccount, graph: Graph, definitions: Definitions) -> list[Standing]:
    there = await _fetch(account, graph)
    found = []
    for one in definitions.values():
        name = template_name(account.template_prefix, (one.kind, one.language))
        found.append(_standing(name, one, there.get((name, one.language))))
    return found


async def _fetch(account: WhatsAppAccount, graph: Graph) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every template of the business account, by name and language."""
    if not account.business_account_id:
        raise ChannelDown(
            "set channels.whatsapp.business_account_id (WhatsApp Manager shows it) to reach the templates"
        )
    url = graph.at(account.business_account_id, "message_templates")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    after: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        try:
            answer = await graph.get(url, fields=FIELDS, limit=PAGE, **after)
        except UNREACHABLE as error:
            raise ChannelDown(unreachable(error)) from None
        match answer.said:
            case {"data": list(listed), **rest} if answer.status == 200:
                found |= {(one["name"], one["language"]): one for one in listed if _is_template(one)}
            case _:
                raise ChannelDown(advice(answer.failure))
        match rest:  # not by the address of the next page: the token stands in it
            case {"paging": {"next": str(), "cursors": {"after": str(cursor)}}} if cursor:
                after = {"after": cursor}
            case _:
                break
    return found


def _standing(name: str, ours: Definition, theirs: Mapping[str, Any] | None) -> Standing:
    if theirs is None:
        return Standing(name, ours.language, State.MISSING, "register it: python run.py templates register")
    status = str(theirs.get("status", "")).upper()
    if status == "REJECTED":
        why = str(theirs.get("rejected_reason") or "no reason given")[:WORDS_OF_META]
        todo = f"Meta rejected it ({why}): appeal, or edit it in WhatsApp Manager"
        return Standing(name, ours.language, State.REJECTED, todo)
    state, todo = _STATES.get(status, (State.PAUSED, f"Meta says {status or 'nothing'}: see WhatsApp Manager"))
    differences = list(_differences(ours, theirs)) if state is not State.MISSING else []
    if differences:
        return Standing(name, ours.language, State.DIFFERENT, "; ".join(filter(None, [*differences, todo])))
    return Standing(name, ours.language, state, todo)


def _differences(ours: Definition, theirs: Mapping[str, Any]) -> list[str]:
    """What is not as in our file, each with what to do."""
    found = []
    components = theirs.get("components")
    if _content(components) != _content(ours.given["components"]):
        found.append("its words or buttons are not those of config/whatsapp: edit it in WhatsApp Manager")
    category = str(theirs.get("category", ""))
    if category.upper() != str(ours.given["category"]).upper():
        found.append(_recategorised(category))
    ttl = theirs.get("message_send_ttl_seconds")
    if ttl != ours.ttl:
        lasts = f"{ttl} s" if isinstance(ttl, int) else "30 days, the default"
        found.append(f"messages live for {lasts} instead of {ours.ttl} s: set its validity period in WhatsApp Manager")
    if str(theirs.get("parameter_format", "POSITIONAL")).upper() != "POSITIONAL":
        found.append(
            "its parameters have names instead of numbers: delete it in WhatsApp Manager and register it again"
        )
    return found


def _content(components: Any) -> list[tuple[str, Any]]:
    """What a reader sees, in an order of our own; examples are for Meta's reviewers only."""
    found: list[tuple[str, Any]] = []
    for piece in components if isinstance(components, list) else []:
        match piece:
            case {"type": str(kind), "buttons": list(buttons)}:
                labels = [(str(one.get("type")).upper(), one.get("text")) for one in buttons if isinstance(one, dict)]
                found.append((kind.upper(), labels))
            case {"type": str(kind)}:
                found.append((kind.upper(), str(piece.get("text", "")).strip().replace("\r\n", "\n")))
            case _:
                found.append(("UNKNOWN", None))
    return sorted(found, key=lambda one: one[0])


async def _register(account: WhatsAppAccount, graph: Graph, missing: Standing, ours: Definition) -> Standing:
    body = orjson.dumps({**ours.given, "name": missing.name})
    try:
        answer = await graph.post(graph.at(account.business_account_id, "message_templates"), body)
    except UNREACHABLE as error:
        return replace(missing, todo=f"{unreachable(error)}, then check: it may be registered all the same")
    match answer.said:
        case {"id": str() | int(), "status": str(status), **rest} if answer.status == 200:
            state, todo = _STATES.get(status.upper(), (State.REJECTED, f"Meta says {status}: see WhatsApp Manager"))
            category = str(rest.get("category", ours.given["category"]))
            if category.upper() != str(ours.given["category"]).upper():
                return replace(missing, state=State.DIFFERENT, todo=_recategorised(category))
            return replace(missing, state=state, todo=todo)
        case {"error": {"error_subcode": subcode}} if subcode == EXISTS:
            return replace(missing, state=State.PENDING, todo="it is registered already: check again in a minute")
        case _:
            return replace(missing, todo=f"Meta refused it: {_words(answer)}")


def _words(answer: Answer) -> str:
    """What Meta says is wrong with a template of ours: its own words, for they speak of our file only."""
    match answer.said:
        case {"error": {"error_user_msg": str(words)}} if words:
            return f"{answer.failure.reason}: {words[:WORDS_OF_META]}"
        case _:
            return advice(answer.failure)


def _recategorised(category: str) -> str:
    return (
        f"Meta put it under {category or 'no category'}: such messages cost more, may be refused, and lose their lifetime; "
        "ask for a review in WhatsApp Manager, or reword it"
    )


def _is_template(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("name"), str) and isinstance(one.get("language"), str)


def _all(definitions: Definitions | None) -> Definitions:
    return read_definitions() if definitions is None else definitions
