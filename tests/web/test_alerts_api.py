"""Posting alerts and looking at them, as contract §5 tells it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.clock import to_datetime
from hub.domain import Role
from tests.sessions import begun
from tests.web.world import API, CODES, SEGHWAERT, World, an_alert, until

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STATES = {"pending", "sending", "sent", "delivered", "read", "failed", "expired", "cancelled"}


async def test_a_new_alert_is_answered_202_with_its_place_and_everything_about_it(world: World) -> None:
    response = await world.post(an_alert())
    answer = await response.json()
    assert response.status == 202
    assert response.headers["Location"] == f"{API}/alerts/{answer['id']}"
    assert response.headers["API-Version"] == "1.1.0"
    assert answer["state"] == "accepted"
    assert {one["code"] for one in answer["matched"]} == CODES
    assert answer["matched"][0].keys() >= {"code", "name", "overlapSquareMetres", "distanceMetres", "why"}
    assert answer["audience"] == {"neighbourhoods": 2, "groups": 2, "admins": 2, "dark": []}
    assert answer["deliveries"] == dict.fromkeys(STATES, 0)
    assert answer["coverage"]["matched"] == 2 and answer["coverage"]["forwarded"] == 0
    assert set(answer["coverage"]["dark"]) == CODES
    assert answer["timeline"].keys() == {"acceptedAt", "firstSentAt", "lastSentAt", "firstForwardedAt", "coveredAt"}
    assert RFC3339.fullmatch(answer["timeline"]["acceptedAt"]) and answer["timeline"]["coveredAt"] is None
    assert answer["warnings"] == []


async def test_what_was_left_out_is_filled_in(world: World) -> None:
    answer = await world.accepted({"info": [{"event": "Inbraak", "area": [SEGHWAERT]}]})
    assert answer["sender"] == "oc@politie.example" and answer["identifier"] and answer["sent"]
    assert (answer["status"], answer["msgType"], answer["scope"]) == ("Actual", "Alert", "Restricted")
    info = answer["info"][0]
    assert info["language"] == "nl-NL" and info["category"] == ["Security"] and info["expires"]
    assert (info["urgency"], info["severity"], info["certainty"]) == ("Immediate", "Severe", "Observed")


async def test_an_alert_is_on_disk_when_202_is_answered(world: World) -> None:
    answer = await world.accepted(an_alert())
    assert world.rows("SELECT id FROM alert") == [(answer["id"],)]


async def test_the_same_alert_again_is_the_first_one_and_other_content_is_a_conflict(world: World) -> None:
    alert = an_alert(identifier="P-1", sender="oc@politie.example", sent=world.in_hours(0))
    first = await world.accepted(alert)
    again = await world.post(alert)
    assert again.status == 200 and (await again.json())["id"] == first["id"]
    other = await world.post({**alert, "note": "iets anders"})
    problem = await other.json()
    assert other.status == 409 and problem["id"] == first["id"] and first["id"] in problem["detail"]
    assert len(world.rows("SELECT id FROM alert")) == 1


async def test_an_idempotency_key_makes_a_repeat_without_an_identifier_the_same_alert(world: World) -> None:
    headers = {"Idempotency-Key": "incident-7"}
    first = await world.post(an_alert(), headers=headers)
    again = await world.post(an_alert(), headers=headers)
    assert (first.status, again.status) == (202, 200)
    assert (await first.json())["id"] == (await again.json())["id"]
    assert (await world.post(an_alert())).status == 202
    assert (await world.post(an_alert(note="x"), headers=headers)).status == 409
    assert (await world.post(an_alert(), headers={"Idempotency-Key": "a b"})).status == 400


@pytest.mark.parametrize("content_type", ["application/cap+xml", "application/xml"])
async def test_cap_xml_is_taken(world: World, content_type: str) -> None:
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
    <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>X-1</identifier><sender>oc@politie.example</sender>
    <sent>{world.in_hours(0)}</sent><status>Exercise</status><msgType>Alert</msgType><scope>Restricted</scope>
    <info><language>nl-NL</language><category>Security</category><event>Inbraak</event><urgency>Immediate</urgency>
    <severity>Severe</severity><certainty>Observed</certainty><expires>{world.in_hours(1)}</expires>
    <area><areaDesc>Seghwaert</areaDesc><circle>52.0607,4.4940 0.4</circle></area></info></alert>""".encode()
    response = await world.post(xml, content_type=content_type)
    answer = await response.json()
    assert response.status == 202 and answer["identifier"] == "X-1" and answer["status"] == "Exercise"


