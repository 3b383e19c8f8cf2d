"""Alerts in every state, oldest first: what ran out, was withdrawn or ended, exercises, a suspect that got away, what goes on."""

from __future__ import annotations

from typing import Any, Final

from hub.clock import to_datetime
from hub.domain import AckKind, DeliveryState, Outcome, ReceiptKind
from hub.store.sightings import Sighting
from tests.browser.show import Showcase
from tests.browser.tiles import picture
from tests.store.world import answer, claim, outcome, receipt, receive, record
from tests.web.world import an_alert

ROUND: Final = {"areaDesc": "Seghwaert en Noordhove", "circle": ["52.0625,4.5140 1.2"]}
"""Also where nobody has a group."""
EVERYWHERE: Final = {"areaDesc": "Zoetermeer", "geocode": [{"valueName": "CBS-GM", "value": "GM0637"}]}


async def put_last_month(show: Showcase) -> None:
    """For figures over time, and a drill that is over."""
    soon = show.world.in_hours(0.5)
    show.named["drill"] = (await _relayed(show, an_alert({"expires": soon}, identifier="drill", status="Exercise")))[
        "id"
    ]
    await show.clock.advance(3600)
    await _relayed(show, an_alert({"expires": show.world.in_hours(0.5)}, identifier="last-month"))


async def put(show: Showcase) -> None:
    """Oldest first; the last two are not sent yet."""
    short = show.world.in_hours(0.25)
    show.named["expired"] = (await _relayed(show, an_alert({"expires": short}, identifier="expired")))["id"]
    await show.clock.advance(3600)
    for name, end in (("cancelled", {"msgType": "Cancel"}), ("replaced", {"msgType": "Update", **an_alert()})):
        first = await _relayed(show, an_alert(identifier=name))
        reference = f"{first['sender']},{first['identifier']},{first['sent']}"
        last = await _relayed(show, {**end, "references": reference, "identifier": f"{name}-end"})
        show.named |= {name: first["id"], f"{name}_end": last["id"]}
    ended = await _relayed(show, an_alert(identifier="ended"))
    reference = f"{ended['sender']},{ended['identifier']},{ended['sent']}"
    all_clear = an_alert({"responseType": ["AllClear"]}, msgType="Update", references=reference, identifier="all-clear")
    show.named |= {"ended": ended["id"], "ended_end": (await _relayed(show, all_clear))["id"]}
    await show.world.hub.store.conclusions.put(show.named["ended"], Outcome.ARREST, show.clock.now())
    await show.clock.advance(60)
    for name, status in (("exercise", "Exercise"), ("test", "Test")):
        show.named[name] = (await _relayed(show, an_alert(status=status, identifier=name)))["id"]
    await show.clock.advance(60)
    await _put_flight(show)
    long = "Woninginbraak op heterdaad; daders gevlucht richting het Seghwaertpad op een donkere bakfiets"
    info = {
        "headline": long,
        "description": "Twee mannen. Donkere jassen.\n\nGa er niet zelf op af.",
        "senderName": "Politie",
    }
    show.named["active"] = (await _relayed(show, an_alert(info, identifier="active")))["id"]
    await show.clock.advance(60)
    show.named["waiting"] = (await show.world.accepted(an_alert(identifier="waiting")))["id"]
    # For a whole municipality: somebody else must agree.
    show.named["held"] = (await show.world.accepted(an_alert({"area": [EVERYWHERE]}, identifier="held")))["id"]


async def _put_flight(show: Showcase) -> None:
    """A suspect got away: a ring is proposed, a neighbourhood without a group is dark, admins send what they saw."""
    hub, now = show.world.hub, show.clock.now()
    said = {"flightMode": "bike", "flightBearing": "NE", "crimeTime": to_datetime(now).isoformat(timespec="seconds")}
    parameters = [{"valueName": name, "value": value} for name, value in said.items()]
    info = {
        "event": "Straatroof",
        "headline": "Straatroof bij het Seghwaertpad",
        "parameter": parameters,
        "area": [ROUND],
    }
    show.named["flight"] = flight = (await _relayed(show, an_alert(info, identifier="flight")))["id"]
    await hub.widener.plan()
    for _ in range(4):
        await show.clock.advance(60)
        await hub.widener.carry_on()
        await hub.escalator.look()
    anna, now = int(show.named["anna"]), show.clock.now()
    for sighting, media in (
        (
            Sighting(
                1, flight, anna, now, "text", "Een jongen op een donkere bakfiets, hij reed richting het station."
            ),
            "",
        ),
        (Sighting(2, flight, anna, now, "location", location=(52.0607, 4.516)), ""),
        (Sighting(3, flight, anna, now, "picture", "Achter de flat"), "picture"),
    ):
        await hub.store.receipts.apply(hub.store.sightings.keep(sighting, now, ("whatsapp", "main"), media), [])
    assert await hub.store.sightings.put_picture(3, picture(), "image/png", now)


async def _relayed(show: Showcase, alert: dict[str, Any]) -> dict[str, Any]:
    """Accepted, and sent to all whom it concerns: one read and forwarded it, one failed, the others were reached."""
    hub, now = show.world.hub, show.clock.now
    store = hub.store
    accepted = await show.world.accepted(alert)
    for waiting in await store.alerts.unplanned():
        await hub.planner.plan(waiting)
    await show.clock.advance(1)
    for channel in ("whatsapp", "telegram"):
        claimed = await claim(store, channel, now=now())
        sent = [outcome(one, DeliveryState.SENT, sent_at=now(), due_at=now()) for one in claimed]
        await record(store, *sent, now=now())
        await show.clock.advance(2)
        for number, one in enumerate(claimed):
            kind = ReceiptKind.READ if number == 0 else ReceiptKind.DELIVERED
            await receive(store, receipt(f"ref-{one.id}", kind, now()), channel=channel, now=now())
        await show.clock.advance(10)
        if claimed and channel == "whatsapp":
            first, *_ = claimed
            assert first.handle is not None
            await answer(store, first.handle.value, first.id, AckKind.FORWARDED, at=now(), channel=channel)
    return accepted
