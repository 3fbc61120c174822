"""A job that hangs is told apart from one that is slow, by what it uses of the processor."""

from __future__ import annotations

import pytest

from park_server.jobs.processor.use_in_words import hangs, running_line


@pytest.mark.parametrize(
    ("cpu_s", "of_s", "is_told"),
    [(0.0, 60.0, True), (3.0, 60.0, True), (3.1, 60.0, False), (0.0, 0.9, False)],
)
def test_little_of_a_time_that_is_long_enough_is_a_fork_that_may_hang(
    cpu_s: float, of_s: float, *, is_told: bool
) -> None:
    assert ("--fresh" in hangs(cpu_s, of_s)) is is_told


def test_a_running_fork_that_uses_no_processor_is_told_what_may_be() -> None:
    line = running_line(0.08, 45.0, is_forked=True)
    assert line.startswith("used the processor for 0.08 s of 45 s: where it waits for threads")
    assert line.endswith("--fresh gives it an interpreter of its own")


@pytest.mark.parametrize(
    ("cpu_s", "of_s", "is_forked", "line"),
    [
        (0.0, 45.0, False, "used the processor for 0 s of 45 s"),
        (44.0, 45.0, True, "used the processor for 44 s of 45 s"),
        (7_200.0, 3_660.0, True, "used the processor for 2 h 0 min of 1 h 1 min"),
        (0.0, 0.9, True, ""),
    ],
)
def test_others_are_told_in_numbers(
    cpu_s: float, of_s: float, line: str, *, is_forked: bool
) -> None:
    assert running_line(cpu_s, of_s, is_forked=is_forked) == line
