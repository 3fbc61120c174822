"""Room on the disk: who is stopped for want of it, and that the others go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.session.limits import LIMIT_S

from park.model.ids import JobId
from park_server.clock import now
from park_server.retention.ballast import ByteBallast, InodeBallast
from park_server.retention.disk_guard import DiskGuard, one_to_stop
from park_server.retention.job_places import JobPlaces, RunningJob, Taken
from park_server.retention.room_on_disk import Room, Rooms

A, B = JobId("a"), JobId("b")
MIB = 1 << 20

amounts = st.integers(0, 1 << 40)
taken = st.builds(
    Taken,
    own=amounts,
    shared=st.dictionaries(st.sampled_from(["its /tmp", "its user's area"]), amounts),
    elsewhere=amounts,
    written=st.none() | amounts,
)
takings = st.dictionaries(st.sampled_from([JobId(name) for name in "abcd"]), taken)


@dataclass(frozen=True)
class Attempt:
    id: JobId
    started: str
    user: str = "ada"
    pid: int | None = None


class Jobs:
    """Jobs that run until the test says otherwise."""

    def __init__(self, *jobs: JobId) -> None:
        self.there = list(jobs)
        self.stopped: list[tuple[JobId, str]] = []
        self._started = now()

    def running(self) -> Sequence[RunningJob]:
        return [Attempt(job, self._started) for job in self.there]

    def stop_for_room(self, job: JobId, why: str) -> None:
        self.stopped.append((job, why))


def guard(
    root: Path, jobs: Jobs, besides: Mapping[JobId, Mapping[str, Path]] | None = None, **facts: Any
) -> DiskGuard:
    for number, job in enumerate(jobs.there, 1):
        (root / job).mkdir()
        (root / job / "big").write_bytes(b"x" * number * MIB)
    said: dict[str, Any] = {"quota_bytes": None} | facts
    room, inodes = said.pop("room", (lambda: 0, 0)), said.pop("inodes", (lambda: 0, 0))
    ballast = said.pop("ballast", None) or ByteBallast(root / "ballast", 0)
    inode_ballast = said.pop("inode_ballast", None) or InodeBallast(root / "ballast-files", 0)
    rooms = Rooms(
        size=Room(free=room[0], reserve=room[1], ballast=ballast),
        inodes=Room(free=inodes[0], reserve=inodes[1], ballast=inode_ballast),
    )
    places = JobPlaces(
        home=root,
        folder_of=lambda job: root / job,
        besides=lambda job: (besides or {}).get(job.id, {}),
    )
    return DiskGuard(
        jobs=jobs, folder_of=lambda job: root / job, places=places, rooms=rooms, **said
    )


def nothing_kept(root: Path) -> Room:
    return Room(free=lambda: 1, reserve=0, ballast=ByteBallast(root / "ballast", 0))


def test_where_there_is_room_nobody_is_stopped(tmp_path: Path) -> None:
    jobs = Jobs(A, B)
    asyncio.run(guard(tmp_path, jobs, room=(lambda: 10, 10)).look())
    assert jobs.stopped == []


def test_the_job_that_takes_most_gives_room_to_all_others(tmp_path: Path) -> None:
    async def test() -> None:
        jobs = Jobs(A, B)
        looking = guard(tmp_path, jobs, room=(lambda: 0, 10 * MIB))
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
    asyncio.run(guard(tmp_path, jobs, room=(lambda: MIB, 0), quota_bytes=3 * MIB // 2).look())
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
        jobs=Jobs(A),
        folder_of=measured,
        places=JobPlaces(home=tmp_path, folder_of=measured, besides=lambda _: {}),
        rooms=Rooms(size=nothing_kept(tmp_path), inodes=nothing_kept(tmp_path)),
        quota_bytes=None,
    )
    asyncio.run(looking.look())
    assert list(tmp_path.iterdir()) == []


@given(takings, st.none() | amounts, st.none() | st.integers(1, 1 << 40))
def test_it_is_the_largest_and_only_for_a_reason(
    found: dict[JobId, Taken], quota: int | None, reserve: int | None
) -> None:
    likely = max((each.likely for each in found.values()), default=0)
    at_most = max((each.at_most for each in found.values()), default=0)
    stopped = one_to_stop(found, quota=quota, reserve=reserve)
    is_over = quota is not None and likely > quota
    fills_it = reserve is not None and 10 * likely >= reserve
    may_fill_it = reserve is not None and 10 * at_most >= reserve
    assert (stopped is not None) == (is_over or fills_it or may_fill_it)
    if stopped is not None and (is_over or fills_it):
        assert found[stopped[0]].likely == likely
    elif stopped is not None:
        assert found[stopped[0]].at_most == at_most


@given(taken)
def test_no_more_is_likely_than_is_there(found: Taken) -> None:
    assert found.own <= found.likely <= found.at_most + found.elsewhere
    if found.written is not None:
        assert found.likely <= max(found.own, found.written)


def test_who_wrote_it_is_stopped_and_not_who_was_there_before() -> None:
    """In a place that both share, each is known by how much it has written."""
    wrote = Taken(own=MIB, shared={"its /tmp": 90 * MIB}, written=95 * MIB)
    waits = replace(wrote, own=2 * MIB, written=3 * MIB)
    job, why = one_to_stop({A: waits, B: wrote}, quota=None, reserve=100 * MIB) or (None, "")
    assert job == B
    assert "take 91.0 MiB (since it began came 90.0 MiB to its /tmp), and less than" in why


def test_a_file_that_was_large_before_is_nobodys_who_adds_a_line() -> None:
    adds = Taken(own=0, shared={"its user's area": 1 << 40}, written=4096)
    fills = Taken(own=200 * MIB, written=200 * MIB)
    assert (one_to_stop({A: adds, B: fills}, quota=None, reserve=MIB) or ("",))[0] == B
    assert one_to_stop({A: adds}, quota=MIB, reserve=None) is None


def test_whose_writing_is_counted_nowhere_does_not_have_the_disk() -> None:
    reserved = Taken(own=0, shared={"its user's area": 1 << 30}, written=0)
    assert (one_to_stop({A: reserved}, quota=None, reserve=MIB) or ("",))[0] == A


def test_what_is_beside_its_folder_is_found_and_given_back(tmp_path: Path) -> None:
    given: list[tuple[JobId, Taken]] = []
    lent = tmp_path / "lent"
    lent.mkdir()

    async def give_back(job: RunningJob, found: Taken) -> None:
        given.append((job.id, found))

    async def test() -> None:
        jobs = Jobs(A, B)
        besides = {A: {"its /tmp": lent}}
        looking = guard(tmp_path, jobs, besides, room=(lambda: 0, 30 * MIB), give_back=give_back)
        (lent / "zeros").write_bytes(b"x" * 8 * MIB)
        await looking.look()
        ((job, why),) = jobs.stopped
        assert job == A
        assert "(since it began came 8.0 MiB to its /tmp)" in why
        ((given_to, found),) = given
        assert (given_to, found.shared) == (A, {"its /tmp": 8 * MIB})

    asyncio.run(test())


def test_what_a_stopped_job_left_is_not_held_against_the_next(tmp_path: Path) -> None:
    """A user's area is his: it stays full when the job has gone that filled it."""
    area = tmp_path / "area"
    area.mkdir()

    async def test() -> None:
        jobs = Jobs(A, B)
        besides = {job: {"its user's area": area} for job in (A, B)}
        looking = guard(tmp_path, jobs, besides, room=(lambda: 0, 30 * MIB))
        (area / "zeros").write_bytes(b"x" * 50 * MIB)
        await looking.look()
        ((stopped, _),) = jobs.stopped
        jobs.there.remove(stopped)
        await looking.look()
        assert len(jobs.stopped) == 1
        (area / "more").write_bytes(b"x" * 50 * MIB)
        await looking.look()
        assert len(jobs.stopped) == 2

    asyncio.run(test())


