"""What an alert said is erased after its end; times, states and coverage stay, and nothing that comes late brings a number back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.domain import AckKind, DeliveryState, ReceiptKind
from hub.settings import Database
from hub.store import tables
from hub.store.database import Store
from hub.store.erasing import ERASED
from hub.store.sealing import MESSAGE, sealer
from hub.store.sightings import Sighting
from tests.store.databases import rows
from tests.store.world import (
    HOUR,
    START,
    accept,
    answer,
    claim,
    new_alert,
    outcome,
    people,
    person,
    plan,
    receipt,
    receive,
    record,
)

CONTENT: dict[str, Any] = {
    "identifier": "x",
    "note": "SECRET-NOTE",
    "code": ["buurtsein-expired"],
    "info": [
        {
            "event": "Woninginbraak",
            "headline": "SECRET-HEADLINE",
            "description": "SECRET-DESCRIPTION " * 500,  # more than a page of the file
            "instruction": "SECRET-INSTRUCTION",
            "resource": [{"derefUri": "SECRET-PICTURE" * 5000}],
            "area": [{"areaDesc": "Kerkstraat"}],
        }
    ],
}
FAR = START + 1000 * HOUR


async def relayed(store: Store, number: str = "A", **more: Any) -> int:
    """Anna got it, read it and forwarded it; the id of her delivery."""
    if not await store.directory.admins():
        await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    new = new_alert(number, "BU1", first_id=store.ids.block(), **more)
    await store.alerts.accept(replace(new, alert=replace(new.alert, content=CONTENT)))
    await plan(store, number, "BU1")
    (anna,) = [one for one in await claim(store) if one.alert_id == number]
    await record(store, outcome(anna, DeliveryState.SENT, provider_ref=f"SECRET-{number}"))
    await receive(store, receipt(f"SECRET-{number}", ReceiptKind.READ, START + 5))
    await answer(store, "+1", anna.id, AckKind.FORWARDED)
    return anna.id


async def erase(store: Store, number: str = "A") -> None:
    while await store.erasing.erase_references(number):
        pass
    await store.erasing.erase_texts(number, FAR)


async def refs(store: Store) -> list[str]:
    found = [str(one) for one in await tables.Delivery.all().values_list("provider_ref", flat=True)]
    found += [str(one) for one in await tables.Receipt.all().values_list("provider_ref", flat=True)]
    return [one if one.startswith(ERASED) else sealer().open_alike(one, MESSAGE) for one in found]


async def test_texts_pictures_and_references_go_and_what_was_measured_stays(store: Store, database: Database) -> None:
    delivery = await relayed(store)
    for number, media in ((1, "file-1"), (2, "SECRET-file")):
        seen = Sighting(number, "A", 1, START, "picture", "SECRET", (52.0607, 4.4941))
        await store.receipts.apply(store.sightings.keep(seen, START, ("whatsapp", "main"), media), [])
    assert await store.sightings.put_picture(1, b"SECRET", "image/png", START)
    before, clock = await store.alerts.view("A"), await store.clocks.of("A")
    await erase(store)
    after = await store.alerts.view("A")
    assert before is not None and after is not None
    info = {"event": "Woninginbraak", "area": [{"areaDesc": "Kerkstraat"}]}
    assert after.content == {"identifier": "x", "code": ["buurtsein-expired"], "info": [info]}
    assert replace(after, content=before.content) == before, "coverage, states, times and fingerprint"
    assert await store.clocks.of("A") == clock
    assert (await refs(store))[0] == f"erased-{delivery}"
    for table in ("alert", "delivery", "receipt", "sighting"):
        assert not any(hidden in row for row in rows(database, table) for hidden in ("SECRET", "534543524554", "52.06"))
    assert await store.erasing.erased(["A", "B"]) == ["A"]


@pytest.mark.parametrize("closed", [False, True])
async def test_it_is_due_once_it_has_ended_by_then_and_not_a_millisecond_before(store: Store, closed: bool) -> None:
    await relayed(store)
    ended = START + HOUR
    if closed:
        ended = START + 60_000
        await accept(store, "C", closes=["A"], now=ended)
    assert await store.erasing.due(ended - 1, 10) == []
    assert (await store.erasing.due(ended, 10))[0] == "A"
    await erase(store)
    assert "A" not in await store.erasing.due(FAR, 10)


async def test_an_end_goes_with_the_alert_it_ended_once_it_is_sent_and_an_update_when_it_has_ended_itself(
    store: Store,
) -> None:
    await relayed(store)
    await accept(store, "U", "BU1", closes=["A"], now=START + 10, expires_at=START + HOUR)
    assert await store.erasing.due(START + 10, 10) == ["A"], "the update is still about"
    await accept(store, "C", closes=["A", "U"], now=START + 20, expires_at=FAR)
    assert await store.erasing.due(START + 20, 10) == ["A", "U"], "the end is still to be sent"
    (told,) = [one for one in await claim(store, now=START + 20) if one.alert_id == "C"]
    await record(store, outcome(told, DeliveryState.SENT))
    assert await store.erasing.due(START + 20, 10) == ["A", "U", "C"]


async def test_a_receipt_that_comes_after_the_erasure_counts_and_leaves_no_reference(store: Store) -> None:
    delivery = await relayed(store)
    await erase(store)
    late = receipt("SECRET-A", ReceiptKind.DELIVERED, START + 7, delivery_id=delivery)
    await receive(store, late)
    await receive(store, receipt("SECRET-UNKNOWN", ReceiptKind.READ, START + 8))
    assert any("SECRET" in ref for ref in await refs(store))
    last, erased = await store.erasing.erase_late(0, FAR)
    assert erased == 1 and await store.erasing.erase_unread(START + 8) == 1
    assert not any("SECRET" in ref for ref in await refs(store))
    assert await store.erasing.erase_late(last, FAR) == (last, 0), "each is looked at once"
    assert len((await store.outbox.deliveries("A"))[0].receipts) == 2


async def test_a_receipt_of_an_alert_that_is_not_erased_keeps_its_reference(store: Store) -> None:
    await relayed(store)
    assert (await store.erasing.erase_late(0, FAR))[1] == 0
    assert await refs(store) == ["SECRET-A", "SECRET-A"]


async def test_half_an_erasure_is_finished_by_the_next(store: Store) -> None:
    """The process died after a batch of references."""
    await relayed(store)
    assert await store.erasing.erase_references("A")
    assert await store.erasing.due(FAR, 10) == ["A"]
    assert not await store.erasing.erase_references("A")
    await erase(store)
    assert await store.erasing.due(FAR, 10) == []


async def test_who_follows_what_was_erased_answers_no_message(store: Store) -> None:
    await relayed(store)
    await erase(store)
    await accept(store, "C", closes=["A"], now=START + 20)
    (told,) = await claim(store, now=START + 20)
    assert (told.follows, told.reply_to) == ("A", None)


async def test_only_updates_that_nobody_could_read_are_erased_and_only_old_ones(store: Store) -> None:
    for number, now in enumerate((START, START, START + 1)):
        await store.receipts.keep("whatsapp", "main", [(f"{number}", b"{}")], now)
    for one in (await store.receipts.kept(0, 10))[1:]:
        await store.receipts.mark_unreadable(one.id, "what is this")
    assert await store.erasing.erase_unread(START) == 1
    assert len(await store.receipts.kept(0, 10)) == 1, "what waits to be understood stays"
    assert (await store.outbox.totals()).unreadable_updates == 1


async def test_on_sqlite_the_bytes_are_gone_from_the_file_too(store: Store, database: Database) -> None:
    await relayed(store)
    await erase(store)
    await store.erasing.leave_the_log()
    if not database.on_postgres:
        folder: Path = database.sqlite_path.parent
        assert all(b"SECRET" not in file.read_bytes() for file in folder.iterdir())
