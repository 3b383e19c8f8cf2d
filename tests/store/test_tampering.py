"""Whatever is done to the audit chain behind the hub's back is found. A short turn of `make tampering`."""

from __future__ import annotations

from random import Random

from hub.settings import Database
from tests.store.tampering import TAMPERINGS, tampered_database, tampered_files


async def test_whatever_is_done_to_the_tables_is_found(database: Database) -> None:
    found = await tampered_database(database, 4 * len(TAMPERINGS), Random())
    assert len(found) == len(TAMPERINGS)


async def test_whatever_is_done_to_an_exported_record_is_found(database: Database) -> None:
    found = await tampered_files(database, 10 * len(TAMPERINGS), Random())
    assert len(found) == len(TAMPERINGS)
