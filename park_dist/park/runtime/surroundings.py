"""What a process gets before it runs a job: streams, directory, variables, limits, chance."""

from __future__ import annotations

import atexit
import os
import resource
import sys
from contextlib import suppress

from .order import Order

__all__ = ["enter", "lift_memory_limit", "prepare_fork", "prepare_streams"]

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW


def enter(order: Order) -> None:
    """Give this process the surroundings of ``order``. Raises `OSError` (a full disk, say)."""
    folder = order.folder
    if order.attempt > 1:  # an attempt never sees what the one before it left
        for path in (folder.stdout, folder.stderr, folder.progress, folder.work):
            _remove(path)
    _open_streams(folder.stdout, folder.stderr)
    with suppress(FileExistsError):
        os.mkdir(folder.work)  # noqa: PTH102
    os.chdir(folder.work)
    for name, value in order.variables.items():
        os.environ[name] = value
    os.environ["PARK_JOB_ID"] = order.job_id
    os.environ["PARK_JOB_ATTEMPT"] = str(order.attempt)
    os.environ["PARK_JOB_DIRECTORY"] = folder.work
    os.environ["PARK_PROGRESS_FILE"] = folder.progress
    os.environ["PARK_STOP_FILE"] = folder.stop
    sys.argv = [order.entry_point]
    if order.memory_bytes is not None:
        _limit_memory(order.memory_bytes)


def _remove(path: str) -> None:
    """Remove whatever an earlier attempt put there: a file, a pipe, a link, a folder.

    A folder that does not go (too deep, say) is moved aside; the service removes it in the end.
    """
    try:
        os.unlink(path)  # noqa: PTH108 (see `JobFolder`)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        import shutil  # seldom, and at its import more than a job costs

        with suppress(RecursionError):
            shutil.rmtree(path, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.rename(path, f"{path}.{os.getpid()}.left")  # noqa: PTH104


def _open_streams(stdout: str, stderr: str) -> None:
    """Point descriptors 0 to 2 at nothing and two files: subprocesses inherit them.

    The objects in `sys` stay: handlers that an import made hold on to them.
    """
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, stdout, _APPEND),
        (2, stderr, _APPEND),
    ):
        descriptor = os.open(path, flags, 0o644)
        os.dup2(descriptor, number)
        os.close(descriptor)


def prepare_streams() -> None:
    """Make ``sys.stdout`` and ``sys.stderr`` write UTF-8, line by line: followers see it live.

    Done once, before any fork: it costs a child more than all of its files.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _reseed_numpy() -> None:
    """Give numpy's global generator a new state: forked siblings would share the parent's.

    `random` does this itself at each fork, and so does numba.
    """
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _limit_memory(limit_bytes: int) -> None:
    """Limit this process's data (heap and private writable mappings).

    RLIMIT_DATA, not RLIMIT_AS: reserved address space and mapped libraries, of which numba
    and BLAS have gigabytes, are not memory. The hard limit stays, so that the report of a
    `MemoryError` has room; a limit for the job as a whole takes a control group.
    """
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = limit_bytes if hard == resource.RLIM_INFINITY else min(limit_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def lift_memory_limit() -> None:
    """Raise the limit as far as this process may, to report that it was reached."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def prepare_fork() -> None:
    """Make a forked process independent of its parent; needs no order, so it is done ahead."""
    _forget_exit_handlers()
    _reseed_numpy()


def _forget_exit_handlers() -> None:
    """Drop the exit handlers that the parent's import registered, as `multiprocessing` does.

    They clean up what the parent still uses, a temporary folder for example. The two that
    finish the work of this process are registered again.
    """
    atexit._clear()  # noqa: SLF001 (what `multiprocessing` calls; there is no other)
    for module, function in (("logging", "shutdown"), ("multiprocessing.util", "_exit_function")):
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], function))
