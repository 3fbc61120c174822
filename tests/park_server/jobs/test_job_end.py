import signal
from typing import Any

import pytest

from park.model.ids import JobId
from park.model.states import JobState
from park.wire import FileRecord
from park_server.jobs.engines.engine import AttemptExit, ExitKind
from park_server.jobs.job_end import MOST_ATTEMPTS, MOST_FORESTALLED, JobEnd, end_of, may_run_again

FILE = FileRecord(name="fit.png", sha256="ab", size=3)


def ended(kind: ExitKind = ExitKind.EXITED, *, attempt: int = 1, **facts: Any) -> AttemptExit:
    return AttemptExit(job_id=JobId("0199"), attempt=attempt, kind=kind, **facts)


def decide(attempt: AttemptExit, *, cancel: bool = False, timed_out: float | None = None) -> Any:
    return end_of(attempt, files=[FILE], cancel_requested=cancel, timed_out_s=timed_out)


def test_a_result_completes() -> None:
    end = decide(ended(outcome={"state": "completed", "result": 2000}))
    assert (end.status, end.result, end.error) == (JobState.COMPLETED, 2000, None)
    assert end.files == [FILE]


def test_of_a_long_message_the_beginning_and_the_end_are_kept() -> None:
    long = "a" * 10_000_000 + "z"
    end = decide(ended(outcome={"state": "failed", "error": long, "traceback": "T" + long}))
    assert (len(end.error) < 2_100, end.error[0], end.error[-1]) == (True, "a", "z")
    assert (len(end.traceback) < 50_100, end.traceback[:2], end.traceback[-1]) == (True, "Ta", "z")
    assert "9,998,001 characters are left out" in end.error


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_what_its_process_found_of_its_machine_is_a_few_short_texts(state: str) -> None:
    wrote = {"cpu": "a" * 300, "cores": 8, 7: "x", "libc": "\udce4"}
    end = decide(ended(outcome={"state": state, "machine": wrote}))
    assert end.machine == {"cpu": "a" * 200, "libc": "\\udce4"}
    many = {str(number): "x" for number in range(1000)}
    assert len(decide(ended(outcome={"state": state, "machine": many})).machine) == 16
    assert decide(ended(outcome={"state": state, "machine": [1]})).machine == {}


def test_what_completed_before_a_cancel_reached_it_has_completed() -> None:
    attempt = ended(outcome={"state": "completed", "result": 1})
    assert decide(attempt, cancel=True, timed_out=3).status is JobState.COMPLETED


def test_a_cancel_counts_before_how_the_process_died() -> None:
    end = decide(ended(ExitKind.SIGNALLED, signal=signal.SIGTERM), cancel=True)
    assert (end.status, end.error) == (JobState.CANCELLED, "cancelled on request")


def test_a_timeout_is_told_with_its_limit() -> None:
    end = decide(ended(ExitKind.SIGNALLED, signal=signal.SIGKILL), timed_out=1.5)
    assert (end.status, end.error) == (
        JobState.FAILED,
        "ran longer than its 1.5 s and was stopped",
    )


@pytest.mark.parametrize(
    ("cpu_s", "is_told"), [(None, False), (0.1, True), (0.6, True), (0.7, False)]
)
def test_a_fork_that_waits_for_nothing_is_told_apart(cpu_s: float | None, *, is_told: bool) -> None:
    attempt = ended(ExitKind.SIGNALLED, signal=signal.SIGKILL)
    end = end_of(attempt, files=[], cancel_requested=False, timed_out_s=12.0, forked_cpu_s=cpu_s)
    assert str(end.error).startswith("ran longer than its 12 s and was stopped")
    assert ("--fresh" in str(end.error)) is is_told


def test_a_limit_that_is_too_short_to_tell_is_told_alone() -> None:
    attempt = ended(ExitKind.SIGNALLED, signal=signal.SIGKILL)
    end = end_of(attempt, files=[], cancel_requested=False, timed_out_s=0.9, forked_cpu_s=0.0)
    assert end.error == "ran longer than its 0.9 s and was stopped"


SHORT = "for want of memory: the jobs of its environment had all of the 300.0 MiB"
BESIDE = f"a process of it, or of a job beside it, was ended meanwhile {SHORT}"


@pytest.mark.parametrize(
    ("facts", "timed_out", "line"),
    [
        ({"kind": ExitKind.SIGNALLED, "signal": signal.SIGKILL}, None, f"it was ended {SHORT}"),
        (
            {"kind": ExitKind.SIGNALLED, "signal": signal.SIGKILL},
            20.0,
            f"ran longer than its 20 s and was stopped; {BESIDE}",
        ),
        (
            {"outcome": {"state": "failed", "error": "BrokenProcessPool: terminated abruptly"}},
            None,
            f"BrokenProcessPool: terminated abruptly; {BESIDE}",
        ),
    ],
)
def test_what_the_kernel_ended_for_want_of_memory_is_told_however_the_job_failed(
    facts: dict[str, Any], timed_out: float | None, line: str
) -> None:
    attempt = ended(**facts, short_of_memory=SHORT)
    end = end_of(attempt, files=[], cancel_requested=False, timed_out_s=timed_out, forked_cpu_s=0.0)
    assert (end.status, end.error) == (JobState.FAILED, line)


def test_what_completed_beside_it_says_nothing_of_memory() -> None:
    end = decide(ended(outcome={"state": "completed", "result": 1}, short_of_memory=SHORT))
    assert (end.status, end.error) == (JobState.COMPLETED, None)


def test_an_exception_is_told_in_one_line_with_its_traceback() -> None:
    outcome = {"state": "failed", "error": "ValueError: no data", "traceback": "Traceback…"}
    end = decide(ended(outcome=outcome))
    assert (end.status, end.error) == (JobState.FAILED, "ValueError: no data")
    assert end.traceback == "Traceback…"
    assert end.files == [FILE], "what it wrote before it failed may say why"


