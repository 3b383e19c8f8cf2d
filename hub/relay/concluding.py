"""Concluding an alert: what came of it is stored, and told once, with thanks, to those who got it.

The thanks are an all-clear like any other, an Update with `references` whose CAP code names the outcome, accepted by the intake: an
alert still active is ended by it. Its identifier follows from the alert's, so that said again after a crash it is told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.cap import Posted, alert_from_content
from hub.domain import Mistake, MsgType, Outcome, Refused
from hub.relay.ending import about, infos_of
from hub.relay.intake import AlreadyDifferent, Intake, ends
from hub.relay.senders import check_names
from hub.relay.wording import OUTCOME
from hub.store.alerts import AlertView
from hub.store.conclusions import Conclusion, Conclusions
from hub.store.keys import Identity


class ConcludedOtherwise(Exception):
    """Another outcome was given before: 409."""

    def __init__(self, before: Conclusion) -> None:
        super().__init__(f"the outcome given before is {before.outcome}")
        self.before = before


@dataclass(frozen=True, slots=True)
class Concluded:
    """`told`: the number of the thanks; `new` False if all this was said before."""

    conclusion: Conclusion
    told: str
    new: bool


async def conclude(
    conclusions: Conclusions, intake: Intake, view: AlertView, outcome: Outcome, text: str, who: Identity, now: int
) -> Concluded:
    """`text`: the police's own words beside it. Said again with other words, the first stay.

    Raises ConcludedOtherwise; Refused for what is no alert; NotInThatName; as `Intake.accept` does, then it is to be said again.
    """
    if ends(alert_from_content(view.content)):
        raise Refused("No outcome was stored", [Mistake("id", f"{view.id} ended an alert; name the one it ended")])
    check_names(who, [view.sender])
    stored = await conclusions.put(view.id, outcome, now)
    if stored.outcome is not outcome:
        raise ConcludedOtherwise(stored)
    try:
        taken = await intake.accept(Posted(_thanks(view, outcome, text)), who)
    except AlreadyDifferent as before:
        return Concluded(stored, before.alert_id, new=False)
    return Concluded(stored, taken.view.id, taken.new)


def _thanks(view: AlertView, outcome: Outcome, text: str) -> dict[str, Any]:
    return {
        **about(view, "outcome", MsgType.UPDATE),
        "code": [f"{OUTCOME}{outcome}"],
        "info": infos_of(view, text, responseType=["AllClear"]),
    }
