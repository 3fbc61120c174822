"""What stands in an export for the version control that it has not.

Half of the tools that derive a version from tags take it from a variable, others from the
``PKG-INFO`` of an sdist, and some, or a script of the project's own, ask git and nothing else. So
an export has all three: variables, ``PKG-INFO``, and a repository with one commit and one tag.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from park.build.tree.export import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["VARIABLES", "Pretence", "asks_version_control", "make_repository", "write_pkg_info"]

VARIABLES = (
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "VCS_VERSIONING_PRETEND_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "UV_DYNAMIC_VERSIONING_BYPASS",
    "PBR_VERSION",
)
"""By which tools are told the version: setuptools-scm (hatch-vcs and scikit-build-core use it),
vcs-versioning, pdm-backend, poetry-dynamic-versioning, uv-dynamic-versioning and pbr."""

_ASKS = (
    r"version control|source control|\bVCS\b|\bSCM\b|not a (?:valid )?(?:git|hg|mercurial|svn)"
    r"|\bgit (?:describe|rev-parse|log|status|repository|directory|checkout|archive|tag)"
    r"|['\"]git['\"]|\bhg (?:id|log)\b|\btags?\b[^\n]*\bversion\b|\bversion\b[^\n]*\btags?\b"
    r"|(?:could not|can't|cannot|unable to|failed to) (?:find|determine|detect|get|infer|deduce)"
    r"[^\n]*\bversion\b|versioneer|versioningit|dunamai|\bpbr\b"
)
"""What tools say that have found no version: in the words of all that VARIABLES is for, and of
versioningit, versioneer, dunamai, setuptools-git-versioning, miniver and git itself."""

_SETTINGS = {
    "commit.gpgSign": "false",
    "core.autocrlf": "false",
    "core.compression": "0",
    "core.fileMode": "true",
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "init.defaultBranch": "main",
    "tag.gpgSign": "false",
}
_WHO = ("park", "park@localhost")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretence:
    """What a tool is told that asks for the version of ``name``; ``tag`` names it in git.

    ``is_known`` is False for a guess, before anybody has told the version: such a one is not in
    ``PKG-INFO``, from which hatchling takes it before it looks where the project says.
    """

    name: str
    version: str
    tag: str
    is_known: bool = True

    def variables(self) -> dict[str, str]:
        """Return the variables that say the version."""
        return dict.fromkeys(VARIABLES, self.version)

    def without_local(self) -> Pretence:
        """Return this with a version and a tag that have no local segment.

        For a program of the tree that adds one of its own to a tag.
        """
        version, plus, local = self.version.partition("+")
        return replace(self, version=version, tag=self.tag.removesuffix(plus + local))

    def was_added_to(self, output: str) -> bool:
        """Tell whether ``output`` complains of this version, local segment and all, with an end."""
        said = rf"invalid version[^\n]*{re.escape(self.version)}[^'\"\s]"
        return "+" in self.version and re.search(said, output, re.IGNORECASE) is not None


def asks_version_control(output: str) -> bool:
    """Tell whether a build that printed ``output`` failed for want of version control."""
    return re.search(_ASKS, output, re.IGNORECASE) is not None


def write_pkg_info(source: Path, told: Pretence) -> None:
    """Say in ``source`` what the ``PKG-INFO`` of an sdist says, unless it says so itself."""
    lines = ["Metadata-Version: 2.1", f"Name: {told.name}", f"Version: {told.version}", ""]
    with suppress(FileExistsError), (source / "PKG-INFO").open("x", encoding="utf-8") as file:
        file.write("\n".join(lines))


def make_repository(
    source: Path, tag: str | None, run: Callable[[Sequence[str], dict[str, str]], None]
) -> None:
    """Make ``source`` a git repository with one commit of all that it holds, under ``tag``.

    Equal contents give equal commits. ``run`` runs a command in ``source`` with variables on top
    of its own. Without git on the machine, nobody can ask it, and nothing is made.
    """
    if (source / ".git").exists():
        return
    settings = [text for pair in _SETTINGS.items() for text in ("-c", "=".join(pair))]
    commands: list[list[str]] = [
        ["init", "--quiet", "--template="],
        ["add", "--all", "--force", "--", ".", ":(exclude)PKG-INFO"],
        ["commit", "--quiet", "--allow-empty", "--no-verify", "--message=All of the tree"],
    ]
    if tag is not None:
        commands.append(["tag", "--annotate", f"--message={tag}", tag])
    with suppress(OSError, subprocess.SubprocessError):
        for command in commands:
            run(["git", *settings, *command], _variables())
            if command[0] == "init":
                _exclude(source, "/PKG-INFO")


def _exclude(source: Path, pattern: str) -> None:
    info = source / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "exclude").write_text(f"{pattern}\n", encoding="utf-8")


def _variables() -> dict[str, str]:
    """Return what makes git depend on nothing of this machine."""
    date = f"{EPOCH} +0000"
    name, address = _WHO
    return {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        **{f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": address for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_DATE": date for role in ("AUTHOR", "COMMITTER")},
    }
