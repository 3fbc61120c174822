from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from park.runtime.used.hook import Listener
from park.runtime.used.notes import Notes, Surroundings

if TYPE_CHECKING:
    from pathlib import Path

NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@pytest.fixture
def listener() -> Listener:
    """Give a listener of a process that may write to /job and /tmp."""
    surroundings = Surroundings(environment="/env/", ignored=("/job/",), private=("/tmp/",))  # noqa: S108
    return Listener(Notes(), surroundings)


def hear(listener: Listener, event: str, *args: Any) -> Notes:
    """Let the listener hear an event."""
    listener.hear(event, args)
    return listener.notes


def test_what_is_opened(listener: Listener) -> None:
    hear(listener, "open", "/env/a.py", "r", os.O_RDONLY)
    hear(listener, "open", b"/env/b", None, os.O_RDONLY)
    hear(listener, "open", "/job/call.json", "r", os.O_RDONLY)
    hear(listener, "open", 3, "r", os.O_RDONLY)
    notes = hear(listener, "sqlite3.connect", "/env/c.db")
    assert notes.read == {"/env/a.py", "/env/b", "/env/c.db"}
    assert (notes.why_this_lock, notes.why_never) == (None, None)


def test_it_rests_and_wakes(listener: Listener) -> None:
    listener.rest()
    hear(listener, "open", "/env/a.py", "r", os.O_RDONLY)
    assert not listener.is_heard()
    listener.wake()
    assert hear(listener, "open", "/env/b.py", "r", os.O_RDONLY).read == {"/env/b.py"}


def test_what_is_opened_by_way_of_its_own_process(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with (tmp_path / "x").open() as file:
        hear(listener, "open", f"/proc/self/fd/{file.fileno()}", "r", os.O_RDONLY)
        hear(listener, "open", f"/proc/self/root{tmp_path}/y", "r", os.O_RDONLY)
        notes = hear(listener, "open", "/proc/self/status", "r", os.O_RDONLY)
    assert {path for path in notes.read if "/proc/" not in path} == {
        str(tmp_path / "x"),
        str(tmp_path / "y"),
    }


def test_a_link_is_a_look_at_what_it_leads_to(listener: Listener, tmp_path: Path) -> None:
    listener.surroundings = Surroundings(
        environment=f"{tmp_path}/env/", ignored=("/job/",), private=()
    )
    (tmp_path / "env/package").mkdir(parents=True)
    hear(listener, "os.link", f"{tmp_path}/env/a.py", "/job/a.py", -1, -1)
    hear(listener, "os.symlink", f"..{tmp_path}/env/b.py", "/job/b.py", -1)
    notes = hear(listener, "os.symlink", "/job/own", "/job/link", -1)
    assert notes.read == {f"{tmp_path}/env/a.py", f"{tmp_path}/env/b.py"}
    assert (notes.why_this_lock, notes.why_never) == (None, None)
    hear(listener, "os.symlink", f"{tmp_path}/env/package", "/job/package", -1)
    assert notes.why_this_lock == f"it made a link to the folder {tmp_path}/env/package"
    hear(listener, "os.symlink", str(tmp_path), "/job/data", -1)
    assert notes.why_never == f"it made a link to the folder {tmp_path}"


@pytest.mark.parametrize(
    ("mode", "flags"), [("w", NEW), ("a", 0), ("r+", 0), (None, os.O_RDWR), (None, NEW)]
)
def test_a_write_outside(listener: Listener, mode: str | None, flags: int) -> None:
    assert hear(listener, "open", "/data/x", mode, flags).why_never == (
        "it wrote /data/x, outside of its own folder"
    )


def test_what_was_written_is_no_input(listener: Listener) -> None:
    hear(listener, "open", "/tmp/x", "w", NEW)  # noqa: S108
    hear(listener, "open", "/tmp/x", "r", os.O_RDONLY)  # noqa: S108
    hear(listener, "os.rename", "/tmp/x", "/tmp/y", -1, -1)  # noqa: S108
    hear(listener, "open", "/tmp/y", "r", os.O_RDONLY)  # noqa: S108
    notes = hear(listener, "open", "/tmp/z", "a", os.O_WRONLY | os.O_APPEND)  # noqa: S108
    assert (notes.read, notes.why_never) == ({"/tmp/z"}, None)  # noqa: S108


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("os.remove", ("/data/x", -1)),
        ("os.rmdir", ("/data/x", -1)),
        ("os.truncate", ("/data/x", 3)),
        ("os.chmod", ("/data/x", 0o600, -1)),
        ("os.utime", ("/data/x", None, None, -1)),
        ("os.rename", ("/job/x", "/data/x", -1, -1)),
        ("os.link", ("/job/x", "/data/x", -1, -1)),
        ("os.symlink", ("/job/x", "/data/x", -1)),
    ],
)
def test_a_change_outside(listener: Listener, event: str, args: tuple[Any, ...]) -> None:
    assert hear(listener, event, *args).why_never == (
        "it changed /data/x, outside of its own folder"
    )


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("subprocess.Popen", ("cat", ["cat"], None, None)),
        ("os.system", (b"cat x",)),
        ("os.exec", ("/bin/cat", ["cat"], None)),
        ("os.posix_spawn", ("/bin/cat", ["cat"], {})),
        ("os.fork", ()),
        ("os.forkpty", ()),
        ("cpython._PySys_ClearAuditHooks", ()),
        ("ctypes.dlopen", ("/opt/x.so",)),
        ("ctypes.dlsym", (object(), "open")),
        ("ctypes.dlsym", (object(), b"__xstat64")),
        ("ctypes.dlsym/handle", (1, "system")),
        ("open", (object(), "r", 0)),
        ("open", ("code.py", None, os.O_RDONLY)),  # relative to what is not told
        ("cpython.PyInterpreterState_New", ()),
    ],
)
def test_what_makes_the_lock_hash_decide(
    listener: Listener, event: str, args: tuple[Any, ...]
) -> None:
    assert hear(listener, event, *args).why_this_lock is not None


