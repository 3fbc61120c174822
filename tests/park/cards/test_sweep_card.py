"""The card of a sweep."""

from __future__ import annotations

import re

import pytest

from park.cards.state_look import TINTS
from park.cards.sweep_card import Standings, sweep_card, sweep_text
from park.model.states import JobState

C, R, W, F, X = (
    JobState.COMPLETED,
    JobState.RUNNING,
    JobState.WAITING,
    JobState.FAILED,
    JobState.CANCELLED,
)


def standings(*states: JobState, silence: str | None = None) -> Standings:
    named = [(f"job-{number}", state) for number, state in enumerate(states)]
    return Standings(states=named, silence=silence)


def test_counts_in_the_order_of_what_is_done() -> None:
    found = standings(F, W, C, R, C)
    assert found.counts == [(C, 2), (R, 1), (W, 1), (F, 1)]
    assert sweep_text(found, "mymodel:fit") == (
        "<5 jobs of mymodel:fit: 2 completed, 1 running, 1 waiting, 1 failed>"
    )
    assert sweep_text(standings(), "nothing") == "<0 jobs of nothing: none>"


@pytest.mark.parametrize(
    ("states", "final"), [((), True), ((C, F, X), True), ((C, R), False), ((W,), False)]
)
def test_final_once_nothing_changes_any_more(
    states: tuple[JobState, ...],
    final: bool,  # noqa: FBT001 (a case)
) -> None:
    assert standings(*states).are_final is final


def test_the_bar_has_parts_as_wide_as_there_are_jobs() -> None:
    html = sweep_card(standings(C, C, C, W), "mymodel:fit")
    assert re.findall(r"flex:(\d+) 0 0;background:(#\w+)", html) == [
        ("3", TINTS[C]),
        ("1", TINTS[W]),
    ]


@pytest.mark.parametrize(
    ("states", "tint"),
    [((C, R, F), F), ((C, R, W), R), ((C, W), W), ((C, X), X), ((C, C), C), ((), C)],
)
def test_its_colour_is_that_of_what_matters_most(
    states: tuple[JobState, ...], tint: JobState
) -> None:
    assert (
        sweep_card(standings(*states), "f")
        .partition("border-left:4px solid ")[2]
        .startswith(TINTS[tint])
    )


def test_those_that_failed_are_named_and_the_rest_counted() -> None:
    html = sweep_card(standings(*[F] * 7), "mymodel:fit")
    assert [f"[{n}] job job-{n} failed" in html for n in range(7)] == [True] * 5 + [False] * 2
    assert "and 2 more failed" in html
    assert "more failed" not in sweep_card(standings(*[F] * 5), "mymodel:fit")


def test_of_those_that_failed_the_call_and_the_reason_are_told() -> None:
    states = [("a", C), ("b", F)]
    found = Standings(states=states, reasons={"b": "job b (m:fit) failed: <no> data"})
    assert "[1] job b (m:fit) failed: &lt;no&gt; data" in sweep_card(found, "m:fit")


def test_why_nothing_newer_is_known_is_said() -> None:
    assert "nothing answers &lt;now&gt;" in sweep_card(
        standings(R, silence="nothing answers <now>"), "f"
    )
