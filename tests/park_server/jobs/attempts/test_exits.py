"""What becomes of a job whose attempt is over: an end, another attempt, or a retry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from support.labs.schedule_lab import lab, run, value_of

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord, JobRequest
from park_server.disk import Disk
from park_server.jobs.attempts.exits import AttemptExits
from park_server.jobs.commits import Commits
from park_server.jobs.conditions.settlement import Settlement
from park_server.jobs.engines.engine import AttemptExit, ExitKind
from park_server.jobs.failures.failsafe import Failsafe
from park_server.jobs.files import left_files
from park_server.jobs.files.result_text import result_text
from park_server.jobs.folder import JobFolders, Marks
from park_server.jobs.job_end import JobEnd
from park_server.jobs.run import Run
from park_server.untrusted import TooMuch

JOB = JobId("a")
FILE = FileRecord(name="fit.png", sha256="ab", size=3)
COMPLETED = {"attempt": 1, "state": "completed", "result": 7}
FAILED = {"attempt": 1, "state": "failed", "error": "boom"}


@dataclass
class Around:
    """The parts around, which note what is done with the job."""

    refusal: Exception | None = None
    is_marked: bool = False
    done: list[str] = field(default_factory=list)
    end: JobEnd | None = None

    # the folder of the job

    async def collect(self, *_: Any) -> list[FileRecord]:
        self.done.append("collect")
        if self.refusal is not None:
            raise self.refusal
        return [FILE]

    def discard_files(self, _: JobId) -> None:
        self.done.append("discard")

    def clear(self, _: JobId) -> None:
        self.done.append("clear")

    def withdraw_stop(self, _: JobId) -> None:
        self.done.append("withdraw stop")

    def marks(self, *_: Any) -> Marks:
        return Marks(restartable=self.is_marked)

    # what is written

    async def settle(self, change: Any) -> None:
        change(None)

    def requeue(self, *_: Any) -> None:
        self.done.append("requeue")

    def retry(self, _c: object, _job: JobId, why: str, _moment: object) -> None:
        self.done.append(f"retry: {why}")

    class _Failsafe:
        def __init__(self, around: Around) -> None:
            self.around = around

        async def end(self, _: JobId, end: JobEnd) -> None:
            self.around.done.append("end")
            self.around.end = end


def settled(around: Around, exited: AttemptExit, *, options: Any = None, **facts: Any) -> list[str]:
    """Return what is done, in its order."""
    call: dict[str, Any] = {"args": [], "kwargs": {}}
    request = JobRequest(id=JOB, entry_point="m:f", call=call, lock_hash="ab", **(options or {}))
    run = Run(
        job=request,
        user="ada",
        attempt=exited.attempt,
        environment=Path("/e"),
        started="2026-01-01T00:00:00.000000Z",
        **facts,
    )
    exits = AttemptExits(
        folders=cast("JobFolders", around),
        settlement=cast("Settlement", around),
        commits=cast("Commits", around),
        failsafe=cast("Failsafe", around._Failsafe(around)),
        disk=Disk(),
    )
    asyncio.run(exits.settle(run, exited))
    return around.done


def ended(kind: ExitKind = ExitKind.EXITED, **facts: Any) -> AttemptExit:
    return AttemptExit(job_id=JOB, attempt=1, kind=kind, **facts)


def test_a_job_ends_with_its_files_and_then_its_folder_is_cleared() -> None:
    around = Around()
    assert settled(around, ended(outcome=COMPLETED)) == ["collect", "end", "clear"]
    assert around.end is not None
    assert around.end.status is JobState.COMPLETED
    assert [around.end.result, *around.end.files] == [7, FILE]


def test_a_failure_with_retries_left_is_queued_again_and_keeps_its_folder() -> None:
    around = Around()
    done = settled(around, ended(outcome=FAILED), options={"retries": 1})
    assert done == ["collect", "retry: boom"]


@pytest.mark.parametrize("facts", [{"failures": 1}, {"cancel_requested": True}])
def test_one_without_retries_or_that_is_cancelled_ends(facts: dict[str, Any]) -> None:
    done = settled(Around(), ended(outcome=FAILED), options={"retries": 1}, **facts)
    assert done == ["collect", "end", "clear"]


@pytest.mark.parametrize(
    ("kind", "options", "is_marked", "again"),
    [
        (ExitKind.NEVER_STARTED, {}, False, True),
        (ExitKind.LOST, {}, False, False),
        (ExitKind.LOST, {"restartable": True}, False, True),
        (ExitKind.LOST, {}, True, True),
        (ExitKind.SIGNALLED, {"restartable": True}, True, False),
    ],
)
def test_what_may_run_again_does_and_nothing_is_collected(
    kind: ExitKind, options: dict[str, Any], *, is_marked: bool, again: bool
) -> None:
    done = settled(Around(is_marked=is_marked), ended(kind), options=options)
    assert done == (["requeue"] if again else ["collect", "end", "clear"])


@pytest.mark.parametrize("facts", [{"cancel_requested": True}, {"timed_out_s": 1.0}])
def test_what_was_stopped_does_not_run_again(facts: dict[str, Any]) -> None:
    assert "requeue" not in settled(Around(), ended(ExitKind.NEVER_STARTED), **facts)


def test_a_job_whose_files_cannot_be_kept_fails() -> None:
    around = Around(refusal=OSError("broken"))
    assert settled(around, ended(outcome=COMPLETED)) == ["collect", "end"]
    assert around.end is not None
    assert around.end.status == "failed"
    assert "could not keep its files" in str(around.end.error)


def test_a_job_that_left_too_much_completes_with_that_remark_and_its_folder_stays() -> None:
    around = Around(refusal=TooMuch("1,001 files"))
    assert settled(around, ended(outcome=COMPLETED)) == ["collect", "end"]
    assert around.end is not None
    assert around.end.status is JobState.COMPLETED
    assert repr(around.end.result) == "7"
    assert not around.end.files
    assert "it left 1,001 files" in str(around.end.error)


def test_one_for_which_there_is_no_room_makes_some_first() -> None:
    around = Around()
    done = settled(around, ended(outcome=COMPLETED), no_room="no room for 3 GB")
    assert done == ["discard", "end", "clear"]
    assert around.end is not None
    assert (around.end.status, around.end.error) == ("failed", "no room for 3 GB")


def test_a_result_is_kept_of_a_job_that_left_too_many_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_files, "MOST_FILES", 3)

    async def test() -> None:
        async with lab(tmp_path, slots=1) as here:
            await here.submit("many")
            await here.submit("next", value_of("many"))
            order = await here.started()
            work = order.directory / "work"
            work.mkdir(exist_ok=True)
            for number in range(4):
                (work / str(number)).write_text("")
            here.complete(order, result=41)
            record = await here.final("many")
            assert record.status == "completed"
            assert record.error == (
                "it left more than 3 files and folders in its work directory, and none is kept:"
                " leave an archive"
            )
            result = here.database.read(lambda c: result_text(c, JobId("many")) or [])
            assert b"".join(result) == b"41"
            assert not record.files
            assert here.call_of(await here.started())["args"] == [41]
            here.folders.close()  # what is cleared is gone
            assert len(list(work.iterdir())) == 4

    run(test)


def test_one_that_said_nothing_ends_for_that_and_is_tried_again_as_any_failure() -> None:
    killed = ended(ExitKind.SIGNALLED, signal=9)
    around = Around()
    settled(around, killed, stalled_s=60.0)
    assert around.end is not None
    assert around.end.error == "said nothing of its progress for 60 s and was stopped"
    assert around.end.files == [FILE]
    done = settled(Around(), killed, options={"retries": 1}, stalled_s=60.0)
    retry = "retry: said nothing of its progress for 60 s and was stopped"
    assert done == ["collect", "withdraw stop", retry]


def test_one_that_stopped_when_it_was_asked_to_has_completed() -> None:
    around = Around()
    settled(around, ended(outcome=COMPLETED), stalled_s=60.0)
    assert around.end is not None
    assert around.end.status is JobState.COMPLETED
