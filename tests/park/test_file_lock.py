from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from support.session.limits import LIMIT_S

from park.file_lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path

HOLDS = """
import sys
from pathlib import Path
from park.file_lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
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


def test_a_lock_in_use_is_never_old(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    os.utime(key, (0, 0))
    with exclusive(key):
        assert key.stat().st_mtime > 0
