"""Room on the disk: who is stopped for want of it, and that the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.model.ids import JobId
from park_server.retention.disk_guard import DiskGuard, one_to_stop

A, B = JobId("a"), JobId("b")
MIB = 1 << 20

sizes = st.dictionaries(st.sampled_from([JobId(name) for name in "abcd"]), st.integers(0, 1 << 40))


class Jobs:
    """Jobs that run until the test says otherwise."""

    def __init__(self, *jobs: JobId) -> None:
        self.there = list(jobs)
        self.stopped: list[tuple[JobId, str]] = []

    def running(self) -> Sequence[JobId]:
        return self.there

    def stop_for_room(self, job: JobId, why: str) -> None:
        self.stopped.append((job, why))


def guard(root: Path, jobs: Jobs, **facts: Any) -> DiskGuard:
    for number, job in enumerate(jobs.there, 1):
        (root / job).mkdir()
        (root / job / "big").write_bytes(b"x" * number * MIB)
    said: dict[str, Any] = {"free": lambda: 0, "reserve_bytes": 0, "quota_bytes": None} | facts
    return DiskGuard(jobs=jobs, folder_of=lambda job: root / job, **said)


def test_where_there_is_room_nobody_is_stopped(tmp_path: Path) -> None:
    jobs = Jobs(A, B)
    asyncio.run(guard(tmp_path, jobs, free=lambda: 10, reserve_bytes=10).look())
    assert jobs.stopped == []


def test_the_job_that_takes_most_gives_room_to_all_others(tmp_path: Path) -> None:
    async def test() -> None:
        jobs = Jobs(A, B)
        looking = guard(tmp_path, jobs, reserve_bytes=10 * MIB)
        await looking.look()
        ((job, why),) = jobs.stopped
        assert job == B
        assert "it filled the disk of the service: its files take 2.0 MiB" in why
        await looking.look()
        assert len(jobs.stopped) == 1, "it has not ended yet, so it is not known what that gives"
        jobs.there = [A]
        await looking.look()
        assert [job for job, _ in jobs.stopped] == [B, A]

    asyncio.run(test())


def test_a_quota_holds_where_there_is_room_as_well(tmp_path: Path) -> None:
    jobs = Jobs(A, B)
    asyncio.run(guard(tmp_path, jobs, free=lambda: MIB, quota_bytes=3 * MIB // 2).look())
    ((job, why),) = jobs.stopped
    assert job == B
    assert why == (
        "its files take 2.0 MiB, more than the 1.5 MiB of a job here, and it was stopped"
    )


def test_whoever_writes_too_long_a_log_is_stopped_and_told_what_to_do(tmp_path: Path) -> None:
    jobs = Jobs(A, B)
    looking = guard(tmp_path, jobs, log_bytes=MIB)
    (tmp_path / A / "stdout").write_bytes(bytes(MIB))
    (tmp_path / B / "stdout").write_bytes(bytes(MIB))
    (tmp_path / B / "stderr").write_bytes(b"one more")
    asyncio.run(looking.look())
    ((job, why),) = jobs.stopped
    assert job == B
    assert "more than the 1.0 MiB of a job here (--job-log)" in why
    assert why.endswith("write less, or into a file")


def test_nothing_is_measured_where_nothing_is_asked(tmp_path: Path) -> None:
    def measured(_: JobId) -> Path:
        raise AssertionError("nobody asked")

    looking = DiskGuard(
        jobs=Jobs(A), folder_of=measured, free=lambda: 1, reserve_bytes=0, quota_bytes=None
    )
    asyncio.run(looking.look())
    assert list(tmp_path.iterdir()) == []


@given(sizes, st.none() | st.integers(0, 1 << 40), st.none() | st.integers(1, 1 << 40))
def test_it_is_the_largest_and_only_for_a_reason(
    found: dict[JobId, int], quota: int | None, reserve: int | None
) -> None:
    largest = max(found.values(), default=0)
    stopped = one_to_stop(found, quota=quota, reserve=reserve)
    is_over = quota is not None and largest > quota
    fills_it = reserve is not None and 10 * largest >= reserve
    assert (stopped is not None) == (largest > 0 and (is_over or fills_it))
    if stopped is not None:
        assert found[stopped[0]] == largest


def test_who_takes_little_is_not_to_blame(tmp_path: Path) -> None:
    """Others than jobs fill disks, too."""
    jobs = Jobs(A, B)
    asyncio.run(guard(tmp_path, jobs, reserve_bytes=100 * MIB).look())
    assert jobs.stopped == []


@pytest.mark.parametrize("there", [{}, {A: 0}])
def test_a_job_without_files_gives_no_room(there: dict[JobId, int]) -> None:
    assert one_to_stop(there, quota=0, reserve=10) is None
