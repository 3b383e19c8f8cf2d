"""A PostgreSQL server of the tests' own: real files with fsync, in a folder of its own, on a port of 127.0.0.1.

`start` takes about a second the first time (initdb and all). `stop`, `kill9` and `start` again are how a database goes away in
mid-relay. Closed at the latest when the process that made it ends, however it ends: a guard hangs on its pipe.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from tests.postgres.binaries import hand_over, unprivileged, within_reach
from tests.postgres.databases import Databases
from tests.postgres.ports import quiet_port

# Seconds. Recovery after kill9 takes longer than a start, and the machine may be busy with other tests.
PATIENCE: Final = 60.0
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby": "on",
    # Files the size of one segment for each test server are enough.
    "min_wal_size": "32MB",
    "log_line_prefix": "%m [%p] ",
    # For whoever looks why something took long: what waited for a lock for a second, what ran for two.
    "log_lock_waits": "on",
    "log_min_duration_statement": "2000",
}


class Server(Databases):
    """`settings` are lines of postgresql.conf besides SETTINGS. The user is `hub`, trusted on loopback."""

    def __init__(self, **settings: str) -> None:
        # Not pytest's tmp_path: its parents are closed to other accounts.
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.port = quiet_port()
        super().__init__(f"postgres://hub@127.0.0.1:{self.port}/postgres")
        hand_over(self.folder)
        self.programs = within_reach(self.folder)
        self._settings = SETTINGS | {"port": str(self.port)} | settings
        self._process: subprocess.Popen[bytes] | None = None
        stop = f"'{self.programs}/pg_ctl' stop -D '{self.data}' -m immediate"
        self._guard = subprocess.Popen(
            ["sh", "-c", f"trap '' INT TERM; read nothing; {stop}; rm -rf '{self.folder}'"],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **unprivileged(),
        )

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        """What the server said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Comes back when it takes connections; raises RuntimeError with its log if it does not."""
        if not self.data.exists():
            self.make_data()
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, *options],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is for the tests
                **unprivileged(),
            )
        self.wait()

    def make_data(self) -> None:
        """A new, empty cluster. Not synced to disk: what is synced is what the tests write."""
        self.run("initdb", "-D", str(self.data), "-U", "hub", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """`fast` ends connections and writes everything down; `immediate` is a crash that the operator asked for."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT if mode == "fast" else signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def kill9(self) -> None:
        """SIGKILL for the server and every process of it, as a power cut would."""
        if self._process is not None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
            self._process.kill()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
            self._process = None

    def close(self) -> None:
        """Stops and removes it; no second life."""
        self._guard.communicate()
        if self._process is not None:
            self._process.wait(PATIENCE)
            self._process = None

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, as the server's account."""
        done = subprocess.run(
            [self.programs / program, *arguments], cwd="/", capture_output=True, text=True, **unprivileged()
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")

    def wait(self, asked: str = "SELECT 1") -> None:
        """Until this statement has an answer that is not false."""
        until = time.monotonic() + PATIENCE
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended by itself:\n{self.log[-4000:]}")
            with suppress(RuntimeError):
                if self.sql(asked) != [["f"]]:
                    return
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not come up:\n{self.log[-4000:]}")
            time.sleep(0.02)