@pytest.mark.parametrize(
    ("attempt", "line"),
    [
        (ended(ExitKind.SIGNALLED, detail="killed by SIGSEGV"), "killed by SIGSEGV"),
        (ended(ExitKind.SIGNALLED, signal=250), "the process was killed by signal 250"),
        (ended(ExitKind.LOST), "lost with its process, which left no outcome"),
        (ended(ExitKind.LOST, detail="process 7"), "lost with process 7"),
        (
            ended(ExitKind.NEVER_STARTED, attempt=5, detail="no python"),
            "given up after 5 attempts to start it: no python",
        ),
        (ended(detail="exit status 3"), "exit status 3"),
        (ended(), "its process ended without an outcome"),
    ],
)
def test_a_death_without_outcome_is_told_in_one_line(attempt: AttemptExit, line: str) -> None:
    end = decide(attempt)
    assert (end.status, end.error) == (JobState.FAILED, line)


@pytest.mark.parametrize(
    ("attempt", "restartable", "again"),
    [
        (ended(ExitKind.NEVER_STARTED), False, True),
        (ended(ExitKind.NEVER_STARTED, attempt=MOST_ATTEMPTS), True, False),
        (ended(ExitKind.LOST), False, False),
        (ended(ExitKind.LOST), True, True),
        (ended(ExitKind.LOST, attempt=MOST_ATTEMPTS), True, False),
        (ended(ExitKind.LOST, outcome={"state": "completed"}), True, False),
        (ended(ExitKind.SIGNALLED, signal=signal.SIGKILL), True, False),
        (ended(ExitKind.EXITED, status=1), True, False),
    ],
)
def test_only_what_is_proven_gone_unseen_and_may_runs_again(
    attempt: AttemptExit,
    restartable: bool,  # noqa: FBT001 (a case of the table)
    again: bool,  # noqa: FBT001
) -> None:
    assert may_run_again(attempt, restartable=restartable) is again


@pytest.mark.parametrize(
    ("kind", "attempt", "again"),
    [
        (ExitKind.NEVER_STARTED, MOST_FORESTALLED - 1, True),
        (ExitKind.NEVER_STARTED, MOST_FORESTALLED, False),
        (ExitKind.LOST, MOST_ATTEMPTS, False),
    ],
)
def test_that_services_died_before_they_started_it_is_held_against_no_job_for_long(
    kind: ExitKind, attempt: int, *, again: bool
) -> None:
    exited = ended(kind, attempt=attempt)
    assert may_run_again(exited, restartable=True, forestalled=True) is again


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        ({"state": "completed", "result": [[[[]]]] * 2}, None),
        ({"state": "completed", "result": {"$park": "file"}}, 'a file without "sha256"'),
        ({"state": "completed", "result": [float("nan")]}, "a number that JSON has not"),
        ({"state": "failed", "error": ["a"]}, "the error in it is a list, and no text"),
        ({"state": "failed", "error": "a", "traceback": 3}, "the traceback in it is a int"),
        ({"state": ["completed"], "result": 1}, "ended without an outcome"),
    ],
    ids=str,
)
def test_an_outcome_of_anything_ends_the_job(outcome: dict[str, Any], line: str | None) -> None:
    end = decide(ended(outcome=outcome))
    assert end.status is (JobState.COMPLETED if line is None else JobState.FAILED)
    assert line is None or line in str(end.error)
    assert end.files == [FILE]


def test_a_result_that_is_nested_too_deep_fails_with_the_limit() -> None:
    result: Any = []
    for _ in range(100):
        result = [result]
    end = decide(ended(outcome={"state": "completed", "result": result}))
    assert end.status is JobState.FAILED
    assert "its result is nested over 100 levels" in str(end.error)


def test_a_message_with_half_a_surrogate_pair_is_told_with_an_escape() -> None:
    end = decide(ended(outcome={"state": "failed", "error": "no \udcff", "traceback": "\ud800"}))
    assert (end.error, end.traceback) == (r"no \udcff", r"\ud800")


def test_files_that_were_not_kept_are_a_remark_to_however_it_ended() -> None:
    def remarked(outcome: dict[str, Any]) -> Any:
        return end_of(
            ended(outcome=outcome),
            files=(),
            cancel_requested=False,
            timed_out_s=None,
            not_kept="it left too much",
        )

    end = remarked({"state": "completed", "result": 2000})
    assert (end.status, end.result, end.error) == (JobState.COMPLETED, 2000, "it left too much")
    assert remarked({"state": "failed", "error": "ValueError: x"}).error == (
        "ValueError: x; it left too much"
    )


@pytest.mark.parametrize(
    ("status", "error", "line"),
    [
        (JobState.COMPLETED, None, "stopped early, kept its best"),
        (JobState.COMPLETED, "none is kept", "stopped early, kept its best; none is kept"),
        (JobState.FAILED, "ValueError: thin", "ValueError: thin"),
        (
            JobState.CANCELLED,
            "cancelled on request",
            "was asked to stop and to keep its best, went on, and was killed",
        ),
    ],
)
def test_the_end_of_a_job_that_was_asked_to_stop_says_so(
    status: JobState, error: str | None, line: str
) -> None:
    assert JobEnd(status=status, error=error).line_if_asked == line


def test_one_that_never_came_to_its_call_is_told_what_took_its_time() -> None:
    attempt = ended(ExitKind.SIGNALLED, signal=15)
    end = end_of(attempt, files=[], cancel_requested=False, timed_out_s=None, late_s=600.0)
    assert end.status is JobState.FAILED
    assert end.error == "was still importing its modules after 600 s and was stopped"
