"""The call of a job, brought to this machine: its arguments, their files, its environment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import park.runtime
from park.build.cache import user_cache
from park.client.access.transport import Transport
from park.client.debugging.local_environment import local_environment
from park.client.debugging.park_beside import park_beside
from park.client.jobs.told.looked_up import looked_up
from park.digests import file_sha256, is_sha256
from park.errors import ServiceFault, UsageError
from park.model.file_names import is_name
from park.runtime.folder import JobFolder, write_record
from park.wire import API, ReplayRecord, decode

__all__ = ["Replay", "brought"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """A call that can be made here, in ``folder``, by ``python``."""

    record: ReplayRecord
    folder: Path
    python: Path

    def command(self, *, stop_first: bool) -> list[str]:
        """Return what calls it, and opens the debugger where it fails, or ``stop_first``."""
        program = Path(park.runtime.__path__[0]) / "__main__.py"
        argument = {
            "directory": str(self.folder),
            "entry_point": self.record.entry_point,
            "set_hash": self.record.set_hash,
            "job_id": self.record.job,
            "stop_first": stop_first,
        }
        return [str(self.python), "-I", str(program), "debug", json.dumps(argument)]

    def environ(self) -> dict[str, str]:
        """Return the variables of its process: the user's, and where the job-side park lies."""
        return os.environ | {"PARK_RUNTIME": str(park_beside(self.folder))}


def brought(transport: Transport, job: str, folder: Path) -> Replay:
    """Bring the call of ``job`` into ``folder``, which is new or empty.

    Raises `UsageError` where the folder has something in it, `UnknownItem`, and what
    `local_environment` raises.
    """
    if os.name != "posix":
        raise UsageError("jobs are called again on Linux and macOS alone")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="name a new folder")
    with looked_up(transport.address.url):
        record = decode(ReplayRecord, transport.json("GET", f"{API}/jobs/{job}/replay"))
    lock = transport.bytes(f"{API}/locks/{record.lock_hash}").content.decode()
    python = local_environment(
        user_cache().root / "debug",
        lock,
        python=record.python,
        address=transport.address,
    )
    _bring(transport, record, folder)
    return Replay(record=record, folder=folder, python=python)


def _bring(transport: Transport, record: ReplayRecord, folder: Path) -> None:
    """Write the arguments and their files as a job finds them (see `park.runtime.folder`)."""
    odd = [each for each in record.inputs if not (is_sha256(each.sha256) and is_name(each.name))]
    if odd:
        raise ServiceFault(f"job {record.job}: {odd[0].name!r} is no name of an input")
    place = JobFolder(root=str(folder))
    Path(place.work).mkdir(parents=True, exist_ok=True)
    write_record(place.call, record.call)
    for each in record.inputs:
        target = Path(place.inputs) / each.sha256 / each.name
        target.parent.mkdir(parents=True, exist_ok=True)
        transport.download(f"{API}/jobs/{record.job}/inputs/{each.sha256}", target)
        if (found := file_sha256(target)) != each.sha256:
            raise ServiceFault(
                f"{each.name}, an input of job {record.job}: expected content with the SHA-256 "
                f"{each.sha256}, got {found}"
            )