async def test_a_cancel_ends_the_alert_it_names(world: World) -> None:
    first = await world.accepted(an_alert(identifier="P-2"))
    references = f"{first['sender']},{first['identifier']},{first['sent']}"
    update = await world.accepted(an_alert(msgType="Update", references=references))
    assert (await (await world.get(f"{API}/alerts/{first['id']}")).json())["state"] == "ended"
    references = f"{update['sender']},{update['identifier']},{update['sent']}"
    response = await world.post({"msgType": "Cancel", "references": references})
    assert response.status == 202, await response.text()
    assert (await (await world.get(f"{API}/alerts/{update['id']}")).json())["state"] == "cancelled"


async def test_an_alert_whose_time_is_up_is_expired(world: World) -> None:
    alert = await world.accepted(an_alert())
    world.clock.turn(3 * 3600)
    assert (await (await world.get(f"{API}/alerts/{alert['id']}")).json())["state"] == "expired"


async def test_a_simulation_tells_who_would_get_it_and_how_long_that_takes_and_stores_nothing(world: World) -> None:
    response = await world.call("POST", f"{API}/alerts/_simulate", body=an_alert({"expires": world.in_hours(-1)}))
    answer = await response.json()
    assert response.status == 200
    assert {one["code"] for one in answer["matched"]} == CODES
    assert answer["audience"]["admins"] == 2
    # Two admins, a burst of one, then two a second.
    assert answer["accounts"] == [{"channel": "whatsapp", "account": "main", "admins": 2, "secondsNeeded": 0.5}]
    assert answer["secondsNeeded"] == 0.5
    assert any("past" in warning for warning in answer["warnings"])
    assert world.rows("SELECT * FROM alert") == []


async def test_a_simulation_tells_each_send_what_follows_and_how_far_it_goes_beyond_the_area(world: World) -> None:
    circle = {"areaDesc": "Seghwaert", "circle": ["52.0655,4.5120 0.4"]}
    answer = await (await world.post(an_alert({"area": [circle]}), query="/_simulate")).json()
    sends = [(one["neighbourhoods"], one["channel"], one["second"]) for one in answer["sends"]]
    assert sends == [(["BU06370300"], "whatsapp", 0.0), (["BU06370301"], "whatsapp", 0.5)]
    assert {one["adminName"] for one in answer["sends"]} == {None} and answer["sendsMore"] == 0
    assert "Anna" not in str(answer)
    steps = [(one["tell"], one["toSecond"]) for one in answer["rungs"]]
    assert [tell for tell, _ in steps] == [step.tell for step in world.hub.ladder.steps]
    assert steps[0][1] == world.hub.ladder.steps[0].after + 0.5
    beyond = answer["overshoot"]
    assert 0 < beyond["share"] < 1 and beyond["farthestMetres"] > beyond["yardstickMetres"] == 161


async def test_a_simulation_warns_of_an_area_where_nobody_lives(world: World) -> None:
    body = an_alert({"area": [{"areaDesc": "Zee", "circle": ["53.5,3.5 1"]}]})
    answer = await (await world.call("POST", f"{API}/alerts/_simulate", body=body)).json()
    assert answer["matched"] == [] and any("nobody" in warning for warning in answer["warnings"])


async def test_the_list_is_paged_by_a_cursor_and_misses_none(world: World) -> None:
    posted = [(await world.accepted(an_alert(identifier=f"L-{n}")))["id"] for n in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while query:
        answer = await (await world.get(f"{API}/alerts{query}", Role.AUDITOR)).json()
        assert len(answer["items"]) <= 2
        seen += [one["id"] for one in answer["items"]]
        query = f"?limit=2&cursor={answer['next']}" if answer["next"] else ""
    assert sorted(seen) == sorted(posted) and len(seen) == 5


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "limit=%F0%9F%98%80", "cursor=!", "cursor=W10", "cursor=WzEsMl0",
     "cursor=WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LCJhIl0"],
)  # fmt: skip
async def test_a_list_refuses_what_it_cannot_read(world: World, query: str) -> None:
    response = await world.get(f"{API}/alerts?{query}")
    problem = await response.json()
    assert response.status == 400 and problem["errors"][0]["place"] in ("limit", "cursor")


