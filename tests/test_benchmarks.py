"""The benchmarks can start what they measure, whatever it says before it serves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.serve_here import await_start, serve_here
from support.labs.job_lab import is_running

WAITS = "import signal; signal.pause()"


def saying(*lines: str, then: str = WAITS) -> list[str]:
    """Return a program that says ``lines`` where a service does, whatever it is asked."""
    said = "".join(f"{line}\n" for line in lines)
    say = f"import sys; print({said!r}, file=sys.stderr, flush=True)"
    return [sys.executable, "-ISc", f"{say}\n{then}"]


def test_a_service_may_say_something_else_first(tmp_path: Path) -> None:
    program = saying("the home was open to others: closed", "park serves at http://127.0.0.1:1")
    with serve_here(tmp_path / "new", program=program) as (pid, variables):
        assert is_running(pid)
        for name in ("PARK_CONFIG", "PARK_STATE_DIR", "PARK_CACHE_DIR"):
            assert Path(variables[name]).parent == tmp_path / "new"
    assert not is_running(pid)


def test_it_is_asked_to_serve_the_home_with_what_is_said_beside(tmp_path: Path) -> None:
    told = "import sys, pathlib; pathlib.Path(sys.argv[-1]).write_text(' '.join(sys.argv[1:]))"
    program = saying("park serves")
    program[-1] = f"{told}\n{program[-1]}"
    note = tmp_path / "note"
    with serve_here(tmp_path, "--slots", "4", "--ready-file", note, program=program):
        assert note.read_text() == (
            f"serve --home {tmp_path / 'home'} --port 0 --slots 4 --ready-file {note}"
        )


def test_one_that_ends_before_is_told_with_what_it_said(tmp_path: Path) -> None:
    program = saying("park: error: no such home", "  hint: make it", then="")
    with (
        pytest.raises(RuntimeError, match=r"did not start:\npark: error: no such home\n  hint"),
        serve_here(tmp_path, program=program),
    ):
        pytest.fail("it never served")


def test_what_it_says_later_is_nobodys_start() -> None:
    program = saying("that park serves is said at the beginning of a line alone", then="")
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(RuntimeError, match="said at the beginning"):
            await_start(process)
        process.communicate()
