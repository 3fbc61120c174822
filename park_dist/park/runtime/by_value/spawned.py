"""The ``__main__`` of processes that `multiprocessing` starts anew in a job: made there again.

Such a process runs the file of its parent's ``__main__``, to find the functions that it is to
call. What travelled by value has no file, so one is written when it is asked for.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

__all__ = ["Main", "remember", "script", "unpickled_again"]

_STARTS = frozenset({"multiprocessing.spawn", "joblib.externals.loky.backend.spawn"})
"""Who asks for the file, to have a new process run it."""

_RUNTIME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (as `__main__`)

_LARGEST = 16 * 2**20
"""Bytes of a pickle that is kept in memory for this; one with more is large data of a script."""

_pickles: list[bytes] = []
"""Those of this job that ``__main__`` is made of, in their order."""


class Main(ModuleType):
    """A ``__main__`` that travelled here: it has a file for the processes that the job starts."""

    @property
    def __file__(self) -> str:
        """The file to run, or that of the script, where somebody else asks."""
        if sys._getframe(1).f_globals.get("__name__") in _STARTS:  # noqa: SLF001 (nobody else is told)
            return script()
        try:
            file: str = self.__dict__["__file__"]
        except KeyError:
            raise AttributeError("module '__main__' has no attribute '__file__'") from None
        return file

    @__file__.setter
    def __file__(self, file: str) -> None:
        self.__dict__["__file__"] = file


def remember(data: bytes) -> None:
    """Note that ``data`` was read, and that something of ``__main__`` is in it."""
    if len(data) <= _LARGEST:
        _pickles.append(data)


def script() -> str:
    """Write a file that makes ``__main__`` again where it is run, and return its path."""
    descriptor, path = tempfile.mkstemp(prefix="park-main-", suffix=".py")
    atexit.register(_remove, path, os.getpid())
    text = (
        "import runpy, sys\n"
        "if '_park_runtime' not in sys.modules:\n"
        f"    runpy.run_path({os.path.join(_RUNTIME, '__main__.py')!r})['load_package']()\n"  # noqa: PTH118
        "from _park_runtime.by_value import rebuild, spawned\n"
        f"globals().update(spawned.unpickled_again({_pickles!r}, rebuild.loads))\n"
    )
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (see `JobFolder`)
        file.write(text)
    return path


def _remove(path: str, process: int) -> None:
    if os.getpid() == process:  # a fork of it has the same exit handlers
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108 (see `JobFolder`)


def unpickled_again(pickles: list[bytes], loads: Callable[[bytes], Any]) -> dict[str, Any]:
    """Return what ``pickles`` make of ``__main__``: the names that its functions know."""
    for data in pickles:
        loads(data)
    made = vars(sys.modules["__main__"])
    return {name: value for name, value in made.items() if not name.startswith("__")}
