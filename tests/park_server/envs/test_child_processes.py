"""Processes that threads wait for end with the service, and with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.faults.pipes import Pipe, wait_for_exit
from support.session.limits import LIMIT_S

from park_server.envs.child_processes import ChildProcesses

FOREVER = """
import os, signal, sys
child = os.fork()
if child:
    with open(sys.argv[1], "w") as pipe:
        pipe.write(f"{child}\\n")
signal.pause()
"""


def run(
    processes: ChildProcesses, tmp_path: Path, code: str, *more: str, timeout_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    argv: Sequence[str] = [sys.executable, "-c", code, *more]
    return processes.run(argv, stdin="asked", cwd=tmp_path, env=os.environ, timeout_s=timeout_s)


def test_what_a_process_says_and_how_it_ends_are_returned(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"
    done = run(ChildProcesses(), tmp_path, code)
    assert (done.returncode, done.stdout, done.stderr) == (3, "asked\n", "why\n")


def test_a_stop_ends_what_runs_and_what_it_started(tmp_path: Path) -> None:
    processes = ChildProcesses()
    with Pipe(tmp_path / "pipe") as pipe, ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, processes, tmp_path, FOREVER, str(pipe))
        child = int(pipe.receive())
        processes.stop()
        assert running.result(LIMIT_S).returncode == -signal.SIGKILL
        wait_for_exit(child)
    assert run(processes, tmp_path, "import signal; signal.pause()").returncode == -signal.SIGKILL


def test_a_time_that_is_up_ends_what_runs(tmp_path: Path) -> None:
    with Pipe(tmp_path / "pipe") as pipe:
        with pytest.raises(subprocess.TimeoutExpired):
            run(ChildProcesses(), tmp_path, FOREVER, str(pipe), timeout_s=2.0)
        wait_for_exit(int(pipe.receive()))
