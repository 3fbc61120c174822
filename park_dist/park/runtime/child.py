"""The process of a job: claim the attempt, call the entry point, write the outcome, leave."""

from __future__ import annotations

import atexit
import json
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn

from . import codec, outcome, processes, surroundings, target
from .folder import read_record, write_record
from .order import Order
from .room import when_there_is_room
from .used import recorder as used
from .values.outgoing import pickled

if TYPE_CHECKING:
    from .again.reuse import Reuse

__all__ = [
    "BEGUN",
    "FINISHED",
    "MARKED",
    "READY",
    "UNCLAIMED",
    "finished",
    "run",
    "run_and_stay",
    "what_is_called",
]

UNCLAIMED = 75
"""Exit status of a child whose attempt belongs to somebody else (EX_TEMPFAIL of sysexits.h)."""


FINISHED = b"f"
"""What a child says to its fork server when nothing is left to do."""

READY = b"r"
"""What one says in place of that which is there for another job."""

MARKED = b"m"
"""What a child says when it has written down what ``@park.job`` says of its callable."""

BEGUN = b"b"
"""What a child with an interpreter of its own says when all is imported, and the call begins."""

_LAST = 19
"""The lowest priority: after a large import the exit takes longer than the job did."""

_MARK = "__park_job__"
"""The attribute in which `park.jobside` keeps that; whose ``park`` it was does not matter."""


def run(order: Order, channel: socket.socket, me: processes.Identity | None = None) -> NoReturn:
    """Be the job of ``order`` until this process ends; ``me`` is this process, if that is known.

    The claim comes before anything of the user's, so an attempt that nobody has claimed has
    never started. The fork server hears through ``channel`` when nothing of the job is left
    to do here: the outcome is on disk, threads and exit handlers have ended. The kernel
    then takes milliseconds to free the memory of a large import, and nobody waits for it.
    """
    status = 1
    me = _claimed(order, me)
    if order.memo:
        used.begin(order.directory)
    try:
        status = _run(order, channel, me)
        _end(order, channel)
    finally:
        os._exit(status)


def run_and_stay(
    order: Order, channel: socket.socket, me: processes.Identity | None, reuse: Reuse
) -> None:
    """Be the job of ``order`` as in `run`; return where this process may have another one.

    The fork server has heard of that by then. What the job used is noted nowhere. The outcome says
    that the process stays, once it has nothing more of the job to do: who follows a job by its
    folder could not know that of a process that lives.
    """
    reuse.begin()
    status, stays = 1, False
    me = _claimed(order, me)
    try:
        record = _account(order, channel, reuse.cpu_s)
        is_original, status = os.getpid() == me.pid, _status_of(record)
        stays = status == 0 and is_original and _goes_on(reuse)
        _write(order, record | {"stays": stays}, is_original=is_original)
        if not stays:
            _end(order, channel)
    except BaseException:
        status, stays = 1, False
        raise
    finally:
        if not stays:
            os._exit(status)
    _say(channel, READY)


def _goes_on(reuse: Reuse) -> bool:
    """Make this process ready for another job where it may have one; tell whether it is."""
    with suppress(Exception):
        if reuse.may_go_on():
            reuse.restore()
            return True
    return False


def _claimed(order: Order, me: processes.Identity | None) -> processes.Identity:
    """Claim the attempt and return who this is; this ends where it is somebody else's."""
    me = me or processes.identity(os.getpid())
    if me is None or not _claim(order, me):
        os._exit(UNCLAIMED)
    return me


def _claim(order: Order, me: processes.Identity) -> bool:
    owner = (me if order.pid is None else replace(me, pid=order.pid)).as_record()
    if order.reuse:  # then its end is not that of the attempt
        owner["reuse"] = True
    return when_there_is_room(lambda: order.folder.claim(order.attempt, owner))


def _run(order: Order, channel: socket.socket, me: processes.Identity) -> int:
    """Run the job and write its outcome; return the exit status."""
    record = _account(order, channel)
    # a copy of this process that returns as well has a file of its own
    _write(order, record, is_original=os.getpid() == me.pid)
    return _status_of(record)


def _status_of(record: dict[str, Any]) -> int:
    return 0 if record["state"] == "completed" else 1


def _end(order: Order, channel: socket.socket) -> None:
    """Do what is left to do before this process ends, and say that it is done."""
    _wind_down()
    if order.memo:
        _tell_used(order)
    _say(channel, FINISHED)
    os.nice(_LAST)  # the kernel takes the memory apart at this process's cost


