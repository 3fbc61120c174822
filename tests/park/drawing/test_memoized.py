from __future__ import annotations

from park.drawing.memoized import memoized, run_name

JOB = "01a21b3c-0fe7-7668-85e5-ac048ae879e3"
"""Made on 27 November 2026, as its first digits say."""


def test_a_run_is_named_by_the_end_of_its_id_and_its_day() -> None:
    day = run_name(JOB).removeprefix("…e879e3 of ")
    assert day in {"26 November", "27 November", "28 November"}  # of the zone of here
    assert memoized(JOB) == f"run …e879e3 of {day}"


def test_an_id_without_a_day_is_shown_as_it_is() -> None:
    assert run_name("first") == "first"
