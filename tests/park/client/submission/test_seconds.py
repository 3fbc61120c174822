"""How long somebody waits, as he says it: the same answer at every door, whatever is there."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.stand_ins.job_service import JobService

import park
from park.client.background_install import Install
from park.client.submission.seconds import deadline_said, seconds_said
from park.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from park.client.jobs.submitted_job import Job


@pytest.mark.parametrize("said", [5, 5.0, np.int64(5), np.float32(5)])
def test_a_number_is_seconds(said: Any) -> None:
    assert seconds_said(said) == 5.0


@pytest.mark.parametrize("said", [None, float("inf"), 10**12])
def test_longer_than_a_thread_can_wait_is_for_as_long_as_it_takes(said: Any) -> None:
    assert deadline_said(said) == (None, None)


def test_an_end_is_on_the_monotonic_clock() -> None:
    seconds, deadline = deadline_said(1e6)
    assert (seconds, deadline is not None and deadline > time.monotonic()) == (1e6, True)


@pytest.mark.parametrize("said", ["5", float("nan"), True, [5], timedelta(seconds=5)])
def test_what_is_no_number_is_refused(said: Any) -> None:
    with pytest.raises(UsageError, match="it is a number of seconds, or None") as told:
        seconds_said(said)
    assert (told.value.hint == "timeout.total_seconds()") is isinstance(said, timedelta)


DOORS: dict[str, Callable[[Job, Any], Any]] = {
    "job.result": lambda job, said: job.result(said),
    "job.wait": lambda job, said: job.wait(said),
    "job.confirm": lambda job, said: job.confirm(said),
    "job.files": lambda job, said: job.files.records(said),
    "condition": lambda job, said: job.iscompleted.wait(said),
    "park.wait": lambda job, said: park.wait([job], said),
    "as_completed": lambda job, said: park.as_completed([job], said),
    "flush": lambda job, said: job.service.flush(said),
    "install": lambda job, said: Install(job.service, "0199", "mymodel").wait(said),
}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_asks_before_it_looks(door: str) -> None:
    one = JobService().bind()
    job = one.service.submit("m:f")
    one.end(job.id, result=1)
    with pytest.raises(UsageError, match="timeout='5': it is a number of seconds"):
        DOORS[door](job, "5")
