"""Be an ordinary user, also where the tests run as root, to whom no file is read-only."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.session.limits import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["as_ordinary_user", "folder_of_ordinary_user", "give_to_ordinary_user"]

_NOBODY = 65_534
"""The user (and group) without rights, in the kernel's own words (``overflowuid``)."""


@contextmanager
def folder_of_ordinary_user() -> Iterator[Path]:
    """Give a new folder that the ordinary user can reach; pytest's are for its own user only."""
    folder = Path(tempfile.mkdtemp(prefix="park-test-"))
    try:
        yield folder
    finally:
        for parent, _, _ in os.walk(folder):
            Path(parent).chmod(0o700)
        shutil.rmtree(folder)


def give_to_ordinary_user(root: Path) -> None:
    """Make ``root`` and all below it the ordinary user's."""
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)


def as_ordinary_user(action: Callable[[], None]) -> None:
    """Run ``action`` without root's rights: in a child process that gave them up, as root.

    It may import nothing new and start nothing: root's files need not be readable there.
    """
    if os.geteuid() != 0:
        action()
        return
    _join_compilers()
    reading, writing = os.pipe()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        child = os.fork()  # threads that pytest may have do not matter: none of its locks is used
    if child == 0:
        os._exit(_ended(action, writing))
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:  # noqa: PTH123 (a descriptor)
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, said


def _join_compilers() -> None:
    """Wait for who compiles ahead: the child would inherit the file lock that it holds."""
    for thread in threading.enumerate():
        if thread.name == "park-compile-ahead":
            thread.join(LIMIT_S)


def _ended(action: Callable[[], None], writing: int) -> int:
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        action()
    except BaseException:  # noqa: BLE001 (the parent tells)
        os.write(writing, traceback.format_exc().encode())
        return 1
    return 0
