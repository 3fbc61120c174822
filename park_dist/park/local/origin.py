"""How an installed distribution got here: from an index, a folder, version control, a file.

``direct_url.json`` (PEP 610, PEP 660) tells. What an index cannot repeat and no folder backs
(a VCS URL, a wheel by path, ``pip install .`` without ``--editable``) is a copy: jobs here
import the installed files, so those are what a service has to get, whatever became of where
they came from.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from park.errors import LocalSetError
from park.local.project import ProjectKind
from park.local.pyproject import is_source_tree
from park.model.urls import without_credentials

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["CONDA", "Origin", "editable_folder", "origin_of", "source_tree_above"]

CONDA = "installed by conda"
"""The origin of what conda installed: its release is what an index has, where one has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a distribution is from: ``text`` is for people, ``root`` the folder of a tree."""

    kind: ProjectKind
    text: str
    root: Path | None = None


def origin_of(distribution: Distribution) -> Origin:
    """Return where ``distribution`` is from.

    Raises `LocalSetError` for an editable install whose folder is gone.
    """
    if (distribution.read_text("INSTALLER") or "").strip() == "conda":
        # conda packages carry the direct_url.json of the farm that built them; what they
        # hold is the release of that version
        return Origin(kind=ProjectKind.RELEASED, text=CONDA)
    direct_url = _direct_url(distribution)
    if direct_url:
        return _direct(distribution, direct_url)
    if distribution.read_text("METADATA") is None:
        root = source_tree_above(Path(str(distribution.locate_file(""))), climb=1)
        if root is not None:
            return Origin(kind=ProjectKind.TREE, text=f"developed in {root}", root=root)
    return Origin(kind=ProjectKind.RELEASED, text="installed from an index")


def editable_folder(distribution: Distribution) -> Path | None:
    """Return the folder of an editable install, resolved; None for any other install."""
    direct_url = _direct_url(distribution)
    if not direct_url.get("dir_info", {}).get("editable"):
        return None
    return _folder_of(direct_url["url"]).resolve()


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


def _direct_url(distribution: Distribution) -> dict[str, Any]:
    text = distribution.read_text("direct_url.json")
    document: dict[str, Any] = json.loads(text) if text else {}
    return document


def _direct(distribution: Distribution, direct_url: dict[str, Any]) -> Origin:
    url = without_credentials(direct_url["url"])
    if "vcs_info" in direct_url:
        vcs = direct_url["vcs_info"]
        text = f"installed from {vcs.get('vcs', 'vcs')}+{url}@{vcs.get('commit_id', '?')}"
        return Origin(kind=ProjectKind.COPY, text=text)
    if "dir_info" not in direct_url:
        return Origin(kind=ProjectKind.COPY, text=f"installed from {url}")
    folder = _folder_of(direct_url["url"])
    if not direct_url["dir_info"].get("editable"):
        return Origin(kind=ProjectKind.COPY, text=f"installed from {folder}, not editable")
    if not is_source_tree(folder):
        name = distribution.metadata["Name"]
        raise LocalSetError(
            f"{name} is installed from {folder}, where there is no project any more",
            hint=f"install {name} again from where its source tree is now",
        )
    return Origin(kind=ProjectKind.TREE, text=f"developed in {folder}", root=folder)


def _folder_of(url: str) -> Path:
    """Return the folder of a ``file:`` URL.

    `urllib.request.url2pathname` would do, and importing it takes 36 ms (measured).
    """
    path = unquote(urlsplit(url).path)
    return Path(path.lstrip("/") if os.name == "nt" else path)
