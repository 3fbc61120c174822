"""Jobs of a service, gathered in a folder: all that it takes to make their calls again."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.client.areas import ServiceFiles
from park.client.choosing.versions import versions_there
from park.client.crates.area_files import named_there, require_as_it_was, taken_along
from park.client.crates.crate_records import CrateEnvironment, CrateJob, NamedFile, member_name
from park.client.jobs.cached_files import cached_file
from park.client.jobs.told.looked_up import looked_up
from park.client.report import Report
from park.digests import file_sha256
from park.errors import ServiceFault, UnknownItem, UsageError
from park.model.file_names import in_url, stays_below
from park.model.pylock import dumps
from park.model.states import JobKind, JobState
from park.wire import (
    API,
    EnvironmentDetail,
    EnvironmentRecord,
    JobRecord,
    LocalWheel,
    ReplayRecord,
    decode,
)

__all__ = ["Gathering"]

_STREAMS = ("stdout", "stderr")


@dataclass(kw_only=True, slots=True)
class Gathering:
    """What was gathered so far below ``folder``, which becomes a crate."""

    folder: Path
    report: Report
    jobs: list[CrateJob] = field(default_factory=list)
    environments: dict[str, CrateEnvironment] = field(default_factory=dict)

    def add(self, transport: Transport, job: str, *, needs: list[str] | None = None) -> CrateJob:
        """Bring ``job`` of the service behind ``transport``, which has ended, and return it.

        Raises `UsageError` for one that nobody can call again, and `UnknownItem`.
        """
        with looked_up(transport.address.url):
            record = decode(JobRecord, transport.json("GET", f"{API}/jobs/{job}"))
        _require_ended(record, transport)
        call = decode(ReplayRecord, transport.json("GET", f"{API}/jobs/{record.id}/replay"))
        self.report.step(f"{record.label or record.entry_point}, job {record.id}")
        if call.lock_hash not in self.environments:
            self.environments[call.lock_hash] = self._environment(transport, call)
        self.jobs.append(self._job(transport, record, call, needs or []))
        return self.jobs[-1]

    def _job(
        self, transport: Transport, record: JobRecord, call: ReplayRecord, needs: list[str]
    ) -> CrateJob:
        place, route = f"jobs/{record.id}", f"{API}/jobs/{record.id}"
        brought = {
            path: self._area_file(transport, record, path) for path in named_there(call.call)
        }
        digests = {path: each.sha256 for path, each in brought.items()}
        answer = transport.json("GET", f"{route}/result")
        has_result = record.status is JobState.COMPLETED
        return CrateJob(
            id=record.id,
            entry_point=record.entry_point,
            label=record.label or record.entry_point,
            status=record.status,
            service=transport.address.url,
            environment=call.lock_hash,
            set_hash=call.set_hash,
            call=self._document(f"{place}/call.json", taken_along(call.call, digests)),
            result=self._document(f"{place}/result.json", answer.get("result"))
            if has_result
            else None,
            error=record.error if record.status is JobState.FAILED else None,
            submitted=record.submitted,
            started=record.started,
            finished=record.finished,
            inputs=[
                self._file(
                    transport,
                    f"{route}/inputs/{each.sha256}",
                    f"inputs/{each.sha256}/{member_name(each.name)}",
                    NamedFile(name=each.name, path="", sha256=each.sha256),
                )
                for each in call.inputs
            ]
            + list({each.path: each for each in brought.values()}.values()),
            outputs=[
                self._file(
                    transport,
                    f"{route}/files/{in_url(each.name)}",
                    f"{place}/outputs/{member_name(each.name)}",
                    NamedFile(name=each.name, path="", sha256=each.sha256),
                )
                for each in record.files
            ],
            logs=[each for name in _STREAMS if (each := self._log(transport, route, place, name))],
            needs=needs,
            machine=[[name, str(value)] for name, value in sorted(call.machine.items())],
            submitted_from=record.submitted_from,
        )

    def _at(self, path: str) -> Path:
        """Return where ``path`` is in the crate; raises `ServiceFault` for one that leads out."""
        if not stays_below(path):
            raise ServiceFault(f"the service names what would be outside of the crate: {path!r}")
        return self.folder / path

    def _document(self, path: str, document: Any) -> str:
        target = self._at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(document, allow_nan=False), encoding="ascii")
        return path

    def _file(self, transport: Transport, route: str, path: str, known: NamedFile) -> NamedFile:
        """Bring a file to ``path``; raises `ServiceFault` where it is another than is known."""
        target = self._at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            transport.download(route, target)
        found = file_sha256(target)
        if found != known.sha256:
            raise ServiceFault(
                f"{known.name}: expected content with the SHA-256 {known.sha256}, got {found}"
            )
        return NamedFile(name=known.name, path=path, sha256=found)

    def _area_file(self, transport: Transport, job: JobRecord, path: str) -> NamedFile:
        """Bring a file that is kept on the service; raises `UsageError` where it has changed."""
        files, name = ServiceFiles(transport), PurePosixPath(path).name
        target = self.folder / "inputs" / "arriving"
        target.parent.mkdir(parents=True, exist_ok=True)
        files.get(path, target)
        listed = {each.name: each for each in files.list(str(PurePosixPath(path).parent))}
        require_as_it_was(job, path, listed.get(name))
        digest = file_sha256(target)
        place = f"inputs/{digest}/{member_name(name)}"
        (self.folder / place).parent.mkdir(exist_ok=True)
        target.replace(self.folder / place)
        return NamedFile(name=name, path=place, sha256=digest)

    def _log(self, transport: Transport, route: str, place: str, name: str) -> NamedFile | None:
        """Bring what the job wrote to a stream; None where there is nothing, or no more."""
        target, offset = self._at(f"{place}/{name}"), 0
        with target.open("wb") as file:
            while True:
                try:
                    query = {"offset": offset}
                    answer = transport.bytes(f"{route}/logs/{name}", params=query)
                except UnknownItem:  # the policy of the service has removed it
                    break
                file.write(answer.content)
                offset += len(answer.content)
                if not answer.content or answer.headers.get("x-park-final") == "true":
                    break
        if not offset:
            target.unlink()
            return None
        return NamedFile(name=name, path=f"{place}/{name}", sha256=file_sha256(target))

    # -- environments

    def _environment(self, transport: Transport, call: ReplayRecord) -> CrateEnvironment:
        known = _set_of(transport, call)
        lock_path = f"pylock.{call.lock_hash[:12]}.toml"
        wheels = self._wheels(transport, call.lock_hash, lock_path)
        prefix = quote(call.lock_hash, safe="")
        detail = decode(EnvironmentDetail, transport.json("GET", f"{API}/environments/{prefix}"))
        return CrateEnvironment(
            lock_hash=call.lock_hash,
            set_hash=known.set_hash,
            project=known.project,
            version=known.version,
            python=call.python,
            pins=known.pins,
            lock=lock_path,
            wheels=wheels,
            python_full=detail.python_full,
        )

    def _wheels(self, transport: Transport, lock_hash: str, lock_path: str) -> list[LocalWheel]:
        """Bring the wheels of a lock, and write the lock that names them beside it."""
        import tomllib
        from dataclasses import replace

        from packaging.pylock import Pylock

        text = transport.bytes(f"{API}/locks/{lock_hash}").content.decode()
        lock = Pylock.from_dict(tomllib.loads(text))
        wheels, packages = [], []
        for package in lock.packages:
            (wheel,) = package.wheels or ()
            found = self._wheel(transport, package.name, wheel.filename, wheel.hashes["sha256"])
            wheels.append(
                LocalWheel(
                    name=package.name,
                    version=str(package.version),
                    filename=wheel.filename,
                    sha256=wheel.hashes["sha256"],
                    size=found.stat().st_size,
                )
            )
            here = replace(wheel, url=None, path=f"wheels/{wheel.filename}")
            packages.append(replace(package, wheels=[here]))
        local = replace(lock, packages=packages)
        self._at(lock_path).write_text(dumps(local), encoding="utf-8")
        return wheels

    def _wheel(self, transport: Transport, name: str, filename: str, sha256: str) -> Path:
        """Bring a wheel: a file of the service's index, or one that comes through it."""
        target = self._at(f"wheels/{filename}")
        if target.exists():
            if file_sha256(target) != sha256:
                raise UsageError(
                    f"two environments have another {filename} each: one crate cannot hold both",
                    hint="export the jobs one by one",
                )
            return target
        self.report.step(f"fetching {filename}")
        target.parent.mkdir(parents=True, exist_ok=True)
        own, through = (
            f"/files/{sha256}/{quote(filename)}",
            f"/files/upstream/{quote(name)}/{sha256}/{quote(filename)}",
        )
        try:
            kept = cached_file(transport, own, sha256=sha256, name=filename)
        except UnknownItem:
            kept = cached_file(transport, through, sha256=sha256, name=filename)
        if os.name == "posix":
            target.symlink_to(kept)
        else:  # Windows gives links to few
            shutil.copyfile(kept, target)
        return target


def _require_ended(record: JobRecord, transport: Transport) -> None:
    if record.kind is not JobKind.CALL:
        raise UsageError(f"job {record.id} is a {record.kind}, which calls nothing")
    if record.status not in {JobState.COMPLETED, JobState.FAILED}:
        raise UsageError(
            f"job {record.id} is {record.status}, and what is exported has completed or failed",
            hint=f"park why{option_for(transport.address.url)} {record.id}",
        )


def _set_of(transport: Transport, call: ReplayRecord) -> EnvironmentRecord:
    """Return the requirement set that the job was submitted with, as the service has it."""
    found = [each for each in versions_there(transport) if each.lock_hash == call.lock_hash]
    exact = [each for each in found if each.set_hash == call.set_hash]
    for each in exact or found:
        return each
    raise UnknownItem(
        f"the service has no record of what the environment {call.lock_hash[:12]} was made from",
        hint=f"park env list{option_for(transport.address.url)} shows those that it has",
    )
