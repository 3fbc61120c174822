"""Import the entry module ahead of the jobs, and tell whether forking is safe afterwards."""

from __future__ import annotations

import contextlib
import gc
import importlib
import signal
import sys
import threading
import traceback
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
    if threading.active_count() > 1:
        # a fork has one thread: locks that the others hold would stay locked for ever
        names = ", ".join(t.name for t in threading.enumerate() if t is not threading.main_thread())
        return f"importing {module} started threads: {names}"
    # what is alive now stays: collecting it would copy its pages into every child
    gc.collect()
    gc.freeze()
    gc.disable()
    return None


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
