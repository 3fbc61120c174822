"""From a tree to its wheel, cold, unchanged and with one edited line, beside uv build.

Each is timed as a whole step of the client: a process that finds the project, gives it its
version, builds, verifies, and keeps the wheel. Cold has nothing in park's cache, so the build
environment is made too. ``uv build --wheel`` is isolated, with its cache of wheels warm (as is
the one that park's uv reads), on the same edits of a copy of the same tree.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uv

from benchmarks.harness.timing import command, compared, seconds
from park.build.cache import Cache
from park.build.local_set import local_set

ROUNDS = 9
FILES = 10_000
KNOWN_LIMIT_S = 0.05
PARK = Path(sys.executable).with_name("park")

BACKENDS = {
    "hatchling": ("hatchling.build", "hatchling", ""),
    "setuptools": (
        "setuptools.build_meta",
        "setuptools>=77",
        "[tool.setuptools]\npackages = ['model']\n",
    ),
    "flit": ("flit_core.buildapi", "flit_core>=3.11", ""),
}


def measure(rounds: int | None) -> dict[str, Any]:
    """Return how fast a large tree is known again, and the steps for each usual backend."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="park-bench-") as folder:
        return {
            "same_tree_again": _known_again(Path(folder), rounds),
            **{
                step: {name: _beside_uv(Path(folder), name, rounds, step) for name in BACKENDS}
                for step in ("cold", "unchanged", "edited_line")
            },
        }


def _known_again(folder: Path, rounds: int) -> dict[str, Any]:
    """Time how long it takes, in a warm process, to know a large tree and to find its wheel."""
    root = _large_tree(folder / "large")
    cache = Cache(root=folder / "cache")

    def know() -> bool:
        (source,) = local_set(str(root), cache=cache).sources
        return source.wheel().built

    first = seconds(know)
    time.sleep(3)  # until the time stamps are settled: younger ones are not trusted
    know()
    if know():
        raise RuntimeError("an unchanged tree was built again")
    figures = compared(rounds, know, partial(_git_status, root))
    return {
        "files": FILES,
        "yardstick": "git status",
        "first_seconds": round(first, 2),
        **figures,
        "limit_seconds": KNOWN_LIMIT_S,
        "holds": figures["seconds"] < KNOWN_LIMIT_S,
    }


def _beside_uv(parent: Path, name: str, rounds: int, step: str) -> dict[str, Any]:
    """Time one kind of step with one backend."""
    folder = parent / step / name
    ours, theirs = _Edited(folder / "ours", name), _Edited(folder / "theirs", name)
    cache, output = folder / "cache", folder / "dist"
    variables = {**os.environ, "PARK_CACHE_DIR": str(cache)}
    build: list[str | Path] = [PARK, "build", ours.root, "--json"]
    uv_build: list[str | Path] = [uv.find_uv_bin(), "build", "--wheel", theirs.root]
    _check(build, variables)
    pairs = []
    for _ in range(rounds + 1):
        if step == "edited_line":
            ours.edit()
            theirs.edit()
        for stale in (output, *([cache] if step == "cold" else [])):
            shutil.rmtree(stale, ignore_errors=True)
        park_s = seconds(command(build, variables))
        pairs.append((park_s, seconds(command([*uv_build, "--out-dir", output], os.environ))))
    park_s, uv_s = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    return {
        "yardstick": "uv build --wheel, isolated, warm cache",
        "seconds": round(park_s, 4),
        "yardstick_seconds": round(uv_s, 4),
        "yardstick_over_ours": round(uv_s / park_s, 2),
        "rounds": rounds,
        "holds": park_s < uv_s,
    }


@dataclass(frozen=True)
class _Edited:
    """A tree of one package of which a line can be edited."""

    root: Path
    backend: str
    _numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        module, requires, more = BACKENDS[self.backend]
        (self.root / "model").mkdir(parents=True)
        (self.root / "pyproject.toml").write_text(
            f"[build-system]\nrequires = ['{requires}']\nbuild-backend = '{module}'\n"
            "[project]\nname = 'model'\nversion = '1.0'\ndescription = 'A model'\n" + more
        )
        for number in range(20):
            (self.root / f"model/part{number}.py").write_text("FILM_SLD = 2.0\n" * 50)
        self.edit()

    def edit(self) -> None:
        """Change one line."""
        (self.root / "model/__init__.py").write_text(
            f'"""A model."""\n\nFILM_SLD = {next(self._numbers)}\n'
        )


def _check(build: list[str | Path], variables: dict[str, str]) -> None:
    """See that the step ends with a wheel that was built now, and bears the tree's version."""
    done = subprocess.run(build, env=variables, stdout=subprocess.PIPE, check=True)
    (account,) = json.loads(done.stdout)["wheels"]
    wheel = account["wheel"]
    if not wheel["built"] or account["version"] not in wheel["filename"]:
        raise RuntimeError(f"not what was to be measured: {wheel}")


def _large_tree(root: Path) -> Path:
    """Make a checkout of ten thousand modules."""
    (root / "src/large").mkdir(parents=True)
    (root / "src/large/__init__.py").touch()
    (root / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[project]\nname = 'large'\nversion = '1.0'\n"
    )
    for number in range(FILES):
        folder = root / f"src/large/part{number // 100:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"module{number % 100:03}.py").write_text(f"NUMBER = {number}\n")
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
    for step in (["init", "-q"], ["add", "--all"], [*who, "commit", "-q", "--message", "all"]):
        subprocess.run(["git", *step], cwd=root, check=True)
    return root


def _git_status(root: Path) -> None:
    # without the lock it does not write its index, which is one of the things that we watch
    git = ["git", "--no-optional-locks", "status", "--porcelain"]
    subprocess.run(git, cwd=root, check=True, capture_output=True)
