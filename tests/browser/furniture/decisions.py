"""What waits for somebody to decide, and what was decided: drafts, reports of neighbours, texts; and the changes."""

from __future__ import annotations

from typing import Any, Final

from hub.domain import Role
from hub.store.audit import COMMAND_LINE, VISITOR, Who
from hub.store.drafts import REFUSED
from hub.store.public_texts import ChangedText
from tests.browser.show import Showcase

COLLEAGUE: Final = "id-colleague"
POLICE: Final = f"id-{Role.POLICE}"
WRITTEN: Final = {
    "token": ["draft-of-showcase"],
    "kind": ["burglary"],
    "headline": ["Woninginbraak op heterdaad"],
    "description": ["Twee mannen, donkere jassen, te voet richting het station."],
    "shape": ["codes"],
    "codes": ["GM0637"],
    "place": ["Zoetermeer"],
    "hours": ["2"],
}


async def put(show: Showcase) -> None:
    await _put_drafts(show)
    await _put_reports(show)
    await _put_texts(show)
    await _put_changes(show)


async def _put_drafts(show: Showcase) -> None:
    drafts, now = show.world.hub.store.drafts, show.clock.now()
    for name, key, by in (
        ("draft", POLICE, "De police"),
        ("own", POLICE, "De police"),
        ("waiting", COLLEAGUE, "Meldkamer, tweede tafel"),
        ("refused", POLICE, "De police"),
    ):
        written = {**WRITTEN, "token": [f"{WRITTEN['token'][0]}-{name}"]}
        draft = await drafts.put(0, key, by, written, now)
        show.named[f"draft_{name}"] = str(draft)
        if name != "draft":
            assert await drafts.offer(draft, key, now)
        if name == "refused":
            assert await drafts.decide(draft, REFUSED, "Meldkamer, tweede tafel", now, note="Het gebied is te groot.")


async def _put_reports(show: Showcase) -> None:
    reports, now = show.world.hub.store.neighbour_reports, show.clock.now()
    texts = {
        "refused": "Een onbekende auto staat al een uur stil in de straat.",
        "passed": "Twee mensen bellen aan en vragen of er iemand thuis is.",
        "waiting": "Twee mensen voelen aan deuren van auto's. Ze lopen richting de speeltuin.",
    }
    anna, joris = int(show.named["anna"]), int(show.named["joris"])
    for name, text in texts.items():
        who, code = (joris, "BU06370501") if name == "waiting" else (anna, "BU06370300")
        assert await reports.put(who, [code], "bij de speeltuin", text, via="page", now=now)
        newest = (await reports.of(who, 1))[0]
        show.named[f"report_{name}"] = str(newest.id)
        if name == "refused":
            assert await reports.refuse(newest.id, by="De coordinator", note="De eigenaar is bekend.", now=now)
        if name == "passed":
            await reports.passed_on(newest.id, show.named["active"], by="De coordinator", note="Dank u wel.", now=now)
        await show.clock.advance(60)


async def _put_texts(show: Showcase) -> None:
    text = "# Tips van de gemeente\n\nDoe **altijd** eerst de deur op slot.\n\n| Wanneer | Wie |\n|---|---|\n| Nu | 112 |\n"
    one = ChangedText("tips", "nl", "Tips van de gemeente", text, show.clock.now(), "De coordinator")
    assert await show.world.hub.store.public_texts.put(one, instead_of=0)


COORDINATOR: Final = Who("id-coordinator", "coordinator")
DISPATCHER: Final = Who("id-police", "police")


async def _put_changes(show: Showcase) -> None:
    """Of every kind that the pages know, by everybody who can bring one about."""
    named = show.named
    anna = Who(named["anna"], "admin")
    changes: list[tuple[Who, str, str, dict[str, Any]]] = [
        (COMMAND_LINE, "map.imported", "", {"neighbourhoods": 26}),
        (COMMAND_LINE, "directory.imported", "", {"groupsNew": 6, "adminsNew": 6}),
        (COORDINATOR, "group.changed", named["west"], {"fields": ["name", "members", "neighbourhoods"]}),
        (COORDINATOR, "admin.removed", "1", {"groups": 1}),
        (COORDINATOR, "drill.begun", named["drill"], {"place": "WK063703"}),
        (
            COORDINATOR,
            "application.accepted",
            named["application_accepted"],
            {"of": "group", "made": 0, "joined": 1},
        ),
        (VISITOR, "sign.asked", named["sign_asked"], {"of": "street"}),
        (VISITOR, "contact.confirmed", "2", {"group": named["west"]}),
        (
            anna,
            "admin.changed",
            named["anna"],
            {"fields": ["language", "away_until", "stand_in", "test_messages"]},
        ),
        (anna, "neighbour_report.made", named["anna"], {"codes": ["BU06370300"]}),
        (DISPATCHER, "alert.sent", named["active"], {"update": ""}),
        (DISPATCHER, "draft.offered", named["draft_own"], {"admins": 4}),
        (COORDINATOR, "text.changed", "tips", {"language": "nl", "signs": 120}),
    ]
    for who, kind, subject, what in changes:
        await show.world.hub.store.audit.put(who, kind, subject, what, show.clock.now())
