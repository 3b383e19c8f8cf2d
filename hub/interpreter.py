"""How Python itself is set for a process that serves: measured settings, the same in a hub and in its benchmarks."""

from __future__ import annotations

import gc
import sys

# How long (s) the event loop may keep Python's lock while one of the store's threads wants it, which a transaction does some twenty
# times. Python's default is 5 ms. At 200 alerts a second the p99 of the 202 was 75 to 125 ms with that, 65 to 90 with 2 ms; with
# 0.5 ms the switching itself cost more than it gained.
SWITCH_SECONDS = 0.002


def tune() -> None:
    """At the start of a process."""
    gc.set_threshold(50_000, 20, 50)
    sys.setswitchinterval(SWITCH_SECONDS)


def settle() -> None:
    """Once it is up: what lives now lives long, and need not be walked again and again (16 % at 1,000 sends under way)."""
    gc.collect()
    gc.freeze()
