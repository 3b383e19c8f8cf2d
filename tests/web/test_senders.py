"""A key or an account that is bound to some CAP senders speaks in their names and in no other; one that is not, as ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.domain import Role
from hub.settings import Console
from hub.trust.keys import hash_secret
from tests.web.staff import signed_in, somebody
from tests.web.test_two_pairs import extreme
from tests.web.world import API, World, an_alert

OURS, THEIRS = "oc.ours@politie.example", "oc@politie.example"
BOUND = {"Authorization": "Bearer bs_bound"}


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"console": Console(second_pair_extreme=True, second_pair_api=True)})


async def bound(world: World) -> None:
    await world.hub.store.keys.put(
        "id-bound", name="Bound", role=Role.POLICE, sender=OURS, hash=hash_secret("bs_bound"), now=world.clock.now(),
        senders=[OURS, "oc.second@politie.example"],
    )  # fmt: skip


def about(alert: dict[str, Any], kind: str, **top: Any) -> dict[str, Any]:
    named = f"{alert['sender']},{alert['identifier']},{alert['sent']}"
    return an_alert(msgType=kind, references=named, **top)


async def test_a_bound_key_posts_updates_and_ends_in_its_own_names_only(world: World) -> None:
    await bound(world)
    theirs, held = await world.accepted(an_alert()), await world.accepted(extreme())
    ours = await (await world.post(an_alert(), headers=BOUND)).json()
    assert ours["sender"] == OURS and theirs["sender"] == THEIRS
    second = await world.post(about(ours, "Update", sender="oc.second@politie.example"), headers=BOUND)
    assert second.status == 202, "any of its names"
    before = world.rows("SELECT COUNT(*) FROM alert")
    xml = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>x</identifier><sender>{THEIRS}</sender>
        <sent>{world.in_hours(0)}</sent><status>Actual</status><msgType>Alert</msgType><scope>Restricted</scope><restriction>p</restriction>
        <info><category>Security</category><event>E</event><urgency>Immediate</urgency><severity>Severe</severity>
        <certainty>Observed</certainty><expires>{world.in_hours(2)}</expires><area><areaDesc>S</areaDesc><geocode>
        <valueName>CBS-WK</valueName><value>WK063703</value></geocode></area></info></alert>"""
    both = " ".join(about(one, "Cancel")["references"] for one in (ours, theirs))
    broken = {"decision": "breakGlass", "reason": "Kan niet wachten"}
    forged = {
        "in another's name": ("", an_alert(sender=THEIRS), {}),
        "in capitals": ("", an_alert(sender=OURS.upper()), {}),
        "as XML": ("", xml.encode(), {"Content-Type": "application/cap+xml"}),
        "tried out": ("/_simulate", an_alert(sender=THEIRS), {}),
        "an Update of another's": ("", about(theirs, "Update"), {}),
        "a Cancel of another's": ("", about(theirs, "Cancel"), {}),
        "one of both": ("", about(ours, "Cancel") | {"references": both}, {}),
        "what came of another's": (f"/{theirs['id']}/outcome", {"outcome": "arrest"}, {}),
        "another's that is held": (f"/{held['id']}/agreement", broken, {}),
        "a ring of another's": (f"/{theirs['id']}/widenings/1", {"decision": "accept"}, {}),
    }
    for what, (path, body, headers) in forged.items():
        answer = await world.call("POST", f"{API}/alerts{path}", body=body, headers={**BOUND, **headers})
        told = await answer.json()
        assert answer.status == 403 and told["title"] == "Not in that sender's name", what
        assert OURS in told["detail"], what
    assert world.rows("SELECT COUNT(*) FROM alert") == before
    assert (await (await world.get(f"{API}/alerts/{theirs['id']}")).json())["closedBy"] is None


async def test_a_key_that_is_not_bound_names_whom_it_likes(world: World) -> None:
    await bound(world)
    ours = await (await world.post(an_alert(), headers=BOUND)).json()
    assert (await world.post(an_alert(sender="anybody@politie.example"))).status == 202
    assert (await world.post(about(ours, "Cancel", sender="anybody@politie.example"))).status == 202


async def test_a_bound_account_ends_and_widens_none_of_anothers(world: World) -> None:
    person = await somebody(world, Role.POLICE)
    account = replace(person.account, sender=OURS, senders=frozenset({OURS}))
    assert await world.hub.store.staff.change(account)
    theirs, browser = await world.accepted(an_alert()), await signed_in(world, person)
    fields = {"clear": {}, "cancel": {}, "outcome": {"outcome": "arrest"}, "widen": {"metres": "250"}}
    for action, given in fields.items():
        assert (await browser.post(f"/console/alerts/{theirs['id']}/{action}", **given)).status == 403, action
    after = await (await world.get(f"{API}/alerts/{theirs['id']}")).json()
    assert after["closedBy"] is None and len(after["matched"]) == 2 and after["outcome"] is None
