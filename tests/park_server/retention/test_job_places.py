"""What each job takes where several write: as much as it has written, since it began."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from park.model.ids import JobId
from park_server.clock import text_of
from park_server.retention.job_places import JobPlaces, RunningJob, Taken

MIB = 1 << 20

WRITES = """
import os, sys
folder, name, size, tail = sys.argv[1:]
file = open(folder + "/" + name, "ab")
file.write(bytes(int(size) << 20))
file.flush()
if tail == "unlink":
    os.unlink(file.name)
if tail == "close":
    file.close()
print("up", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Attempt:
    id: JobId
    pid: int | None
    ago_s: float = 0.0
    user: str = "ada"

    @property
    def started(self) -> str:
        return text_of(datetime.now(UTC) - timedelta(seconds=self.ago_s))


@contextmanager
def writer(folder: Path, name: str, size: int, tail: str = "close") -> Iterator[int]:
    command = [sys.executable, "-c", WRITES, str(folder), name, str(size), tail]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        os.sync()
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


def measured(
    home: Path, besides: Mapping[str, Path], *jobs: RunningJob, settled: bool = False
) -> Mapping[JobId, Taken]:
    places = JobPlaces(home=home, folder_of=lambda job: home / job, besides=lambda _: besides)
    if settled:
        places.settle(places.last_of(jobs[0]))
    return asyncio.run(places.measured(jobs))


def test_of_two_jobs_that_share_a_place_each_is_known_by_what_it_wrote(tmp_path: Path) -> None:
    with ExitStack() as stack:
        much = stack.enter_context(writer(tmp_path, "much", 8))
        little = stack.enter_context(writer(tmp_path, "little", 1))
        jobs = [Attempt(JobId("a"), much, 60), Attempt(JobId("b"), little, 60)]
        found = measured(tmp_path, {"its /tmp": tmp_path}, *jobs)
    for taken in found.values():
        assert taken.shared == {"its /tmp": 9 * MIB}
        assert taken.elsewhere == taken.own == 0
    assert 8 * MIB <= found[JobId("a")].likely <= 9 * MIB
    assert MIB <= found[JobId("b")].likely < 2 * MIB


def test_what_was_there_before_a_job_began_is_not_its(tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(bytes(MIB))
    past = Attempt(JobId("a"), None, 60)
    future = Attempt(JobId("b"), None, -60)
    found = measured(tmp_path, {"area": tmp_path}, past, future)
    assert found[JobId("a")].shared == {"area": MIB}
    assert found[JobId("b")].shared == {"area": 0}
    (settled,) = measured(tmp_path, {"area": tmp_path}, past, settled=True).values()
    assert settled.shared == {"area": 0}


def test_what_the_next_job_wrote_before_a_stopped_one_was_settled_is_its_own(
    tmp_path: Path,
) -> None:
    stopped, beside, following = (Attempt(JobId(name), None, age) for name, age in AGES.items())
    moments = iter([time.time() - 30, time.time() + 1])
    places = JobPlaces(
        home=tmp_path,
        folder_of=lambda job: tmp_path / job,
        besides=lambda _: {"area": tmp_path},
        clock=lambda: next(moments),
    )
    last = places.last_of(stopped)
    (tmp_path / "zeros").write_bytes(bytes(MIB))
    places.settle(last)
    found = asyncio.run(places.measured([beside, following]))
    assert found[JobId("beside")].shared == {"area": 0}
    assert found[JobId("following")].shared == {"area": MIB}


AGES = {"stopped": 60, "beside": 45, "following": 15}
"""For how many seconds each job has run, or had; the first was stopped half a minute ago."""


def test_a_file_without_a_name_is_its_who_has_it_open(tmp_path: Path) -> None:
    with writer(tmp_path, "gone", 4, "unlink") as pid:
        (taken,) = measured(tmp_path, {}, Attempt(JobId("a"), pid)).values()
    assert taken == Taken(own=4 * MIB, written=taken.written)


def test_a_file_that_is_open_counts_where_it_is(tmp_path: Path) -> None:
    """In its own folder, in a place that is looked at, or elsewhere: once."""
    for name in ("a", "area", "elsewhere"):
        (tmp_path / name).mkdir()
    for name, expected in {
        "a": Taken(own=2 * MIB, shared={"area": 0}),
        "area": Taken(shared={"area": 2 * MIB}),
        "elsewhere": Taken(shared={"area": 0}, elsewhere=2 * MIB),
    }.items():
        with writer(tmp_path / name, "file", 2, "open") as pid:
            job = Attempt(JobId("a"), pid, 60)
            (taken,) = measured(tmp_path, {"area": tmp_path / "area"}, job).values()
        assert (taken.own, taken.shared, taken.elsewhere) == (
            expected.own,
            expected.shared,
            expected.elsewhere,
        )
        (tmp_path / name / "file").unlink()


def test_another_disk_takes_no_room_here(tmp_path: Path) -> None:
    (taken,) = measured(tmp_path, {"area": Path("/proc/self")}, Attempt(JobId("a"), None)).values()
    assert taken == Taken()


def test_files_and_folders_are_counted_by_who_may_have_made_them(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for folder in (tmp_path / "a", tmp_path / "b", shared):
        folder.mkdir()
    for number in range(5):
        (tmp_path / "a" / f"own{number}").symlink_to("nowhere")
        (shared / f"came{number}").mkdir()
    places = JobPlaces(
        home=tmp_path, folder_of=lambda job: tmp_path / job, besides=lambda _: {"its /tmp": shared}
    )
    jobs = [Attempt(JobId("a"), None, 60), Attempt(JobId("b"), None, -60)]
    found = asyncio.run(places.counted(jobs))
    assert (found[JobId("a")].own, found[JobId("a")].shared) == (5, {"its /tmp": 5})
    assert found[JobId("a")].likely == 10
    assert found[JobId("b")].likely == 0, "what was there before it began is not its"
