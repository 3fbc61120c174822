"""Bytecode that follows: room is made for it at unpacking, and filled while jobs may run.

An entry is of use before its modules are compiled: importlib finds no bytecode, and takes
the source. The folders of bytecode are there from the beginning, so that nothing else of
the entry changes later; they stay writable, and out of the manifest, until they are full.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

from park_repo.wheelstore.manifest import Stamp, seal, stamp_of

__all__ = ["close", "expected", "is_bytecode", "modules", "open_for_bytecode", "reserve"]

_FOLDER = "__pycache__"


def is_bytecode(path: str) -> bool:
    """Tell whether ``path`` is a folder of bytecode, or in one."""
    return path.endswith(f"/{_FOLDER}") or f"/{_FOLDER}/" in path


def modules(paths: Iterable[str]) -> list[str]:
    """Return the modules among the paths of an entry, sorted."""
    return sorted(path for path in paths if path.startswith("site/") and path.endswith(".py"))


def reserve(root: Path, paths: Iterable[str]) -> None:
    """Make the folders of bytecode for the modules among ``paths``."""
    for folder in _folders(modules(paths)):
        os.mkdir(f"{root}/{folder}", 0o755)  # noqa: PTH102 (a Path for each costs more)


def expected(module: str, cache_tag: str) -> str:
    """Return the name of the bytecode of a module's file, given by its name alone."""
    return f"{module.removesuffix('.py')}.{cache_tag}.pyc"


def open_for_bytecode(root: Path, paths: Iterable[str]) -> None:
    """Let bytecode be written for the modules among ``paths``."""
    for folder in _folders(modules(paths)):
        os.chmod(f"{root}/{folder}", 0o755)  # noqa: PTH101, S103 (as umask has it; jobs see them read-only)


def close(root: Path, names: Iterable[str], digests: Mapping[str, str]) -> list[Stamp]:
    """Seal the bytecode of the modules ``names``; return its stamps.

    What is not in ``digests`` goes: whatever an unprotected job put there meanwhile.
    """
    stamps: list[Stamp] = []
    for folder in _folders(names):
        path = root / folder
        for found in list(path.iterdir()):
            if f"{folder}/{found.name}" not in digests:
                found.unlink()
        for name, left in seal(path).items():
            whole = f"{folder}/{name}" if name else folder
            stamps.append(stamp_of(whole, left, digests.get(whole, "")))
    return stamps


def _folders(names: Iterable[str]) -> list[str]:
    """Return the folders of bytecode of the modules ``names``, sorted."""
    return sorted({f"{posixpath.dirname(name)}/{_FOLDER}" for name in names})
