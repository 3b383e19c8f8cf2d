"""In whose names somebody may speak: a key or account bound to some CAP senders posts, updates and ends in those only."""

from __future__ import annotations

from collections.abc import Iterable

from hub.store.keys import Identity


class NotInThatName(Exception):
    """This key or account may not speak for that sender: 403. The text says so."""


def check_names(who: Identity, senders: Iterable[str]) -> None:
    """Raises NotInThatName."""
    others = [one for one in senders if one not in who.senders] if who.senders else []
    if others:
        allowed = ", ".join(sorted(who.senders))
        raise NotInThatName(f"You may speak in the name of {allowed}, and not of {others[0][:80]!r}.")
