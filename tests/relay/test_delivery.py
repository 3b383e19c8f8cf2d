"""The state machine: what each result of an attempt makes of a delivery; and how long it waits."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channel import Accepted, Can, Deferred, Rejected, Result, Uncertain
from hub.domain import DeliveryState, Handle
from hub.relay.backoff import Backoff
from hub.relay.delivery import RECEIPT_WAIT_MS, not_sent, outcome_of, put_back
from hub.store.claiming import Claimed
from hub.store.outbox import Outcome
from tests.relay.channel import BLIND, IDEMPOTENT, TELLS

NOW = 1_795_348_800_000
CANS = [TELLS, BLIND, IDEMPOTENT]


def claimed(tries: int = 0) -> Claimed:
    return Claimed(7, 3, tries, "A", 0, 0.0, NOW + 60_000, NOW + 60_000, Handle("1"), "nl", 0)


def judged(result: Result, tries: int = 0, attempts: int = 6, can: Can = BLIND) -> Outcome:
    return outcome_of(result, claimed(tries), attempts=attempts, can=can, backoff=lambda n: 2.0**n, now=NOW)


def test_accepted_is_sent_with_the_providers_name_for_it() -> None:
    got = judged(Accepted("ref"))
    assert got == Outcome(7, 3, DeliveryState.SENT, NOW, provider_ref="ref", sent_at=NOW, tries=1)


@pytest.mark.parametrize("dead", [True, False])
def test_rejected_is_failed_at_the_first_try(dead: bool) -> None:
    got = judged(Rejected("blocked", address_dead=dead))
    assert (got.state, got.reason, got.address_dead, got.tries) == (DeliveryState.FAILED, "blocked", dead, 1)


def test_deferred_waits_for_our_own_backoff_and_uses_up_a_try() -> None:
    got = judged(Deferred("500"), tries=2)
    assert (got.state, got.due_at, got.tries, got.possible_duplicates) == (DeliveryState.PENDING, NOW + 4000, 1, 0)


@pytest.mark.parametrize("tries", [0, 5, 100])
def test_deferred_until_a_time_the_provider_named_uses_up_none_however_often(tries: int) -> None:
    got = judged(Deferred("429", retry_after=17.5), tries=tries)
    assert (got.state, got.due_at, got.tries) == (DeliveryState.PENDING, NOW + 17_500, 0)


@pytest.mark.parametrize("tries", [0, 5, 100])
def test_the_accounts_trouble_uses_up_no_try(tries: int) -> None:
    assert judged(Deferred("token refused", whole_account=True), tries=tries).tries == 0


def test_a_chat_that_moved_is_due_at_once_and_counts_so_that_it_cannot_go_on_for_ever() -> None:
    got = judged(Deferred("moved", moved_to=Handle("new")))
    assert (got.state, got.due_at, got.tries, got.moved_to) == (DeliveryState.PENDING, NOW, 1, Handle("new"))
    last = judged(Deferred("moved", moved_to=Handle("new")), tries=5)
    assert (last.state, last.moved_to) == (DeliveryState.FAILED, Handle("new"))  # known for the next alert


def test_the_last_try_fails_with_its_reason() -> None:
    assert judged(Deferred("500"), tries=4).state is DeliveryState.PENDING
    got = judged(Deferred("500"), tries=5)
    assert (got.state, got.reason, got.tries) == (DeliveryState.FAILED, "attempts used up: 500", 1)
    assert judged(Uncertain("timeout"), tries=5).state is DeliveryState.FAILED
    assert judged(Deferred("500"), attempts=1).state is DeliveryState.FAILED


def test_uncertain_waits_for_the_receipt_where_there_are_receipts() -> None:
    got = judged(Uncertain("timeout"), can=TELLS)
    assert (got.due_at, got.possible_duplicates) == (NOW + RECEIPT_WAIT_MS, 1)


def test_uncertain_is_sent_again_soon_on_a_blind_channel_and_counted() -> None:
    got = judged(Uncertain("timeout"), tries=1, can=BLIND)
    assert (got.due_at, got.possible_duplicates) == (NOW + 2000, 1)


def test_uncertain_on_an_idempotent_channel_is_sent_again_soon_and_is_no_duplicate() -> None:
    got = judged(Uncertain("timeout"), can=IDEMPOTENT)
    assert (got.due_at, got.possible_duplicates) == (NOW + 1000, 0)
    assert judged(Uncertain("timeout"), tries=5, can=IDEMPOTENT).possible_duplicates == 0


def test_what_would_be_due_only_after_the_alert_is_given_up_at_once() -> None:
    left = (claimed().expires_at - NOW) / 1000
    assert judged(Deferred("429", retry_after=left - 0.001)).state is DeliveryState.PENDING
    got = judged(Deferred("429", retry_after=left))
    assert (got.state, got.reason) == (DeliveryState.FAILED, "no time left for another try: 429")
    got = judged(Uncertain("timeout"), tries=10, attempts=20)  # 2 ** 10 seconds
    assert (got.state, got.possible_duplicates) == (DeliveryState.FAILED, 1)


def test_the_accounts_trouble_leaves_it_to_another_account_however_little_time_is_left() -> None:
    got = judged(Deferred("token refused", retry_after=3600, whole_account=True))
    assert (got.state, got.due_at, got.tries) == (DeliveryState.PENDING, NOW, 0)


def test_what_ends_after_the_alert_expired_is_expired() -> None:
    late = replace(claimed(), expires_at=NOW)
    for result in (Deferred("500"), Deferred("401", 5, whole_account=True), Uncertain("timeout")):
        got = outcome_of(result, late, attempts=6, can=BLIND, backoff=lambda _: 1.0, now=NOW)
        assert got.state is DeliveryState.EXPIRED
        assert got.possible_duplicates == isinstance(result, Uncertain)


def test_what_was_not_tried_uses_up_no_try() -> None:
    back = put_back(claimed(2), NOW, "why")
    assert (back.state, back.tries, back.due_at, back.attempt) == (DeliveryState.PENDING, 0, NOW, 3)
    assert not_sent(claimed(), DeliveryState.EXPIRED, NOW, "late").tries == 0


seconds = st.none() | st.floats()
results = (
    st.builds(Accepted, st.text())
    | st.builds(Deferred, st.text(), seconds, st.booleans(), st.none() | st.builds(Handle, st.text()))
    | st.builds(Uncertain, st.text())
    | st.builds(Rejected, st.text(), st.booleans())
)


@given(results, st.integers(0, 10), st.integers(1, 8), st.sampled_from(CANS))
def test_whatever_the_result_only_accepted_is_sent_and_nothing_is_due_in_the_past(
    result: Result, tries: int, attempts: int, can: Can
) -> None:
    got = judged(result, tries, attempts, can)
    assert (got.state is DeliveryState.SENT) == isinstance(result, Accepted)
    assert got.state in {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.PENDING}
    assert NOW <= got.due_at <= NOW + 24 * 3600 * 1000
    assert (got.delivery_id, got.attempt) == (7, 3)  # the fence
    assert got.tries in (0, 1)
    if got.state is DeliveryState.PENDING:
        assert got.due_at < claimed().expires_at
    if got.state is DeliveryState.PENDING and got.tries:
        assert tries + 1 < attempts


@given(st.integers(0, 5000), st.floats(0.1, 10), st.floats(10, 100), st.integers())
def test_waits_double_up_to_the_most_with_at_most_half_taken_off(
    tries: int, first: float, most: float, seed: int
) -> None:
    full = min(most, first * 2 ** min(tries, 30))
    assert full / 2 <= Backoff(first, most, Random(seed))(tries) <= full


def test_two_waits_are_not_the_same_so_that_no_crowd_comes_back_together() -> None:
    backoff = Backoff(1, 60, Random(1))
    assert len({backoff(3) for _ in range(100)}) == 100
