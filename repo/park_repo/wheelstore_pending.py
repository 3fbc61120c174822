"""Bytecode that follows: room is made for it at unpacking, and filled while jobs may run.

An entry is of use before its modules are compiled. Each module has an empty bytecode file
until then, so that environments can link to it: importlib finds no header in it and takes
the source. The folders of bytecode stay writable, and out of the manifest, until the
bytecode is complete.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path

from park_repo.wheelstore_manifest import Stamp, seal, take_stamps

__all__ = ["close", "is_bytecode", "modules", "open_for_bytecode", "reserve"]

_FOLDER = "__pycache__"


def is_bytecode(path: str) -> bool:
    """Tell whether ``path`` is a folder of bytecode, or in one."""
    return path.endswith(f"/{_FOLDER}") or f"/{_FOLDER}/" in path


def modules(paths: Iterable[str]) -> list[str]:
    """Return the modules among the paths of an entry, sorted."""
    return sorted(path for path in paths if path.startswith("site/") and path.endswith(".py"))


def reserve(root: Path, paths: Iterable[str], cache_tag: str) -> None:
    """Make an empty bytecode file for each module among ``paths``."""
    names = modules(paths)
    for folder in _folders(names):
        os.mkdir(f"{root}/{folder}", 0o755)  # noqa: PTH102 (thousands of files: no Path each)
    for name in names:
        folder, module = posixpath.split(name)
        path = f"{root}/{folder}/{_FOLDER}/{module.removesuffix('.py')}.{cache_tag}.pyc"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444))


def open_for_bytecode(root: Path, paths: Iterable[str]) -> None:
    """Let bytecode be written for the modules among ``paths``."""
    for folder in _folders(modules(paths)):
        os.chmod(f"{root}/{folder}", 0o755)  # noqa: PTH101, S103 (as umask has it; jobs see them read-only)


def close(root: Path, names: Iterable[str], digests: Mapping[str, str]) -> list[Stamp]:
    """Seal the bytecode of the modules ``names``; return its stamps.

    What is not in ``digests`` goes: the empty files of modules that do not compile, and
    whatever an unprotected job put there meanwhile.
    """
    stamps: list[Stamp] = []
    for folder in _folders(names):
        path = root / folder
        for found in list(path.iterdir()):
            if f"{folder}/{found.name}" not in digests:
                found.unlink()
        seal(path)
        for stamp in take_stamps(path):
            whole = f"{folder}/{stamp.path}" if stamp.path else folder
            stamps.append(stamp._replace(path=whole, sha256=digests.get(whole, "")))
    return stamps


def _folders(names: Iterable[str]) -> list[str]:
    """Return the folders of bytecode of the modules ``names``, sorted."""
    return sorted({f"{posixpath.dirname(name)}/{_FOLDER}" for name in names})
