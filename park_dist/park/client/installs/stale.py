"""A session that has gone stale: modules whose files have changed since it imported them.

The service runs the files, this session what it has imported. An import is known by the
module's spec, which `importlib.reload` makes anew; what a reloader changes in place is held
against the file (`patched`). When a module is seen for the first time, its file may have changed
already: then the bytecode that the import left beside it has another time, or its functions
another code.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from park.local.patched import is_patched_in_place
from park.runtime.by_value.code import nested_in

__all__ = ["StaleModule", "StaleModules"]

_STARTED_NS = time.time_ns()
"""About when this session began: what is older than that was read as it is."""

_HEADER = 16
"""Bytes before the code in a file of bytecode: magic, flags, then time and size (PEP 552)."""

Signature = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleModule:
    """A module of which this session has an older state; ``edited`` is Unix time in seconds."""

    name: str
    shown: str
    edited: float

    def __str__(self) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(self.edited))
        return (
            f"{self.shown} was edited (at {at}) after it was imported here: the service runs the "
            "edited one; reload it"
        )


class StaleModules:
    """Knows each module's file as it was when the module was imported."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[object, Signature | None]] = {}
        self._told: dict[str, Signature] = {}

    def stale(self, roots: Iterable[Path], modules: Iterable[str] = ()) -> list[StaleModule]:
        """Return the modules below ``roots``, and those of ``modules``, that are stale."""
        with self._lock:
            return [
                StaleModule(name=name, shown=shown, edited=signature[0] / 1e9)
                for name, module, file, shown in _loaded(tuple(roots), frozenset(modules))
                if (signature := _signature(file)) is not None
                and self._is_stale(name, module, file, signature)
            ]

    def untold(self, stale: Iterable[StaleModule]) -> list[StaleModule]:
        """Return those of ``stale`` that were not told yet in their present state."""
        with self._lock:
            new = [each for each in stale if self._told.get(each.name) != _mark(each)]
            self._told.update({each.name: _mark(each) for each in new})
            return new

    def _is_stale(self, name: str, module: ModuleType, file: Path, now: Signature) -> bool:
        spec, read = self._known.get(name, (None, None))
        if spec is None or spec is not module.__spec__:
            read = now if _is_as_read(module, file, now) else None
            self._known[name] = (module.__spec__, read)
        if read != now and is_patched_in_place(module, file, _own_functions(module)):
            self._known[name] = (module.__spec__, now)
            return False
        return read != now


def _mark(stale: StaleModule) -> Signature:
    return int(stale.edited * 1e9), 0


def _loaded(
    roots: tuple[Path, ...], names: frozenset[str]
) -> Iterator[tuple[str, ModuleType, Path, str]]:
    """Yield the modules of this session whose files are below ``roots``, or that are named."""
    prefixes = {f"{root.resolve()}{os.sep}" for root in roots} | {
        f"{root}{os.sep}" for root in roots
    }
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(file, str) or not file.endswith(".py"):
            continue
        if "-packages" in file:  # a virtualenv that lies in a tree
            continue
        prefix = next((each for each in prefixes if file.startswith(each)), None)
        if (prefix is None and name not in names) or getattr(module, "__spec__", None) is None:
            continue
        depth = name.count(".") + 1 + file.endswith("__init__.py")
        yield name, module, Path(file), "/".join(Path(file).parts[-depth:])


def _signature(file: Path) -> Signature | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _is_as_read(module: ModuleType, file: Path, now: Signature) -> bool:
    """Tell whether a module that is seen for the first time is what its file is now."""
    if now[0] < _STARTED_NS:
        return True
    cached = _bytecode_signature(file)
    if cached is not None and cached != (now[0] // 10**9 & 0xFFFFFFFF, now[1] & 0xFFFFFFFF):
        return False
    try:
        code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return False
    there = set(nested_in(code))
    return all(each.__code__ in there for each in _own_functions(module))


def _bytecode_signature(file: Path) -> Signature | None:
    """Return time and size of the source that the bytecode beside ``file`` was made of."""
    try:
        with Path(importlib.util.cache_from_source(str(file))).open("rb") as cached:
            header = cached.read(_HEADER)
    except (OSError, NotImplementedError):
        return None
    if len(header) < _HEADER or header[4:8] != b"\0\0\0\0":  # checked by hash, not by time
        return None
    return int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")


def _own_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions of a module that its own file has, those of its classes too."""
    for value in list(vars(module).values()):
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for each in (function for member in members for function in _behind(member)):
            is_own = each.__module__ == module.__name__
            if is_own and each.__code__.co_filename == module.__file__:
                yield each


def _behind(member: object) -> Iterator[FunctionType]:
    """Yield the functions that ``member`` is made of: decorated ones, those of a property."""
    if isinstance(member, property):
        for each in (member.fget, member.fset, member.fdel):
            yield from _behind(each)
    passed: set[int] = set()
    while member is not None and id(member) not in passed:
        passed.add(id(member))
        if isinstance(member, FunctionType):
            yield member
        try:
            member = getattr(member, "__wrapped__", None) or getattr(member, "__func__", None)
        except Exception:  # noqa: BLE001 (whatever lies in a module answers as it likes)
            return
