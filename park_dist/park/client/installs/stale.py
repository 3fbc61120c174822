"""A session that has gone stale: modules whose files have changed since it imported them.

The service runs the files, this session what it has imported. An import is known by the
module's spec, which `importlib.reload` makes anew; what a reloader changes in place is held
against the file (`patched`). When a module is seen for the first time, its file may have changed
already: then the bytecode that the import left beside it has another time and another code, or
its functions have. A file that has another time and the same content (an edit undone, a branch
and back) is as it was read. Of an extension module, its build and its source count
(`park.build.tree.loaded_extension`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.machinery import EXTENSION_SUFFIXES, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from park.build.tree.loaded_extension import newer_than_loaded
from park.local.patched import is_patched_in_place
from park.runtime.by_value.code import nested_in

__all__ = ["StaleModule", "StaleModules"]

_STARTED_NS = time.time_ns()
"""About when this session began: what is older than that was read as it is."""

_HEADER = 16
"""Bytes before the code in a file of bytecode: magic, flags, then time and size (PEP 552)."""

Signature = tuple[int, int]


class _Change(Enum):
    """What has become of a file since this session imported it, and what that means."""

    EDITED = (
        "{shown} was edited (at {at}) after it was imported here: the service runs the edited one; "
        "reload it"
    )
    DELETED = (
        "{shown} was deleted after it was imported here: the service does not have it; begin a new "
        "session"
    )
    BUILT = (
        "{shown} was built anew (at {at}) after it was imported here: the service builds the tree "
        "as it is now; begin a new session"
    )
    SOURCE = (
        "{shown} was edited (at {at}) after the extension module here was built of it: the service "
        "builds the edited one; build it here, and begin a new session"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StaleModule:
    """A module of which this session has an older state.

    ``edited`` is Unix time in seconds, 0 where the file is gone.
    """

    name: str
    shown: str
    edited: float
    change: _Change = _Change.EDITED

    def __str__(self) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(self.edited))
        return self.change.value.format(shown=self.shown, at=at)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What a module was made of: its spec, and its file as it was; None where that is unknown."""

    spec: object
    signature: Signature | None
    digest: bytes | None


class StaleModules:
    """Knows each module's file as it was when the module was imported."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Read] = {}
        self._told: dict[str, Signature] = {}

    def stale(self, roots: Iterable[Path], modules: Iterable[str] = ()) -> list[StaleModule]:
        """Return the modules below ``roots``, and those of ``modules``, that are stale."""
        with self._lock:
            loaded = _loaded(tuple(roots), frozenset(modules))
            found = [self._state(name, module, file) for name, module, file in loaded]
            return [each for each in found if each is not None]

    def untold(self, stale: Iterable[StaleModule]) -> list[StaleModule]:
        """Return those of ``stale`` that were not told yet in their present state."""
        with self._lock:
            new = [each for each in stale if self._told.get(each.name) != _mark(each)]
            self._told.update({each.name: _mark(each) for each in new})
            return new

    def _state(self, name: str, module: ModuleType, file: Path) -> StaleModule | None:
        """Return in which way ``module`` is stale; None where it is not."""
        if file.suffix != ".py":
            return _stale_extension(name, file)
        now = _signature(file)
        if now is None:
            is_gone = isinstance(getattr(module.__spec__, "loader", None), SourceFileLoader)
            gone = StaleModule(
                name=name, shown=_shown(name, file), edited=0, change=_Change.DELETED
            )
            return gone if is_gone and not file.exists() else None
        if not self._is_stale(name, module, file, now):
            return None
        return StaleModule(name=name, shown=_shown(name, file), edited=now[0] / 1e9)

    def _is_stale(self, name: str, module: ModuleType, file: Path, now: Signature) -> bool:
        read = self._known.get(name)
        if read is None or read.spec is not module.__spec__:
            is_as_read = _is_as_read(module, file, now)
            read = self._known[name] = _Read(
                spec=module.__spec__,
                signature=now if is_as_read else None,
                digest=_digest(file) if is_as_read else None,
            )
        if read.signature == now:
            return False
        digest = _digest(file)
        is_same = digest is not None and digest == read.digest
        if not is_same and not is_patched_in_place(module, file, _own_functions(module)):
            return True
        self._known[name] = _Read(spec=module.__spec__, signature=now, digest=digest)
        return False


def _mark(stale: StaleModule) -> Signature:
    return int(stale.edited * 1e9), 0


def _loaded(
    roots: tuple[Path, ...], names: frozenset[str]
) -> Iterator[tuple[str, ModuleType, Path]]:
    """Yield the modules of this session whose files are below ``roots``, or that are named."""
    prefixes = {f"{root.resolve()}{os.sep}" for root in roots} | {
        f"{root}{os.sep}" for root in roots
    }
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(file, str) or not file.endswith(_ENDINGS):
            continue
        if "-packages" in file:  # a virtualenv that lies in a tree
            continue
        prefix = next((each for each in prefixes if file.startswith(each)), None)
        if (prefix is None and name not in names) or getattr(module, "__spec__", None) is None:
            continue
        yield name, module, Path(file)


_ENDINGS = (".py", *EXTENSION_SUFFIXES)


def _shown(name: str, file: Path) -> str:
    depth = name.count(".") + 1 + (file.name == "__init__.py")
    return "/".join(file.parts[-depth:])


def _stale_extension(name: str, file: Path) -> StaleModule | None:
    newer = newer_than_loaded(file)
    if newer is None:
        return None
    return StaleModule(
        name=name,
        shown=_shown(name, newer),
        edited=newer.stat().st_mtime,
        change=_Change.BUILT if newer == file else _Change.SOURCE,
    )


def _signature(file: Path) -> Signature | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _digest(file: Path) -> bytes | None:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return None


def _is_as_read(module: ModuleType, file: Path, now: Signature) -> bool:
    """Tell whether a module that is seen for the first time is what its file is now."""
    if now[0] < _STARTED_NS:
        return True
    try:
        code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return False
    cached = _bytecode(file)
    if cached is not None and cached[0] != (now[0] // 10**9 & 0xFFFFFFFF, now[1] & 0xFFFFFFFF):
        return cached[1] == code  # another time, and perhaps the same content
    there = set(nested_in(code))
    return all(each.__code__ in there for each in _own_functions(module))


def _bytecode(file: Path) -> tuple[Signature, CodeType] | None:
    """Return time and size of the source of the bytecode beside ``file``, and its code."""
    try:
        data = Path(importlib.util.cache_from_source(str(file))).read_bytes()
        if len(data) < _HEADER or data[4:8] != b"\0\0\0\0":  # checked by hash, not by time
            return None
        made_of = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
        return made_of, marshal.loads(data[_HEADER:])  # noqa: S302 (what Python would run)
    except (OSError, NotImplementedError, ValueError, EOFError, TypeError):
        return None


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
