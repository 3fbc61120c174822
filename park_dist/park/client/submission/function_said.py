"""What a caller says that a job calls: extras beside it, and files in the place of modules."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from park.errors import InvalidEntryPoint

__all__ = ["require_module", "without_extras"]

_EXTRAS = re.compile(r"\s*(?P<module>[\w.]+)(?P<extras>\[[^\[\]]*\]):(?P<qualname>.*)")


def without_extras(
    function: str | Callable[..., Any],
) -> tuple[str | Callable[..., Any], tuple[str, ...]]:
    """Return an entry point, and what it asks to be taken along.

    >>> without_extras("mymodel[fast]:fit")
    ('mymodel:fit', ('mymodel[fast]',))
    """
    match = _EXTRAS.fullmatch(function) if isinstance(function, str) else None
    if match is None:
        return function, ()
    return f"{match['module']}:{match['qualname']}", (f"{match['module']}{match['extras']}",)


def require_module(text: str) -> None:
    """Raise `InvalidEntryPoint` where ``text`` names the file of a module in its place."""
    name, _, function = text.strip().partition(":")
    if not name.endswith(".py") and "/" not in name and os.sep not in name:
        return
    module, folder = _module_of(Path(name))
    where = "" if folder == Path() else f" in {folder}"
    missing = "" if Path(name).expanduser().exists() else f" (and there is no {name} here)"
    raise InvalidEntryPoint(
        f"{name} is a path, not a module: a job calls a function of a module{missing}",
        hint=f"name the module{where}: {module}:{function or 'FUNCTION'}; its folder needs a "
        "pyproject.toml, or the file a block of inline metadata (# /// script), so that it has "
        f"requirements; or submit it in the script (service.submit({function or 'FUNCTION'})), "
        f"and run that: python {name}",
    )


def _module_of(file: Path) -> tuple[str, Path]:
    """Return the name of a file's module, and the folder from which it is imported."""
    names, folder = [] if file.name == "__init__.py" else [file.stem], file.parent
    while folder.name and (not names or (folder / "__init__.py").is_file()):
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names or [file.stem]), folder
