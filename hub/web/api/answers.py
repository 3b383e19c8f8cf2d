"""What the API answers, as dataclasses: the one source of both the JSON and its description in openapi.json.

Built from the store's views; ids are strings, as they do not fit a JavaScript number. Field names are the contract's.
Those that only one API gives stand with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import WithJsonSchema

from hub.domain import AckKind, Admin, AlertState, DeliveryState, Group
from hub.relay.events import moment, state_name
from hub.store.alerts import AlertView, Audience, Matched
from hub.store.outbox import AckView, DeliveryView

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339, UTC, with milliseconds."""


def moment_or_none(milliseconds: int | None) -> Moment | None:
    return None if milliseconds is None else moment(milliseconds)


@dataclass(frozen=True, slots=True)
class MatchedAnswer:
    """A neighbourhood the alert's area touches, or a ring since (`added`: widened).

    `forwardedAt`: when the first of its groups had it.
    `step`: how many steps of the escalation were taken there; `darkAt`: when the control room was told that nobody forwards it.
    """

    code: str
    name: str
    overlapSquareMetres: float
    distanceMetres: float
    why: str
    forwardedAt: Moment | None
    added: str = ""
    step: int = 0
    darkAt: Moment | None = None


@dataclass(frozen=True, slots=True)
class AudienceAnswer:
    """Who it is for. `dark`: matched codes in which nobody can be reached."""

    neighbourhoods: int
    groups: int
    admins: int
    dark: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageAnswer:
    """Matched neighbourhoods, those forwarded in, and the codes of those not yet forwarded in."""

    matched: int
    forwarded: int
    dark: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    acceptedAt: Moment
    firstSentAt: Moment | None
    lastSentAt: Moment | None
    firstForwardedAt: Moment | None
    coveredAt: Moment | None


@dataclass(frozen=True, slots=True)
class AlertAnswer:
    """Our part of an alert's answer; the CAP names of the alert itself stand beside these. `deliveries`: how many per state.

    `adjacent`: neighbourhoods next door whose admins were asked for one that stayed dark; they do not count in the coverage.
    `closedBy`: the id of what ended or replaced it; `outcome`: what came of it. `secondPair`: held for a second pair of eyes, and
    then agreed, refused or lapsed; broken: sent without one, for a reason; null where none was needed.
    """

    id: str
    state: AlertState
    matched: tuple[MatchedAnswer, ...]
    adjacent: tuple[MatchedAnswer, ...]
    closedBy: str | None
    outcome: str | None
    secondPair: str | None
    audience: AudienceAnswer
    deliveries: Mapping[str, int]
    coverage: CoverageAnswer
    timeline: TimelineAnswer


@dataclass(frozen=True, slots=True)
class ReceiptAnswer:
    kind: str
    at: Moment
    reason: str


@dataclass(frozen=True, slots=True)
class AcknowledgementAnswer:
    """The admin's answer that counts: *forwarded* once it was given, else the latest one."""

    kind: AckKind
    at: Moment
    via: str


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """One alert to one address of one admin. `attempts`: tries used up; `step` 0 is the admin's first address.

    `escalation`: the step of the escalation that made it, 0 for the alert's own plan, -1 for somebody next door.
    """

    id: str
    admin: str
    adminName: str
    channel: str
    account: str
    step: int
    state: str
    attempts: int
    reason: str
    possibleDuplicates: int
    sentAt: Moment | None
    escalation: int
    receipts: tuple[ReceiptAnswer, ...]
    acknowledgement: AcknowledgementAnswer | None


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    channel: str
    handle: str
    rank: int
    state: str


