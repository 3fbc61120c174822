"""A process that is killed with a lock keeps it from nobody."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.session.limits import LIMIT_S

from park_server.pilots.living_lock import LivingLock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pilots are Linux's")

PROGRAM = """
import multiprocessing
import os
import signal

from park_server.pilots.living_lock import give_to_queues


def work(tasks, has_lock, done):
    with tasks._rlock:
        has_lock.send("yes")
        task = tasks._recv_bytes()
    done.send_bytes(task)


if __name__ == "__main__":
    give_to_queues()
    context = multiprocessing.get_context("spawn")
    tasks = context.Queue()
    heard, has_lock = context.Pipe(duplex=False)
    result, done = context.Pipe(duplex=False)

    def worker():
        made = context.Process(target=work, args=(tasks, has_lock, done))
        made.start()
        return made

    first = worker()
    assert heard.recv() == "yes"
    second = worker()
    assert not tasks._rlock.acquire(block=False)
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    tasks.put("a task")
    assert heard.recv() == "yes"
    print(b"a task" in result.recv_bytes())
    second.join()
"""


def test_who_is_killed_while_it_waits_for_a_task_keeps_none_from_the_next(tmp_path: Path) -> None:
    path = tmp_path / "program.py"  # spawned processes import it again
    path.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert done.stdout == "True\n"


def test_it_is_taken_once() -> None:
    lock, other = LivingLock(), LivingLock.__new__(LivingLock)
    other.__setstate__(lock.__getstate__())  # as another process has it
    with lock:
        assert not other.acquire(block=False)
    assert other.acquire(block=False)
    assert not lock.acquire(block=False)
    other.release()
    assert lock.acquire()
