"""The source of modules that no project has, and what it imports."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator
from importlib.util import decode_source
from pathlib import Path
from typing import Any

from park.client.by_value.module_ways import file_of
from park.errors import UsageError

__all__ = ["imports_of", "sources_of"]

_MOST_BYTES = 4 << 20
"""More than that is no helper beside a script, but a package that wants a version."""

_AS_PROJECT = "make it a project: a pyproject.toml beside it, then python -m pip install --editable"


def sources_of(module: str) -> dict[str, dict[str, Any]]:
    """Return ``module`` and what it is in, by name: ``file``, ``text``, and if a ``package``.

    Of a package all modules come along, since any of them may be imported later. Raises
    `UsageError` where the source cannot be read, or is more than a helper's.
    """
    found: dict[str, dict[str, Any]] = {}
    size = 0
    for name, file in _files(module):
        text = "" if file is None else _text(file)
        size += len(text)
        if size > _MOST_BYTES:
            raise UsageError(
                f"{module} belongs to no project, and is too large to be sent as its source "
                f"(over {_MOST_BYTES >> 20} MiB)",
                hint=_AS_PROJECT,
            )
        is_package = file is None or file.name == "__init__.py"
        found[name] = {"file": "" if file is None else str(file), "text": text}
        found[name]["package"] = is_package
    return found


def _files(module: str) -> Iterator[tuple[str, Path | None]]:
    """Yield what there is to import on the way to ``module``, with its file if it has one."""
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        name = ".".join(names[:depth])
        file = file_of(name)
        if file is not None and file.name == "__init__.py":
            yield from _of_package(name, file.parent)
            return
        yield name, file


def _of_package(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(_below(folder)):
        parts = file.relative_to(folder).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            inner = parts[:-1] if parts[-1] == "__init__" else parts
            yield ".".join((name, *inner)), file


def _below(folder: Path) -> list[Path]:
    """Return the files of Python's below ``folder``, which may be one of a zip file."""
    archive = _archive_around(folder)
    if archive is None:
        return list(folder.rglob("*.py"))
    with zipfile.ZipFile(archive) as members:
        files = [archive / name for name in members.namelist()]
    return [file for file in files if file.suffix == ".py" and folder in file.parents]


def _archive_around(path: Path) -> Path | None:
    """Return the zip file that ``path`` is in, as in that of `zipapp`; None for a plain file."""
    return None if path.exists() else next((up for up in path.parents if up.is_file()), None)


def _content(file: Path) -> bytes:
    archive = _archive_around(file)
    if archive is None:
        return file.read_bytes()
    with zipfile.ZipFile(archive) as members:
        return members.read(file.relative_to(archive).as_posix())


def _text(file: Path) -> str:
    """Return the text of ``file`` as Python reads it, in the encoding that it names (PEP 263)."""
    try:
        return decode_source(_content(file))
    except (OSError, ValueError, SyntaxError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"cannot send {file}, which belongs to no project: {error}") from None


def imports_of(text: str, module: str, *, is_package: bool) -> list[str]:
    """Return the modules that the source ``text`` of ``module`` imports anywhere.

    What is imported from a module may be a module, so that is named, too. Of what cannot be
    parsed, nothing is known.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package=is_package)
            found[base] = None
            found.update(dict.fromkeys(f"{base}.{alias.name}" for alias in node.names))
    return [name for name in found if name and "*" not in name]


def _base(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return str(node.module)
    up = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
    return ".".join([*up, *([node.module] if node.module else [])])
