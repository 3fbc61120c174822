"""From the folder of a job that has ended to what its run used.

What lies there its own process wrote: links are not followed, sizes bounded, and what is odd makes
the run good for its own lock alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from park.errors import UsageError
from park.model.memo.expansion import expanded
from park.model.memo.file_view import FileView
from park.model.memo.trace import Trace
from park.model.memo.usage import OutsideFile, Usage
from park_server import untrusted
from park_server.json_pieces import loads
from park_server.used.outside import Outside, by_rule, is_late

__all__ = ["Collection"]

_USED, _BASE = "used.json", "used-base.json"
_MOST_BYTES = 16 << 20
"""A hundred thousand paths."""

_SMALL_BYTES = 64 << 10
"""What a process notes that a fork server forked: the files of its own job alone."""

_KEPT = 256
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Collection:
    """Makes usages of what jobs noted. Blocking, and thread-safe.

    Jobs that a fork server forked have most in common, so what comes of equal notes is kept.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._bases: OrderedDict[str, Trace] = OrderedDict()
        self._usages: OrderedDict[tuple[str, ...], Usage] = OrderedDict()
        self._lock = Lock()

    def collected(
        self, directory: Path, attempt: int, *, environment: Path, view: FileView | None
    ) -> Usage:
        """Return what ``attempt`` of the job in ``directory`` used, in the lock of ``view``.

        Before its folder is cleared. Raises nothing: what cannot be told makes the usage good
        for its own lock only.
        """
        try:
            return self._collected(directory, attempt, environment, view)
        except (UsageError, untrusted.NotPlain, OSError, ValueError, RecursionError) as error:
            return Usage(only_this_lock=f"what it used is not known: {error}")

    def at_once(
        self, directory: Path, attempt: int, *, environment: Path, view: FileView
    ) -> Usage | None:
        """Return what `collected` does, where an event loop may wait for it; None elsewhere.

        So it is for most jobs: they note what others have noted before, and a glance at each
        file outside of the environment shows it as it was then.
        """
        try:
            record = untrusted.read_json(directory.parent, [directory.name, _USED], _SMALL_BYTES)
            if record is None or record.get("attempt") != attempt:
                return None
            own, base = Trace.from_json(record), self._known_base(record)
        except (UsageError, untrusted.NotPlain, OSError, ValueError, RecursionError):
            return None
        known = None if base is None else self._known(_key(own, record, environment, view))
        changed = None if known is None else self._outside.glance(known.outside)
        if base is None or known is None or changed is None:
            return None
        return _judged(known, own, base, lambda path, since_ns: is_late(changed[path], since_ns))

    def _collected(
        self, directory: Path, attempt: int, environment: Path, view: FileView | None
    ) -> Usage:
        record = untrusted.read_json(directory.parent, [directory.name, _USED], _MOST_BYTES)
        if record is None or record.get("attempt") != attempt:
            return Usage(only_this_lock="its process did not say what it used")
        if view is None:
            return Usage(only_this_lock="the wheels of its lock are in the store no longer")
        own, base = Trace.from_json(record), self._base(directory, record)
        key = _key(own, record, environment, view)
        usage = self._usage(key, own, base, environment, view)
        return _judged(usage, own, base, self._outside.touched)

    def _base(self, directory: Path, record: dict[str, Any]) -> Trace:
        """Return what the fork server of a job had used; an empty trace where there was none."""
        digest = record.get("base")
        if digest is None:
            return Trace(since_ns=_int(record.get("since_ns")))
        if (known := self._known_base(record)) is not None:
            return known
        content = _content(directory / _BASE)
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{_BASE} is not what its fork server wrote")
        trace = Trace.from_json(loads(content))
        self._keep(self._bases, str(digest), trace)
        return trace

    def _known_base(self, record: dict[str, Any]) -> Trace | None:
        """Return what the fork server of a job had used, where others of it came before."""
        with self._lock:
            return self._bases.get(str(record.get("base")))

    def _known(self, key: tuple[str, ...]) -> Usage | None:
        with self._lock:
            return self._usages.get(key)

    def _usage(
        self, key: tuple[str, ...], own: Trace, base: Trace, environment: Path, view: FileView
    ) -> Usage:
        """Return the usage, its outside files as they are now."""
        known = self._known(key)
        if known is not None:
            files = self._outside.look(it.path for it in known.outside)
            return known if files == known.outside else replace(known, outside=files)

        joined = base.joined(own)

        def outside(paths: Iterable[str]) -> tuple[OutsideFile, ...]:
            rules = by_rule(dict(joined.variables))
            return self._outside.look(sorted({*paths, *rules}))

        usage = expanded(joined, view, str(environment), outside)
        self._keep(self._usages, key, usage)
        return usage

    def _keep(self, kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
        with self._lock:
            kept[key] = value
            while len(kept) > _KEPT:
                kept.popitem(last=False)


def _judged(usage: Usage, own: Trace, base: Trace, touched: Callable[[str, int], bool]) -> Usage:
    """Return ``usage``; where a file changed after it was read, as far as times tell, no memo."""
    own_alone = own.paths - base.paths if own.paths else own.paths
    for each in usage.outside:
        if touched(each.path, own.since_ns if each.path in own_alone else base.since_ns):
            return replace(usage, never=f"{each.path} changed while it ran")
    return usage


def _key(
    own: Trace, record: Mapping[str, Any], environment: Path, view: FileView
) -> tuple[str, ...]:
    """Return what equal notes of jobs in equal places have in common."""
    return (str(environment), view.interpreter, str(record.get("base")), _digest_of(own))


def _digest_of(trace: Trace) -> str:
    """Return what equal notes have in common, whenever they were made."""
    rows = [
        [sorted(part) if isinstance(part, frozenset) else part]
        for part in (
            trace.read, trace.listed, trace.missing, trace.spread, trace.libraries,
            trace.metadata, trace.variables, trace.only_this_lock, trace.never,
        )
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _content(path: Path) -> bytes:
    """Return what is in a file that other folders may have as well; raises `OSError`."""
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise ValueError(f"{path.name} is no plain file")
        return file.read(_MOST_BYTES)


def _int(value: Any) -> int:
    return value if type(value) is int else 0
