"""One hub process per SQLite file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from hub.domain import Mistake, Refused


class HubLock:
    """One hub process per SQLite file: a file lock that the system releases when the process dies, however it dies."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file: TextIO | None = None

    def __enter__(self) -> HubLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise Refused(
                "Another hub uses this database",
                [
                    Mistake(
                        str(self._path.name),
                        f"process {holder} holds it. SQLite takes one hub: stop that one, or give this one another database.url",
                    )
                ],
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
