from __future__ import annotations

from support.labs.rows import add_install, add_job, new_job, rows_in_memory

from park.model.asked.resources import Resources
from park.model.states import InstallState, JobState
from park_server.operating.counts_now import counts_now


def test_what_has_not_ended_is_counted_and_a_state_of_nothing_is_0() -> None:
    with rows_in_memory() as connection:
        add_job(connection, "a", "ada", [])
        add_job(connection, "b", "bob", [])
        new_job(connection, "c", state=JobState.QUEUED, resources=Resources(engine="slurm"))
        new_job(connection, "d", state=JobState.COMPLETED)
        add_install(connection, "i", InstallState.RESOLVING)
        add_install(connection, "j", InstallState.READY)
        found = counts_now(connection, "local")
    assert found.jobs == {
        ("local", "waiting"): 0,
        ("local", "queued"): 2,
        ("local", "running"): 0,
        ("slurm", "queued"): 1,
    }
    assert found.installs == {"awaiting-upload": 0, "resolving": 1, "realising": 0}
    assert (found.environments, found.environments_bytes, found.index) == ({}, 0, {})
