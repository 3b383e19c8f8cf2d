"""What a person did themselves outlives a coordinator's import, and nobody does it for them: links, STOP, START."""

from __future__ import annotations

from hub.domain import Handle
from hub.store.database import Store
from hub.store.sealing import handle_hash
from tests.store.world import HOUR, START, people, person


async def test_an_address_a_person_linked_themselves_stays_behind_those_imported(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1")), ["BU1"]))
    (anna,) = await store.directory.admins()
    await store.linking.offer("hash", anna.id, "telegram", now=START, expires_at=START + HOUR, sweep=0)
    await store.receipts.apply(store.linking.use("hash", "telegram", "main", Handle("700"), START), [])
    await store.receipts.apply(store.receipts.know_aliases("whatsapp", {Handle("NL.1"): Handle("+1")}), [])
    await people(store, (person("Anna", ("whatsapp", "+1"), ("matrix", "@anna:hub.test")), ["BU1"]))
    (anna,) = await store.directory.admins()
    assert [(one.channel, one.rank, one.state) for one in anna.addresses] == [
        ("whatsapp", 1, "verified"),
        ("matrix", 2, "verified"),
        ("telegram", 3, "verified"),
    ]
    assert await store.receipts.resolve("whatsapp", Handle("NL.1")) == Handle("+1")


async def test_stop_from_an_address_nobody_verified_signs_nobody_else_off(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1"), ("telegram", "2")), ["BU1"]))
    await store.engine.write((f"UPDATE address SET state = 'unverified' WHERE handle_hash = '{handle_hash('2')}'",))
    await store.receipts.apply(store.receipts.stop("telegram", Handle("2")), [])
    (anna,) = await store.directory.admins()
    assert [one.state for one in anna.addresses] == ["verified", "stopped"]


async def test_stop_does_not_touch_what_nobody_verified_so_that_start_cannot_wake_it(store: Store) -> None:
    await people(store, (person("Anna", ("whatsapp", "+1"), ("telegram", "2")), ["BU1"]))
    await store.engine.write((f"UPDATE address SET state = 'unverified' WHERE handle_hash = '{handle_hash('2')}'",))
    await store.receipts.apply(store.receipts.stop("whatsapp", Handle("+1")), [])
    await store.receipts.apply(store.linking.start("whatsapp", Handle("+1")), [])
    (anna,) = await store.directory.admins()
    assert [one.state for one in anna.addresses] == ["verified", "unverified"]
