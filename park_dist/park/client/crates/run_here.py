"""A call of a crate, made on this machine: in a virtualenv of its lock, without any service."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import park.runtime
from park.build.cache import user_cache
from park.client.crates.crate_records import CrateEnvironment, CrateJob, CrateRecord
from park.client.crates.repetition import Run
from park.client.debugging.local_environment import environment_of_wheels
from park.client.debugging.park_beside import park_beside
from park.errors import JobFailed, UsageError
from park.runtime.folder import JobFolder, read_record
from park.runtime.order import Order

__all__ = ["RunsHere"]


class RunsHere:
    """Makes the calls of ``record``, whose files are below ``folder``, one after the other."""

    def __init__(self, record: CrateRecord, folder: Path) -> None:
        if os.name != "posix":
            raise UsageError(
                "jobs are run again here on Linux and macOS alone",
                hint="--service NAME runs them on a service",
            )
        self._record = record
        self._folder = folder
        self._pythons: dict[str, Path] = {}

    def run(self, job: CrateJob) -> Run:
        """Make the call of ``job``; returns what came of it, also where it failed."""
        python = self._python(self._record.environment_of(job))
        place = self._folder / "again" / job.id
        self._lay_out(job, place)
        _make_call(python, _order(job, place), park_beside(place))
        outcome = read_record(JobFolder(root=str(place)).outcome)
        if outcome is None:
            raise JobFailed(
                f"the process of {job.entry_point} ended without an outcome",
                hint=f"its output is in {place}; -d FOLDER keeps that",
            )
        work = place / "work"
        files = sorted(p for p in work.rglob("*") if p.is_file() and not p.is_symlink())
        return Run(
            id=job.id,
            result=outcome.get("result"),
            error=outcome.get("error"),
            files={path.relative_to(work).as_posix(): path for path in files},
            machine=outcome.get("machine", {}),
        )

    def _python(self, environment: CrateEnvironment) -> Path:
        if environment.lock_hash not in self._pythons:
            self._pythons[environment.lock_hash] = environment_of_wheels(
                user_cache().root / "crates",
                self._folder,
                {wheel: environment.wheel_path(wheel) for wheel in environment.wheels},
                python=environment.python,
            )
        return self._pythons[environment.lock_hash]

    def _lay_out(self, job: CrateJob, place: Path) -> None:
        """Write the call and its files as a job finds them (see `park.runtime.folder`)."""
        layout = JobFolder(root=str(place))
        Path(layout.work).mkdir(parents=True)
        shutil.copyfile(self._folder / job.call, layout.call)
        for each in job.inputs:
            target = Path(layout.inputs) / each.sha256 / each.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._folder / each.path, target)


def _order(job: CrateJob, place: Path) -> Order:
    return Order(
        job_id=job.id,
        attempt=1,
        directory=str(place),
        entry_point=job.entry_point,
        set_hash=job.set_hash,
        memo=False,
    )


def _make_call(python: Path, order: Order, library: Path) -> None:
    """Run the process of a job as a service does, and wait for its end."""
    program = Path(park.runtime.__path__[0]) / "__main__.py"
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    with ours, theirs, os.fdopen(writing, "w", encoding="utf-8") as told:
        argument = json.dumps({"order": reading, "channel": theirs.fileno()})
        process = subprocess.Popen(
            [str(python), "-I", "-B", str(program), "job", argument],
            env=os.environ | {"PARK_RUNTIME": str(library)},
            pass_fds=(reading, theirs.fileno()),
            start_new_session=False,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
        )
        os.close(reading)
        theirs.close()
        json.dump(order.as_record(), told)
        told.close()
        process.wait()
