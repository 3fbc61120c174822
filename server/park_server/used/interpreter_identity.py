"""What names an interpreter and its standard library: where they are, and as what files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from park_server.envs.interpreters import Interpreter

__all__ = ["interpreter_identity"]

_OTHERS = frozenset({"__pycache__", "site-packages", "dist-packages", "test", "idlelib"})
"""Folders of a standard library that are none of it, or that no job imports."""


def interpreter_identity(interpreter: Interpreter) -> str:
    """Return a digest that another patch version has not, and no edit of a module there keeps.

    Files are told by size and time, some 20 ms for all; raises `OSError`.
    """
    executable = interpreter.executable.resolve()
    library = executable.parents[1] / "lib" / f"python{interpreter.target.python}"
    digest = hashlib.sha256(f"{interpreter.version} {interpreter.target} {executable}".encode())
    for path in (str(executable), *_files(library)):
        found = os.stat(path)  # noqa: PTH116 (thousands of them)
        digest.update(os.fsencode(f"\n{path} {found.st_size} {found.st_mtime_ns}"))
    return digest.hexdigest()


def _files(library: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(library):
        folders[:] = sorted(name for name in folders if name not in _OTHERS)
        yield from (f"{folder}/{name}" for name in sorted(names) if _counts(f"{folder}/{name}"))


def _counts(path: str) -> bool:
    """Tell what is there: a link into nowhere is not."""
    return os.path.exists(path)  # noqa: PTH110 (a path of os.walk)
