"""The ladder: what may stand in escalation.toml, and which step is due for a neighbourhood at which moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.domain import Match, Refused, Status
from hub.relay.ladder import SOON_MS, Ladder, Step, Tell, decide, read_ladder
from hub.settings import CONFIG
from hub.store.escalations import Climb, Standing

NOW = 1_800_000_000_000
HOUR = 3_600_000
LADDER = Ladder(
    received_gives=30,
    steps=(
        Step(after=60, tell=Tell.NEXT_CHANNEL),
        Step(after=90, tell=Tell.NEXT_ADMIN),
        Step(after=180, tell=Tell.ADJACENT, within_metres=50),
        Step(after=240, tell=Tell.CONTROL_ROOM),
    ),
)
SILENT = Standing(
    id=1,
    alert_id="A",
    code="BU1",
    name="Oost",
    distance_metres=10.0,
    rung=0,
    status=Status.ACTUAL,
    expires_at=NOW + HOUR,
    over=False,
    planned=True,
    first_sent_at=NOW,
    received_at=None,
    live=1,
    not_silent_yet=None,
)
NEAR = Match("BU2", "West", 0.0, 10.0, "next to Oost")


def decided(one: Standing, seconds: float, ladder: Ladder = LADDER) -> Climb:
    return decide(one, ladder, lambda _, metres: [NEAR] if metres == 50 else [], NOW + round(seconds * 1000))


def told(climb: Climb) -> list[str]:
    return [str(data["tell"]) for _, data in climb.events]


@pytest.mark.parametrize(
    ("rung", "seconds", "tells", "next_look"),
    [
        (0, 59.9, [], 60),
        (0, 60, ["next-channel"], 61),
        (1, 60, [], 90),
        (1, 90, ["next-admin"], 91),
        (2, 180, ["adjacent"], 240),
        (3, 240, ["control-room"], None),
        (4, 900, [], None),
        (2, 500, ["adjacent", "control-room"], None),
    ],
)
def test_each_step_at_its_time(rung: int, seconds: float, tells: list[str], next_look: float | None) -> None:
    climb = decided(replace(SILENT, rung=rung), seconds)
    assert told(climb) == tells and climb.rung == rung + len(tells)
    assert climb.check_at == (None if next_look is None else NOW + round(next_look * 1000))
    assert climb.dark == ("control-room" in tells) and bool(climb.adjacent) == ("adjacent" in tells)


def test_received_gives_time() -> None:
    received = replace(SILENT, rung=1, received_at=NOW + 80_000)
    assert told(decided(received, 100)) == [] and decided(received, 100).check_at == NOW + 110_000
    assert told(decided(received, 110)) == ["next-admin"]


def test_waiting_for_our_limit_is_nobodys_silence() -> None:
    waits = replace(SILENT, first_sent_at=None)
    climb = decided(waits, 1000)
    assert told(climb) == [] and climb.check_at == NOW + 1_000_000 + SOON_MS


def test_where_nobody_may_answer_any_more_each_step_comes_at_once() -> None:
    lost = replace(SILENT, live=0, first_sent_at=None)
    one = decided(lost, 0)
    assert told(one) == ["next-channel"] and one.check_at == NOW + SOON_MS, "it may have found somebody"
    assert told(decided(replace(lost, rung=1), 0)) == ["next-admin"]
    assert told(decided(replace(lost, rung=2), 0)) == ["adjacent", "control-room"], "the control room need not wait"


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_an_exercise_goes_past_next_door(status: Status) -> None:
    climb = decided(replace(SILENT, rung=2, status=status), 500)
    assert told(climb) == ["control-room"] and climb.rung == 4 and climb.adjacent == ()


def test_who_was_told_later_is_looked_at_when_their_own_minute_is_over() -> None:
    later = replace(SILENT, rung=4, not_silent_yet=NOW + 300_000)
    assert decided(later, 320).check_at == NOW + 360_000
    assert decided(replace(later, rung=2), 100).check_at == NOW + 180_000, "the step comes first"


@pytest.mark.parametrize("one", [replace(SILENT, over=True), replace(SILENT, expires_at=NOW)])
def test_what_is_over_is_left_alone(one: Standing) -> None:
    climb = decided(one, 1000)
    assert (climb.rung, climb.check_at, climb.open, climb.events) == (0, None, False, ())


def test_without_steps_nothing_is_escalated() -> None:
    assert Ladder().check_after is None
    assert decided(SILENT, 1000, Ladder()).check_at is None


@given(
    rung=some.integers(0, 4),
    seconds=some.floats(0, 4000),
    live=some.integers(0, 3),
    sent=some.none() | some.integers(NOW - HOUR, NOW),
    received=some.none() | some.integers(NOW - HOUR, NOW + HOUR),
    status=some.sampled_from(Status),
)
def test_nobody_is_forgotten_and_no_step_comes_twice(
    rung: int, seconds: float, live: int, sent: int | None, received: int | None, status: Status
) -> None:
    one = replace(SILENT, rung=rung, live=live, first_sent_at=sent, received_at=received, status=status)
    climb = decided(one, seconds)
    now = NOW + round(seconds * 1000)
    assert rung <= climb.rung <= len(LADDER.steps)
    if now < one.expires_at and climb.rung < len(LADDER.steps):
        assert climb.check_at is not None and climb.check_at > now, "looked at again, and not in a hot loop"
    if climb.rung == len(LADDER.steps) > rung:
        assert climb.dark, "the last step tells the control room"
    if climb.adjacent:
        assert status is Status.ACTUAL


def test_the_shipped_ladder_and_the_demos_can_be_used() -> None:
    for path in (CONFIG / "escalation.toml", CONFIG / "demo" / "escalation.toml"):
        assert [step.tell for step in read_ladder(path).steps][-1] is Tell.CONTROL_ROOM


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("begin = 'two'", "begin"),
        ("[[steps]]\nafter = -1\ntell = 'adjacent'", "steps.0.after"),
        ("[[steps]]\nafter = 1\ntell = 'nobody'", "steps.0.tell"),
        ("[[steps]]\nafter = 1\ntell = 'next-admin'\nwithin_metres = 5", "steps.0"),
        ("[[steps]]\nafter = 9\ntell = 'next-admin'\n[[steps]]\nafter = 1\ntell = 'adjacent'", ""),
        ("stepps = []", "stepps"),
        ("steps = [", "escalation.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "escalation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_ladder(path)
    assert [mistake.place for mistake in refused.value.mistakes] == [place]


def test_a_missing_file_is_a_mistake_and_not_no_escalation(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read_ladder(tmp_path / "none.toml")
