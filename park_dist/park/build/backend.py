"""The build backend of a tree, called in a kept environment on a clean export (PEP 517)."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from park.build.output import build_failed, paths_sought
from park.build.tree.export import EPOCH
from park.build.tree.named_paths import is_above
from park.build.tree.version_control import (
    VARIABLES,
    Pretence,
    asks_version_control,
    make_repository,
    write_pkg_info,
)
from park.local.metadata import CoreMetadata, parse_metadata
from park.local.pyproject import BuildSystem, Pyproject, read_pyproject
from park.local.requirements import requirement_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from build import ProjectBuilder

    from park.build.isolation.isolated_env import BuildEnvironment
    from park.errors import BuildFailed

__all__ = [
    "PROGRAMS",
    "Backend",
    "Launch",
    "asks_for_nothing",
    "build_environ",
    "is_plain",
    "launch",
]

Launch = Callable[["Sequence[str]", "str | None", "Mapping[str, str]"], None]
"""Runs a command in a folder with exactly these environment variables, to its end.

Raises `subprocess.CalledProcessError` with what it printed.
"""

_OWN_DISTRIBUTIONS = {
    "flit_core.buildapi": {"flit-core"},
    "hatchling.build": {"hatchling"},
    "poetry.core.masonry.api": {"poetry-core"},
    "setuptools.build_meta": {"setuptools", "wheel"},
    "uv_build": {"uv-build"},
}
"""Backends that answer from configuration files alone, as long as they have no plugins."""

_NEVER_ASK = frozenset({"poetry.core.masonry.api", "uv_build"})

PROGRAMS = frozenset({"setup.py", "hatch_build.py"})
"""Files at the root of a tree that some of those backends run."""

_OF_OTHERS = ("PYTHON", "GIT_", "SETUPTOOLS_SCM_", "VCS_VERSIONING_", "__PYVENV")
"""Beginnings of variables that point out of a build, or speak of another version."""

_NOT_FOR_BUILDS = frozenset({"PARK_TOKEN", "VIRTUAL_ENV", *VARIABLES})
"""Variables that no code of a tree's build is to see."""


