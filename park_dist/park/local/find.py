"""From what a scientist names (a module, a folder or a file) to the project behind it."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from packaging.utils import InvalidName, canonicalize_name

from park.errors import LocalSetError, NoDistribution, NotImportable
from park.local.distributions import (
    installed_project,
    look_up,
    owner_of,
    tree_distribution,
    without_record,
)
from park.local.hint_commands import install_command
from park.local.metadata import CoreMetadata
from park.local.origin import source_tree_above
from park.local.project import LocalProject, ProjectKind
from park.local.pyproject import is_source_tree, read_pyproject
from park.local.script import has_inline_metadata, script_project
from park.local.wheel_file import wheel_project

__all__ = ["Describe", "describe_statically", "find", "module_named_like", "with_extras"]

Describe = Callable[[Path], CoreMetadata]
"""How the metadata of a tree that is not installed is found out."""

_TARGET = re.compile(r"(?P<what>.+?)\s*(?:\[(?P<extras>[^\[\]]*)\])?", re.DOTALL)
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_FILES = {".whl": wheel_project, ".py": script_project}
"""The files that are projects by themselves; such a name is a file's where there is one."""

_ENDINGS = {*_FILES, ".cfg", ".gz", ".ipynb", ".json", ".toml", ".txt", ".zip"}
"""Endings of what is hardly a module in a package, but a file that is mistyped or not there."""


def describe_statically(root: Path) -> CoreMetadata:
    """Return the metadata that ``pyproject.toml`` declares in full.

    Raises `LocalSetError` where some of it is dynamic: that only a build backend can tell.
    """
    declared = read_pyproject(root)
    if declared.name is None or declared.version is None or declared.requires is None:
        raise LocalSetError(
            f"{root} does not declare its name, version and dependencies statically",
            hint=f"install it: {install_command('--editable', root)}",
        )
    return CoreMetadata(
        name=declared.name,
        version=declared.version,
        requires=declared.requires,
        extras=declared.extras,
    )


def find(
    target: str, *, cwd: Path | None = None, describe: Describe = describe_statically
) -> LocalProject:
    """Return the project that ``target`` names.

    It is a module, or the path of a source tree, a wheel, or a script with inline metadata
    (PEP 723). A name is the folder of a tree where no module has it, and an installed project's
    where there is neither (``mylab-decay``, whose module is ``mylab_decay`` or any other). Extras
    may follow in brackets (``mymodel[plot]``). A module is looked for where this
    interpreter would import it from, then in ``cwd`` (by default the current folder) and in
    the ``src`` folder there; nothing is imported. ``describe`` is called for a tree that is
    not installed.

    Raises `NotImportable`, `NoDistribution`, or `LocalSetError`.
    """
    match = _TARGET.fullmatch(target.strip())
    if match is None:
        raise NotImportable("no module named: the name is empty", hint="name a module or a folder")
    what, folder = match["what"], (cwd or Path.cwd())
    extras = frozenset(e.strip() for e in (match["extras"] or "").split(",") if e.strip())
    path = folder / Path(what).expanduser()
    if path.suffix in _FILES and path.is_file():
        project = _FILES[path.suffix](path.resolve())
    elif not path.exists() and (installed := _installed_as(what, folder)) is not None:
        project = installed
    elif _is_name_of_a_module(what, path):
        project = _find_module(what, folder, describe)
    else:
        project = _find_tree(path, describe)
    return with_extras(project, extras)


def _installed_as(name: str, cwd: Path) -> LocalProject | None:
    """Return the project that is installed here as ``name``, where no module has it; or None."""
    outer = name.partition(".")[0]
    if _DOTTED.fullmatch(name) and (outer in sys.stdlib_module_names or _spec(outer, cwd)):
        return None
    try:
        project = look_up(canonicalize_name(name, validate=True))
    except InvalidName:
        return None
    if project is None or project.root is None:
        return project
    return replace(project, module=module_named_like(project, project.root))


def with_extras(project: LocalProject, extras: frozenset[str]) -> LocalProject:
    """Return ``project`` with ``extras`` asked of it; raises `LocalSetError` for one it lacks.

    They are compared as names of projects are (PEP 685).
    """
    wanted = frozenset(map(canonicalize_name, extras))
    unknown = sorted(wanted - frozenset(project.extras))
    if unknown:
        raise LocalSetError(
            f"{project} has no extra {', '.join(unknown)}; "
            f"it has: {', '.join(sorted(project.extras)) or 'none'}",
            hint="name an extra that the project declares",
        )
    return replace(project, wanted_extras=wanted)


def _find_tree(path: Path, describe: Describe) -> LocalProject:
    """Find the project of the source tree at ``path``, installed here or not."""
    root = path.resolve()
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise NoDistribution(
            f"{path} {what}; expected the folder of a source tree, a wheel or a script",
            hint="name the folder that has the pyproject.toml, or an importable module",
        )
    if not is_source_tree(root):
        raise NoDistribution(
            f"{root} has neither a pyproject.toml with a [project] nor a setup.py",
            hint="add a pyproject.toml; packaging.python.org has a tutorial",
        )
    project = tree_distribution(root) or _bare_tree(root, describe)
    return replace(project, module=module_named_like(project, root))


