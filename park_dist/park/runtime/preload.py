"""Import the entry module ahead of the jobs, and tell whether forking is safe afterwards."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["add_library", "default_signals", "preload"]


def add_library(folder: str | None) -> None:
    """Put the job-side ``park`` behind the environment's own packages."""
    if folder is not None and folder not in sys.path and Path(folder).is_dir():
        sys.path.append(folder)


def preload(module: str) -> str | None:
    """Import ``module`` for good; return in one line why jobs cannot be forked from here.

    Several modules have commas between them.

    None means that they can. A module that cannot be imported says so in each job, with
    its own traceback, in a fresh interpreter: half an import is not a start for anybody.
    """
    try:
        for name in module.split(","):
            importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 (a module may even raise SystemExit)
        traceback.print_exc()
        return f"importing {module} failed: {type(error).__name__}"
    threads = _threads()
    if threads is not None:
        return f"importing {module} started {threads}"
    # what is alive now stays: collecting it would copy its pages into every child
    gc.collect()
    gc.freeze()
    gc.disable()
    return None


def _threads() -> str | None:
    """Say which threads there are that a fork would lack; None where it would lack none.

    A fork has one thread: locks that the others hold would stay locked for ever, and whoever
    hands them work waits for ever.
    """
    if threading.active_count() > 1:
        names = ", ".join(t.name for t in threading.enumerate() if t is not threading.main_thread())
        return f"threads: {names}"
    if native := _native_threads():
        counted = "a native thread" if native == 1 else f"{native} native threads"
        return f"{counted} (OpenMP's, say), which a fork would not have"
    # GNU's OpenMP ends a fork that uses it, also where one core needs no thread
    numba = sys.modules.get("numba.np.ufunc.parallel")
    if getattr(numba, "_is_initialized", False):
        return "numba's parallel threads, which a fork would not have"
    return None


_ENDING_S = 0.1
"""How long the kernel may take to remove threads that have ended: they are joined before that."""


def _native_threads() -> int:
    """Return how many threads of this process are neither Python's nor known to survive a fork."""
    until = time.monotonic() + _ENDING_S
    while True:
        native = _tasks() - 1
        unknown = native - sum(_openblas_threads()) if native > 0 else 0
        if unknown <= 0 or time.monotonic() > until:
            return max(unknown, 0)
        time.sleep(0.001)


def _tasks() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 (names are counted)
    except OSError:
        return 1


_OPENBLAS_NAMES = [
    f"{prefix}openblas_{{}}{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "", "_64")
]
"""How builds of OpenBLAS call their functions: numpy's and scipy's wheels, and distributions."""

_PTHREADS = 1
"""What ``openblas_get_parallel`` says of one that has threads of its own, and not OpenMP's."""


def _openblas_threads() -> Iterator[int]:
    """Yield how many threads each loaded OpenBLAS has started.

    It ends them before a fork and starts them again after it (``pthread_atfork``).
    """
    import ctypes

    for path in _loaded("openblas"):
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(path)
            parallel, count = (
                _function(library, f"get_{it}") for it in ("parallel", "num_threads")
            )
            if parallel is not None and count is not None and parallel() == _PTHREADS:
                yield count() - 1


def _function(library: object, name: str) -> Callable[[], int] | None:
    found = (getattr(library, text.format(name), None) for text in _OPENBLAS_NAMES)
    return next((each for each in found if each is not None), None)


def _loaded(name: str) -> set[str]:
    """Return the paths of the shared libraries in this process that have ``name`` in theirs."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123 (no Path is made)
        paths = {line.rstrip("\n").partition("/")[2] for line in maps if "/" in line}
    return {f"/{path}" for path in paths if name in path.rpartition("/")[2]}


def default_signals() -> None:
    """Give every signal the handler that a new interpreter has, and block none.

    Done once after the import, before any fork: whatever it installed is not the jobs'.

    Python's own two exceptions stay: SIGPIPE ignored and SIGINT raised as an exception.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            with contextlib.suppress(OSError, ValueError):  # the C library keeps two for itself
                signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
