"""Anchors of the audit chain: its end as it was at some moment, a line of JSON each in a file that the hub only adds to.

Best on another machine's disk, or one that keeps what was written (a mount with append-only files): who can change the database
must not be able to change these.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from hub.clock import to_datetime, to_milliseconds
from hub.domain import Mistake, Refused
from hub.store.chain import Anchor


def anchor_line(anchor: Anchor) -> bytes:
    at = to_datetime(anchor.at).isoformat(timespec="milliseconds")
    return orjson.dumps({"sequence": anchor.sequence, "hash": anchor.hash, "at": at}) + b"\n"


def add_anchor(file: Path, anchor: Anchor) -> None:
    """On disk when this returns; blocks. Whole lines only, whoever writes at the same time. Raises OSError."""
    number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(number, anchor_line(anchor))
        os.fsync(number)
    finally:
        os.close(number)


def read_anchors(files: Sequence[Path]) -> list[Anchor]:
    """Raises Refused with every line that is none: a file of anchors that was changed is itself what was sought."""
    anchors: list[Anchor] = []
    mistakes: list[Mistake] = []
    for file in files:
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            raise Refused(
                "The anchors cannot be read", [Mistake(str(file), error.strerror or "not possible")]
            ) from None
        for number, line in enumerate(lines, start=1):
            try:
                anchors.append(_anchor(line))
            except (ValueError, KeyError, TypeError):
                mistakes.append(Mistake(f"{file.name}, line {number}", "is no anchor"))
    if mistakes:
        raise Refused("The anchors cannot be read", mistakes)
    return anchors


def _anchor(line: bytes) -> Anchor:
    told = orjson.loads(line)
    sequence, hash, at = told["sequence"], told["hash"], told["at"]
    if not isinstance(sequence, int) or not isinstance(hash, str):
        raise TypeError("no anchor")
    return Anchor(sequence, hash, to_milliseconds(datetime.fromisoformat(at)))
