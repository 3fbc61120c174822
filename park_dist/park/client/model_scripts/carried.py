"""What goes along with a model script: its data, the modules beside it, and where they will be."""

from __future__ import annotations

import ast
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from park.client.by_value.source_text import imports_of
from park.client.model_scripts.loaded import Loaded
from park.errors import UsageError

__all__ = ["Carried", "carried"]

_SYSTEM = ("/dev", "/etc", "/lib", "/proc", "/sys", "/usr/lib", "/usr/share", "/var/lib")
_SITE = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """A script on its way: ``script`` and ``files`` by their paths in the job's directory.

    ``folders`` of those go on the module path; ``modules`` the environment must have.
    """

    script: str
    files: Mapping[str, Path]
    folders: tuple[str, ...]
    modules: frozenset[str]


def carried(
    script: Path,
    took: Loaded,
    *,
    more: Iterable[Path] = (),
    has_project: Callable[[str], bool],
) -> Carried:
    """Return what goes along with ``script``, which took ``took`` when it was loaded here.

    That is what it opened, files beside it that it names in a text (what is opened in C is not
    seen), modules that no project has, and ``more``. Raises `UsageError` where it names a file
    by an absolute path, which a job does not have.
    """
    local = {**_beside(script), **_local(took.modules, has_project)}
    sources = {script, *local.values()}
    texts = [text for source in sources for text in _texts(source)]
    projects = _folders_of_projects(took.modules, local)
    data = {
        Path(place)
        for place, name in took.opened.items()
        if _is_data(Path(place), script.parent, projects) and _is_relative(name, texts, script)
    }
    files = sorted({*sources, *data, *_named(texts, script.parent), *more})
    folders = sorted({script.parent, *(_top(name, file) for name, file in local.items())})
    root = Path(os.path.commonpath([*folders, *(file.parent for file in files)]))
    return Carried(
        script=script.relative_to(root).as_posix(),
        files={file.relative_to(root).as_posix(): file for file in files},
        folders=tuple(folder.relative_to(root).as_posix() for folder in folders),
        modules=frozenset(
            name
            for name in {*_outer(took.modules), *_tops(sources)}
            if name not in local and has_project(name)
        ),
    )


def _outer(modules: Mapping[str, str | None]) -> set[str]:
    """Return ``modules`` without those inside a package, whose project is that of the package.

    A namespace package has no file, and may be of several projects.
    """
    return {
        top if modules.get(top := name.partition(".")[0]) else name
        for name, file in modules.items()
        if file
    }


def _tops(sources: Iterable[Path]) -> set[str]:
    """Return what ``sources`` import, also inside of functions that were not called yet."""
    return {name.partition(".")[0] for source in sources for name in _imports(source)}


def _local(
    modules: Mapping[str, str | None], has_project: Callable[[str], bool]
) -> dict[str, Path]:
    """Return the modules that no project has, with their sources."""
    own = {name: Path(file) for name, file in modules.items() if file}
    return {
        name: file
        for name, file in own.items()
        if not _is_installed(file) and not has_project(name)
    }


def _beside(script: Path) -> dict[str, Path]:
    """Return the modules beside ``script`` that it imports anywhere, and what they import."""
    found: dict[str, Path] = {}
    left = [script]
    while left:
        for name in _imports(left.pop()):
            top = name.partition(".")[0]
            for module, file in _sources(script.parent, top):
                if module not in found and file != script:
                    found[module] = file
                    left.append(file)
    return found


def _sources(folder: Path, top: str) -> Iterator[tuple[str, Path]]:
    """Yield the modules of the package or the module ``top`` in ``folder``, if it is there."""
    if (folder / f"{top}.py").is_file():
        yield top, folder / f"{top}.py"
    elif (folder / top / "__init__.py").is_file():
        for file in sorted((folder / top).rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _imports(source: Path) -> list[str]:
    if source.suffix != ".py":
        return []
    return imports_of(_text(source), source.stem, is_package=source.name == "__init__.py")


def _texts(source: Path) -> Iterator[str]:
    """Yield the texts that ``source`` has as values, so not those that document it."""
    if source.suffix != ".py":
        return
    try:
        tree = ast.parse(_text(source))
    except (SyntaxError, ValueError):
        return
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def _text(source: Path) -> str:
    return source.read_text(encoding="utf-8", errors="replace")


def _named(texts: Iterable[str], folder: Path) -> Iterator[Path]:
    """Yield the files in ``folder`` that ``texts`` name."""
    for text in texts:
        if not text or "\n" in text or "\0" in text or os.path.isabs(text):  # noqa: PTH117
            continue
        try:
            place = Path(os.path.normpath(folder / text))
            if place.is_file():
                yield place
        except OSError:
            continue  # too long for a name


def _is_data(place: Path, folder: Path, projects: Iterable[Path]) -> bool:
    """Tell whether a file that was read is the script's own, and no part of what is installed."""
    if "__pycache__" in place.parts or place.suffix == ".pyc" or not place.is_file():
        return False
    if _is_installed(place) or any(place.is_relative_to(each) for each in projects):
        return False
    if place.is_relative_to(folder):
        return True
    is_hidden = any(part.startswith(".") for part in place.parts)  # settings and caches
    return not is_hidden and not any(place.is_relative_to(each) for each in _SYSTEM)


def _is_relative(name: str, texts: Iterable[str], script: Path) -> bool:
    """Raise `UsageError` where a text has the folder of a file that is named absolutely."""
    folder = os.path.dirname(name)  # noqa: PTH120 (as the script wrote it)
    if not os.path.isabs(name) or len(Path(folder).parts) < 3:  # noqa: PTH117, PLR2004
        return True
    if any(text.startswith(folder) for text in texts):
        beside = os.path.relpath(name, script.parent)
        raise UsageError(
            f"{script.name} opens {name} by its absolute path, which a service does not have",
            hint=f"name it from where the script is ({beside!r}), or pass it as an argument of "
            f"the script: park fit {script.name} -- {name}",
        )
    return True


def _is_installed(file: Path) -> bool:
    """Tell whether ``file`` belongs to what is installed, or to Python itself."""
    if _SITE & set(file.parts):
        return True
    paths = sysconfig.get_paths()
    homes = {sys.prefix, paths["stdlib"], paths["platstdlib"]} - {"/usr"}
    return any(file.is_relative_to(home) for home in homes)


def _folders_of_projects(modules: Mapping[str, str | None], local: Mapping[str, Path]) -> set[Path]:
    """Return the folders of packages that the environment has: with their data."""
    return {
        Path(file).parent
        for name, file in modules.items()
        if file and name not in local and Path(file).name == "__init__.py"
    }


def _top(name: str, file: Path) -> Path:
    """Return the folder that must be on the module path for ``name`` to be found."""
    depth = name.count(".") + (file.name == "__init__.py")
    return file.parents[depth]
