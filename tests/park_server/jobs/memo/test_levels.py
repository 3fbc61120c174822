"""Who may start once those before it are answered."""

from __future__ import annotations

from park.model.ids import JobId
from park_server.jobs.memo.levels import Levels

A, B, C = (JobId(name) for name in "abc")


def test_who_waits_for_nothing_comes_first() -> None:
    assert Levels({A: [], B: ["a"], C: []}).first() == [A, C]


def test_who_waits_for_several_comes_after_the_last_of_them() -> None:
    levels = Levels({C: ["a", "b", "a"]})
    assert levels.first() == []
    assert levels.after(["a"]) == []
    assert levels.after(["b"]) == [C]


def test_who_waits_for_what_never_comes_here_is_in_no_level() -> None:
    levels = Levels({A: [], B: ["a", "an install"]})
    assert levels.after(levels.first()) == []
