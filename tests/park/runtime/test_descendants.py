"""What a process has started is found and ended, in whatever session it is."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.session.limits import LIMIT_S

from park.runtime import descendants as module
from park.runtime import processes
from park.runtime.descendants import children, descendants, end_descendants
from park.runtime.processes import is_running

FAMILY = """
import os, signal, subprocess, sys
say = "os.write(1, (str(os.getpid()) + chr(10)).encode())"  # at once, or lines may mix
code = f"import os, sys; os.setsid(); {say}; sys.stdin.read()"
first = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=1)
subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=1)
signal.pause()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, set[int]]]:
    """Give a process with two children in sessions of their own."""
    with subprocess.Popen(
        [sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:  # whatever happens: who leaves the block waits for its end
            assert parent.stdout is not None
            below = {int(parent.stdout.readline()) for _ in range(2)}
            yield parent.pid, below
        finally:
            parent.kill()


def test_children_are_found_whatever_their_session(family: tuple[int, set[int]]) -> None:
    parent, below = family
    assert set(children(parent)) == below
    assert set(descendants(parent)) == below
    assert parent in descendants(os.getpid())


def test_what_is_below_ends_and_the_process_itself_does_not(
    family: tuple[int, set[int]],
) -> None:
    parent, below = family
    assert end_descendants(parent, 60.0) == []
    assert not any(is_running(pid) for pid in below)
    assert is_running(parent)


def test_all_are_stopped_before_the_first_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, int]] = []
    alive = {1, 2}

    def stop(pid: int, number: int) -> None:
        assert number == signal.SIGSTOP
        done.append(("stopped", pid))
        if pid == 2:
            alive.add(3)  # forked in between

    def kill(pid: int, _: float) -> None:
        done.append(("killed", pid))
        alive.discard(pid)

    monkeypatch.setattr(module, "descendants", lambda _: sorted(alive))
    monkeypatch.setattr(processes, "is_running", alive.__contains__)
    monkeypatch.setattr(processes, "kill_and_wait", kill)
    monkeypatch.setattr(os, "kill", stop)
    assert end_descendants(7, LIMIT_S) == []
    assert done == [(what, pid) for what in ("stopped", "killed") for pid in (1, 2, 3)]


def test_nobody_is_below_what_is_not_there() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert descendants(gone.pid) == []
    assert end_descendants(gone.pid, 1.0) == []


def test_a_process_is_running_until_it_has_ended() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    assert is_running(child)
    descriptor = os.pidfd_open(child)
    os.kill(child, signal.SIGKILL)
    select.select([descriptor], [], [])
    assert not is_running(child), "a zombie has ended"
    os.waitpid(child, 0)
    os.close(descriptor)
    assert not is_running(child)
