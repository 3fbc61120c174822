"""The phases of a handle are conditions that speak of it."""

from __future__ import annotations

import pytest
from support.stand_ins.job_service import JobService

from park.client.background_install import Install
from park.client.jobs.handle import Handle
from park.client.jobs.phased import Phased
from park.model.conditions import InstallIs, JobIs, Phase


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("iscompleted", Phase.COMPLETED),
        ("isfailed", Phase.FAILED),
        ("isfinished", Phase.FINISHED),
    ],
)
def test_each_phase_has_its_condition(name: str, phase: Phase) -> None:
    one = JobService()
    job = one.bind().service.submit("m:f")
    install = Install(one.service, "i", "m")
    url = one.service.url
    of_job, of_install = getattr(job, name), getattr(install, name)
    assert of_job.expression == JobIs(job=job.id, phase=phase, service=url)
    assert of_install.expression == InstallIs(install="i", phase=phase, service=url)


def test_what_has_no_phases_says_so() -> None:
    one = JobService()
    with pytest.raises(NotImplementedError):
        Phased(one.service, "i", None).leaf(Phase.COMPLETED)
    with pytest.raises(NotImplementedError):
        Handle(one.service, "i", None).confirm()
