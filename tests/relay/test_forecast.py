"""A forecast never breaks an account's limit, and is what a real dispatcher then does."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import Match
from hub.relay.forecast import forecast, rungs
from hub.relay.ladder import Ladder, Step, Tell
from hub.settings import Account
from hub.store.alerts import WouldSend
from hub.store.database import Store
from tests.clock import FakeClock
from tests.relay.channel import FakeChannel
from tests.relay.world import crowd, pass_time, sending

ROUTES = {"telegram": ["main"]}


def order(count: int, account: str = "main", code: str = "BU1", first: int = 0) -> list[WouldSend]:
    return [WouldSend(first + n, "", "telegram", account, float(n), (code,)) for n in range(count)]


@given(
    count=st.integers(0, 120),
    rate=st.sampled_from([0.5, 1.0, 3.0, 7.5, 30.0, 80.0]),
    burst=st.integers(1, 100),
)
def test_no_second_holds_more_than_the_rate_and_nothing_waits_for_nothing(count: int, rate: float, burst: int) -> None:
    limits = Account(rate=rate, burst=burst)
    sends = forecast(order(count), {("telegram", "main"): limits})
    seconds = [send.second for send in sends]
    assert [send.to.admin_id for send in sends] == list(range(count)), "nearest first"
    most, window = max(1, int(rate)), max(1, int(rate)) / rate
    for number, second in enumerate(seconds):
        assert number + 1 - bisect_left(seconds, second - window + 1e-6) <= most
    assert sum(second == 0 for second in seconds) == min(count, burst, most)
    if count:
        assert limits.seconds_for(count) - 1e-3 <= seconds[-1] <= count / most * window + 1


def test_accounts_send_side_by_side_and_without_a_limit_all_go_at_once() -> None:
    both = [*order(3), *order(3, "spare", first=10)]
    limits = {("telegram", "main"): Account(rate=1.0, burst=1)}
    sends = forecast(both, limits)
    assert [round(send.second) for send in sends] == [0, 0, 0, 0, 1, 2]
    assert [send.to.admin_id for send in sends] == [0, 10, 11, 12, 1, 2]


@pytest.mark.parametrize(("rate", "burst"), [(4.0, 1), (10.0, 10), (10.0, 3)])
async def test_the_real_dispatcher_does_what_was_forecast(
    store: Store, clock: FakeClock, rate: float, burst: int
) -> None:
    for code, count in (("BU1", 4), ("BU2", 19), ("BU3", 5)):
        await crowd(store, code, count)
    account = Account(rate=rate, burst=burst)
    matches = [Match(code, code, 1.0, 100.0 * n, "") for n, code in enumerate(("BU1", "BU2", "BU3"))]
    ahead = forecast(await store.alerts.would_send(matches, ROUTES, clock.now(), 1000), {("telegram", "main"): account})
    names = {admin.id: admin.addresses[0].handle.value for admin in await store.directory.admins()}
    channel = FakeChannel(clock)
    async with sending(store, clock, channel, account=account, routes=ROUTES) as hub:
        began = clock.monotonic()
        await hub.relay("A", "BU1", "BU2", "BU3")
        await pass_time(clock, store, ahead[-1].second + 1)
    assert [handle for _, handle, _ in channel.asked] == [names[send.to.admin_id] for send in ahead]
    for (at, _, _), send in zip(channel.asked, ahead, strict=True):
        assert at - began == pytest.approx(send.second, abs=0.01)


def test_each_neighbourhoods_silence_begins_with_its_first_message() -> None:
    ladder = Ladder(steps=(Step(after=60, tell=Tell.NEXT_ADMIN), Step(after=240, tell=Tell.CONTROL_ROOM)))
    two = [*order(3, code="BU1"), *order(2, code="BU2", first=5)]
    sends = forecast(two, {("telegram", "main"): Account(rate=1.0, burst=1)})
    steps = rungs(ladder, sends, ())
    assert [(one.step, one.tell, round(one.from_second), round(one.to_second)) for one in steps] == [
        (1, Tell.NEXT_ADMIN, 60, 63),
        (2, Tell.CONTROL_ROOM, 240, 243),
    ]
    assert rungs(ladder, sends, ["BU9"])[1].from_second == 0, "where there is nobody nobody is waited for"
    assert rungs(ladder, [], ()) == []
