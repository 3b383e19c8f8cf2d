"""When we stop asking a provider, and how we start again."""

from __future__ import annotations

from hub.relay.breaker import Breaker
from tests.clock import FakeClock


def breaker(clock: FakeClock) -> Breaker:
    return Breaker(failures=3, first=5, most=60, clock=clock)


def test_it_opens_after_failures_in_a_row_and_a_success_in_between_starts_the_count_anew() -> None:
    one = breaker(FakeClock())
    one.failed("500")
    one.failed("500")
    one.succeeded()
    one.failed("500")
    one.failed("500")
    assert not one.is_open
    one.failed("500")
    assert one.is_open
    assert one.wait() == 5


async def test_one_probe_at_a_time_goes_out_and_its_success_closes_it() -> None:
    clock = FakeClock()
    one = breaker(clock)
    one.trip("token refused")
    await clock.advance(5)
    assert one.wait() == 0
    one.sending()
    assert one.wait() > 0
    one.succeeded()
    assert not one.is_open
    assert one.wait() == 0


async def test_each_failed_probe_doubles_the_wait_up_to_the_most() -> None:
    clock = FakeClock()
    one = breaker(clock)
    one.trip("down")
    waits = []
    for _ in range(6):
        waits.append(one.wait())
        await clock.advance(one.wait())
        one.sending()
        one.failed("down")
    assert waits == [5, 10, 20, 40, 60, 60]


def test_the_stragglers_of_one_outage_count_as_one() -> None:
    one = breaker(FakeClock())
    for _ in range(50):
        one.failed("500")
    assert one.wait() == 5


def test_the_provider_may_name_the_time_itself() -> None:
    one = breaker(FakeClock())
    one.trip("80007", retry_after=120)
    assert one.wait() == 120
