"""Environments under faults: killed at any step, a disk that is full, many processes at once."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.labs.environment_lab import (
    environments_in,
    fetch_from,
    lock_of,
    own_interpreter,
    run_python,
)
from support.material.wheels import make_wheel

from park.errors import ServiceFault
from park_server.envs import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERPRETER = own_interpreter()
TESTS = str(Path(__file__).parents[2])

REALISE = """
    import sys
    from pathlib import Path
    from support.labs.environment_lab import environments_in, fetch_from, lock_of, own_interpreter

    def make(home, wheels):
        environments, interpreter = environments_in(home), own_interpreter()
        found = environments.realise(lock_of(wheels), interpreter, fetch=fetch_from(wheels))
        environments.compile(found, interpreter)
        return environments.verify(found.lock_hash)

    home, *wheels = map(Path, sys.argv[1:])
"""

KILLED = """
    import os, signal

    own_interpreter()
    changes = ("os.mkdir", "os.rename", "os.symlink", "os.chmod", "os.remove", "os.rmdir")
    steps, die_at, inside = 0, int(os.environ["DIE_AT"]), str(home)

    def count(event, arguments):
        global steps
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if event not in changes and not writes:
            return
        # what is made below an open directory is named relative to it
        paths = [a for a in arguments[: 1 if event == "open" else 2] if isinstance(a, (str, Path))]
        if not any(inside in str(path) or str(path)[:1] != "/" for path in paths):
            return
        steps += 1
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    make(home, wheels)
    print(steps)
"""

PATIENT = """
    print("ready", flush=True)
    sys.stdin.readline()
    print(make(home, wheels).created)
"""


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    files = {f"demo/part{n}.py": b"VALUE = 1\n" for n in range(3)} | {"demo/__init__.py": b""}
    points = {"other-1.0.dist-info/entry_points.txt": b"[console_scripts]\nsay = other:main\n"}
    other = {"other.py": b"def main():\n    print('said')\n", **points}
    return [make_wheel(tmp_path, files=files), make_wheel(tmp_path, "other", files=other)]


def start(code: str, home: Path, wheels: list[Path], **variables: str) -> subprocess.Popen[str]:
    """Start a process that runs ``code`` behind the definition of ``make``."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(REALISE) + textwrap.dedent(code), home, *wheels],
        env={**os.environ, "PYTHONPATH": TESTS, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sound(home: Path, wheels: list[Path]) -> None:
    """Sweep, realise, and see that it is whole and that programs run in it."""
    environments = environments_in(home)
    environments.sweep()
    left = [path.name for folder in environments.protected for path in folder.iterdir()]
    assert not [name for name in left if name.startswith((".building", ".quarantine"))]
    for whole in environments.list():
        environments.verify(whole.lock_hash, thorough=True)
    found = environments.realise(lock_of(wheels), INTERPRETER, fetch=fetch_from(wheels))
    environments.compile(found, INTERPRETER)
    environments.verify(found.lock_hash, thorough=True)
    assert environments.has_bytecode(found)
    code = "import demo.part1 as m, other; other.main(); print(m.VALUE)"
    assert run_python(found.executable, code) == "said\n1"


def steps_of(home: Path, wheels: list[Path]) -> int:
    """Return how many changes of the disk a whole realisation makes."""
    with start(KILLED, home, wheels, DIE_AT="0") as process:
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return int(output)


def killed_at(step: int, home: Path, wheels: list[Path]) -> bool:
    """Realise, and die at a step; False where it was done before that."""
    with start(KILLED, home, wheels, DIE_AT=str(step)) as process:
        process.communicate()
    assert process.returncode in {0, -signal.SIGKILL}
    return process.returncode != 0


@pytest.mark.slow
def test_killed_at_any_step_it_leaves_nothing_that_counts(
    tmp_path: Path, wheels: list[Path]
) -> None:
    steps = steps_of(tmp_path / "whole", wheels)
    assert steps > 100
    # each of them would take minutes; this stride meets every kind
    for step in range(1, steps, steps // 25):
        home = tmp_path / str(step)
        assert killed_at(step, home, wheels)
        sound(home, wheels)


def test_killed_again_and_again_it_goes_on_where_it_was(tmp_path: Path, wheels: list[Path]) -> None:
    half = steps_of(tmp_path / "whole", wheels) // 2
    rounds = 0
    while killed_at(half, tmp_path / "home", wheels):
        rounds += 1
        assert rounds < 20
    assert rounds > 0
    sound(tmp_path / "home", wheels)


@pytest.mark.slow
def test_many_processes_that_want_one_lock_make_it_once(tmp_path: Path, wheels: list[Path]) -> None:
    processes = [start(PATIENT, tmp_path / "home", wheels) for _ in range(8)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        answers.append(output)
    environments = environments_in(tmp_path / "home")
    assert len(environments.names()) == 1
    assert len(list(environments.entries())) == 2
    assert environments.sweep() == ()


def test_processes_that_want_different_locks_share_the_wheels(
    tmp_path: Path, wheels: list[Path]
) -> None:
    sets = [wheels, wheels[:1], wheels[1:], wheels]
    processes = [start(PATIENT, tmp_path / "home", each) for each in sets]
    for process in processes:
        _, errors = process.communicate("go\n")
        assert process.returncode == 0, errors
    environments = environments_in(tmp_path / "home")
    assert len(environments.names()) == 3
    assert len(list(environments.entries())) == 2
    for name in environments.names():
        environments.verify(name, thorough=True)


def mount(*arguments: Any) -> int:
    return int(ctypes.CDLL(None, use_errno=True).mount(*arguments))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder with 1 MiB of space, in memory; only root may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    if mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=1m,mode=755") != 0:
        pytest.skip("no permission to mount a small disk")
    yield folder
    ctypes.CDLL(None).umount2(os.fsencode(folder), 2)


def test_a_full_disk_is_told_cleaned_up_and_survived(
    small_disk: Path, tmp_path: Path, wheels: list[Path]
) -> None:
    big = make_wheel(tmp_path, "big", files={"big.py": b"X = 1\n", "big.bin": os.urandom(2 << 20)})
    environments = environments_in(small_disk / "home")
    lock = lock_of([*wheels, big])

    with pytest.raises(ServiceFault, match="No space left on device") as caught:
        environments.realise(lock, INTERPRETER, fetch=fetch_from([*wheels, big]))

    assert caught.value.hint == "free space on the service's disk, and ask again"
    assert environments.names() == ()
    assert not list(environments.store_folder.glob(".building*"))
    # what fits still works, on the same disk
    sound(small_disk / "home", wheels)


def test_a_disk_that_fills_while_compiling_leaves_the_environment_of_use(
    small_disk: Path, wheels: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill, "_cores", lambda: 1)  # so nothing is compiled before the disk is full
    environments = environments_in(small_disk / "home")
    found = environments.realise(lock_of(wheels), INTERPRETER, fetch=fetch_from(wheels))
    filler = small_disk / "filler"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize
    filler.write_bytes(bytes(free))

    with pytest.raises(ServiceFault):
        environments.compile(found, INTERPRETER)

    assert environments.verify(found.lock_hash) == found
    assert run_python(found.executable, "import other; other.main()") == "said"
    filler.unlink()
    sound(small_disk / "home", wheels)