def launch(command: Sequence[str], folder: str | None, environ: Mapping[str, str]) -> None:
    """Run ``command`` as a child of this process; see `Launch`."""
    subprocess.run(
        list(command),
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        umask=0o022,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """The backend of one export.

    ``told`` is what a tool is told that asks version control for the version, as an export
    has no history; None where the tree declares its version itself. ``outer`` are the
    environment variables that hooks may see, this process's own by default, and ``launch``
    starts them.
    """

    source: Path
    environment: BuildEnvironment
    told: Pretence | None = None
    outer: Mapping[str, str] = field(default_factory=lambda: os.environ)
    launch: Launch = launch

    def requirements_for_wheel(self) -> tuple[str, ...]:
        """Return what the backend asks for in addition to ``[build-system] requires``."""
        with self._failures("tell what it needs") as builder:
            return tuple(sorted(builder.get_requires_for_build("wheel")))

    def metadata(self, workplace: Path) -> CoreMetadata:
        """Return the metadata that the wheel will have; it is written below ``workplace``."""
        with self._failures("prepare the metadata") as builder:
            folder = Path(builder.metadata_path(workplace))
        text = (folder / "METADATA").read_text(encoding="utf-8")
        return parse_metadata(text, where="the metadata that the build backend prepared")

    def build_wheel(self, output: Path) -> Path:
        """Build the wheel into the folder ``output`` and return its path."""
        with self._failures("build the wheel") as builder:
            return Path(builder.build("wheel", output))

    @contextmanager
    def _failures(self, task: str) -> Iterator[ProjectBuilder]:
        """Give the frontend; any failure of it or of the backend becomes one `BuildFailed`."""
        from build import BuildBackendException, BuildException, ProjectBuilder

        self._stand_in_for_version_control()
        _silence_warnings()
        try:
            yield ProjectBuilder.from_isolated_env(self.environment, self.source, self._run)
        except (BuildBackendException, BuildException) as error:
            raise self._explained(f"the build backend could not {task}", error) from None

    def _explained(self, what: str, error: Exception) -> BuildFailed:
        failed = build_failed(what, error, hint="try it on its own with: python -m build --wheel")
        output = str(failed.details["output"])
        sought = paths_sought(output, self.source)
        above = [p for p in sought if is_above(p) and not (self.source / p).exists()]
        if above:
            failed = _reads_above(what, above[0], error)
        elif asks_version_control(output):
            failed = self._asked_version_control(what, error)
        failed.details["sought"] = list(sought)
        return failed

    def _asked_version_control(self, what: str, error: Exception) -> BuildFailed:
        said = "" if self.told is None else f", and the version {self.told.version}"
        return build_failed(
            f"{what}: it asks version control, and a tree is built from a copy of its files that"
            f" has no history: one commit there has all of them{said}",
            error,
            hint="declare the version in pyproject.toml ([project] version), or let what asks"
            " take it from a tag of that commit, or from the PKG-INFO beside it",
        )

    def _stand_in_for_version_control(self) -> None:
        """Give what asks for a version its answer; see `park.build.tree.version_control`."""
        if self.told is not None and self.told.is_known:
            write_pkg_info(self.source, self.told)
        if self.told is not None or _may_ask_git(self.source):
            tag = None if self.told is None else self.told.tag
            make_repository(self.source, tag, self._run_here)

    def _run_here(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        environ = build_environ(self.outer)
        self.launch(command, str(self.source), {**environ, **variables})

    def _run(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run a hook; the parameters are those of `pyproject_hooks`."""
        environ = build_environ(self.outer, told=self.told)
        # what asks git in the copy never gets the answer of a checkout around the cache
        environ["GIT_CEILING_DIRECTORIES"] = str(self.source.parent)
        self.launch(cmd, cwd, {**environ, **(extra_environ or {})})


def _silence_warnings() -> None:
    """Have no warning of a backend repeated here: what it says of somebody's tree is no news.

    Where warnings are errors, the tree could not be built for one.
    """
    import pyproject_hooks

    category = getattr(pyproject_hooks, "BuildBackendWarning", None)  # of newer versions
    if category is not None:
        warnings.filterwarnings("ignore", category=category)


def _reads_above(what: str, path: str, cause: Exception) -> BuildFailed:
    return build_failed(
        f"{what}: it looks for {path}, above the folder of the tree, where there is none",
        cause,
        hint="put that file where the build looks for it: what a build reads above its tree goes"
        " with it, once it is there",
    )


def build_environ(outer: Mapping[str, str], *, told: Pretence | None = None) -> dict[str, str]:
    """Return the environment variables of a build: the outer ones, without what makes it vary.

    ``SOURCE_DATE_EPOCH`` is the reproducible-builds convention; ``PYTHONHASHSEED`` fixes the
    order of sets; variables of Python and git that point out of the build are dropped.
    """
    kept = {
        name: value
        for name, value in outer.items()
        if not name.startswith(_OF_OTHERS) and name not in _NOT_FOR_BUILDS
    }
    fixed = {
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8",
        "TZ": "UTC",
    }
    return kept | fixed | ({} if told is None else told.variables())


def is_plain(build_system: BuildSystem) -> bool:
    """Tell whether a backend runs neither plugins nor code of the tree's own, but `PROGRAMS`."""
    names = {requirement_name(text) for text in build_system.requires}
    own = _OWN_DISTRIBUTIONS.get(build_system.backend, set())
    return names <= own and not build_system.backend_path


def asks_for_nothing(root: Path, declared: Pyproject) -> bool:
    """Tell whether a backend needs nothing to build ``root`` beyond what the tree declares.

    It is known of some without asking, which takes a process: poetry's and uv's never do, and
    hatchling only where its configuration says so, or for a version that it has to find.
    """
    if not is_plain(declared.build_system) or _has_programs(root):
        return False
    if declared.build_system.backend != "hatchling.build":
        return declared.build_system.backend in _NEVER_ASK
    is_configured = "hatch" in declared.tools or (root / "hatch.toml").exists()
    return declared.version is not None and not is_configured


def _has_programs(root: Path) -> bool:
    return any((root / name).exists() for name in PROGRAMS)


def _may_ask_git(source: Path) -> bool:
    """Tell whether a build runs code that may ask git, though the version is declared.

    Plugins of setuptools have it ship the data files that git tracks: without a repository
    they would silently ship none.
    """
    return _has_programs(source) or not is_plain(read_pyproject(source).build_system)