def test_where_a_look_takes_long_the_next_comes_later_unless_room_is_short(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    times = iter([0.0, 0.0, 5.0, 5.0, 54.0, 54.0])
    free = [MIB, MIB, 0]

    async def test() -> None:
        jobs = Jobs(A)
        looking = guard(
            tmp_path,
            jobs,
            room=(lambda: free.pop(0), MIB),
            quota_bytes=10 * MIB,
            clock=lambda: next(times, 54.0),
        )
        await looking.look()
        (tmp_path / A / "more").write_bytes(b"x" * 20 * MIB)
        await looking.look()
        assert jobs.stopped == []
        await looking.look()
        assert [job for job, _ in jobs.stopped] == [A]

    asyncio.run(test())


def test_who_takes_little_is_not_to_blame(tmp_path: Path) -> None:
    """Others than jobs fill disks, too."""
    jobs = Jobs(A, B)
    asyncio.run(guard(tmp_path, jobs, room=(lambda: 0, 100 * MIB)).look())
    assert jobs.stopped == []


@pytest.mark.parametrize("there", [{}, {A: Taken()}])
def test_a_job_without_files_gives_no_room(there: dict[JobId, Taken]) -> None:
    assert one_to_stop(there, quota=0, reserve=10) is None


def test_the_ballast_is_held_before_anybody_can_fill_the_disk(tmp_path: Path) -> None:
    async def test() -> None:
        loop, is_held = asyncio.get_running_loop(), asyncio.Event()

        class Told(ByteBallast):
            def hold(self) -> None:
                super().hold()
                loop.call_soon_threadsafe(is_held.set)

        facts: dict[str, Any] = {"room": (lambda: 11 * MIB, 10 * MIB)}
        ballast = Told(tmp_path / "ballast", MIB)
        looking = guard(tmp_path, Jobs(A), ballast=ballast, look_s=2 * LIMIT_S, **facts)
        looking.start()
        async with asyncio.timeout(LIMIT_S):
            await is_held.wait()
        await looking.stop()
        assert ballast.is_held

    asyncio.run(test())


def test_the_ballast_goes_where_a_stopped_job_has_given_no_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = ByteBallast(tmp_path / "ballast", MIB)
    free = [11 * MIB]

    async def test() -> None:
        jobs = Jobs(A)
        looking = guard(tmp_path, jobs, room=(lambda: free[0], 10 * MIB), ballast=ballast)
        await looking.look()
        assert ballast.is_held
        free[0] = 0
        await looking.look()
        await looking.look()
        assert [job for job, _ in jobs.stopped] == [A]
        assert ballast.is_held, "what is stopped has not ended, and would write there as well"
        jobs.there = []
        await looking.look()
        assert not ballast.is_held
        assert "the last 1.0 MiB that were held are free now" in caplog.text
        free[0] = 10 * MIB
        await looking.look()
        assert not ballast.is_held, "to hold it would take the reserve"
        free[0] = 11 * MIB
        await looking.look()
        assert ballast.is_held

    asyncio.run(test())


def test_where_no_more_files_can_be_made_the_one_that_made_most_is_stopped(tmp_path: Path) -> None:
    async def test() -> None:
        jobs = Jobs(A, B)
        left = [1_000]
        ballast = ByteBallast(tmp_path / "ballast", MIB)
        looking = guard(
            tmp_path,
            jobs,
            room=(lambda: 1 << 40, 0),
            inodes=(lambda: left[0], 500),
            ballast=ballast,
        )
        for number in range(60):
            (tmp_path / A / f"empty{number}").write_bytes(b"")
        await looking.look()
        assert jobs.stopped == [], "there is room"
        left[0] = 499
        await looking.look()
        ((job, why),) = jobs.stopped
        assert job == A
        assert why == (
            "it filled the disk of the service: it has made 61 files, and fewer than 500 files"
            " can follow; it was stopped"
        )
        await looking.look()
        assert len(jobs.stopped) == 1, "it has not ended yet"
        jobs.there = [B]
        await looking.look()
        assert len(jobs.stopped) == 1, "who made few is not to blame"
        assert ballast.is_held, "it would give no file"

    asyncio.run(test())


def test_files_that_were_held_are_given_where_a_stopped_job_left_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = InodeBallast(tmp_path / "ballast-files", 40)
    left = [1_040]

    async def test() -> None:
        jobs = Jobs(A)
        looking = guard(tmp_path, jobs, inodes=(lambda: left[0], 1_000), inode_ballast=ballast)
        for number in range(200):
            (tmp_path / A / f"empty{number}").write_bytes(b"")
        await looking.look()
        assert ballast.is_held
        left[0] = 0
        await looking.look()
        assert [job for job, _ in jobs.stopped] == [A]
        assert ballast.is_held, "what is stopped has not ended, and would make more"
        jobs.there = []
        await looking.look()
        assert not ballast.is_held
        assert "the last 40 files that were held are free now" in caplog.text

    asyncio.run(test())
