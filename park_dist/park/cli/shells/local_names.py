"""Names of what this interpreter has, read from its folders: nothing is imported to find them.

What is developed here comes first (editable installs, the folder that one is in): that is what
people run on services. All else that is installed is offered once its name is begun.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["callables", "modules", "projects"]

_METADATA = re.compile(r"(?P<name>[^-]+)-(?P<version>.+)\.(?:dist|egg)-info")
_MOST_BYTES = 1 << 20  # of a module whose functions are looked for

Named = tuple[str, str]
"""A name, and what it is in a few words."""


def modules(text: str) -> Iterator[Named]:
    """Yield the modules that may be meant by ``text``, with dots in them below their package."""
    package, dot, _ = text.rpartition(".")
    if dot:
        for folder in _folders_of(package):
            yield from ((f"{package}.{name}", str(folder)) for name in _in_folder(folder))
        return
    for name, place in _mapped():
        yield name, f"developed in {place}"
    for folder in _search_path():
        is_installed = _is_installed(folder)
        if text or not is_installed:
            said = "installed" if is_installed else f"developed in {folder}"
            yield from ((name, said) for name in _in_folder(folder))


def callables(module: str) -> Iterator[Named]:
    """Yield the functions and classes that the text of ``module`` defines, but private ones."""
    file = _file_of(module)
    if file is None or file.stat().st_size > _MOST_BYTES:
        return
    with suppress(OSError, SyntaxError, ValueError, RecursionError):
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                yield from [] if node.name.startswith("_") else [(node.name, kind)]


def projects() -> Iterator[Named]:
    """Yield the projects that are installed here, with their versions."""
    for folder in _search_path():
        with suppress(OSError):
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 (strings are quicker)
                found = _METADATA.fullmatch(name)
                if found is not None:
                    yield found["name"].replace("_", "-").lower(), found["version"]


def _search_path() -> list[Path]:
    """Return the folders in which modules are looked for, but those of Python's own library."""
    own = Path(os.__file__).parent
    places = [Path.cwd(), *(Path(place) for place in sys.path if place)]
    folders = [each for each in dict.fromkeys(places) if each.is_dir()]
    return [each for each in folders if each not in {own, own / "lib-dynload"}]


def _is_installed(folder: Path) -> bool:
    return folder.name in {"site-packages", "dist-packages"}


def _in_folder(folder: Path) -> list[str]:
    """Return the names of the modules and packages in ``folder``."""
    found = set()
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name, dot, ending = entry.name.partition(".")
            if not name.isidentifier() or name.startswith("_"):
                continue
            is_file = ending == "py" or ending.endswith((".so", ".pyd"))
            if is_file or (not dot and Path(entry.path, "__init__.py").exists()):
                found.add(name)
    return sorted(found)


def _mapped() -> Iterator[tuple[str, str]]:
    """Yield the packages of editable installs that setuptools maps to their folders.

    The finder of such an install is loaded as the interpreter starts.
    """
    for finder in sys.meta_path:
        table = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
        if isinstance(table, dict):
            yield from ((str(name), str(place)) for name, place in table.items())


def _folders_of(package: str) -> list[Path]:
    """Return the folders of ``package``, where there are any."""
    first, *below = package.split(".")
    roots = [Path(place) for name, place in _mapped() if name == first]
    roots += [folder / first for folder in _search_path()]
    return [each for root in roots if (each := root.joinpath(*below)).is_dir()]


def _file_of(module: str) -> Path | None:
    package, _, name = module.rpartition(".")
    mapped = [Path(place) for found, place in _mapped() if found == module]
    around = _folders_of(package) if package else _search_path()
    places = [*mapped, *(folder / name for folder in around)]
    files = [each / "__init__.py" for each in places]
    files += [each.with_name(f"{each.name}.py") for each in places]
    return next((file for file in files if file.is_file()), None)