@dataclass(frozen=True, slots=True)
class AdminAnswer:
    id: str
    name: str
    language: str
    addresses: tuple[AddressAnswer, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    id: str
    name: str
    platform: str
    members: int
    neighbourhoods: tuple[str, ...]
    admins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """`url`: the page to give to the admin, told only now. An earlier link for the same admin and channel is void."""

    url: str
    channel: str
    expiresAt: Moment


def _without_pictures(content: dict[str, Any]) -> dict[str, Any]:
    """The CAP content as answered: of a resource everything but its bytes, which are large and are police's own."""
    if not any("resource" in info for info in content.get("info", ())):
        return content
    infos = [
        {**info, "resource": [{k: v for k, v in one.items() if k != "derefUri"} for one in info["resource"]]}
        if "resource" in info
        else info
        for info in content["info"]
    ]
    return {**content, "info": infos}


def alert_answer(view: AlertView, now: int, warnings: Sequence[str] | None = None) -> dict[str, Any]:
    """The alert's CAP names and ours in one object; `warnings` only where it was just posted."""
    ours = AlertAnswer(
        id=view.id,
        state=view.state(now),
        matched=tuple(map(_matched, view.matched)),
        adjacent=tuple(map(_matched, view.adjacent)),
        closedBy=view.closed_by or None,
        outcome=view.outcome or None,
        secondPair=view.hold or None,
        audience=audience_answer(view.audience),
        deliveries={state_name(state): view.deliveries.get(state, 0) for state in DeliveryState},
        coverage=CoverageAnswer(
            matched=len(view.matched),
            forwarded=view.forwarded,
            dark=tuple(one.code for one in view.matched if one.forwarded_at is None),
        ),
        timeline=TimelineAnswer(
            acceptedAt=moment(view.accepted_at),
            firstSentAt=moment_or_none(view.first_sent_at),
            lastSentAt=moment_or_none(view.last_sent_at),
            firstForwardedAt=moment_or_none(view.first_forwarded_at),
            coveredAt=moment_or_none(view.covered_at),
        ),
    )
    answer = {
        "id": view.id,
        **_without_pictures(view.content),
        **{one.name: getattr(ours, one.name) for one in fields(ours)},
    }
    return answer if warnings is None else {**answer, "warnings": list(warnings)}


def _matched(one: Matched) -> MatchedAnswer:
    return MatchedAnswer(
        one.code,
        one.name,
        round(one.overlap_square_metres, 1),
        round(one.distance_metres, 1),
        one.why,
        moment_or_none(one.forwarded_at),
        one.added,
        one.rung,
        moment_or_none(one.dark_at),
    )


def audience_answer(audience: Audience) -> AudienceAnswer:
    return AudienceAnswer(audience.neighbourhoods, audience.groups, audience.admins, audience.dark)


def delivery_answer(view: DeliveryView) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=str(view.id),
        admin=str(view.admin_id),
        adminName=view.admin_name,
        channel=view.channel,
        account=view.account,
        step=view.step,
        state=state_name(view.state),
        attempts=view.tries,
        reason=view.reason,
        possibleDuplicates=view.possible_duplicates,
        sentAt=moment_or_none(view.sent_at),
        escalation=view.rung,
        receipts=tuple(ReceiptAnswer(one.kind.value, moment(one.at), one.reason) for one in view.receipts),
        acknowledgement=acknowledgement_answer(view.acknowledgements),
    )


def acknowledgement_answer(given: Sequence[AckView]) -> AcknowledgementAnswer | None:
    """Of answers in order of time. Forwarded is a fact: a later *cannot* does not undo it."""
    forwarded = [one for one in given if one.kind is AckKind.FORWARDED]
    counts = (forwarded or list(given))[-1:]
    return AcknowledgementAnswer(counts[0].kind, moment(counts[0].at), counts[0].via) if counts else None


def admin_answer(admin: Admin, shown: Callable[[str], str] = str) -> AdminAnswer:
    """`shown`: a handle as whoever asks may see it."""
    ways = tuple(AddressAnswer(one.channel, shown(one.handle.value), one.rank, one.state) for one in admin.addresses)
    return AdminAnswer(str(admin.id), admin.name, admin.language, ways, tuple(str(group) for group in admin.groups))


def group_answer(group: Group) -> GroupAnswer:
    admins = tuple(str(admin) for admin in group.admins)
    return GroupAnswer(str(group.id), group.name, group.platform, group.members, group.neighbourhoods, admins)
