"""Files of a service in the call of a job that leaves it: read ones go along, written ones do not.

What a call names by its place on the service (`park.service_file`) is nowhere else. So what the
job read becomes a file among its inputs, as `park.File` makes one, and where it wrote, it writes
into its own folder. Only what has not changed since can have been read: the record of a job does
not say what was in such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from park.client.jobs.plain_result import nodes_in
from park.errors import UsageError
from park.runtime.codec import TAG
from park.wire import AreaEntry, JobRecord

__all__ = ["OUTPUT", "named_there", "require_as_it_was", "taken_along"]

OUTPUT = "outfile"
"""The parameter whose file on the service a job writes."""

_KIND = "service-file"


def named_there(call: Mapping[str, Any]) -> Iterator[str]:
    """Yield the place of each file on the service that ``call`` may read, each once."""
    kwargs = {name: each for name, each in call.get("kwargs", {}).items() if name != OUTPUT}
    nodes = nodes_in([call.get("args", []), kwargs], _KIND)
    yield from dict.fromkeys(str(node["path"]) for node in nodes)


def require_as_it_was(job: JobRecord, path: str, found: AreaEntry | None) -> None:
    """Raise `UsageError` where what is at ``path`` now may not be what ``job`` read there."""
    if found is None or found.kind != "file":
        what = "is not there any more" if found is None else f"is a {found.kind}, and no file"
    elif _moment(found.modified) >= _moment(job.started or job.submitted):
        what = f"has changed since the job began: at {found.modified}"
    else:
        return
    raise UsageError(
        f"an argument of job {job.id} is {path} on its service, and that {what}",
        hint="submit the job with a copy, which is kept with it: park.File, --file",
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def taken_along(call: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """Return ``call`` with the file of a digest in the place of each that is on the service.

    `OUTPUT` is the name of the file alone: the job writes it into its own folder.
    """
    return {name: _without(value, digests, name) for name, value in call.items()}


def _without(value: Any, digests: Mapping[str, str], key: str) -> Any:
    if isinstance(value, list):
        return [_without(each, digests, "") for each in value]
    if not isinstance(value, dict):
        return value
    if value.get(TAG) != _KIND:
        return {name: _without(each, digests, name) for name, each in value.items()}
    path = str(value["path"])
    name = PurePosixPath(path).name
    return name if key == OUTPUT else {TAG: "file", "sha256": digests[path], "name": name}
