"""What keeps the audit chain: anchors as it goes on, a loud word where it is not whole, commands that prove it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from hub.clock import DAY_MS
from hub.domain import Refused
from hub.relay.auditing import Auditing
from hub.settings import Audit
from hub.store.audit import Who
from hub.store.database import Store
from hub.trust.anchors import read_anchors
from run import app
from tests.clock import FakeClock
from tests.furnished import put_schema
from tests.metrics import counted

KEY = Who("abcdef012345", "police")


async def test_the_end_is_anchored_whenever_it_moved_and_what_was_cut_off_is_found(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    file = tmp_path / "anchors.jsonl"
    auditing = Auditing(store.audit, Audit(anchor_file=str(file)), clock, store.measures)
    for n in range(3):
        await store.audit.put(KEY, "group.changed", str(n), {}, clock.now())
        await auditing.anchor()
        await auditing.anchor()
    assert [one.sequence for one in read_anchors([file])] == [1, 2, 3]
    await auditing.verify(clock.now())
    assert (await store.audit.verified()).to == 3 and counted(store.measures.registry, "audit_faults") == 0
    head = await store.audit.head()
    file.write_bytes(file.read_bytes().replace(head.hash.encode(), head.hash[::-1].encode()))
    await auditing.verify(clock.now())
    assert (await store.audit.verified()).faults == 1 and counted(store.measures.registry, "audit_faults") == 1
    file.write_bytes(b"x\n" + file.read_bytes())
    with pytest.raises(Refused, match="line 1: is no anchor"):
        read_anchors([file])


async def test_reasons_are_erased_and_entries_pruned_when_their_time_has_come(store: Store, clock: FakeClock) -> None:
    auditing = Auditing(store.audit, Audit(keep_days=400, content_days=30), clock, store.measures)
    await store.audit.put(KEY, "alert.glass_broken", "A", {}, clock.now(), content={"reason": "Jan"})
    await auditing.tidy(clock.now())
    assert await store.audit.contents([1]) == {1: {"reason": "Jan"}}
    await auditing.tidy(clock.now() + 31 * DAY_MS)
    assert await store.audit.contents([1]) == {}
    await auditing.tidy(clock.now() + 402 * DAY_MS)
    verdict = await store.audit.verify()
    assert verdict.head.first == 2 and verdict.faults == ()


def test_the_commands_prove_the_database_and_an_exported_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE__URL", f"sqlite://{tmp_path}/hub.db")
    put_schema(tmp_path / "hub.db")
    record, anchors = tmp_path / "record.jsonl", tmp_path / "anchors.jsonl"

    def done(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["--json", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout

    done("key", "create", "--role", "auditor", "--name", "P. Jansen")
    done("export", "audit", str(record))
    done("anchor-audit", str(anchors))
    assert orjson.loads(done("verify-audit", "--anchors", str(anchors)))["anchors"] == 1
    proven = orjson.loads(done("verify-audit", str(record), "--anchors", str(anchors)))
    assert (proven["ok"], proven["entries"], proven["anchors"]) == (True, 2, 1)
    assert b"Jansen" not in record.read_bytes()
    record.write_bytes(record.read_bytes().replace(b"operator", b"auditor_"))
    assert "was changed" in done("verify-audit", str(record), code=1)
    with closing(sqlite3.connect(tmp_path / "hub.db")) as db:
        db.execute("DELETE FROM audit WHERE sequence = 2")
        db.execute("UPDATE audit_head SET sequence = 1, hash = (SELECT hash FROM audit)")
        db.commit()
    assert orjson.loads(done("verify-audit"))["ok"], "without anchors nobody can know"
    assert "was anchored and is not there" in done("verify-audit", "--anchors", str(anchors), code=1)
