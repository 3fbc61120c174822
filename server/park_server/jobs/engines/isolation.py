"""What keeps jobs to themselves on this machine: found by trying, once at each start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import park.runtime
from park.runtime.cage.trial import COVERS, DOMAIN, FILTER, JOBS, OWN_FOLDER, SECRET
from park.runtime.view import enter_command
from park_server.jobs.engines.control_groups import found_groups

__all__ = ["UNTRIED", "Isolation", "permitted_isolation"]

_TRIAL_S = 30.0
"""How long the trial may take; it takes 60 ms."""

_KEPT = ("areas", "envs", "files", "jobs", "runtime", "store")
"""What jobs need of a home; all else there is covered: token, database, index, sockets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation:
    """What holds for the jobs of a service.

    ``covers``: of its home they see what they need; ``own_folders``: of the folders of jobs
    each sees its own; ``domains``: they can signal no process outside of their own; ``processes``:
    there is an end to how many they can have; ``filtered``: system calls that no job needs are
    refused.
    """

    covers: bool
    own_folders: bool
    domains: bool
    processes: bool
    filtered: bool

    @property
    def gaps(self) -> tuple[str, ...]:
        """What cannot be kept apart here, a line for each."""
        lines = (
            (self.processes, "jobs can have processes without end"),
            (self.filtered, "jobs can make every system call (no seccomp)"),
        )
        return (*self.between_users, *(line for holds, line in lines if not holds))

    @property
    def between_users(self) -> tuple[str, ...]:
        """What of two users cannot be kept apart here, a line for each."""
        lines = (
            (self.covers, "jobs can read the service's token and database"),
            (self.own_folders, "jobs can read and change the folders of other jobs"),
            (self.domains, "jobs can signal the service and other jobs"),
        )
        return tuple(line for holds, line in lines if not holds)

    def words(self, home: Path, *, shown: Iterable[Path]) -> tuple[str, ...]:
        """Return what a fork server is told of its cage (see `park.runtime.cage.way_in`).

        ``shown`` are paths below what is covered of ``home`` that its jobs need.
        """
        covers = (
            f"hide={home}",
            *(f"keep={name}" for name in _KEPT),
            *(f"show={path}" for path in shown),
        )
        own = ("own-folder",) if self.own_folders else ()
        return ("alone", *own, *(covers if self.covers else ()))


UNTRIED = Isolation(covers=False, own_folders=False, domains=False, processes=False, filtered=False)
"""Of a machine of which nothing is known: nothing is covered."""


def permitted_isolation(folder: Path) -> Isolation:
    """Return what a process like those of jobs, with the rights of this one, can be kept from."""
    with TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
        for name in (SECRET, f"{JOBS}/one", f"{JOBS}/other"):
            Path(trial, name).mkdir(parents=True)
        Path(trial, SECRET, "file").touch()
        found = _printed(trial)
    return Isolation(
        covers=COVERS in found,
        own_folders=OWN_FOLDER in found,
        domains=DOMAIN in found,
        processes="pids" in found_groups().limited,
        filtered=FILTER in found,
    )


def _printed(trial: str) -> set[str]:
    program = os.path.join(park.runtime.__path__[0], "__main__.py")  # noqa: PTH118 (a string)
    words = ["alone", "own-folder", f"hide={trial}", f"keep={JOBS}"]
    command = [
        *enter_command(sys.executable, program, trial, [], strict=False, cage=words),
        *(sys.executable, "-I", "-S", "-B", program, "trial", trial),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TRIAL_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(done.stdout.split())
