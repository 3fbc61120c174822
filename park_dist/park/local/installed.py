"""Installed distributions: what each is, and which of them owns a module's file."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName

from park.errors import LocalSetError
from park.local.metadata import CoreMetadata, parse_metadata
from park.local.project import LocalProject, ProjectKind
from park.local.pyproject import Pyproject, is_source_tree, read_pyproject

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["Lookup", "installed_project", "local_root", "look_up", "owner_of", "tree_distribution"]

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

    What a local tree's ``pyproject.toml`` says statically wins over what was installed from
    it: the wheel will say the same, while an editable install keeps the metadata of its day.
    Raises `LocalSetError` for an install that neither an index nor a folder can repeat.
    """
    metadata = _metadata(distribution)
    root = local_root(distribution)
    if root is None:
        return _project(metadata, ProjectKind.RELEASED, root=None, static=None)
    return _project(metadata, ProjectKind.TREE, root=root, static=read_pyproject(root))


def _project(
    metadata: CoreMetadata, kind: ProjectKind, *, root: Path | None, static: Pyproject | None
) -> LocalProject:
    version = static.version if static else None
    requires = static.requires if static else None
    return LocalProject(
        name=metadata.name,
        version=version or metadata.version,
        kind=kind,
        requires=metadata.requires if requires is None else requires,
        extras=metadata.extras if requires is None or static is None else static.extras,
        root=root,
        version_is_static=static is None or version is not None,
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


def local_root(distribution: Distribution) -> Path | None:
    """Return the folder that ``distribution`` was installed from, None for a released one.

    Told by ``direct_url.json`` (PEP 610, PEP 660), or by an ``egg-info`` folder that lies in
    a source tree. Raises `LocalSetError` for VCS and archive URLs and for a vanished folder.
    """
    if (distribution.read_text("INSTALLER") or "").strip() == "conda":
        # conda packages carry the direct_url.json of the farm that built them; what they
        # hold is the release of that version
        return None
    text = distribution.read_text("direct_url.json")
    if text:
        return _root_of_direct_url(distribution, text)
    if distribution.read_text("METADATA") is None:
        return source_tree_above(Path(str(distribution.locate_file(""))), climb=1)
    return None


def _root_of_direct_url(distribution: Distribution, text: str) -> Path:
    origin: dict[str, Any] = json.loads(text)
    name = distribution.metadata["Name"]
    if "dir_info" not in origin:
        how = "a version control URL" if "vcs_info" in origin else "the URL of a single file"
        raise LocalSetError(
            f"{name} is installed from {how}; expected a released version or a local folder",
            hint=f"check it out and run 'pip install -e FOLDER', or install a release of {name}",
        )
    root = _folder_of(origin["url"])
    if not is_source_tree(root):
        raise LocalSetError(
            f"{name} is installed from {root}, where there is no project any more",
            hint=f"install {name} again from where its source tree is now",
        )
    return root


def source_tree_above(folder: Path, *, climb: int | None = None) -> Path | None:
    """Return the nearest source tree at or above ``folder``, at most ``climb`` folders up.

    A checkout's root and the home folder end the search: a project does not reach past them.
    """
    for steps, candidate in enumerate((folder, *folder.parents)):
        if climb is not None and steps > climb:
            return None
        if candidate == Path.home():
            return None
        if is_source_tree(candidate):
            return candidate
        if (candidate / ".git").exists():
            return None
    return None


def tree_distribution(root: Path) -> LocalProject | None:
    """Return the project installed here from the tree at ``root``, or None."""
    for distribution in importlib.metadata.distributions():
        if _direct_url_folder(distribution) == root:
            return installed_project(distribution)
    return None


def owner_of(origin: Path, module: str) -> Distribution | None:
    """Return the distribution that the module file ``origin`` belongs to, or None.

    The distribution named like the module is tried first; after it the others of the same
    ``sys.path``. `importlib.metadata.packages_distributions` would read every RECORD line of
    every distribution (56 ms for 90 of them; this takes 1 ms for the first case, 5 ms else).
    """
    return next((d for d in _candidates(module) if _owns(d, origin, module)), None)


def _candidates(module: str) -> Iterable[Distribution]:
    yield from importlib.metadata.distributions(name=module)
    yield from importlib.metadata.distributions()


def _owns(distribution: Distribution, origin: Path, module: str) -> bool:
    folder = _direct_url_folder(distribution)
    if folder is not None and origin.resolve().is_relative_to(folder):
        return True
    base = Path(str(distribution.locate_file("")))
    if not origin.is_relative_to(base):
        return False
    record = distribution.read_text("RECORD")
    if record is not None:
        return f"\n{origin.relative_to(base).as_posix()}," in f"\n{record}"
    top_level = distribution.read_text("top_level.txt") or ""
    return module.partition(".")[0] in top_level.split()


def _direct_url_folder(distribution: Distribution) -> Path | None:
    """Return the folder in ``direct_url.json``, resolved; None where there is none."""
    text = distribution.read_text("direct_url.json")
    origin: dict[str, Any] = json.loads(text) if text else {}
    if "dir_info" not in origin:
        return None
    return _folder_of(origin["url"]).resolve()


def _folder_of(url: str) -> Path:
    """Return the folder of a ``file:`` URL.

    `urllib.request.url2pathname` would do, and would import `ssl` for it (7 ms).
    """
    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path)
