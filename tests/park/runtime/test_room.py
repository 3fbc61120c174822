"""A job that has ended, or is to begin, while the disk is full."""

from __future__ import annotations

import errno

import pytest

from park.runtime.room import when_there_is_room


def test_a_step_is_made_again_when_there_is_room() -> None:
    refused = [OSError(errno.ENOSPC, "full"), OSError(errno.EDQUOT, "quota")]
    pauses: list[float] = []

    def step() -> str:
        if refused:
            raise refused.pop()
        return "written"

    assert when_there_is_room(step, pauses.append) == "written"
    assert len(pauses) == 2
    assert pauses == sorted(pauses)


def test_other_errors_are_raised_at_once() -> None:
    def step() -> None:
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        when_there_is_room(step, lambda _: pytest.fail("it waited"))


def test_an_hour_is_long_enough() -> None:
    pauses: list[float] = []

    def step() -> None:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        when_there_is_room(step, pauses.append)
    assert 3_600 <= sum(pauses) < 3_610
