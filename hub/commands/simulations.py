"""What `simulate` prints for people, and its replay: a stored alert on another area or at other limits, against what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from hub.cap import Posted, read_json
from hub.domain import Mistake, Refused
from hub.relay.intake import Simulation
from hub.settings import Account
from hub.store.alerts import AlertView
from hub.store.outbox import DeliveryView
from hub.web.api.simulation_answers import SimulationAnswer

MOST_SENDS = 100_000
NO_REPLAY = "There is nothing to replay"


def rates(given: Sequence[str], channels: Sequence[str]) -> dict[str, float]:
    """`channel=N` each, N in messages a second, 0 for no limit. Raises Refused with every mistake."""
    found, mistakes = {}, []
    for one in given:
        channel, equals, number = one.partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = -1.0
        if not equals or not 0 <= rate < 1e6:
            mistakes.append(
                Mistake("--rate", f"{one[:40]!r}: write channel=N, N in messages a second, such as whatsapp=250")
            )
        elif channel not in channels:
            mistakes.append(Mistake("--rate", f"{channel[:40]!r} has no account here; there is {', '.join(channels)}"))
        else:
            found[channel] = rate
    if mistakes:
        raise Refused("These limits cannot be used", mistakes)
    return found


def with_rates(
    accounts: Mapping[tuple[str, str], Account], rates: Mapping[str, float]
) -> dict[tuple[str, str], Account]:
    """The same accounts at other rates; each may then send a second's worth at once."""
    return {
        (channel, name): account.model_copy(update={"rate": rates[channel], "burst": max(1, int(rates[channel]))})
        if channel in rates
        else account
        for (channel, name), account in accounts.items()
    }


def replayed(view: AlertView, area: Path | None) -> Posted:
    """A stored alert's content as if it were posted anew, on the area (one, or a list) of a JSON file where one is given."""
    if not any("area" in info for info in view.content.get("info", ())):
        raise Refused(NO_REPLAY, [Mistake(view.id, "names no area: it went to those who got an alert before it")])
    content = {k: v for k, v in view.content.items() if k not in ("references", "identifier", "sent", "msgType")}
    content["info"] = [{k: v for k, v in info.items() if k != "expires"} for info in content["info"]]
    if area is not None:
        try:
            given = orjson.loads(area.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise Refused(NO_REPLAY, [Mistake(area.name, f"cannot be read as JSON: {error}")]) from None
        areas = given if isinstance(given, list) else [given]
        # Judged as in an alert posted as JSON; the rest of the content was judged when it came in.
        judged = read_json(orjson.dumps({"info": [{"event": "replay", "area": areas}]})).content["info"][0]["area"]
        content["info"] = [{**info, "area": judged} for info in content["info"]]
    return Posted(content)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A replay against what was measured: admins (by name) who would get it now and did not, and the other way round.

    `lastSecond`, `lastSecondThen`: the last first send, after the alert came in. The directory may have changed since.
    """

    alert: str
    more: tuple[str, ...]
    less: tuple[str, ...]
    lastSecond: float | None
    lastSecondThen: float | None


def compared(view: AlertView, then: Sequence[DeliveryView], now: Simulation) -> Comparison:
    """`then`: all deliveries there were; who was reached by the escalation or a ring counts as well."""
    had = {one.admin_id: one.admin_name for one in then}
    would = {send.to.admin_id: send.to.name for send in now.sends}
    sent = [one.sent_at for one in then if one.step == 0 and one.sent_at is not None]
    return Comparison(
        alert=view.id,
        more=tuple(sorted(name for admin, name in would.items() if admin not in had)),
        less=tuple(sorted(name for admin, name in had.items() if admin not in would)),
        lastSecond=max((round(send.second, 3) for send in now.sends), default=None),
        lastSecondThen=(max(sent) - view.accepted_at) / 1000 if sent else None,
    )


def told(answer: SimulationAnswer, comparison: Comparison | None, *, readable: bool) -> dict[str, Any]:
    """What the command answers; `readable`: with its lists as lines of a table."""
    found = asdict(answer) | ({"replay": asdict(comparison)} if comparison else {})
    if not readable:
        return found
    sends = [
        f"{one.second:9.1f} s  {one.channel}/{one.account:<8}  {one.adminName or one.admin:<28}  {' '.join(one.neighbourhoods)}"
        for one in answer.sends
    ]
    steps = [f"{one.fromSecond:9.1f} s … {one.toSecond:.1f} s  {one.step} {one.tell}" for one in answer.rungs]
    over = answer.overshoot
    return {
        "matched": [f"{one.code}  {one.distanceMetres:8.0f} m  {one.name} ({one.why})" for one in answer.matched],
        "audience": asdict(answer.audience),
        "accounts": [asdict(one) for one in answer.accounts],
        "sends, at the earliest": sends + ([f"and {answer.sendsMore:,} more"] if answer.sendsMore else []),
        "escalation, if nobody answers": steps,
        "overshoot": "none"
        if over is None
        else f"{over.squareMetres / 1e6:.2f} km² beyond the area given, {over.share:.0%} of the ground alerted, up to "
        f"{over.farthestMetres:.0f} m away (US cell broadcast: at most {over.yardstickMetres:.0f} m; groups are registered for "
        "whole neighbourhoods, so more is common)",
        "warnings": list(answer.warnings),
        **({"replay": asdict(comparison)} if comparison else {}),
    }
