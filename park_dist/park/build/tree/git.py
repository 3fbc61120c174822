"""What git knows about a tree. Every question has an answer without git, too: None."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GitListing",
    "list_files",
    "nearest_tag_version",
    "rests_on",
    "tag_for",
]

_OF_ANYBODY = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false")
"""A checkout of another user (a shared disk, a container) is answered for as well, and no program
that its configuration names is run for that; the build runs its code, when somebody wants it."""

_TAG_VERSION = re.compile(r"(?P<before>(?:.*?[-_/])?v?)(?P<version>\d.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class GitListing:
    """Paths relative to the tree, with forward slashes.

    ``visible``: tracked, or untracked and not ignored; a submodule or a nested checkout
    counts as one path. ``visible_folders`` and ``tracked_folders``: every folder above a
    visible or tracked path.
    """

    visible: frozenset[str]
    visible_folders: frozenset[str]
    tracked_folders: frozenset[str]


def list_files(root: Path) -> GitListing | None:
    """Ask git for the files of the checkout at or around ``root``.

    None where there is no git or no checkout, or where the checkout ignores this very tree.
    """
    # fmt: off
    output = _git(root, "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")
    # fmt: on
    if output is None:
        return None
    tagged = [(line[:1], line[2:].rstrip("/")) for line in output.split("\0") if line]
    visible = frozenset(path for _, path in tagged)
    if visible.isdisjoint({"pyproject.toml", "setup.py"}):
        return None
    return GitListing(
        visible=visible,
        visible_folders=_folders(visible),
        tracked_folders=_folders(path for tag, path in tagged if tag != "?"),
    )


def rests_on(root: Path) -> frozenset[str]:
    """Return the files outside the tree on which the answer of `list_files` rests.

    They are absolute, and not all of them exist: that one appears is a change, too. Inside
    the tree it rests on the folders and their ``.gitignore`` files.
    """
    above = [str(folder / name) for folder in root.parents for name in (".git", ".gitignore")]
    own = [str(root / ".git"), *_repository_files(root)]
    return frozenset([*above, *own, *_configuration_files(root)])


def _repository_files(root: Path) -> list[str]:
    names = ("index", "info/exclude", "config", "config.worktree")
    asked = [argument for name in names for argument in ("--git-path", name)]
    answer = _git(root, "rev-parse", *asked)
    return [str(root / line) for line in (answer or "").splitlines()]


def _configuration_files(root: Path) -> list[str]:
    """Return the places where git looks for configuration, and the ``core.excludesFile``."""
    home = Path.home()
    for_user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    usual = [
        "/etc/gitconfig",
        *map(str, (home / ".gitconfig", for_user / "config", for_user / "ignore")),
    ]
    answer = _git(root, "config", "--list", "--show-origin", "-z") or ""
    fields = answer.split("\0")
    origins = {field.removeprefix("file:") for field in fields if field.startswith("file:")}
    keys = (field.partition("\n") for field in fields)
    ignores = {value for key, _, value in keys if key == "core.excludesfile"}
    return [str(root / Path(path).expanduser()) for path in (*usual, *origins, *ignores)]


def _folders(paths: Iterable[str]) -> frozenset[str]:
    parents = {path.rpartition("/")[0] for path in paths}
    return frozenset(str(above) for p in parents for above in (p, *PurePosixPath(p).parents))


def nearest_tag_version(root: Path) -> str | None:
    """Return the version that the nearest tag names (``v1.2``, ``mymodel-1.2``), or None."""
    tag = _nearest_tag(root)
    return None if tag is None else tag[1]


def tag_for(root: Path, version: str) -> str:
    """Return a tag for ``version`` in the manner of the nearest tag; ``v1.2`` without one."""
    tag = _nearest_tag(root)
    return f"{'v' if tag is None else tag[0]}{version}"


def _nearest_tag(root: Path) -> tuple[str, str] | None:
    """Return the nearest tag in two parts: what is before its version, and the version."""
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "*[0-9]*")
    match = _TAG_VERSION.fullmatch((tag or "").strip())
    try:
        return (match["before"], str(Version(match["version"]))) if match else None
    except InvalidVersion:
        return None


def _git(folder: Path, *arguments: str) -> str | None:
    """Run git and return what it prints, None where it is missing or refuses."""
    # within a git hook these name the repository of the hook, not the one of ``folder``
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environ["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", *_OF_ANYBODY, *arguments],  # noqa: S607 (found on PATH, as the user's own git is)
            cwd=folder,
            env=environ,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None
