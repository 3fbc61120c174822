"""The benchmarks can start what they measure, whatever it says before it serves."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks import steps
from benchmarks.harness import timing
from benchmarks.harness.serve_here import await_start, serve_here
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


class PassingBy:
    """A service whose job passes each station a millisecond after the one before.

    ``outlasts``: it runs for longer than the answer to its submission waits.
    """

    def __init__(self, stations: Path, *, outlasts: bool) -> None:
        self.stations = stations
        self._early = ["answered"] if outlasts else []

    def call(self, _entry_point: str) -> int:
        now = time.monotonic_ns()
        names = ["received", "queued", "begun", "committed", "ordered", "called"]
        names += [*self._early, "ended", "queued", "begun", "committed", "queued", "answered"]
        moments = {number: now + number * 1_000_000 for number in range(1, len(names) + 1)}
        lines = [f"{name} {moments[number]}" for number, name in enumerate(names, 1)]
        self.stations.write_text("\n".join(lines))
        return moments[1 + names.index("called")]


@pytest.mark.parametrize("outlasts", [False, True])
def test_each_step_of_a_job_is_told_from_the_one_before(tmp_path: Path, *, outlasts: bool) -> None:
    service = PassingBy(tmp_path / "stations", outlasts=outlasts)
    moments = steps.moments(service, tmp_path)  # type: ignore[arg-type]
    found = steps.table([moments])["steps"]
    spans = {name.partition(":")[0]: median for name, (median, _) in found.items()}
    assert list(spans) == list(steps.STEPS)[1:]
    del spans["received"], spans["there"]  # by this process's own clock
    # a write came before the answer, and perhaps an answer before the end
    long = {"answered", "ended"} if outlasts else {"answered"}
    assert spans == {name: 2.0 if name in long else 1.0 for name in spans}


def test_what_comes_alone_is_timed_after_a_rest_and_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = []
    monkeypatch.setattr(timing, "_REST_S", 0.2)
    rested = timing.seconds(lambda: done.append(timing.seconds_alone(lambda: None)))
    assert done[0] < 0.2 <= rested
