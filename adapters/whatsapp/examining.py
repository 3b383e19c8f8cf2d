"""What `doctor` asks Meta about one sender account: the number, the webhook, the templates, the clocks. Never raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.whatsapp.definitions import Definitions
from adapters.whatsapp.graph import UNREACHABLE, Answer, Graph, advice, unreachable
from adapters.whatsapp.spares import Spares
from adapters.whatsapp.templates import standings
from hub.channel import ChannelDown, Finding
from hub.clock import Clock, to_milliseconds
from hub.settings import WhatsAppAccount

NAMED = "verified_name,quality_rating"
# Not every version of the API has these; an unknown field fails the whole request, so they are asked for separately.
EXTRAS = "throughput,health_status,whatsapp_business_manager_messaging_limit"
# More than the network takes; Meta's tokens and signatures bear no clock that is minutes off, nor do our alerts.
SKEW_SECONDS = 30
# …/messaging-limits; TIER_UNLIMITED has no number.
TIERS = {"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}


async def examine(
    account: WhatsAppAccount, graph: Graph, clock: Clock, definitions: Definitions, spares: Spares
) -> list[Finding]:
    """Every finding, the good ones too."""
    findings = list(_secrets(account))
    number = graph.at(account.phone_number_id)
    try:
        answer = await graph.get(number, fields=NAMED)
    except UNREACHABLE as error:
        return [Finding(False, unreachable(error)), *findings]
    findings = [*_clocks(answer, clock), *findings]
    match answer.said:
        case {"verified_name": str(name)} if answer.status == 200:
            findings = [_named(name, str(answer.said.get("quality_rating", "UNKNOWN"))), *findings]
        case _:
            return [Finding(False, advice(answer.failure)), *findings]
    try:
        extras = await graph.get(number, fields=EXTRAS)
    except UNREACHABLE:
        extras = None
    if extras is not None and extras.status == 200 and isinstance(extras.said, dict):
        findings += _health(extras.said, account)
    if not account.business_account_id:
        text = "webhook and templates not examined: set channels.whatsapp.business_account_id to have them looked at"
        return [*findings, Finding(True, text), *_troubles(spares)]
    findings.append(await _subscription(account, graph))
    findings += await _templates(account, graph, definitions)
    return [*findings, *_troubles(spares)]


def _secrets(account: WhatsAppAccount) -> Iterator[Finding]:
    if not account.app_secret.get_secret_value():
        yield Finding(
            False, "no app secret: every webhook is refused; set channels.whatsapp.app_secret (App Dashboard)"
        )
    if not account.verify_token.get_secret_value():
        yield Finding(False, "no verify token: Meta cannot set the webhook up; set channels.whatsapp.verify_token")


def _clocks(answer: Answer, clock: Clock) -> Iterator[Finding]:
    try:
        theirs = to_milliseconds(parsedate_to_datetime(answer.headers["Date"]))
    except (KeyError, ValueError, TypeError):
        return
    skew = round((clock.now() - theirs) / 1000)
    if abs(skew) > SKEW_SECONDS:
        side = "ahead of" if skew > 0 else "behind"
        yield Finding(False, f"this machine's clock is {abs(skew)} s {side} Meta's: let it keep time by NTP")


def _named(name: str, quality: str) -> Finding:
    if quality == "RED":
        return Finding(
            False, f"{name} (quality RED): people block or report it; see WhatsApp Manager before Meta limits it"
        )
    return Finding(True, f"{name} (quality {quality})")


def _health(said: Mapping[str, Any], account: WhatsAppAccount) -> Iterator[Finding]:
    level, health = said.get("throughput"), said.get("health_status")
    if isinstance(level, dict) and isinstance(level.get("level"), str):
        yield Finding(True, f"throughput {level['level']}")
    if isinstance(health, dict) and isinstance(health.get("can_send_message"), str):
        able, why = health["can_send_message"], ", ".join(_complaints(health.get("entities")))
        blocked = able == "BLOCKED"
        todo = ": see WhatsApp Manager" if blocked else ""
        yield Finding(not blocked, f"may send: {able}{f' ({why})' if why else ''}{todo}")
    tier = TIERS.get(str(said.get("whatsapp_business_manager_messaging_limit")))
    if tier is not None:
        believed = account.daily_recipients or "no limit"
        text = f"messaging limit: {tier} people a day outside their service window"
        if account.daily_recipients == 0 or account.daily_recipients > tier:
            yield Finding(False, f"{text}, but channels.whatsapp.daily_recipients says {believed}: set it to {tier}")
        else:
            yield Finding(True, text)


def _complaints(entities: Any) -> Iterator[str]:
    """Which part of the account has which error, by number; Meta's words may name people."""
    for entity in entities if isinstance(entities, list) else []:
        match entity:
            case {"entity_type": str(kind), "errors": list(errors)}:
                yield from (f"{kind} {error['error_code']}" for error in errors if _has_code(error))
            case _:
                pass


def _has_code(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("error_code"), int)


async def _subscription(account: WhatsAppAccount, graph: Graph) -> Finding:
    try:
        answer = await graph.get(graph.at(account.business_account_id, "subscribed_apps"))
    except UNREACHABLE as error:
        return Finding(False, unreachable(error))
    match answer.said:
        case {"data": [_, *_]} if answer.status == 200:
            return Finding(True, "webhook: an app is subscribed to the business account")
        case {"data": []} if answer.status == 200:
            todo = f"POST /{account.api_version}/<business_account_id>/subscribed_apps with the token, once"
            return Finding(False, f"webhook: no app is subscribed, so no receipt and no answer reaches us: {todo}")
        case _:
            return Finding(False, advice(answer.failure))


async def _templates(account: WhatsAppAccount, graph: Graph, definitions: Definitions) -> list[Finding]:
    try:
        found = await standings(account, graph, definitions)
    except ChannelDown as down:
        return [Finding(False, str(down))]
    wrong = [one for one in found if not one.sendable or one.todo]
    good = len(found) - len(wrong)
    findings = [
        Finding(one.sendable, f"template {one.name} ({one.language}) is {one.state}: {one.todo}") for one in wrong
    ]
    return [Finding(True, f"{good} of {len(found)} templates approved, as in config/whatsapp")] * bool(good) + findings


def _troubles(spares: Spares) -> Iterator[Finding]:
    for (kind, language), why, carrier in spares.troubles():
        instead = (
            f"template {carrier[0]} ({carrier[1]}) carries its messages" if carrier else "nothing stands in for it"
        )
        yield Finding(False, f"template {kind} ({language}) was refused a moment ago ({why}); {instead}")