def _is_name_of_a_module(what: str, path: Path) -> bool:
    """Tell whether ``what`` is no path: ``film.txt`` could be either, and is what there is."""
    if not _DOTTED.fullmatch(what) or _is_folder_of_a_tree(what, path):
        return False
    if path.is_dir():
        return _has_code(path) or _has_code_elsewhere(what, path)
    if path.is_file() or path.suffix in _ENDINGS:
        return _installed_spec(what.partition(".")[0]) is not None
    return True


def _has_code(folder: Path) -> bool:
    """Tell whether ``folder`` can be a package, or hold some as a namespace."""
    return any(folder.glob("*.py")) or any(folder.glob("*/*.py"))


def _has_code_elsewhere(name: str, folder: Path) -> bool:
    spec = _installed_spec(name)
    return spec is not None and list(spec.submodule_search_locations or ()) != [str(folder)]


def _is_folder_of_a_tree(name: str, path: Path) -> bool:
    """Tell whether ``name`` is a source tree here, and no module but by being its folder."""
    if not path.is_dir() or not is_source_tree(path) or (path / "__init__.py").exists():
        return False
    spec = _installed_spec(name)
    return spec is None or not spec.has_location


def module_named_like(project: LocalProject, root: Path) -> str | None:
    """Return the importable name of the tree's package, if it is named like the project."""
    module = project.name.replace("-", "_")
    places = [Path(where, what) for where in ("src", ".") for what in (module, f"{module}.py")]
    return module if any((root / place).exists() for place in places) else None


def _bare_tree(root: Path, describe: Describe) -> LocalProject:
    metadata = describe(root)
    return LocalProject(
        name=metadata.name,
        version=metadata.version,
        kind=ProjectKind.TREE,
        requires=metadata.requires,
        extras=metadata.extras,
        root=root,
        origin=f"the source tree {root}",
        version_is_static=read_pyproject(root).version is not None,
    )


def _find_module(module: str, cwd: Path, describe: Describe) -> LocalProject:
    _refuse_standard_library(module)
    origin = _origin(module, cwd)
    distribution = owner_of(origin, module)
    if distribution is not None:
        return replace(installed_project(distribution), module=module)
    if origin.suffix == ".py" and has_inline_metadata(origin):
        return script_project(origin)
    root = source_tree_above(origin.parent)
    if root is None:
        _refuse_lost_record(module, origin)
        raise NoDistribution(
            f"module {module} is {origin}, which no installed distribution owns, "
            "and there is neither a pyproject.toml nor a setup.py above it",
            hint="give it a pyproject.toml, so that it has a version and requirements; or submit "
            f"a function of it in a script: import {module}; service.submit({module}.FUNCTION) "
            "sends its source",
        )
    return replace(tree_distribution(root) or _bare_tree(root, describe), module=module)


def _refuse_lost_record(module: str, origin: Path) -> None:
    """Refuse a module beside whose file a distribution lies that cannot say which files it has."""
    lost = without_record(origin, module)
    if lost is None:
        return
    what = f"{lost.name} {lost.version}"
    raise NoDistribution(
        f"module {module} is {origin}, and nothing says which distribution that is of: {what} is "
        "installed there without its RECORD, the list of its files",
        hint="install it again, which writes one: "
        + install_command("--force-reinstall", "--no-deps", f"{lost.name}=={lost.version}"),
    )


def _refuse_standard_library(module: str) -> None:
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise NoDistribution(
            f"module {module} is part of Python's standard library; no distribution is behind it",
            hint="every service with this Python has it: install the package that uses it",
        )


def _origin(module: str, cwd: Path) -> Path:
    """Return the file of ``module`` or of the outermost regular package that holds it."""
    names = module.split(".")
    for depth in range(1, len(names) + 1):
        spec = _spec(".".join(names[:depth]), cwd)
        if spec is None:
            raise NotImportable(
                f"no module named {'.'.join(names[:depth])} in {sys.executable}",
                hint="activate the environment that has it, or run this where its project is",
            )
        if spec.has_location and spec.origin is not None:
            return Path(spec.origin)
    raise NoDistribution(
        f"{module} is a namespace package: several distributions may share it",
        hint=f"name a package inside it ({module}.something)",
    )


def _spec(name: str, cwd: Path) -> ModuleSpec | None:
    """Find a module without importing it or its parents.

    `importlib.util.find_spec` would import the parents, so a dotted name goes through their
    search locations instead; only namespace packages are ever entered.
    """
    parent, _, _ = name.rpartition(".")
    if not parent:
        return _installed_spec(name) or PathFinder.find_spec(name, [str(cwd), str(cwd / "src")])
    outer = _spec(parent, cwd)
    if outer is None or outer.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(name, list(outer.submodule_search_locations))


def _installed_spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ValueError:  # a module in sys.modules without a spec, such as a test's stand-in
        return None
    except ImportError as error:  # meson-python builds an editable tree anew when it is looked for
        raise NotImportable(
            f"no module {name} can be imported in {sys.executable}: {error}",
            hint=f"see what is wrong: python -c 'import {name}'; of a tree, name the folder",
        ) from None
