"""A new environment whose wheels are in the store, beside ``uv venv`` and ``uv pip sync``.

The set is that of refl1d 1.0.1 for this interpreter. Both sides start from what they keep:
the wheel store, and uv's cache of unpacked wheels.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uv
from packaging.pylock import Pylock

from benchmarks.timing import command, compared, seconds
from park_repo.wheelstore import WheelStore
from park_server.envs.download import Downloader
from park_server.envs.environments import Environments
from park_server.envs.interpreters import Interpreter, discover, interpreter_for
from park_server.envs.lock import load, normalise, select

ROUNDS = 7
LIMIT = 15.0
"""At least so many times faster than uv."""

SET = "refl1d==1.0.1"
MODULE = "refl1d.names"


def measure(rounds: int | None) -> dict[str, Any]:
    """Return the time of an environment and of its first imports, beside uv's."""
    rounds = rounds or ROUNDS
    with TemporaryDirectory(prefix="park-bench-") as folder:
        ours, theirs = _Ours(Path(folder)), _Theirs(Path(folder))
        first = seconds(ours.make)
        theirs.make()
        figures = compared(rounds, ours.make, theirs.make, before=ours.remove)
        return {
            "set": SET,
            "wheels": ours.wheels,
            "yardstick": "uv venv + uv pip sync, warm cache, no bytecode",
            "first_realisation_seconds": round(first, 2),
            **figures,
            "limit_yardstick_over_ours": LIMIT,
            "holds": figures["yardstick_over_ours"] >= LIMIT,
            "import": {
                "module": MODULE,
                "ours": _imports(ours.make_anew, rounds=3),
                "yardstick": _imports(theirs.make, rounds=3),
            },
        }


def _imports(make: Callable[[], Path], *, rounds: int) -> dict[str, float]:
    """Return how long the first and the second import in a new environment take."""
    first, second = [], []
    for _ in range(rounds):
        action = command([make() / "bin" / "python", "-c", f"import {MODULE}"], _without_cache())
        first.append(seconds(action))
        second.append(seconds(action))
    medians = statistics.median(first), statistics.median(second)
    return {
        "first_seconds": round(medians[0], 3),
        "second_seconds": round(medians[1], 3),
        "first_over_second": round(medians[0] / medians[1], 2),
    }


def _without_cache() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True)
class _Ours:
    folder: Path

    @cached_property
    def _parts(self) -> tuple[Environments, Pylock, Interpreter, Downloader]:
        home = self.folder / "home"
        minor = f"{sys.version_info.major}.{sys.version_info.minor}"
        interpreter = interpreter_for(discover(), minor)
        lock = normalise(load(_locked(self.folder, interpreter).encode()), interpreter)
        environments = Environments(home, WheelStore(home / "store"))
        return environments, lock, interpreter, Downloader(home / "wheels")

    @property
    def wheels(self) -> int:
        """How many wheels the set has."""
        _, lock, interpreter, _ = self._parts
        return len(select(lock, interpreter).wheels)

    def remove(self) -> None:
        """Remove the environment; its wheels stay in the store."""
        environments, lock, interpreter, _ = self._parts
        environments.remove(select(lock, interpreter).hash)

    def make(self) -> Path:
        """Realise the environment, durably."""
        environments, lock, interpreter, downloads = self._parts
        return environments.realise(lock, interpreter, fetch=downloads.fetch).path

    def make_anew(self) -> Path:
        """Remove the environment and realise it again."""
        self.remove()
        return self.make()


@dataclass(frozen=True)
class _Theirs:
    folder: Path
    _numbers: count[int] = field(default_factory=count)

    def make(self) -> Path:
        """Make a new environment with uv, from its cache."""
        path = self.folder / f"uv-{next(self._numbers)}"
        lock = self.folder / "pylock.toml"
        python = str(path / "bin" / "python")
        command([uv.find_uv_bin(), "venv", "--quiet", "--python", sys.executable, path])()
        command([uv.find_uv_bin(), "pip", "sync", "--quiet", "--python", python, lock])()
        return path


def _locked(folder: Path, interpreter: Interpreter) -> str:
    """Resolve the set with uv, straight from the machine's index."""
    requirements, lock = folder / "requirements.in", folder / "pylock.toml"
    requirements.write_text(f"{SET}\n")
    what: list[str | Path] = ["pip", "compile", requirements, "--format", "pylock.toml", "-o", lock]
    where = ["--python", str(interpreter.executable), "--only-binary", ":all:", "--quiet"]
    command([uv.find_uv_bin(), *what, *where])()
    return lock.read_text()
