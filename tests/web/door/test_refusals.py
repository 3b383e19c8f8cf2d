"""Refused sign-ins in the audit chain: who guesses is told, with how often, and cannot make the chain grow with each guess."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.web.door.refusals import HOUR_MS, MOST_RUNS, Refusals
from tests.web.staff import Browser
from tests.web.world import World


@given(st.lists(st.tuples(st.sampled_from(["", "anna", "bram"]), st.integers(0, 5 * MOST_RUNS)), max_size=2_000))
def test_every_account_that_is_tried_is_noted_and_a_long_run_is_a_few_entries(tries: list[tuple[str, int]]) -> None:
    refusals, noted = Refusals(), Counter[str]()
    for subject, address in tries:
        noted[subject] += bool(refusals.count(subject, str(address), HOUR_MS))
    tried = Counter(subject for subject, _ in tries)
    assert noted.keys() == tried.keys() and all(noted.values())
    assert noted.total() <= (MOST_RUNS + len(tried)) * max(1, len(tries)).bit_length()


def test_a_run_is_told_at_its_beginning_and_each_time_it_has_doubled_in_each_hour_anew() -> None:
    refusals = Refusals()
    assert [one for _ in range(1_000) if (one := refusals.count("anna", "a", 0))] == [2**n for n in range(10)]
    assert refusals.count("anna", "b", 1) == refusals.count("bram", "a", 1) == refusals.count("anna", "a", HOUR_MS) == 1


async def test_guessing_keys_tickets_and_accounts_grows_the_chain_by_a_few_entries(world: World) -> None:
    stranger = Browser(world)
    for number in range(6):
        assert (await stranger.post("/login", key=f"bs_police_{number}")).status == 401
        assert (await stranger.post(f"/login/guess-{number}")).status == 401
    assert (await stranger.post("/login/account", login="niemand", passphrase="x", code="")).status == 401
    entries = world.rows("SELECT subject, what FROM audit WHERE kind = 'session.refused' ORDER BY sequence")
    assert entries == [("", f'{{"times":{times}}}') for times in (1, 2, 4, 8)], "thirteen guesses"
