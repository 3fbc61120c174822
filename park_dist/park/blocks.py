"""Blocks: the ``with service:`` in which this thread or task is.

A context variable has it. `asyncio` hands those on to tasks and to `asyncio.to_thread`;
threads and pools begin without. What is started in a block is in it all the same: once a
client is there (`reach_threads`), a new thread remembers the block that it was started in, and
a thread pool runs each call in the block that it was submitted in. Where neither is known,
because a thread was there before, or in a process of a pool, nobody can say whether a call
belongs to the block that is open elsewhere: `not_in_doubt` refuses it.

Nothing outside the standard library is imported here.
"""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "Block",
    "carried",
    "current_block",
    "entered",
    "left",
    "not_in_doubt",
    "reach_threads",
]


class Block:
    """A ``with service:`` of a ``process``, what was submitted in it, and the block ``outer``."""

    __slots__ = ("outer", "process", "service", "submitted")

    def __init__(self, service: Any, outer: Block | None) -> None:
        self.service = service
        self.outer = outer
        self.process = os.getpid()
        self.submitted: list[Any] = []


# Values are never changed in place: each thread and each task has its own innermost block.
_innermost: ContextVar[Block | int] = ContextVar("park_block")
"""The innermost block; or the process in which it is certain that this is in none."""

_open: list[Block] = []
"""The blocks of this process, of all threads and tasks."""

_VARIABLE = "PARK_IN_BLOCK"
"""Tells processes that are started here whether a block is open: ``PID`` while one is, or
``PID:FD`` for good, where a file of one byte in memory tells it (Linux)."""

_shared: tuple[int, int] | None = None
"""The process that writes that file, and its descriptor."""

_reaches = False

_INHERITED = "_park_block"
"""The attribute of a thread with the block that it was started in, or None."""

_CARRIED = "_park_carried"

_OWN = "park "
"""How the names of park's own threads begin: they serve whoever asks, and outlive that."""

_carried: list[ContextVar[Any]] = []
"""Other variables that go wherever a block goes, such as what records a plan."""


def entered(service: Any) -> Block:
    """Begin a block of ``service`` in this thread or task."""
    block = Block(service, current_block())
    _innermost.set(block)
    _open.append(block)
    _tell_others()
    return block


def left(service: Any) -> Block:
    """End the innermost block of ``service`` in this thread or task; return it."""
    block, inside = current_block(), []
    while block is not None and block.service is not service:
        inside.append(block)
        block = block.outer
    if block is None:
        raise RuntimeError(f"the block of {service!r} was not begun in this thread or task")
    _innermost.set(block.outer or os.getpid())
    _open[:] = [each for each in _open if each is not block and each not in inside]
    _tell_others()
    return block


def _tell_others() -> None:
    """Let other processes know whether a block is open here."""
    if _shared is not None:
        process, descriptor = _shared
        if process == os.getpid():
            os.pwrite(descriptor, bytes([bool(_open)]), 0)
    elif _open:
        os.environ[_VARIABLE] = str(os.getpid())
    else:
        os.environ.pop(_VARIABLE, None)


def current_block() -> Block | None:
    """Return the innermost block of this thread or task; None outside of any."""
    found = _innermost.get(None)
    if found is not None:
        return found if isinstance(found, Block) else None
    threading = sys.modules.get("threading")
    return None if threading is None else getattr(threading.current_thread(), _INHERITED, None)


def carried(variable: ContextVar[Any]) -> Any:
    """Return the value of ``variable``, from now on also in threads as blocks are.

    It is false where nobody has set it.
    """
    if variable not in _carried:
        _carried.append(variable)
    found = variable.get(None)
    threading = sys.modules.get("threading")
    if found is not None or threading is None:
        return found
    return getattr(threading.current_thread(), _CARRIED, {}).get(variable)


def _all_carried() -> dict[ContextVar[Any], Any]:
    return {variable: carried(variable) for variable in _carried}


def not_in_doubt() -> None:
    """Raise `UsageError` where it is not certain whether this call is in a block."""
    if _innermost.get(None) == os.getpid():  # it has left its block, or was submitted outside
        return
    where = _in_doubt()
    if where is not None:
        from park.errors import UsageError

        raise UsageError(
            f"a job is called in {where}, while a block of a service is open in another: it is "
            "not known whether it is to run there or here",
            hint="pass service=…, or use service.map(…) or service.executor() in place of the "
            "pool; to run it here, call it while no block is open",
        )


def _in_doubt() -> str | None:
    """Say where this call is made, where a block elsewhere could be meant for it.

    A forked process of a pool knows its block, and not which locks were held as it was forked.
    """
    block = current_block()
    if block is not None:
        is_theirs = block.process != os.getpid() and _is_of_pool()
        return f"the process {os.getpid()} of a pool" if is_theirs else None
    threading = sys.modules.get("threading")
    if threading is None:
        return None
    if _open and threading.current_thread() is not threading.main_thread():
        return f"the thread {threading.current_thread().name!r}"
    if _is_of_pool() and _is_told():
        return f"the process {os.getpid()} of a pool"
    return None


def _is_told() -> bool:
    """Tell whether a block is open in the process that this one comes from."""
    process, _, descriptor = os.environ.get(_VARIABLE, "").partition(":")
    if process in {"", str(os.getpid())}:
        return False
    if not descriptor:
        return True
    try:
        with open(f"/proc/{process}/fd/{descriptor}", "rb") as file:  # noqa: PTH123 (no Path is made)
            return file.read(1) == b"\1"
    except OSError:
        return False  # it has ended


def _is_of_pool() -> bool:
    """Tell whether this process is one of `multiprocessing`, or of joblib's loky."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.current_process().name != "MainProcess"


def reach_threads() -> None:
    """Have threads be in the block that they are started in, and calls in that of their submit."""
    import functools
    import threading
    from concurrent.futures import ThreadPoolExecutor

    global _reaches  # noqa: PLW0603 (done once, where there is a client)
    if _reaches:
        return
    _reaches = True
    _share()
    start: Any = threading.Thread.start
    submit: Any = ThreadPoolExecutor.submit

    @functools.wraps(start)
    def start_in_block(thread: threading.Thread) -> None:
        setattr(thread, _INHERITED, current_block())
        if not thread.name.startswith(_OWN):
            setattr(thread, _CARRIED, _all_carried())
        start(thread)

    @functools.wraps(submit)
    def submit_in_block(
        pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        where = current_block(), _all_carried()
        return submit(pool, _run_in, *where, function, args, kwargs)

    setattr(threading.Thread, "start", start_in_block)  # noqa: B010
    setattr(ThreadPoolExecutor, "submit", submit_in_block)  # noqa: B010


def _share() -> None:
    """Make the file that tells other processes, those that are there before a block as well."""
    global _shared  # noqa: PLW0603 (made once, where there is a client)
    if hasattr(os, "memfd_create") and not _is_of_pool():  # one of a pool hears of its parent
        _shared = os.getpid(), os.memfd_create("park-blocks")
        os.environ[_VARIABLE] = f"{_shared[0]}:{_shared[1]}"
        _tell_others()


def _run_in(
    block: Block | None,
    carried: dict[ContextVar[Any], Any],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Any,
) -> Any:
    before = [(_innermost, _innermost.set(block or os.getpid()))]
    # false, and not None: the thread itself may have been started elsewhere
    before += [(variable, variable.set(value or False)) for variable, value in carried.items()]
    try:
        return function(*args, **kwargs)
    finally:
        for variable, token in before:
            variable.reset(token)
