"""`park.runtime.protect`, in a child process, since a namespace is for the life of a process."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from park.runtime.protect import libc, protect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")

_NOBODY = 65534
_PR_SET_DUMPABLE = 4


def _in_child(body: Callable[[], str]) -> str:
    """Run ``body`` in a fork of this process and return what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = body()
        except BaseException as err:  # noqa: BLE001 (a child must never return into pytest)
            answer = f"raised {err!r}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as file:  # noqa: PTH123 (a descriptor, not a path)
        answer = file.read()
    os.waitpid(child, 0)
    return answer


def _attempt_write(path: Path) -> str:
    try:
        path.write_text("scribble")
    except OSError as err:
        return errno.errorcode[err.errno or 0]
    return "written"


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # A change of user takes /proc/self away from it until the next exec; we do not exec.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def _protect_then_write(*, folder: Path, target: Path, user: int | None = None) -> str:
    def body() -> str:
        if user is not None:
            _become(user)
        if not protect([str(folder)]):
            return "not protected"
        return f"{os.geteuid()} {_attempt_write(target)}"

    answer = _in_child(body)
    if answer == "not protected":
        pytest.skip("this machine permits no mount namespace")
    return answer


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can reach, unlike pytest's `tmp_path`."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o777)
        made = Path(parent, "store")
        made.mkdir()
        made.chmod(0o777)
        (made / "file").write_text("content")
        (made / "file").chmod(0o666)
        yield made


def test_a_protected_folder_refuses_writes_whoever_makes_them(folder: Path) -> None:
    answer = _protect_then_write(folder=folder, target=folder / "file")

    assert answer == f"{os.geteuid()} EROFS"
    assert (folder / "file").read_text() == "content"


def test_an_ordinary_user_keeps_the_user_id_and_is_refused_too(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    answer = _protect_then_write(folder=folder, target=folder / "file", user=_NOBODY)

    assert answer == f"{_NOBODY} EROFS"


def test_what_lies_beside_stays_writable(folder: Path) -> None:
    beside = folder.parent / "beside"

    answer = _protect_then_write(folder=folder, target=beside)

    assert answer == f"{os.geteuid()} written"


def test_the_rest_of_the_machine_sees_no_change(folder: Path) -> None:
    _protect_then_write(folder=folder, target=folder / "file")

    assert _attempt_write(folder / "file") == "written"


def test_a_missing_folder_is_reported_and_the_others_are_protected(folder: Path) -> None:
    def body() -> str:
        return f"{protect([str(folder / 'absent'), str(folder)])} {_attempt_write(folder / 'file')}"

    assert _in_child(body) in {"False EROFS", "False written"}


def test_other_systems_answer_no(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert protect([str(folder)]) is False


def test_the_c_library_is_opened_once_for_all_children() -> None:
    assert libc() is libc()
    assert {"capset", "mount", "prctl", "syscall", "unshare"} <= vars(libc()).keys()
