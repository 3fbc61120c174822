"""The skeleton of an environment: made by virtualenv once per interpreter, then copied."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from park_repo import durable as disk

if TYPE_CHECKING:
    from park_server.envs.interpreters import Interpreter

__all__ = ["Skeleton", "Templates"]

_FORMAT = "v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Skeleton:
    """An empty environment in memory, with paths relative to it (``/`` between).

    ``files`` have their content and mode; those that name the environment's own path say
    ``origin`` in its place.
    """

    origin: str
    directories: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bytes, int], ...]

    @property
    def reserved(self) -> frozenset[str]:
        """The paths that no wheel may take."""
        return frozenset([*(path for path, _ in self.links), *(path for path, *_ in self.files)])

    def copy(self, folder: Path, *, final: Path) -> None:
        """Make the skeleton in the new ``folder``, to be used as ``final``."""
        folder.mkdir(mode=0o755)
        origin, place = os.fsencode(self.origin), os.fsencode(final)
        with disk.opened(folder) as top:
            for path in self.directories:
                os.mkdir(path, 0o755, dir_fd=top)
            for path, target in self.links:
                os.symlink(target, path, dir_fd=top)
            for path, content, mode in self.files:
                disk.write_new(path, content.replace(origin, place), mode & 0o555, top)


class Templates:
    """The skeletons under ``folder``, one for each interpreter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FORMAT
        self._folder.mkdir(parents=True, exist_ok=True)

    def skeleton(self, interpreter: Interpreter) -> Skeleton:
        """Return the skeleton for ``interpreter``, made by virtualenv if it is the first time."""
        final = self._folder / _key(interpreter)
        if not final.is_dir():
            with disk.key_lock(self._folder, final.name):
                if not final.is_dir():
                    self._make(interpreter, final)
        return _read(final)

    def sweep(self) -> list[str]:
        """Remove what earlier processes left unfinished; return the names."""
        return disk.sweep_beside(self._folder)

    def _make(self, interpreter: Interpreter, final: Path) -> None:
        """Build beside and rename; the scripts inside name the place of building."""
        import virtualenv  # a start has no use for it

        building = disk.beside(self._folder, final.name)
        place = building / "environment"
        options = ["--no-seed", "--no-periodic-update", "--no-vcs-ignore", "--symlinks"]
        virtualenv.cli_run(
            [
                *("--python", str(interpreter.executable)),
                *("--app-data", str(building / "app-data")),
                *options,
                str(place),
            ],
            setup_logging=False,
        )
        (building / "origin").write_text(str(place))
        disk.remove_tree(building / "app-data")
        building.rename(final)


@lru_cache(maxsize=16)
def _read(template: Path) -> Skeleton:
    """Read a template, once for each: 20 small files."""
    root = template / "environment"
    directories, links, files = [], [], []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            links.append((name, str(path.readlink())))
        elif path.is_dir():
            directories.append(name)
        else:
            files.append((name, path.read_bytes(), path.stat().st_mode & 0o777))
    return Skeleton(
        origin=(template / "origin").read_text(),
        directories=tuple(directories),
        links=tuple(links),
        files=tuple(files),
    )


def _key(interpreter: Interpreter) -> str:
    """Name a template for all that it depends on, virtualenv's version included."""
    facts = f"{interpreter.executable}\n{interpreter.version}\n{version('virtualenv')}"
    return f"{interpreter.cache_tag}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"
