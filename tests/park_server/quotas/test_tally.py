"""Jobs counted by user: accepted, running, ended."""

from __future__ import annotations

import pytest

from park.model.ids import JobId
from park_server.quotas.tally import Tally

A, B, C = (JobId(each) for each in "abc")


@pytest.fixture
def tally() -> Tally:
    return Tally()


def counts(tally: Tally, user: str) -> tuple[int, int, int]:
    return tally.waiting(user), tally.running(user), tally.cores(user)


def test_a_job_waits_runs_and_is_gone(tally: Tally) -> None:
    assert tally.add("ada", [A, B, A]) == [A, B]
    tally.take_up({"ada": [A], "bob": [C]})
    assert tally.add("ada", [A]) == []
    tally.started("ada", A, cores=4)
    tally.started("ada", A, cores=4)
    assert counts(tally, "ada") == (1, 1, 4)
    assert tally.stopped(A) == "ada"
    assert counts(tally, "ada") == (2, 0, 0)  # it may run again
    tally.drop([A, B, B])
    assert counts(tally, "ada") == (0, 0, 0)
    assert counts(tally, "bob") == (1, 0, 0)


def test_what_has_ended_runs_until_its_slot_is_free(tally: Tally) -> None:
    tally.started("ada", A)
    tally.drop([A])
    assert counts(tally, "ada") == (0, 1, 1)
    assert tally.stopped(A) == "ada"
    assert tally.stopped(A) is None
    assert counts(tally, "ada") == (0, 0, 0)
