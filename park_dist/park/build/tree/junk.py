"""What is never part of a project: leavings of builds, tests, editors and version control."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.cache import CACHE_SIGNATURE, CACHE_TAG

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["BUILD_OUTPUT", "CACHE", "is_junk_file", "is_junk_folder", "made_by_tools"]

BUILD_OUTPUT = frozenset({"build", "dist"})
"""Output folders of build tools, junk at a tree's root only: ``package.build`` is a package.

setuptools ships what a leftover ``build/`` holds, deleted modules included.
"""

_FOLDERS = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        ".bzr",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".idea",
        ".import_linter_cache",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".vscode",
        "htmlcov",
        "node_modules",
        "site-packages",
    }
)
_FOLDER_SUFFIXES = (".egg-info", ".dist-info")
_FILES = frozenset({".coverage", ".DS_Store", ".git", "Thumbs.db"})  # .git: a worktree's
_FILE_SUFFIXES = (".pyc", ".pyo", ".swp", "~")
_FILE_PREFIXES = (".#",)  # Emacs's locks: links that lead nowhere


def is_junk_folder(name: str) -> bool:
    """Tell whether a folder called ``name`` is junk wherever it is."""
    return name in _FOLDERS or name.endswith(_FOLDER_SUFFIXES)


def is_junk_file(name: str) -> bool:
    """Tell whether a file called ``name`` is junk wherever it is."""
    return name in _FILES or name.endswith(_FILE_SUFFIXES) or name.startswith(_FILE_PREFIXES)


CACHE = "a cache"
"""A folder that says so itself; a project may track one all the same."""

_HOME = frozenset({"cache", "files", "index", "jobs", "lock", "token"})


def made_by_tools(folder: str, names: AbstractSet[str]) -> str | None:
    """Tell what the folder with ``names`` in it is, in words, where that is no project's own.

    Environments of venv, virtualenv, conda and pixi, the home of a service, and what is marked by
    the Cache Directory Tagging Specification (bford.info/cachedir); None for any other.
    """
    if not names.isdisjoint({"pyvenv.cfg", "conda-meta"}):
        return "a virtual environment"
    if "activate" in names and not names.isdisjoint({"python", "python.exe"}):  # of one at the root
        return "a virtual environment"
    if names >= _HOME:
        return "the home of a service"
    with suppress(OSError):
        if CACHE_TAG in names:
            is_cache = Path(folder, CACHE_TAG).read_bytes().startswith(CACHE_SIGNATURE)
            return CACHE if is_cache else None
    return None
