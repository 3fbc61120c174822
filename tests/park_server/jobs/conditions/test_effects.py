"""Where a job goes that may start: the queue, its front, or the fetches."""

from __future__ import annotations

import pytest

from park.model.ids import JobId
from park.model.states import JobKind
from park_server.jobs.conditions.effects import Effects

JOB = JobId("a")


@pytest.mark.parametrize(
    ("kind", "urgent", "where"),
    [
        (JobKind.CALL, False, "queued"),
        (JobKind.CALL, True, "urgent"),
        (JobKind.FETCH, False, "fetches"),
        (JobKind.FETCH, True, "fetches"),  # no fetch waits for a slot of the others
    ],
)
def test_a_job_that_may_start_is_noted_once(kind: JobKind, where: str, *, urgent: bool) -> None:
    effects = Effects()
    effects.queue(JOB, kind, "ada", urgent=urgent)
    found = {name: getattr(effects, name) for name in ("queued", "urgent", "fetches")}
    assert effects.users == {JOB: "ada"}
    assert found == {"queued": [], "urgent": [], "fetches": []} | {where: [JOB]}
