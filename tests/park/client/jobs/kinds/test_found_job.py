"""The handle of a job that a service has."""

from __future__ import annotations

import pytest
from support.stand_ins.job_service import JobService

import park


@pytest.mark.parametrize(
    ("entry_point", "kind", "handle"),
    [
        ("mymodel:fit", "call", park.Job),
        ("park.fitting:fit", "call", park.FitJob),
        ("park.fetch:file", "fetch", park.Fetch),
    ],
)
def test_it_is_of_the_kind_that_the_job_is(
    entry_point: str, kind: str, handle: type[park.Job]
) -> None:
    one = JobService()
    record = one.record({"id": "0199", "entry_point": entry_point}, kind=kind)
    one.answers["/api/v1/jobs/0199"] = record
    assert type(one.service.job("0199")) is handle
