from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from filelock import Timeout
from support.session.limits import LIMIT_S

from park.file_lock import exclusive, lock_at

if TYPE_CHECKING:
    from pathlib import Path

HOLDS = """
import sys
from pathlib import Path
from park.file_lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("filelock" in sys.modules or "held", flush=True)
    sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with exclusive(tmp_path / "key"):
            inside.append("second")

    thread = threading.Thread(target=second)
    with exclusive(tmp_path / "key"):
        thread.start()
        assert started.wait(LIMIT_S)
        with exclusive(tmp_path / "another-key"):  # which nobody holds
            inside.append("first")
    thread.join(LIMIT_S)
    assert inside == ["first", "second"]


def test_a_lock_that_another_thread_or_process_has_is_told(tmp_path: Path) -> None:
    key = tmp_path / "folder" / "key"
    with exclusive(key) as first, exclusive(key, wait=False) as second:
        assert (first, second) == (True, False)
    with exclusive(key, wait=False) as again:
        assert again


def test_a_lock_dies_with_its_process_and_its_file_stays(tmp_path: Path) -> None:
    key = tmp_path / "key"
    argv = [sys.executable, "-c", HOLDS, str(key)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with exclusive(key, wait=False) as held:
            assert not held
        other.kill()
        with exclusive(key):  # waits until the process is gone
            pass
    assert key.is_file()


def test_both_kinds_are_one_lock(tmp_path: Path) -> None:
    with lock_at(tmp_path / "key"), exclusive(tmp_path / "key", wait=False) as held:
        assert not held
    with exclusive(tmp_path / "key"), pytest.raises(Timeout):
        lock_at(tmp_path / "key").acquire(blocking=False)


def test_what_was_forked_while_it_was_held_does_not_keep_it(tmp_path: Path) -> None:
    read, write = os.pipe()
    with exclusive(tmp_path / "key"):
        if not (child := os.fork()):
            os.close(write)
            os.read(read, 1)  # until this process is done
            os._exit(0)
    with exclusive(tmp_path / "key", wait=False) as held:
        assert held
    os.close(write)
    os.waitpid(child, 0)
    os.close(read)


def test_a_lock_in_use_is_never_old(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    os.utime(key, (0, 0))
    with exclusive(key):
        assert key.stat().st_mtime > 0