def test_nothing_fails_where_the_notes_are_gone(listener: Listener) -> None:
    listener.notes = None  # type: ignore[assignment]
    listener.hear("open", ("/env/a", "r", 0))


def test_libraries_of_the_environment_and_of_c(listener: Listener) -> None:
    for name in (None, "libc.so.6", "/env/x.so"):
        hear(listener, "ctypes.dlopen", name)
    notes = hear(listener, "import", "x", "/env/y.so", [], [], [])
    assert (notes.read, notes.why_this_lock) == ({"/env/x.so", "/env/y.so"}, None)


def test_what_opens_nothing_is_called_by_ctypes(listener: Listener) -> None:
    for name in ("malloc_trim", "PyThreadState_SetAsyncExc", b"LLVMPY_OpenFile", 7):
        notes = hear(listener, "ctypes.dlsym", object(), name)
    assert notes.why_this_lock is None


def test_uname_opens_nothing(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = hear(listener, "subprocess.Popen", "uname", ["uname", "-p"], None, None)
    assert (notes.asked_the_machine, notes.why_this_lock) == (True, None)
    own = tmp_path / "uname"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    listener.surroundings = Surroundings(environment=f"{tmp_path}/", ignored=(), private=())
    assert hear(listener, "subprocess.Popen", "uname", [], None, None).why_this_lock is not None


def test_what_is_listed(listener: Listener, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    hear(listener, "os.listdir", "/env/data")
    hear(listener, "os.scandir", descriptor)
    os.close(descriptor)
    assert hear(listener, "os.listdir", "/job").listed == {"/env/data", str(tmp_path)}


def test_a_new_folder_is_the_jobs_own(listener: Listener, tmp_path: Path) -> None:
    hear(listener, "os.mkdir", f"{tmp_path}/new", 0o700, -1)
    hear(listener, "os.mkdir", str(tmp_path), 0o700, -1)
    hear(listener, "os.listdir", f"{tmp_path}/new")
    assert hear(listener, "os.listdir", str(tmp_path)).listed == {str(tmp_path)}


_LISTENS = """
import importlib, importlib.metadata, os, sys
from park.runtime.used.hook import Listener
from park.runtime.used.notes import Notes, Surroundings
listener = Listener(Notes(), Surroundings(environment="/env/", ignored=(), private=()))
assert not listener.is_heard()
listener.install()
assert listener.is_heard()
sys.path.insert(0, sys.argv[1])
import found
assert listener.notes.read >= {sys.argv[1] + "/found.py"}
assert not listener.notes.listed and not listener.notes.metadata
list(importlib.metadata.distributions(path=[sys.argv[1]]))
assert listener.notes.metadata and not listener.notes.listed
os.listdir(sys.argv[1])
assert listener.notes.listed == {sys.argv[1]}
listener.notes = Notes()
assert listener.is_heard()
"""


def test_who_lists_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "found.py").write_text("")
    command = [sys.executable, "-B", "-c", _LISTENS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