def _account(order: Order, channel: socket.socket, cpu_before_s: float = 0.0) -> dict[str, Any]:
    """Run the job and return its outcome, whatever happens."""
    try:
        _prepare(order)
        function, args, kwargs = what_is_called(order, lambda f: _tell_marks(order, f, channel))
        if order.fresh:  # a fork begins with its call
            _say(channel, BEGUN)
        result = _result(order, function(*args, **kwargs))
        return outcome.completed(order.attempt, result, cpu_before_s=cpu_before_s)
    except BaseException as error:  # noqa: BLE001 (SystemExit and KeyboardInterrupt too)
        surroundings.lift_memory_limit()
        record = outcome.failed(
            order.attempt, error, memory_bytes=order.memory_bytes, cpu_before_s=cpu_before_s
        )
        with suppress(Exception):
            sys.stderr.write(record["traceback"] or f"{record['error']}\n")
        return record


def what_is_called(
    order: Order, found: Callable[[Any], object] = lambda _: None
) -> tuple[Any, list[Any], dict[str, Any]]:
    """Return the function of ``order`` and its arguments; ``found`` hears of it before these.

    Raises `JobProblem`, and whatever the import of the function's module raises.
    """
    document = _call(order)
    function = _function(order, document)
    found(function)
    return function, *_arguments(order, document)


def _tell_marks(order: Order, function: Any, channel: socket.socket) -> None:
    """Say what ``@park.job`` says of ``function``: only here has anybody imported it."""
    marks = getattr(function, "__dict__", {}).get(_MARK)
    if marks is not None:
        record = {
            "timeout_s": marks.timeout_s,
            # none in the marks of an earlier park, which the environment may have
            "stalled_after_s": getattr(marks, "stalled_after_s", None),
            "restartable": bool(marks.restartable),
            "memo": getattr(marks, "memo", True) is not False,
        }
        write_record(order.folder.marks, {"attempt": order.attempt, **record})
        _say(channel, MARKED)


def _say(channel: socket.socket, word: bytes) -> None:
    with suppress(OSError):  # the fork server may be gone; what was written down stays
        channel.send(word)


def _prepare(order: Order) -> None:
    try:
        surroundings.enter(order)
    except Exception as error:
        line = f"the job could not be prepared: {outcome.one_line(error)}"
        raise outcome.JobProblem("preparation", line) from error


def _call(order: Order) -> dict[str, Any]:
    document = read_record(order.folder.call) if order.call is None else json.loads(order.call)
    if document is None:
        raise outcome.JobProblem("arguments", "no readable call.json")
    return document


def _function(order: Order, document: dict[str, Any]) -> Any:
    """Return what is called: what travelled by value, or what the entry point names."""
    if "function" not in document and "places" not in document:
        return target.load(order.entry_point)
    from .by_value import function_node  # what most jobs do not need

    try:
        function = function_node.decode_function(
            document, set_hash=order.set_hash, inputs=order.folder.inputs
        )
    except function_node.FunctionProblem as error:
        raise outcome.JobProblem("import", str(error)) from error
    return target.load(order.entry_point) if function is None else function


def _arguments(order: Order, document: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    try:
        return codec.decode_call(document, set_hash=order.set_hash, inputs=order.folder.inputs)
    except codec.CodecError as error:
        raise outcome.JobProblem("arguments", f"cannot read the arguments: {error}") from error


def finished(value: Any) -> Any:
    """Return what a call comes to: of a coroutine, what that returns."""
    if not isinstance(value, CoroutineType):
        return value
    import asyncio  # a third of the start of a fresh interpreter, and seldom needed

    return asyncio.run(value)


def _result(order: Order, value: Any) -> Any:
    value = finished(value)
    try:
        return codec.encode(
            value,
            set_hash=order.set_hash,
            describe=outcome.described,
            dumps=pickled,
            as_whole=True,
        )
    except codec.CodecError as error:
        raise outcome.JobProblem("result", f"cannot serialise the result: {error}") from error


def _write(order: Order, record: dict[str, Any], *, is_original: bool) -> None:
    """Put the outcome on disk; where that fails, the standard error stream says why."""
    try:
        ahead = order.folder.outcome_ahead if is_original else None
        when_there_is_room(lambda: write_record(order.folder.outcome, record, ahead))
    except OSError:
        traceback.print_exc()
        raise


def _tell_used(order: Order) -> None:
    """Write down what the job used; where that fails, its result is good for its lock alone."""
    with suppress(Exception):
        record = used.finish()
        if record is not None:
            write_record(order.folder.used, {"attempt": order.attempt, **record})


def _wind_down() -> None:
    """End as an interpreter does: wait for threads, run exit handlers, flush.

    Then `os._exit`, since taking the modules apart would only copy the parent's pages.
    """
    # what the interpreter itself calls at its end; `multiprocessing` does the same
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
