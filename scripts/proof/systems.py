"""The systems on trial: each says which jobs it runs again in a world, after an earlier one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from proof.specimen import JOBS
from proof.world import World

__all__ = ["Cached", "Park", "System"]

_SCRIPTS = Path(__file__).resolve().parents[1]


class System(Protocol):
    """A system that remembers calls."""

    name: str

    def begin(self, world: World) -> None:
        """Run every job once."""

    def runs_again(self, world: World, jobs: Sequence[str]) -> Mapping[str, bool]:
        """Return whether each of ``jobs`` is run in ``world``, which is the first one, edited."""


class Park:
    """park, as far as its comparison goes: real environments, real jobs, what they used."""

    name = "park"

    def __init__(self, folder: Path) -> None:
        from support.labs.usage_lab import UsageLab

        self._lab = UsageLab(folder)

    def begin(self, world: World) -> None:
        """See `System`."""
        found = self._lab.run(self._wheels(world), *JOBS.values())
        self._ran = dict(zip(JOBS, found, strict=True))

    def runs_again(self, world: World, jobs: Sequence[str]) -> Mapping[str, bool]:
        """See `System`."""
        wheels = self._wheels(world)
        return {job: self._lab.changed(self._ran[job], wheels) is not None for job in jobs}

    def _wheels(self, world: World) -> list[Path]:
        return [each.wheel(self._lab.home / "wheels") for each in world.values()]


class Cached:
    """joblib or redun: calls in one site-packages folder, edited in place, with a cache beside."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._site = folder / "site"
        self._kept = folder / "kept"
        self._cache = folder / "cache"
        self._work = folder / "work"

    def begin(self, world: World) -> None:
        """See `System`."""
        self._run(world, list(JOBS))
        shutil.copytree(self._cache, self._kept)

    def runs_again(self, world: World, jobs: Sequence[str]) -> Mapping[str, bool]:
        """See `System`."""
        shutil.rmtree(self._cache)
        shutil.copytree(self._kept, self._cache)
        return self._run(world, jobs)

    def _run(self, world: World, jobs: Sequence[str]) -> dict[str, bool]:
        for folder in (self._site, self._work):
            shutil.rmtree(folder, ignore_errors=True)
        self._work.mkdir(parents=True)
        for each in world.values():
            self._install(each.wheel(self._folder / "wheels"))
        calls = {job: JOBS[job] for job in jobs}
        command = [sys.executable, "-m", "proof.cached_calls", self.name]
        done = subprocess.run(
            [*command, str(self._site), str(self._cache), json.dumps(calls)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._work,  # jobs leave files where they run
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(_SCRIPTS)},
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} failed:\n{done.stderr}")
        answer: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def _install(self, wheel: Path) -> None:
        shutil.unpack_archive(wheel, self._site, "zip")
