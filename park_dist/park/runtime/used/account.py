"""What a process has in it: modules, mapped files, variables, children."""

from __future__ import annotations

import os
import re
import resource
import sys
from itertools import takewhile
from types import ModuleType

from .notes import Notes, Surroundings

__all__ = ["VARIABLES", "children", "library_pages", "mapped_files", "note_modules", "variables"]

VARIABLES = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "TZ")
"""Variables that C libraries act on, which no hook sees; a service hands on its own."""

_MAPPED = re.compile(rb" (/[^\n]+)\n")
_DELETED = b" (deleted)"

_STATUS_BYTES = 16_384
"""Ten times what the lines of proc_pid_status(5) take."""


def note_modules(notes: Notes, surroundings: Surroundings, since: str | None = None) -> None:
    """Note where each module comes from, but for those up to the name ``since``.

    Newest first: to look at a module that a parent has loaded copies a page of memory.
    """
    for name in _newer(since):
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            _note(module, notes, surroundings)


def _newer(since: str | None) -> list[str]:
    return list(takewhile(lambda name: name != since, reversed(sys.modules)))


def _note(module: ModuleType, notes: Notes, surroundings: Surroundings) -> None:
    # not by attribute: some modules import others when they are asked for one
    held = module.__dict__
    file, folders = held.get("__file__"), held.get("__path__")
    if isinstance(file, str):
        if not surroundings.is_ignored(file):
            notes.read.add(file)
    elif folders is not None:
        notes.spread.update(str(it) for it in folders if not surroundings.is_ignored(f"{it}/"))


def mapped_files() -> frozenset[bytes]:
    """Return the paths of the files that are mapped into this process."""
    with open("/proc/self/maps", "rb", buffering=0) as maps:  # noqa: PTH123 (no Path is made)
        found = frozenset(_MAPPED.findall(maps.readall()))
    return frozenset(path for path in found if not path.endswith(_DELETED))


def library_pages() -> bytes:
    """Return the size of all code that is mapped from libraries: one more, and it is another.

    A hundredth of the price of their names (``VmLib`` of proc_pid_status(5)).
    """
    status = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(status, _STATUS_BYTES)
    finally:
        os.close(status)
    return text.partition(b"VmLib:")[2].partition(b"\n")[0]


def variables() -> dict[str, str]:
    """Return those of `VARIABLES` that are set."""
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}


def children() -> tuple[int, bool]:
    """Return what tells whether this process had children since another time, and has any now.

    The first counts the page faults of those that it has waited for: each has hundreds.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return used.ru_minflt + used.ru_majflt, False
    return used.ru_minflt + used.ru_majflt, True
