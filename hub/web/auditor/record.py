"""/auditor: who changed what and who was shown whom, newest first; broken glass, and what the last walk along the chain found."""

from __future__ import annotations

from aiohttp import web

from hub.store.audit import Change
from hub.web.calls import Call, written_cursor
from hub.web.coordinator.changes import NEWEST, NOUNS, SIZE, found_changes, key_names, shown_changes
from hub.web.coordinator.listing import asked
from hub.web.languages import N_

LOOKS = {"changes": N_("Wat is gewijzigd"), "looks": N_("Wat is bekeken")}
MOST_BROKEN = 10


async def record_page(call: Call) -> web.Response:
    which = asked(call, "look", LOOKS)
    form, found = await found_changes(call, SIZE + 1, look={"looks": True, "changes": False}.get(which))
    form.given["look"] = [which]
    last = found[SIZE - 1].sequence if len(found) > SIZE else None
    chain = call.hub.store.audit
    broken = await chain.page(NEWEST, MOST_BROKEN, "alert.glass_broken")
    reasons = await chain.contents([one.sequence for one in broken])
    keys = await key_names(call)
    return call.show(
        "auditor/record",
        400 if form.mistakes else 200,
        form=form,
        entries=list(zip(found[:SIZE], await shown_changes(call, found[:SIZE]), strict=True)),
        older=written_cursor((last,)) if last else "",
        head=await chain.head(),
        verified=await chain.verified(),
        broken=[_broken(one, keys, reasons.get(one.sequence, {}).get("reason", "")) for one in broken],
        nouns=NOUNS,
        looks=LOOKS,
        keys=list(keys.items()),
        kept={name: form.shown(name) for name in ("look", "kind", "who", "from", "to", "subject") if form.shown(name)},
    )


def _broken(one: Change, keys: dict[str, str], reason: str) -> dict[str, object]:
    """An alert sent without a second pair of eyes; `reason` is empty once it was erased."""
    return {"at": one.at, "who": keys.get(one.who, one.who), "alert": one.subject, "reason": reason}
