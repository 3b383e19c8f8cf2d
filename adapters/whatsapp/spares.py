"""Which template carries a message while Meta refuses the one made for it: remembered for minutes, told to the operator.

A message of another kind may stand in where a reader cannot be misled by the words around it. Never an alert's template for an
exercise or test, or the reverse; never an alert's for something that has ended ("look out"); Dutch words round an English
message only where those words carry no warning ("OEFENING"). Nothing for what neighbours report: all others say "police".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from adapters.whatsapp.errors import Failure, Verdict
from hub.clock import Clock

log = structlog.get_logger(__name__)

# Meta pauses a template for hours (3, then 6), then disables it; we ask again this often, at the cost of one message a try.
TROUBLE_MS = 300_000

STAND_INS: Mapping[str, tuple[str, ...]] = {"alert": ("update",), "update": ("alert",), "ended": ("update",)}
DUTCH = "nl"

Name = tuple[str, str]
"""Kind and language of a template."""


@dataclass(frozen=True, slots=True)
class Use:
    """How one message was put into a template. `wanted`: the one made for it; `plain`: filled with short, plain text."""

    wanted: Name
    template: Name
    number: str
    plain: bool = False


class Spares:
    """The memory of one sender account."""

    def __init__(self, templates: Collection[Name], clock: Clock, account: str) -> None:
        self._templates = frozenset(templates)
        self._clock = clock
        self._account = account
        self._refused: dict[Name, tuple[int, str]] = {}
        self._plain: dict[tuple[Name, str], int] = {}

    @property
    def untroubled(self) -> bool:
        """Meta has refused nothing lately: each message goes into the template made for it."""
        return not self._refused and not self._plain

    def choose(self, kind: str, language: str, number: str) -> Use:
        """The template for a message of this kind about this alert."""
        wanted = kind, language if (kind, language) in self._templates else DUTCH
        if self.untroubled:
            return Use(wanted, wanted, number)
        plain = self._plain.get((wanted, number), 0) > self._clock.now()
        return Use(wanted, self._carrier(wanted) or wanted, number, plain)

    def refused(self, use: Use, failure: Failure) -> bool:
        """Note that Meta refused this; True if the next attempt has another way to say it."""
        until = self._clock.now() + TROUBLE_MS
        if failure.verdict is Verdict.FILLING:
            known = self._plain.get((use.wanted, use.number), 0) > self._clock.now()
            self._plain = {key: end for key, end in self._plain.items() if end > self._clock.now()}
            self._plain[use.wanted, use.number] = until
            if not known:
                self._tell(use, failure, "the same, filled with short and plain text")
            return not use.plain
        if failure.verdict is not Verdict.TEMPLATE:
            return False
        known = self._is_refused(use.template)
        self._refused[use.template] = until, failure.reason
        carrier = self._carrier(use.wanted)
        if not known:
            self._tell(use, failure, "_".join(carrier) if carrier else "none: people are told by their other addresses")
        return carrier is not None

    def troubles(self) -> list[tuple[Name, str, Name | None]]:
        """What Meta refused in the last minutes, why, and what carries its messages meanwhile."""
        return [(name, why, self._carrier(name)) for name, (_, why) in self._refused.items() if self._is_refused(name)]

    def _carrier(self, wanted: Name) -> Name | None:
        kind, language = wanted
        stand_ins = STAND_INS.get(kind, ())
        names = [(one, language) for one in (kind, *stand_ins)]
        if stand_ins:
            names += [(one, DUTCH) for one in (kind, *stand_ins)]
        # The one made for it may be unknown to us: an operator's own, of which we hold no definition.
        names = [name for name in names if name == wanted or name in self._templates]
        return next((name for name in names if not self._is_refused(name)), None)

    def _is_refused(self, name: Name) -> bool:
        return self._refused.get(name, (0, ""))[0] > self._clock.now()

    def _tell(self, use: Use, failure: Failure, instead: str) -> None:
        log.error(
            "whatsapp_template_refused",
            account=self._account,
            template="_".join(use.template),
            reason=failure.reason,
            instead=instead,
        )
