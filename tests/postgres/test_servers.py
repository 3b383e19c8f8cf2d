"""The tests' own PostgreSQL: keeps what it committed through kill -9 and promotion, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.settings import ROOT
from tests.postgres.databases import Databases
from tests.postgres.replica import Replica
from tests.postgres.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.close()


def test_a_database_is_a_copy_of_its_template(postgres: Databases) -> None:
    template = postgres.create_database()
    postgres.sql("CREATE TABLE said AS SELECT 'x' AS word", template)
    copy = postgres.create_database(template)
    postgres.sql("INSERT INTO said VALUES ('y')", copy)
    assert postgres.sql("SELECT * FROM said", copy) == [["x"], ["y"]]
    assert postgres.sql("SELECT * FROM said", template) == [["x"]]
    for name in (copy, template):
        postgres.drop_database(name)
    assert not postgres.sql(f"SELECT 1 FROM pg_database WHERE datname IN ('{copy}', '{template}')")


def test_a_mistake_is_told_in_the_servers_words(postgres: Databases) -> None:
    with pytest.raises(RuntimeError, match='relation "nothing" does not exist'):
        postgres.sql("SELECT * FROM nothing")


def test_what_was_committed_outlives_every_end(server: Server) -> None:
    server.sql("CREATE TABLE kept (way TEXT)")
    for way in ("kill9", "immediate", "fast"):
        server.sql(f"INSERT INTO kept VALUES ('{way}')")
        if way == "kill9":
            server.kill9()
        else:
            server.stop("immediate" if way == "immediate" else "fast")
        with pytest.raises(RuntimeError, match="refused"):
            server.sql("SELECT 1")
        server.start()
    assert server.sql("SELECT * FROM kept") == [["kill9"], ["immediate"], ["fast"]]
    assert server.sql("SHOW fsync") == [["on"]]


def test_a_promoted_replica_has_everything_its_killed_primary_committed(server: Server) -> None:
    server.sql("CREATE TABLE kept (word TEXT)")
    replica = Replica(server)
    try:
        replica.start()
        server.sql("INSERT INTO kept VALUES ('x')")
        server.kill9()
        replica.promote()
        replica.sql("INSERT INTO kept VALUES ('y')")
        assert replica.sql("SELECT * FROM kept") == [["x"], ["y"]]
        assert f"127.0.0.1:{server.port},127.0.0.1:{replica.port}/" in replica.url_of_both("postgres")
    finally:
        replica.close()


def test_nothing_is_left_of_it_when_the_tests_are_killed() -> None:
    program = "from tests.postgres.server import Server; s = Server(); s.start(); print(s.folder, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        postmaster = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        tests.send_signal(signal.SIGKILL)
        tests.wait()
    until = time.monotonic() + 30
    while folder.exists() and time.monotonic() < until:
        os.sched_yield()
    assert not folder.exists()
    assert _ended(postmaster)


def _ended(pid: int) -> bool:
    """Gone, or waiting for whoever is process 1 to notice."""
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "zombie" in status.read_text()
