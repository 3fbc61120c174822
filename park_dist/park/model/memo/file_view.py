"""The files of a lock, as a run would see them: paths, digests and owners, without its environment.

Bytecode is left out, since its sources tell, and so are the environment's own files, which its
lock and its interpreter decide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging.utils import canonicalize_name

__all__ = ["FileView", "WheelFiles", "canonical_path", "is_code"]

_INFO = ".dist-info"
_CODE = (".py", ".pyi", ".pyc", ".so", "/py.typed")
_ENTRY_POINTS = "entry_points.txt"
_STARTUP = ("sitecustomize", "usercustomize")
"""What `site` imports where it is there."""


@dataclass(frozen=True, kw_only=True)
class WheelFiles:
    """The files of one wheel: SHA-256 in hex by canonical path in an environment.

    ``info`` is the name of its dist-info folder, with the version, ``commands`` are the names of
    the programs that an installation makes of its entry points.
    """

    name: str
    info: str
    files: Mapping[str, str]
    commands: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What names all of its content, but for its dist-info."""
        return _digest(
            [path, sha256] for path, sha256 in sorted(self.files.items()) if not _is_info(path)
        )

    @cached_property
    def look(self) -> str:
        """What names all that a look at its files tells: names, and the content of its data."""
        return _look(self.files)


@dataclass(frozen=True, kw_only=True)
class FileView:
    """The files of a lock. ``site`` is its site-packages; ``interpreter`` names what runs there.

    ``wheels`` are in name order: of one path the last is seen, as in an environment.
    """

    site: str
    interpreter: str
    wheels: tuple[WheelFiles, ...]

    @cached_property
    def files(self) -> Mapping[str, str]:
        """SHA-256 by path."""
        return {path: sha256 for each in self.wheels for path, sha256 in each.files.items()}

    @cached_property
    def _by_name(self) -> Mapping[str, WheelFiles]:
        return {each.name: each for each in self.wheels}

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {path: each.name for each in self.wheels for path in each.files}

    @cached_property
    def _names(self) -> Mapping[str, frozenset[str]]:
        """The names in each folder."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            below = path
            while below:
                folder, _, name = below.rpartition("/")
                names = found.setdefault(folder, set())
                if name in names:
                    break
                names.add(name)
                below = folder
        return {folder: frozenset(names) for folder, names in found.items()}

    def owner(self, path: str) -> str | None:
        """Return the name of the wheel whose file ``path`` is; None for nobody's."""
        return self._owners.get(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether wheels have files below ``path``."""
        return path in self._names

    def wheel(self, name: str) -> WheelFiles | None:
        """Return the files of the wheel ``name``."""
        return self._by_name.get(name)

    def names_digest(self, folder: str) -> str:
        """Return what names all names in ``folder``, those of each dist-info with its version."""
        names = set(self._names.get(folder, ()))
        if folder == self.site:
            names = {name for name in names if not name.endswith(_INFO)}
            names |= {each.info for each in self.wheels}
        return _digest(sorted(names))

    def forms(self, stem: str) -> tuple[str, ...]:
        """Return what can be imported as the last part of ``stem``: its endings there."""
        folder, _, name = stem.rpartition("/")
        there = self._names.get(folder, frozenset())
        found = [ending for ending in (".py", ".pyc") if name + ending in there]
        found += sorted(it[len(name) :] for it in there if _is_extension_of(it, name))
        return (*found, "/") if name in there and stem not in self.files else tuple(found)

    def tree(self, folder: str) -> str:
        """Return what names all that a look below ``folder`` tells, whosever the files are."""
        if folder not in self._trees:
            self._trees[folder] = _look(self.below(folder))
        return self._trees[folder]

    @cached_property
    def _trees(self) -> dict[str, str]:
        return {}

    def below(self, folder: str) -> Mapping[str, str]:
        """Return SHA-256 by path of all files below ``folder``."""
        return {path: it for path, it in self.files.items() if path.startswith(f"{folder}/")}

    @cached_property
    def data(self) -> str:
        """What names every file of the environment that is no code, its content, and all commands.

        A look for a program on the path opens nothing, and the environment has its folder there.
        """
        rows = [[path, sha256] for path, sha256 in sorted(self.files.items()) if is_data(path)]
        return _digest([*rows, sorted(name for each in self.wheels for name in each.commands)])

    @cached_property
    def distributions(self) -> str:
        """What names all distributions, and their entry points: what importlib.metadata lists."""
        rows = (
            (w.name, w.files.get(f"{self.site}/{w.name}{_INFO}/{_ENTRY_POINTS}"))
            for w in self.wheels
        )
        return _digest(sorted([name, sha256 or ""] for name, sha256 in rows))

    @cached_property
    def startup(self) -> str:
        """What names the ``.pth`` files, and the modules that `site` imports at the start."""
        pth = {
            f"{self.site}/{name}": self.files.get(f"{self.site}/{name}", "")
            for name in self._names.get(self.site, ())
            if name.endswith(".pth")
        }
        custom = [
            [
                name,
                *self.forms(f"{self.site}/{name}"),
                self.files.get(f"{self.site}/{name}.py", ""),
                self.tree(f"{self.site}/{name}"),
            ]
            for name in _STARTUP
        ]
        return _digest([sorted(pth.items()), custom])


def is_code(path: str) -> bool:
    """Tell what is read as code, or not at all: a look at it tells nothing but that it is there."""
    return path.endswith(_CODE)


def is_data(path: str) -> bool:
    """Tell what is no code and no metadata: what a library written in C may open unseen."""
    return not is_code(path) and not _is_info(path)


def canonical_path(path: str) -> str:
    """Return ``path`` with each dist-info named without its version (``mymodel.dist-info``)."""
    if _INFO not in path:
        return path
    parts = path.split("/")
    for index, part in enumerate(parts):
        if part.endswith(_INFO):
            name = part.removesuffix(_INFO).rpartition("-")[0] or part.removesuffix(_INFO)
            parts[index] = f"{canonicalize_name(name)}{_INFO}"
    return "/".join(parts)


def _is_info(path: str) -> bool:
    return f"{_INFO}/" in path


def _is_extension_of(file: str, name: str) -> bool:
    return file.startswith(f"{name}.") and file.endswith(".so")


def _look(files: Mapping[str, str]) -> str:
    return _digest(
        [path, "" if is_code(path) else sha256]
        for path, sha256 in sorted(files.items())
        if not _is_info(path)
    )


def _digest(rows: Iterable[object]) -> str:
    text = json.dumps(list(rows), separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