@pytest.mark.parametrize("rest", ["", "/deliveries", "/events"])
@pytest.mark.parametrize("number", ["AAAA-AAAA", "%00", "%ff", "x" * 3000])
async def test_an_unknown_alert_is_not_found(world: World, rest: str, number: str) -> None:
    response = await world.get(f"{API}/alerts/{number}{rest}")
    assert response.status == 404 and response.content_type == "application/problem+json"


async def test_a_session_cookie_is_enough_to_look_but_not_to_post(world: World) -> None:
    now = world.clock.now()
    await world.hub.store.sessions.put(begun("s", "id-police", now, now + 1000))
    cookie = {"Cookie": "__Host-buurtsein_session=s"}
    assert (await world.get(f"{API}/alerts", None, headers=cookie)).status == 200
    assert (await world.post(an_alert(), role=None, headers=cookie)).status == 401
    world.clock.turn(2)
    assert (await world.get(f"{API}/alerts", None, headers=cookie)).status == 401


async def test_deliveries_show_receipts_and_the_answer_that_counts(relaying: World) -> None:
    alert = await relaying.accepted(an_alert({"area": [{**SEGHWAERT, "geocode": [code("BU06370300")]}]}))
    stream = await relaying.get(f"{API}/alerts/{alert['id']}/events")
    await until(stream, "alert", state="relayed")
    (row,) = (await (await relaying.get(f"{API}/alerts/{alert['id']}/deliveries")).json())["items"]
    assert row["state"] == "sent" and row["channel"] == "whatsapp" and row["adminName"] == "Anna de Vries"
    assert row["acknowledgement"] is None and isinstance(row["id"], str) and isinstance(row["admin"], str)
    forwarded, cannot = (action.data for action in relaying.channel.sent[0].actions[1:])
    for data in (forwarded, cannot):
        assert (await relaying.tap("+31612340001", data)).status == 200
    await until(stream, "acknowledgement", kind="cannot")
    (row,) = (await (await relaying.get(f"{API}/alerts/{alert['id']}/deliveries")).json())["items"]
    assert row["acknowledgement"]["kind"] == "forwarded" and row["acknowledgement"]["via"] == "button"
    stream.close()
    answer = await (await relaying.get(f"{API}/alerts/{alert['id']}")).json()
    assert answer["coverage"] == {"matched": 1, "forwarded": 1, "dark": []}
    assert answer["deliveries"]["sent"] == 1 and RFC3339.fullmatch(answer["timeline"]["coveredAt"])


def code(value: str) -> dict[str, Any]:
    return {"valueName": "CBS-BU", "value": value}


async def test_over_the_backlog_an_alert_is_503_with_a_time_and_nothing_is_stored(world: World) -> None:
    alert = an_alert(identifier="P-1", sender="oc@politie.example", sent=world.in_hours(0))
    first = await world.accepted(alert)
    world.hub.backlog.most = 2  # two admins wait
    refused = await world.post(an_alert())
    problem = await refused.json()
    assert (refused.status, refused.content_type) == (503, "application/problem+json")
    assert 5 <= int(refused.headers["Retry-After"]) <= 300 and refused.headers["Retry-After"] in problem["detail"]
    assert problem["status"] == 503 and "2 deliveries wait" in problem["detail"]
    assert len(world.rows("SELECT id FROM alert")) == 1
    again = await world.post(alert)
    assert again.status == 200 and (await again.json())["id"] == first["id"]
    simulated = await (await world.post(an_alert(), query="/_simulate")).json()
    assert any("503" in warning for warning in simulated["warnings"])


async def test_who_cannot_be_told_in_time_is_told_to_the_control_room(world: World) -> None:
    """Two admins at two a second, the first at once, need half a second."""
    alert = an_alert({"expires": to_datetime(world.clock.now() + 400).isoformat()})
    answer = await world.accepted(alert)
    simulated = await (await world.post(alert, query="/_simulate")).json()
    for warnings in (answer["warnings"], simulated["warnings"]):
        assert any("2 admins at 2/s" in warning and "the 1 nearest" in warning for warning in warnings)
