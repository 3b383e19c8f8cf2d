"""What `doctor` tells of an account: each thing that can be wrong, with how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.whatsapp.channel import WhatsAppChannel
from adapters.whatsapp.definitions import read_definitions
from hub.channel import Finding
from tests.whatsapp.conftest import BUSINESS, FIRST, World

ALL = len(read_definitions())


async def findings(world: World, **changed: object) -> list[Finding]:
    account = world.account(**{"business_account_id": BUSINESS, **changed})
    return list(await WhatsAppChannel(account, world.session, world.clock).examine())


async def test_an_account_in_order_is_told_so(world: World) -> None:
    assert await findings(world) == [
        Finding(True, "Buurtsein (quality GREEN)"),
        Finding(True, "throughput STANDARD"),
        Finding(True, "may send: AVAILABLE"),
        Finding(True, "messaging limit: 250 people a day outside their service window"),
        Finding(True, "webhook: an app is subscribed to the business account"),
        Finding(True, f"{ALL} of {ALL} templates approved, as in config/whatsapp"),
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"app_secret": ""}, "no app secret"),
        ({"verify_token": ""}, "no verify token"),
        ({"token": "wrong"}, "system user token"),
        ({"phone_number_id": "1"}, "check channels.whatsapp.phone_number_id"),
        ({"business_account_id": "1"}, "business_account_id"),
        ({"api_base": "http://127.0.0.1:1"}, "check the network and channels.whatsapp.api_base"),
        ({"api_base": "nonsense"}, "channels.whatsapp.api_base"),
        ({"daily_recipients": 0}, "daily_recipients says no limit: set it to 250"),
        ({"daily_recipients": 2000}, "daily_recipients says 2000: set it to 250"),
    ],
    ids=lambda given: str(given) if isinstance(given, dict) else "",
)
async def test_a_wrong_setting_is_told_with_how_to_mend_it(
    world: World, changed: dict[str, object], words: str
) -> None:
    wrong = [one.text for one in await findings(world, **changed) if not one.works]
    assert wrong and any(words in text for text in wrong)


async def test_every_wrong_setting_is_told_at_once(world: World) -> None:
    wrong = [one.text for one in await findings(world, token="wrong", app_secret="", verify_token="") if not one.works]
    assert len(wrong) == 3


BLOCKED = {
    "can_send_message": "BLOCKED",
    "entities": [
        {"entity_type": "PHONE_NUMBER", "id": "1", "can_send_message": "AVAILABLE"},
        {"entity_type": "WABA", "id": "2", "errors": [{"error_code": 141006, "error_description": "Jan owes"}, 7]},
        "x",
    ],
}


@pytest.mark.parametrize(
    ("field", "value", "works", "words"),
    [
        ("quality_rating", "YELLOW", True, "quality YELLOW"),
        ("quality_rating", "RED", False, "quality RED"),
        ("health_status", BLOCKED, False, "may send: BLOCKED (WABA 141006): see WhatsApp Manager"),
        ("health_status", {"can_send_message": "LIMITED", "entities": None}, True, "may send: LIMITED"),
        ("whatsapp_business_manager_messaging_limit", "TIER_100K", True, "100000 people a day"),
    ],
    ids=["yellow", "red", "blocked", "limited", "limit"],
)
async def test_what_meta_says_of_the_number_is_told(
    world: World, field: str, value: Any, works: bool, words: str
) -> None:
    world.emulator.number[field] = value
    (found,) = [one for one in await findings(world) if words in one.text]
    assert found.works is works


@pytest.mark.parametrize("value", [None, 7, [], {}, "x"], ids=str)
async def test_what_meta_says_in_another_way_is_left_out(world: World, value: Any) -> None:
    for field in ("throughput", "health_status", "whatsapp_business_manager_messaging_limit"):
        world.emulator.number[field] = value
    assert all(one.works for one in await findings(world))


async def test_a_version_of_the_api_without_those_fields_is_examined_all_the_same(world: World) -> None:
    del world.emulator.number["throughput"]
    found = await findings(world)
    assert found[0] == Finding(True, "Buurtsein (quality GREEN)")
    assert found[1].text.startswith("webhook") and len(found) == 3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-31, "31 s ahead of Meta's"), (-29, None), (29, None), (32, "32 s behind Meta's"), (3600, "3600 s behind")],
    ids=str,
)
async def test_a_clock_that_is_off_is_told(world: World, seconds: float, words: str | None) -> None:
    world.emulator.skew = seconds
    wrong = [one.text for one in await findings(world) if not one.works]
    assert len(wrong) == (words is not None)
    assert words is None or words in wrong[0]


async def test_without_a_subscription_no_receipt_would_come(world: World) -> None:
    world.emulator.apps.clear()
    (wrong,) = [one.text for one in await findings(world) if not one.works]
    assert "no app is subscribed" in wrong and "POST /v25.0/<business_account_id>/subscribed_apps" in wrong


async def test_each_template_that_cannot_be_sent_is_told(world: World) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", "REJECTED", rejected_reason="INVALID_FORMAT")
    world.emulator.templates.set("buurtsein_test", "en", "APPROVED", message_send_ttl_seconds=60)
    world.emulator.templates.remove("buurtsein_ended", "nl")
    found = await findings(world)
    assert Finding(True, f"{ALL - 3} of {ALL} templates approved, as in config/whatsapp") in found
    wrong = [one.text for one in found if not one.works]
    assert [text.partition(":")[0] for text in sorted(wrong)] == [
        "template buurtsein_alert (nl) is rejected",
        "template buurtsein_ended (nl) is missing",
        "template buurtsein_test (en) is different",
    ]


async def test_a_template_refused_a_moment_ago_is_told(world: World) -> None:
    world.emulator.templates.set("buurtsein_alert", "nl", "PAUSED")
    await world.channel.send(FIRST)
    world.emulator.templates.set("buurtsein_alert", "nl", "APPROVED")
    told = "template alert (nl) was refused a moment ago (template:132015 paused); template update (nl) carries its messages"
    assert Finding(False, told) in await world.channel.examine()


async def test_without_the_business_accounts_id_the_rest_is_examined(world: World) -> None:
    found = await findings(world, business_account_id="")
    assert all(one.works for one in found)
    assert "channels.whatsapp.business_account_id" in found[-1].text
