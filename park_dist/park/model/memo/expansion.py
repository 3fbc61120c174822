"""From what a process noted to what its run used: digests for names, by the files of its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from park.model.memo.file_view import FileView, canonical_path
from park.model.memo.trace import Trace
from park.model.memo.usage import OutsideFile, Usage

__all__ = ["expanded", "is_of_environment"]

_OWN = ("pyvenv.cfg", "bin/python", "park-view")
"""Files of the environment itself that the lock and the interpreter decide."""

_CACHE = "/__pycache__/"


def expanded(
    trace: Trace,
    view: FileView,
    environment: str,
    outside: Callable[[Iterable[str]], tuple[OutsideFile, ...]],
) -> Usage:
    """Return what the run used that left ``trace`` in the folder ``environment`` of ``view``.

    ``outside`` tells how files are that are not the environment's.
    """
    return _Expansion(trace, view, environment).usage(outside)


def is_of_environment(path: str, environment: str) -> bool:
    """Tell whether ``path`` is below the folder ``environment``."""
    return path.startswith(f"{environment}/")


class _Expansion:
    def __init__(self, trace: Trace, view: FileView, environment: str) -> None:
        self._trace = trace
        self._view = view
        self._environment = environment
        self._read = self._within(trace.read | trace.libraries)
        self._whole = {owner for owner in self._owners(self._libraries()) if owner}
        self._known = {owner for owner in self._owners(self._read) if owner}

    def usage(self, outside: Callable[[Iterable[str]], tuple[OutsideFile, ...]]) -> Usage:
        view, trace = self._view, self._trace
        return Usage(
            files=dict(self._files()),
            folders={it: view.names_digest(it) for it in self._within(trace.listed)},
            modules=dict(self._modules()),
            wheels={name: self._digest(name) for name in self._whole},
            packages={name: self._look(name) for name in self._known - self._whole},
            trees={it: view.tree(it) for it in self._trees()},
            data=view.data,
            distributions=view.distributions if trace.metadata else None,
            startup=view.startup,
            outside=outside(sorted(self._outside())),
            interpreter=view.interpreter,
            variables=dict(trace.variables),
            only_this_lock=trace.only_this_lock or self._unknown(),
            never=trace.never,
        )

    def _within(self, paths: Iterable[str]) -> set[str]:
        """Return the canonical paths of what is in the environment, modules for their bytecode."""
        prefix = len(self._environment) + 1
        found = (it[prefix:] for it in paths if is_of_environment(it, self._environment))
        return {canonical_path(_source_of(path)) for path in found}

    def _outside(self) -> set[str]:
        return {
            it for it in self._trace.paths if not is_of_environment(f"{it}/", self._environment)
        }

    def _libraries(self) -> Iterator[str]:
        return (path for path in self._read if ".so" in path.rpartition("/")[2])

    def _owners(self, paths: Iterable[str]) -> Iterator[str | None]:
        return map(self._view.owner, paths)

    def _digest(self, name: str) -> str:
        wheel = self._view.wheel(name)
        return "" if wheel is None else wheel.digest

    def _look(self, name: str) -> str:
        wheel = self._view.wheel(name)
        return "" if wheel is None else wheel.look

    def _files(self) -> Iterator[tuple[str, str | None]]:
        """Yield what was read but for what counts as part of a wheel, and for folders."""
        for path in self._read:
            whole = self._view.owner(path) in self._whole and ".dist-info/" not in path
            if not whole and not self._is_own(path) and not self._view.is_folder(path):
                yield path, self._view.files.get(path)

    def _is_own(self, path: str) -> bool:
        return path.startswith(_OWN)

    def _unknown(self) -> str | None:
        """Say what was read that only the environment itself has: a script that it generated."""
        own = [p for p in self._read if p.startswith("bin/") and not self._is_own(p)]
        strange = [p for p in own if self._view.owner(p) is None]
        return f"it read {strange[0]}, which the environment has of its own" if strange else None

    def _modules(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield where modules were looked for, found or not: what stands in front wins."""
        site = f"{self._view.site}/"
        stems = self._within(self._trace.missing)
        for path in [*self._read, *self._within(self._trace.spread)]:
            first = path.removeprefix(site).partition("/")[0]
            if path.startswith(site) and not first.endswith(".dist-info"):
                stems.add(site + first.partition(".")[0])
        return ((stem, self._view.forms(stem)) for stem in stems)

    def _trees(self) -> set[str]:
        """Return the outermost folders of all packages that were used, whosever they are."""
        site = f"{self._view.site}/"
        found = set()
        for path in [*self._read, *(f"{it}/" for it in self._within(self._trace.spread))]:
            first, slash, _ = path.removeprefix(site).partition("/")
            if path.startswith(site) and slash and not first.endswith(".dist-info"):
                found.add(site + first)
        return found


def _source_of(path: str) -> str:
    """Return the module whose bytecode ``path`` is; other paths as they are."""
    folder, cache, name = path.rpartition(_CACHE)
    if not cache or not name.endswith(".pyc"):
        return path
    return f"{folder}/{name.partition('.')[0]}.py"
