"""The messages of stored alerts: made once, for ever many alerts, and knowing what an earlier alert said."""

from __future__ import annotations

from typing import Any

from hub.relay.message import Messages
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.world import POLICE, accept


def about(*numbers: str) -> str:
    return " ".join(f"{POLICE.sender},{number},2026-11-22T12:00:00+01:00" for number in numbers)


async def messages_of(store: Store, *numbers: str) -> Messages:
    messages = Messages(store.alerts, "https://hub.example/")
    await messages.prepare(set(numbers))
    return messages


async def test_texts_are_made_from_the_store_once_and_for_ever_many_alerts(store: Store, clock: FakeClock) -> None:
    messages = Messages(store.alerts, "https://hub.example/")
    for n in range(210):
        await accept(store, clock, f"N{n}", "BU1")
        await messages.prepare({f"N{n}"})
    assert messages.wording("N209", "nl") is messages.wording("N209", "fr")
    assert "https://hub.example/a/N209" in messages.wording("N209", "nl").text
    assert not messages.knows("N0")
    await messages.prepare({"N0"})  # long forgotten
    assert messages.wording("N0", "en").parts["number"] == "N0"


async def test_what_is_asked_for_together_is_there_together_however_many_alerts_there_are(
    store: Store, clock: FakeClock
) -> None:
    messages = Messages(store.alerts, "https://hub.example/")
    for n in range(201):
        await accept(store, clock, f"N{n}", "BU1")
    for n in range(1, 201):
        await messages.prepare({f"N{n}"})
    await messages.prepare(("N1", "N0"))  # the oldest that is known, and one that is not
    assert messages.knows("N1") and messages.knows("N0")


async def test_channels_share_a_wording_unless_one_has_a_text_of_its_own(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "A", "BU1")
    messages = await messages_of(store, "A")
    assert messages.wording("A", "nl", "telegram") is messages.wording("A", "nl", "whatsapp")
    assert messages.wording("A", "nl", "matrix") is messages.wording("A", "nl", "matrix")
    assert "knop" in messages.wording("A", "nl", "telegram").text
    assert "knop" not in messages.wording("A", "nl", "matrix").text


async def test_a_bare_cancel_says_what_it_was_about(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "A", "BU1")
    await clock.advance(600)
    await accept(store, clock, "C", msgType="Cancel", references=about("A"), infos=[], closes=("A",))
    messages = await messages_of(store, "C")
    made = messages.wording("C", "nl")
    assert messages.kind("C") == "cancelled"
    assert made.text.startswith("INGETROKKEN · Woninginbraak · Kerkstraat, Zoetermeer")
    assert "melding A van de politie" in made.text and "https://hub.example/a/A" in made.text
    assert "112" not in made.text


async def test_of_several_alerts_the_newest_is_the_one_it_is_about(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "A", "BU1")
    await clock.advance(600)
    await accept(store, clock, "B", "BU1", msgType="Update", references=about("A"), closes=("A",))
    await clock.advance(600)
    update: dict[str, Any] = {"msgType": "Update", "references": about("A", "B", "unknown")}
    await accept(store, clock, "C", "BU1", closes=("A", "B"), **update)
    messages = await messages_of(store, "B", "C")
    assert "Aanvulling op melding A\n" in messages.wording("B", "nl").text
    assert "Aanvulling op melding B\n" in messages.wording("C", "nl").text


async def test_a_message_that_names_itself_is_not_about_itself(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "A", "BU1", msgType="Update", references=about("A"))
    messages = await messages_of(store, "A")
    assert "———\nAanvulling\n" in messages.wording("A", "nl").text


async def test_the_amended_message_and_the_post_are_kept_beside_the_message(store: Store, clock: FakeClock) -> None:
    await accept(store, clock, "A", "BU1")
    await accept(store, clock, "O", "BU1", status="Exercise")
    messages = await messages_of(store, "A", "O")
    assert messages.amended("A", "nl", "update").text.startswith("BIJGEWERKT")
    assert messages.amended("A", "nl", "cancelled").text.startswith("INGETROKKEN")
    assert messages.amended("A", "nl", "all_clear") is messages.amended("A", "nl-NL", "all_clear", "telegram")
    assert messages.wording("A", "nl").text.startswith("Politie")
    posted = messages.post("A", "en")
    assert posted is not None
    assert posted is messages.post("A", "en-GB")
    assert posted.text in messages.wording("A", "en").text
    assert messages.post("O", "nl") is None
