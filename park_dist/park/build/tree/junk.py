"""What is never part of a project: leavings of builds, tests, editors and version control."""

from __future__ import annotations

__all__ = ["BUILD_OUTPUT", "is_junk_file", "is_junk_folder"]

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
