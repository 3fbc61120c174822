"""Outcomes: what is said of a call that returned, and of one that did not."""

from __future__ import annotations

import errno
import json
import platform
import resource
import socket
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest

from park.runtime.outcome import JobProblem, completed, described, failed, one_line


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even its message fails")


def raised(error: BaseException) -> BaseException:
    """Return ``error`` as it is when somebody raised it."""

    def throw() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        throw()
    return caught.value


def outcome(error: BaseException, memory_bytes: int | None = None) -> dict[str, Any]:
    record = failed(3, raised(error), memory_bytes=memory_bytes)
    assert json.loads(json.dumps(record)) == record
    return record


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("too thin\nby far"), "ValueError: too thin"),
        (ValueError("  \n"), "ValueError"),
        (KeyError("chisq"), "KeyError: 'chisq'"),
        (Mute(), "Mute: (its message cannot be shown)"),
    ],
)
def test_an_error_is_one_line(error: BaseException, line: str) -> None:
    assert one_line(error) == line
    assert outcome(error)["error"] == line


def test_a_line_has_an_end() -> None:
    assert len(one_line(ValueError("x" * 10_000))) == 500
    assert len(outcome(JobProblem("result", "x" * 10_000))["error"]) == 500


def test_a_call_that_returned_has_its_result_and_what_it_used() -> None:
    record = completed(1, [1, 2])
    assert (record["attempt"], record["state"], record["result"]) == (1, "completed", [1, 2])
    assert record["usage"]["cpu_s"] > 0
    assert record["usage"]["max_rss_bytes"] > 1 << 20
    assert record["machine"]["python"] == platform.python_version()


def test_an_exception_of_the_job_has_its_traceback() -> None:
    record = outcome(ValueError("too thin"))
    assert (record["attempt"], record["state"], record["cause"]) == (3, "failed", "exception")
    assert record["traceback"].endswith("ValueError: too thin\n")
    assert "in raised" in record["traceback"]


def test_a_job_that_exits_says_so() -> None:
    record = outcome(SystemExit(3))
    assert record["cause"] == "exit"
    assert "sys.exit(3) instead of returning a result" in record["error"]


def test_memory_is_the_cause_only_where_it_was_limited() -> None:
    limited = outcome(MemoryError("no array"), memory_bytes=512 << 20)
    assert limited["cause"] == "memory"
    assert "limit is 512 MiB (MemoryError: no array)" in limited["error"]
    assert outcome(MemoryError())["cause"] == "exception"


def test_memory_that_the_service_limits_is_told_by_which_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300 << 20, 300 << 20))
    found = outcome(MemoryError())
    assert found["cause"] == "memory"
    assert found["error"] == "out of memory: a process of a job here has 300 MiB (--job-memory)"


def test_what_lacks_processes_is_told_which_option_it_may_be() -> None:
    line = outcome(BlockingIOError(11, "Resource temporarily unavailable"))["error"]
    assert line.startswith("BlockingIOError: ")
    assert "as many processes as they may: --job-processes" in line
    assert "--job-processes" not in outcome(FileNotFoundError(2, "none", "x"))["error"]


def test_what_reaches_no_network_is_told_that_it_may_be_the_policy() -> None:
    unreachable = OSError(errno.ENETUNREACH, "Network is unreachable")
    asked = RuntimeError("no answer")
    asked.__cause__ = URLError(unreachable)
    for error in (unreachable, URLError(unreachable), asked):
        line = outcome(error)["error"]
        assert "the policy of the service gives jobs no network" in line
        assert line.startswith(type(error).__name__)
        assert "\n" not in line


@pytest.mark.parametrize("nowhere", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
    ],
)
def test_behind_a_loopback_so_is_what_is_refused_or_has_no_name(
    error: OSError, monkeypatch: pytest.MonkeyPatch, *, nowhere: bool
) -> None:
    monkeypatch.setattr("park.runtime.outcome.leads_nowhere", lambda: nowhere)
    assert ("the policy of the service gives jobs no network" in outcome(error)["error"]) is nowhere


def test_what_the_machinery_knows_has_its_cause_and_the_traceback_of_what_is_behind_it() -> None:
    assert outcome(JobProblem("missing", "m has no 'fit'"))["traceback"] is None
    problem = JobProblem("import", "cannot import m")
    problem.__cause__ = raised(ImportError("no such library"))
    record = outcome(problem)
    assert (record["cause"], record["error"]) == ("import", "cannot import m")
    assert record["traceback"].endswith("ImportError: no such library\n")


def test_what_is_told_of_a_value_is_its_repr_or_its_attributes() -> None:
    fit = SimpleNamespace(chisq=1.5)
    assert described(fit) == repr(fit)
    assert described(JobProblem("exit", "x")) == repr(JobProblem("exit", "x"))
    told = Told()
    told.chisq = 1.5
    assert described(told).endswith("Told object> with\n  chisq = 1.5")


class Told:
    """Has no repr of its own."""

    chisq: float
