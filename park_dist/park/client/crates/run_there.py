"""A call of a crate, made on a service: what that lacks of its wheels is sent before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from park.client.access.transport import Transport
from park.client.crates.crate_records import CrateEnvironment, CrateJob, CrateRecord
from park.client.crates.repetition import Run
from park.client.installs.outcome import InstallOutcome
from park.client.installs.sent_wheels import install_wheels
from park.client.report import Report
from park.client.service import Service
from park.client.submission.files import FileDigest
from park.client.submission.this_account import this_account
from park.client.submission.uploads import Uploads
from park.errors import EnvironmentMismatch, JobFailed
from park.model.ids import new_id
from park.wire import API, JobRequest, LocalWheel, ReplayRecord, decode, encode

__all__ = ["RunsThere"]


class RunsThere:
    """Makes the calls of ``record``, whose files are below ``folder``, on the service there."""

    def __init__(
        self, record: CrateRecord, folder: Path, transport: Transport, report: Report
    ) -> None:
        self._record = record
        self._folder = folder
        self._transport = transport
        self._service = Service(transport)
        self._report = report
        self._installed: dict[str, InstallOutcome] = {}

    def run(self, job: CrateJob) -> Run:
        """Make the call of ``job``; returns what came of it, also where it failed."""
        environment = self._record.environment_of(job)
        if environment.lock_hash not in self._installed:
            self._installed[environment.lock_hash] = self._install(environment)
        made = self._submit(job, self._installed[environment.lock_hash])
        handle = self._service.job(made)
        error = result = None
        try:
            result = handle.encoded_result()
        except JobFailed:
            error = handle.error
        return Run(
            id=made,
            result=result,
            error=error,
            files=self._files(job, made),
            machine=self._machine(made),
        )

    def _install(self, environment: CrateEnvironment) -> InstallOutcome:
        """Make the environment; raises `EnvironmentMismatch` where it comes out as another set."""
        paths = {
            wheel.filename: self._folder / environment.wheel_path(wheel)
            for wheel in environment.wheels
        }

        def path_of(wheel: LocalWheel, _folder: Path) -> Path:
            return paths[wheel.filename]

        made = install_wheels(self._transport, environment, path_of, self._report)
        if made.set_hash != environment.set_hash:
            raise EnvironmentMismatch(
                f"the crate says that {environment.project} {environment.version} is of the set "
                f"{environment.set_hash[:12]}…, and its pins are {made.set_hash[:12]}…"
            )
        return made

    def _submit(self, job: CrateJob, made: InstallOutcome) -> str:
        sent = Uploads(self._transport).begin(list(self._inputs(job)))
        sent.result()
        request = JobRequest(
            id=new_id(),
            entry_point=job.entry_point,
            call=json.loads((self._folder / job.call).read_text(encoding="utf-8")),
            lock_hash=made.lock_hash,
            set_hash=made.set_hash,
            memo=False,  # what is remembered there is no repetition
            label=f"again: {job.label}"[:80],
            submitted_from=this_account(),
        )
        self._transport.json("POST", f"{API}/jobs", json=[encode(request)])
        self._report.step(f"{job.entry_point} is job {request.id} on {self._transport.address.url}")
        return request.id

    def _inputs(self, job: CrateJob) -> Iterator[tuple[Path, FileDigest]]:
        for each in job.inputs:
            yield self._folder / each.path, FileDigest(sha256=each.sha256, name=each.name)

    def _files(self, job: CrateJob, made: str) -> dict[str, Path]:
        """Bring what the job left below the folder, by numbers: its names are as it liked."""
        place = self._folder / "again" / job.id
        place.mkdir(parents=True)
        handle, found = self._service.job(made), {}
        for number, file in enumerate(handle.refresh().files):
            found[file.name] = handle.fetch(file.name, place / str(number))
        return found

    def _machine(self, made: str) -> dict[str, str]:
        answer = self._transport.json("GET", f"{API}/jobs/{made}/replay")
        return decode(ReplayRecord, answer).machine
