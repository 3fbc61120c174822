"""Why something cannot be sent: which variable holds it, the way to that, and the remedy."""

from __future__ import annotations

import io
import re
import socket
import sys
import types
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextvars import ContextVar
from queue import Queue, SimpleQueue
from subprocess import Popen
from threading import Barrier, Condition, Event, Semaphore, Thread, local
from typing import Any

from park.errors import UsageError
from park.runtime.by_value.trail import names_on

__all__ = ["refusal_of"]

_LONGEST_REPR = 200


def refusal_of(name: str, way: Sequence[Any], error: Exception) -> UsageError:
    """Return what to raise where the last of ``way`` cannot be sent.

    ``way`` begins with what is sent, which people know as ``name``, and has all that the
    pickler took apart on its way.
    """
    last = next((n for n, each in enumerate(way) if _is_whole(each)), len(way))
    way = way[: last + 1]  # not what it is made of
    names = [name, *names_on(way)]
    sent = name.partition(" → ")[0]
    if _is_placeholder(way[-1]):
        return UsageError(
            f"{sent} cannot be sent: {' → '.join(names)} is {way[-1]!r}, which is not known "
            "before that job has ended",
            hint="pass it as an argument of the call: in the job it is the value",
        )
    if _is_session(way[-1]):
        return UsageError(
            f"{sent} cannot be sent: {' → '.join(names[:2])} is the session of IPython, which "
            "!commands, %magics and get_ipython() work in, and no job has",
            hint="in the function, run commands by subprocess.run(…), and leave magics out",
        )
    what, remedy = _told(way[-1])
    return UsageError(
        f"{sent} cannot be sent: {' → '.join(names)} is {what} ({error})", hint=remedy
    )


def _is_whole(value: Any) -> bool:
    """Tell whether the way ends at ``value``, whatever that is made of."""
    if isinstance(value, _OF_A_PROCESS) or _is_placeholder(value) or _is_session(value):
        return True
    is_one = not isinstance(value, type) and not callable(value)
    return is_one and any(_is_of_kind(type(value), names) for names, _, _ in _KNOWN_BY_NAME)


def _is_of_kind(kind: type, names: tuple[str, ...]) -> bool:
    """Tell whether ``kind``, or one that it derives from, has one of ``names``."""
    for each in kind.__mro__:
        package = str(each.__module__).partition(".")[0].lstrip("_")
        if not {package, f"{package}.{each.__qualname__}"}.isdisjoint(names):
            return True
    return False


def _is_session(value: Any) -> bool:
    """Tell whether ``value`` is the session of IPython, or its ``get_ipython``."""
    shells = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", ())
    return isinstance(getattr(value, "__self__", value), shells)


def _is_placeholder(value: Any) -> bool:
    """Tell whether ``value`` stands for what a job will leave (`park.client.jobs.placeholders`)."""
    return hasattr(type(value), "_stands_for")


def _told(value: Any) -> tuple[str, str]:
    """Return what ``value`` is, and what to do."""
    kind = type(value)
    full = f"{kind.__module__}.{kind.__qualname__}"
    known = _known(value)
    if known is not None:
        return f"{known[0]}, {_shown(value)}", known[1]
    if full == "numpy.ufunc":
        what = "a ufunc of numpy.frompyfunc, which does not tell what it calls"
        remedy = "make it inside the function, of the function that it calls"
    elif kind.__name__ in {"Connection", "Cursor", "Session", "Client", "Engine"}:
        what, remedy = f"a connection, {_shown(value)}", "connect inside the function"
    elif kind.__module__ in {"_thread", "threading"}:
        what, remedy = f"a lock of this process, {_shown(value)}", "make it inside the function"
    elif isinstance(value, types.ModuleType):
        what = f"a module, {_shown(value)}"
        remedy = "import it from a file beside the script, or refer to the functions that it has"
    elif isinstance(value, Iterator):
        what = f"an iterator, {_shown(value)}"
        remedy = "make a list of it, or make it inside the function"
    elif full.startswith("park.client."):
        what = _shown(value)
        remedy = (
            "jobs have no client: pass jobs and what they leave as arguments, and submit from here"
        )
    else:
        what = f"a {full}"
        remedy = "make it inside the function, or pass what it is made from as arguments"
    return what, remedy


def _known(value: Any) -> tuple[str, str] | None:
    """Return what ``value`` is, and what to do, where its kind is one of those below."""
    for kinds, what, remedy in _KNOWN:
        if isinstance(value, kinds):
            return what, remedy
    for names, what, remedy in _KNOWN_BY_NAME:
        if _is_of_kind(type(value), names):
            return what, remedy
    return None


_OPEN_IT = "open it inside the function: pass its name, or park.File(path) for a file of here"

_KNOWN: tuple[tuple[tuple[type, ...], str, str], ...] = (
    (
        (io.IOBase,),
        "an open file",
        _OPEN_IT,
    ),
    ((socket.socket,), "a socket", "connect inside the function"),
    (
        (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
        "a generator or coroutine that is under way",
        "make a list of it, or make it inside the function",
    ),
    (
        (weakref.ReferenceType, weakref.ProxyType, weakref.CallableProxyType),
        "a weak reference",
        "pass what it refers to",
    ),
    ((re.Match,), "a match", "pass what it found: match.groupdict(), match.group()"),
    (
        (types.TracebackType, types.FrameType),
        "of what runs here",
        "pass its text: traceback.format_exc()",
    ),
    (
        (Thread, Event, Condition, Semaphore, Barrier, local, ContextVar),
        "of this process",
        "make it inside the function",
    ),
    (
        (SimpleQueue, Queue, Executor, Popen),
        "of this process",
        "make it inside the function",
    ),
)


_KNOWN_BY_NAME: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        (
            "h5py.HLObject",
            "netCDF4.Dataset",
            "tables.File",
            "tarfile.TarFile",
            "zipfile.ZipFile",
        ),
        "an open file",
        _OPEN_IT,
    ),
    (
        ("PyQt5", "PyQt6", "PySide2", "PySide6", "Shiboken", "gi", "sip", "tkinter", "wx"),
        "of a window of this process",
        "leave it out: pass the values that it shows",
    ),
    (
        ("asyncio", "contextvars", "mmap", "multiprocessing"),
        "of this process",
        "make it inside the function",
    ),
)
"""What nobody has all of, or what has many classes: packages, or classes with their package."""


_OF_A_PROCESS = tuple(kind for kinds, _, _ in _KNOWN for kind in kinds)


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 (whatever a foreign __repr__ does)
        text = f"a {type(value).__qualname__}"
    return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 1]}…"
