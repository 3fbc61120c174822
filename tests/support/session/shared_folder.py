"""One folder for all workers of a run: what one has made there, the others need not make."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from park_repo.durable import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["made_once", "shared_folder"]

_VARIABLE = "PARK_TEST_SHARED"


@cache
def shared_folder() -> Path:
    """Return the folder; it goes with the process that asks first, of which workers inherit it."""
    inherited = os.environ.get(_VARIABLE)
    if inherited:
        return Path(inherited)
    made = tempfile.mkdtemp(prefix="park-tests-")
    os.environ[_VARIABLE] = made
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # and not one that it has forked
            with suppress(OSError):
                remove_tree(Path(made))  # of which some is read-only

    atexit.register(remove)
    return Path(made)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``name`` of all workers, which the first that wants it makes."""
    folder, done = shared_folder() / name, shared_folder() / f"{name}.made"
    with FileLock(shared_folder() / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder
