"""The files of locks, from the wheel store: no environment has to be there for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from functools import lru_cache
from pathlib import Path
from threading import Lock

from park.model.lock_hash import LockHash
from park.model.memo.file_view import FileView, WheelFiles, canonical_path
from park_repo.wheelstore.entry import StoreKey, store_key
from park_repo.wheelstore.store import WheelStore
from park_server.envs.farm.farm_apply import layer_of
from park_server.envs.interpreters import Interpreter
from park_server.envs.pylock import Selection
from park_server.used.interpreter_identity import interpreter_identity

__all__ = ["Views"]

_KEPT = 64
"""Views in memory: of a large environment each takes some megabytes, most of it shared."""

_TRUSTED_S = 10.0
"""How long what was seen of an interpreter is taken for what it is."""


class Views:
    """Views by lock hash. Blocking, and thread-safe.

    ``selected`` returns what a lock selects, with the interpreter that it was made for; None
    where the lock is not known, or no interpreter here takes it.
    """

    def __init__(
        self,
        store: WheelStore,
        selected: Callable[[LockHash], tuple[Selection, Interpreter] | None],
    ) -> None:
        self._store = store
        self._selected = selected
        self._wheel = lru_cache(maxsize=4096)(self._read_wheel)
        self._views: dict[LockHash, FileView] = {}
        self._identities: dict[Interpreter, tuple[float, str]] = {}
        self._lock = Lock()

    def view(self, lock_hash: LockHash) -> FileView | None:
        """Return the files of a lock; None where it, or a wheel of it, is not here any more.

        Raises `OSError` where the interpreter cannot be read.
        """
        with self._lock:
            view = self._views.pop(lock_hash, None)
            if view is not None and view.interpreter not in self._current():
                view = None
            view = view or self._made(lock_hash)
            if view is not None:
                self._views[lock_hash] = view  # the last one is the newest
                while len(self._views) > _KEPT:
                    del self._views[next(iter(self._views))]
            return view

    def at_hand(self, lock_hash: LockHash) -> FileView | None:
        """Return the files of a lock where they are known, and nothing has to be looked at."""
        view = self._views.get(lock_hash)
        fresh = {
            identity
            for seen, identity in list(self._identities.values())
            if time.monotonic() - seen < _TRUSTED_S
        }
        return view if view is not None and view.interpreter in fresh else None

    def _current(self) -> set[str]:
        """Return the identities of all interpreters that were asked for."""
        return {self._identity(interpreter) for interpreter in list(self._identities)}

    def _made(self, lock_hash: LockHash) -> FileView | None:
        found = self._selected(lock_hash)
        if found is None:
            return None
        selection, interpreter = found
        site = f"lib/python{interpreter.target.python}/site-packages"
        wheels = []
        for wheel in selection.wheels:
            files = self._wheel(store_key(wheel.sha256, interpreter.cache_tag), site)
            if files is None:
                self._wheel.cache_clear()  # it may come back
                return None
            wheels.append(files)
        return FileView(site=site, interpreter=self._identity(interpreter), wheels=tuple(wheels))

    def _read_wheel(self, key: StoreKey, site: str) -> WheelFiles | None:
        entry = self._store.get(key)
        if entry is None:
            return None
        mounts = {
            source.removeprefix(f"{entry.path}/"): target
            for target, source in layer_of(entry, site_packages=site).mounts
        }
        digests = self._store.digests(key)
        files = dict(_placed(digests, mounts))
        return WheelFiles(
            name=entry.name,
            info=_info(files, site),
            files={canonical_path(path): sha256 for path, sha256 in files.items()},
            commands=_commands(entry.path, digests),
        )

    def _identity(self, interpreter: Interpreter) -> str:
        seen, identity = self._identities.get(interpreter, (-_TRUSTED_S, ""))
        if time.monotonic() - seen >= _TRUSTED_S:
            identity = interpreter_identity(interpreter)
            self._identities[interpreter] = time.monotonic(), identity
        return identity


def _placed(digests: Mapping[str, str], mounts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield where each file of an entry is in an environment."""
    for path, sha256 in digests.items():
        scheme, _, rest = path.partition("/")
        if scheme in mounts:
            yield f"{mounts[scheme]}/{rest}".lstrip("/"), sha256


def _commands(folder: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the programs that an installation makes of the entry points of a wheel."""
    found = next((path for path in paths if path.endswith(_ENTRY_POINTS)), None)
    if found is None:
        return ()
    text = (folder / found).read_text(encoding="utf-8", errors="replace")
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except ConfigParserError:
        return (text,)  # whatever becomes of it
    return tuple(name for group in _PROGRAMS if parser.has_section(group) for name in parser[group])


_ENTRY_POINTS = ".dist-info/entry_points.txt"
_PROGRAMS = ("console_scripts", "gui_scripts")


def _info(files: Iterable[str], site: str) -> str:
    """Return the name of the dist-info folder."""
    below = (path.removeprefix(f"{site}/").partition("/")[0] for path in files)
    return next((name for name in below if name.endswith(".dist-info")), "")
