"""Installed distributions: what each is, and which of them owns a module's file."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name

from park.local.metadata import CoreMetadata, parse_metadata
from park.local.origin import Origin, editable_folder, origin_of, source_tree_above
from park.local.project import LocalProject
from park.local.pyproject import Pyproject, read_pyproject

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = [
    "Lookup",
    "installed_project",
    "look_up",
    "owner_of",
    "tree_distribution",
    "without_record",
]

Lookup = Callable[[NormalizedName], LocalProject | None]
"""How a closure asks for what is installed under a name."""


def look_up(name: NormalizedName) -> LocalProject | None:
    """Return the project installed in this interpreter under ``name``, or None."""
    try:
        return installed_project(importlib.metadata.distribution(name))
    except importlib.metadata.PackageNotFoundError:
        return None


def installed_project(distribution: Distribution) -> LocalProject:
    """Describe an installed distribution.

    What a developed tree's ``pyproject.toml`` says statically wins over what was installed
    from it: the wheel will say the same, while an editable install keeps the metadata of its
    day. Raises `LocalSetError` where the tree of an editable install is gone.
    """
    metadata, origin = _metadata(distribution), origin_of(distribution)
    static = None if origin.root is None else read_pyproject(origin.root)
    return _project(metadata, origin, static)


def _project(metadata: CoreMetadata, origin: Origin, static: Pyproject | None) -> LocalProject:
    version = static.version if static else None
    requires = static.requires if static else None
    return LocalProject(
        name=metadata.name,
        version=version or metadata.version,
        kind=origin.kind,
        requires=metadata.requires if requires is None else requires,
        extras=metadata.extras if requires is None or static is None else static.extras,
        root=origin.root,
        version_is_static=static is None or version is not None,
        origin=origin.text,
    )


def _metadata(distribution: Distribution) -> CoreMetadata:
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    where = f"the metadata in {distribution.locate_file('')}"
    metadata = parse_metadata(text or (distribution.read_text("") or ""), where=where)
    if metadata.requires or not distribution.read_text("requires.txt"):
        return metadata
    # an egg-info folder keeps its requirements apart; importlib.metadata translates them
    return CoreMetadata(
        name=metadata.name,
        version=metadata.version,
        requires=tuple(distribution.requires or ()),
        extras=metadata.extras,
    )


def tree_distribution(root: Path) -> LocalProject | None:
    """Return the project of which the tree at ``root`` is the editable install, or None."""
    for distribution in importlib.metadata.distributions():
        if editable_folder(distribution) == root:
            return installed_project(distribution)
    return None


def owner_of(origin: Path, module: str) -> Distribution | None:
    """Return the distribution that the module file ``origin`` belongs to, or None.

    The distribution named like the module is tried first; after it the others of the same
    ``sys.path``. `importlib.metadata.packages_distributions` would read every RECORD line of
    every distribution (measured with 85 of them: 113 ms; this takes 0.1 ms in the first case
    and up to 5 ms else). Of developed trees that lie in each other, as in a repository of several
    packages, the innermost one has the module; none has what is in a tree that nobody installed.
    """
    developed: dict[Path, Distribution] = {}
    for distribution in _candidates(module):
        if _owns(distribution, origin, module):
            folder = _developed_around(distribution, origin)
            if folder is None:
                return distribution
            developed.setdefault(folder, distribution)
    innermost = max(developed, key=lambda folder: len(folder.parts), default=None)
    if innermost is None:
        return _named_by(origin)
    return None if _is_in_a_tree_of_its_own(origin, innermost) else developed[innermost]


def _named_by(origin: Path) -> Distribution | None:
    """Return the editable install whose own files name the place of ``origin``, or None.

    A link in a tree leads out of it, and build backends write down where that ends: setuptools
    in its finder, others in a ``.pth`` file.
    """
    place = origin.parent if origin.name == "__init__.py" else origin
    named = re.compile(rf"{re.escape(str(place))}(?![\w./\\-])")
    for distribution in importlib.metadata.distributions():
        if editable_folder(distribution) is None:
            continue
        for file in distribution.files or ():
            if len(file.parts) == 1 and file.suffix in {".py", ".pth"} and _has(file, named):
                return distribution
    return None


def _has(file: importlib.metadata.PackagePath, text: re.Pattern[str]) -> bool:
    try:
        return text.search(file.read_text("utf-8")) is not None
    except OSError:  # of a record that says more than there is
        return False


def _developed_around(distribution: Distribution, origin: Path) -> Path | None:
    """Return the folder of an editable install that has ``origin`` in it, None without one."""
    folder = editable_folder(distribution)
    return folder if folder is not None and origin.resolve().is_relative_to(folder) else None


def _is_in_a_tree_of_its_own(origin: Path, developed: Path) -> bool:
    """Tell whether there is a tree that nobody installed between a file and the one around it.

    A package with a ``setup.py`` of its own, as numpy.distutils had them, is none.
    """
    nearest = source_tree_above(origin.resolve().parent)
    if nearest is None or developed not in nearest.parents:
        return False
    return not (nearest / "__init__.py").exists()


def _candidates(module: str) -> Iterable[Distribution]:
    yield from importlib.metadata.distributions(name=module)
    yield from importlib.metadata.distributions()


def without_record(origin: Path, module: str) -> Distribution | None:
    """Return the distribution beside ``origin`` that has lost the list of its files.

    Of several, the one that is called like ``module``.
    """
    site = _site_of(origin, module)
    found = [
        each
        for each in importlib.metadata.distributions(path=[str(site)])
        if each.files is None and editable_folder(each) is None
    ]
    name = canonicalize_name(module.partition(".")[0])
    named = [each for each in found if canonicalize_name(each.name) == name]
    return next(iter(named or found), None)


def _site_of(origin: Path, module: str) -> Path:
    """Return the folder in which the outermost package of ``module`` lies."""
    top = module.partition(".")[0]
    return next((each.parent for each in origin.parents if each.name == top), origin.parent)


def _owns(distribution: Distribution, origin: Path, module: str) -> bool:
    base = Path(str(distribution.locate_file("")))
    is_beside = origin.is_relative_to(base)
    record = distribution.read_text("RECORD") if is_beside else None
    if record is not None:  # also where a tree has its own virtualenv: what is there is not its
        return f"\n{origin.relative_to(base).as_posix()}," in f"\n{record}"
    folder = editable_folder(distribution)
    if folder is not None and origin.resolve().is_relative_to(folder):
        return True
    top_level = distribution.read_text("top_level.txt") or "" if is_beside else ""
    return module.partition(".")[0] in top_level.split()
