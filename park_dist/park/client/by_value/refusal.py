"""Why something cannot be sent: which variable holds it, the way to that, and the remedy."""

from __future__ import annotations

import functools
import io
import socket
import types
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from queue import Queue, SimpleQueue
from subprocess import Popen
from threading import Barrier, Condition, Event, Semaphore, Thread
from typing import Any

from park.errors import UsageError
from park.runtime.by_value.reductions import globals_used

__all__ = ["refusal_of"]

_LONGEST_REPR = 200


def refusal_of(name: str, way: Sequence[Any], error: Exception) -> UsageError:
    """Return what to raise where the last of ``way`` cannot be sent.

    ``way`` begins with what is sent, which people know as ``name``, and has all that the
    pickler took apart on its way.
    """
    last = next((n for n, each in enumerate(way) if _is_whole(each)), len(way))
    way = way[: last + 1]  # not what it is made of
    names = _names(name, way)
    if _is_placeholder(way[-1]):
        return UsageError(
            f"{names[0]} cannot be sent: {' → '.join(names)} is {way[-1]!r}, which is not known "
            "before that job has ended",
            hint="pass it as an argument of the call: in the job it is the value",
        )
    what, remedy = _told(way[-1])
    return UsageError(
        f"{names[0]} cannot be sent: {' → '.join(names)} is {what} ({error})", hint=remedy
    )


def _is_whole(value: Any) -> bool:
    """Tell whether the way ends at ``value``, whatever that is made of."""
    return isinstance(value, _OF_A_PROCESS) or _is_placeholder(value)


def _is_placeholder(value: Any) -> bool:
    """Tell whether ``value`` stands for what a job will leave (`park.client.jobs.placeholders`)."""
    return hasattr(type(value), "_stands_for")


def _names(name: str, way: Sequence[Any]) -> list[str]:
    """Return the names on ``way``: what is not known by one (a state, say) is passed over."""
    names, known = [name], [way[0]]
    for each in way[1:]:
        for parent in reversed(known):
            label = next((label for label, part in _parts(parent) if part is each), None)
            if label is not None:
                names.append(label)
                known.append(each)
                break
    return names


def _parts(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield what ``owner`` refers to, with the name that it has there."""
    if isinstance(owner, types.FunctionType):
        yield from _parts_of_function(owner)
    elif isinstance(owner, dict):
        yield from ((str(key), value) for key, value in owner.items())
    elif isinstance(owner, (list, tuple)):
        yield from ((f"[{index}]", value) for index, value in enumerate(owner))
    elif isinstance(owner, functools.partial):
        yield owner.func.__name__ if hasattr(owner.func, "__name__") else "func", owner.func
        yield from ((f"[{index}]", value) for index, value in enumerate(owner.args))
        yield from owner.keywords.items()
    elif isinstance(owner, types.MethodType):
        yield owner.__func__.__name__, owner.__func__
        yield "self", owner.__self__
    else:
        yield from _parts_of_object(owner)


def _parts_of_function(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:
            continue
    yield from globals_used(function).items()
    defaults = function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][code.co_argcount - len(defaults) :]
    yield from zip(names, defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()
    yield from function.__dict__.items()


def _parts_of_object(owner: Any) -> Iterator[tuple[str, Any]]:
    yield from list(getattr(owner, "__dict__", {}).items())
    for cls in type(owner).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(owner, name):
                yield name, getattr(owner, name)


def _told(value: Any) -> tuple[str, str]:
    """Return what ``value`` is, and what to do."""
    kind = type(value)
    full = f"{kind.__module__}.{kind.__qualname__}"
    for kinds, what, remedy in _KNOWN:
        if isinstance(value, kinds):
            return f"{what}, {_shown(value)}", remedy
    if kind.__name__ in {"Connection", "Cursor", "Session", "Client", "Engine"}:
        return f"a connection, {_shown(value)}", "connect inside the function"
    if kind.__module__ in {"_thread", "threading"}:
        return f"a lock of this process, {_shown(value)}", "make it inside the function"
    if full.startswith("park.client."):
        return _shown(value), (
            "jobs have no client: pass jobs and what they leave as arguments, and submit from here"
        )
    return f"a {full}", "make it inside the function, or pass what it is made from as arguments"


_KNOWN: tuple[tuple[tuple[type, ...], str, str], ...] = (
    (
        (io.IOBase,),
        "an open file",
        "open it inside the function: pass its name, or park.File(path) for a file of here",
    ),
    ((socket.socket,), "a socket", "connect inside the function"),
    (
        (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
        "a generator or coroutine that is under way",
        "make a list of it, or make it inside the function",
    ),
    (
        (Thread, Event, Condition, Semaphore, Barrier, SimpleQueue, Queue, Executor, Popen),
        "of this process",
        "make it inside the function",
    ),
)


_OF_A_PROCESS = tuple(kind for kinds, _, _ in _KNOWN for kind in kinds)


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (whatever a foreign __repr__ does)
        text = f"a {type(value).__qualname__}"
    return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 1]}…"
