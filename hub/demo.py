"""The demo's police: posts an alert to a running hub over HTTP, and its end once every neighbourhood has forwarded it; prints both.

A client like any other: it knows the hub's address and a key, and reads the live stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import orjson
from rich.console import Console
from rich.text import Text

from hub.domain import Mistake, Refused

PATIENCE_SECONDS = 60.0
COLOURS = {
    "accepted": "bold cyan",
    "matched": "cyan",
    "sent": "blue",
    "delivered": "magenta",
    "read": "yellow",
    "received": "green",
    "forwarded": "bold green",
    "covered": "bold green",
    "failed": "bold red",
    "silent": "bold yellow",
    "dark": "bold red",
    "ended": "bold cyan",
}
# What a step of the escalation means to who looks on.
STEPS = {
    "next-channel": "nobody answered: who has another messenger gets it there",
    "next-admin": "still silent: the group's next admin gets it",
    "adjacent": "still silent: the groups next door are asked",
}
# A delivery that is read was delivered and sent: the lines between are printed too, for a receipt only lifts.
LADDER = ("sent", "delivered", "read")


class Timeline:
    """Prints what happens to an alert, a line each, with the milliseconds since the hub accepted it."""

    def __init__(self, console: Console, alert: dict[str, Any], people: dict[str, str]) -> None:
        self._console = console
        self._alert = alert
        self._people = people
        self._started = self._end = self._last = _milliseconds(alert["timeline"]["acceptedAt"])
        self._climbed_to: dict[str, int] = {}
        self.reached: set[str] = set()  # admins who have a message of the alert that is told of
        self.covered = False

    def begin(self) -> None:
        headline = self._alert["info"][0]["headline"]
        self._line(self._started, "accepted", f"{self._alert['id']}  {headline}")
        for match in self._alert["matched"]:
            self._line(self._started, "matched", f"{match['name']}  ({match['why']}, {match['distanceMetres']:.0f} m)")

    def ending(self, end: dict[str, Any]) -> None:
        """From here on it is the end that is told of."""
        self.reached, self._end = set(), _milliseconds(end["timeline"]["acceptedAt"])
        self._line(self._end, "ended", f"{end['id']}  all-clear: {end['info'][0]['headline']}")

    def ended(self) -> None:
        seconds = (self._last - self._end) / 1000
        self._console.print(
            f"\n[bold green]The all-clear reached all {len(self.reached)} who got it, after {seconds:.1f} s.[/]"
        )

    def event(self, kind: str, data: Any) -> None:
        match kind:
            case "deliveries":
                for one in data["deliveries"]:
                    self._climbed(data, one)
            case "acknowledgement":
                at = _milliseconds(data["at"])
                self._line(at, data["kind"], self._people.get(data["admin"], data["admin"]))
            case "coverage":
                done, matched = data["forwarded"], data["matched"]
                bar = "█" * done + "░" * (matched - done)
                self._line(_milliseconds(data["at"]), "covered", f"{bar} {done} of {matched} neighbourhoods")
                self.covered = done == matched
                if self.covered:
                    seconds = (_milliseconds(data["at"]) - self._started) / 1000
                    self._console.print(f"\n[bold green]Forwarded in every neighbourhood after {seconds:.1f} s.[/]")
            case "escalation":
                self._line(_milliseconds(data["at"]), "silent", f"{data['name']}: {STEPS[data['tell']]}")
            case "dark":
                self._line(_milliseconds(data["at"]), "dark", f"{data['name']}: the control room is told")
            case _:
                pass  # the whole alert, and kinds that a later hub may add

    def _climbed(self, data: dict[str, Any], one: dict[str, Any]) -> None:
        who = f"{self._people.get(one['admin'], one['admin'])}  {one['channel']}"
        if one["state"] == "failed":
            self._line(_milliseconds(data["at"]), "failed", who)
        if one["state"] in LADDER:
            rung = LADDER.index(one["state"]) + 1
            for step in LADDER[self._climbed_to.get(one["id"], 0) : rung]:
                self._line(_milliseconds(data["at"]), step, who)
            self._climbed_to[one["id"]] = max(rung, self._climbed_to.get(one["id"], 0))
            self.reached.add(one["admin"])
            self._last = _milliseconds(data["at"])

    def _line(self, at: int, what: str, text: str) -> None:
        self._console.print(
            Text.assemble((f"{at - self._started:>7} ms  ", "dim"), (f"{what:<10}", COLOURS.get(what, "")), text)
        )


async def relay_one(url: str, key: str, alert: bytes, people: dict[str, str], console: Console) -> dict[str, Any]:
    """Post the alert, print its timeline, give back its last state; raises Refused if not all was forwarded in time."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{url}/api/v1/alerts", data=alert) as answer:
            accepted = orjson.loads(await answer.read())
            if answer.status != 202:
                raise Refused(
                    "The hub refused the demo's alert", [Mistake("", str(accepted.get("detail", answer.status)))]
                )
        timeline = Timeline(console, accepted, people)
        timeline.begin()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for kind, data in _stream(session, f"{url}/api/v1/alerts/{accepted['id']}/events"):
                    timeline.event(kind, data)
                    if timeline.covered:
                        break
        except TimeoutError:
            console.print(f"[bold red]Not every neighbourhood was forwarded within {PATIENCE_SECONDS:.0f} s.[/]")
        async with session.get(f"{url}/api/v1/alerts/{accepted['id']}") as answer:
            state: dict[str, Any] = orjson.loads(await answer.read())
        dark = [Mistake(code, "not forwarded") for code in state["coverage"]["dark"]]
        if dark:
            raise Refused("Not every matched neighbourhood was forwarded", dark)
        await _end(session, url, accepted, timeline)
    return state


async def _end(session: aiohttp.ClientSession, url: str, alert: dict[str, Any], timeline: Timeline) -> None:
    """Post the all-clear, and wait until everyone who got the alert has it; raises Refused if they do not in time."""
    reached = set(timeline.reached)
    about = alert["info"][0]
    content = {
        "msgType": "Update",
        "references": f"{alert['sender']},{alert['identifier']},{alert['sent']}",
        "info": [
            {
                "event": about["event"],
                "headline": "Verdachte aangehouden",
                "responseType": ["AllClear"],
                "area": [{"areaDesc": about["area"][0]["areaDesc"]}],
            }
        ],
    }
    async with session.post(f"{url}/api/v1/alerts", json=content) as answer:
        ended = orjson.loads(await answer.read())
        if answer.status != 202:
            raise Refused("The hub refused the end", [Mistake("", str(ended.get("detail", answer.status)))])
    timeline.ending(ended)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for kind, data in _stream(session, f"{url}/api/v1/alerts/{ended['id']}/events"):
                timeline.event(kind, data)
                if timeline.reached >= reached:
                    break
    except TimeoutError:
        missing = [Mistake(who, "did not get the end") for who in reached - timeline.reached]
        raise Refused("Not everyone who got the alert got its end", missing) from None
    timeline.ended()


async def _stream(session: aiohttp.ClientSession, url: str) -> AsyncIterator[tuple[str, Any]]:
    """(event, data) of a text/event-stream, from the alert's beginning."""
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as answer:
        kind, data = "", ""
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif not line and data:
                yield kind, orjson.loads(data)
                kind, data = "", ""


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
