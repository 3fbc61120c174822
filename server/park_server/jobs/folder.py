"""The folder of each job: its call and inputs before the start, its files after the end.

::

    jobs/<id>/
        call.json        the encoded arguments
        inputs/<sha256>/<name>   files that are arguments, links into the content store
        work/            the job's working directory; what it leaves there are its files
        stdout, stderr   as the job writes them
        progress.jsonl   one line for each report
        attempt-N.json, outcome.json, exit.json   see `park.runtime`
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from park.errors import UnknownItem
from park.model.ids import JobId
from park.runtime.folder import JobFolder, read_record
from park.wire import FileRecord, JobRecord
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.jobs.conditions.progress_log import PROGRESS_FILE

__all__ = ["STREAMS", "JobFolders", "Marks"]

STREAMS = ("stdout", "stderr")

_KEPT = frozenset({*STREAMS, PROGRESS_FILE})
"""What stays in the folder of a job that has ended."""

_KEPT_BYTES = 16 << 20
"""How much of a stream is kept of a job that was stopped for want of room."""

_LAST_LINE_BYTES = 65_536
"""More than a line of progress ever has: the last one is found in the file's last block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What ``@park.job`` says of a callable; ``timeout_s`` in seconds."""

    timeout_s: float | None = None
    restartable: bool = False


class JobFolders:
    """The folders of all jobs below one root."""

    def __init__(self, root: Path, content: ContentStore, areas: Areas) -> None:
        self._root = root
        self._areas = areas
        self._content = content
        self._janitor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="park-janitor")

    def path_of(self, job: JobId) -> Path:
        """Return the folder of ``job``."""
        return self._root / job

    def prepare(self, job: JobId, user: str, call: dict[str, Any]) -> None:
        """Make the folder with its call and inputs.

        The job itself makes its work directory, without what an earlier attempt left there.
        Raises `UnknownItem` for an absent input, and what `Areas` says of a file of ``user``.
        """
        folder = self.path_of(job)
        folder.mkdir(exist_ok=True)
        for sha256, name in _files_in(call):
            self._link_input(folder / "inputs" / sha256, sha256, name)
        # nobody reads it before the order, and an order comes only after this has returned
        call = self._areas.resolved(call, user)
        (folder / "call.json").write_text(json.dumps(call), encoding="utf-8")

    def _link_input(self, folder: Path, sha256: str, name: str) -> None:
        source = self._content.path_of(sha256)
        if "/" in name or name in {"", ".", ".."} or "\0" in name:
            raise UnknownItem(f"not the name of a file: {name!r}")
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        target.unlink(missing_ok=True)
        try:
            target.symlink_to(source)
        except OSError:
            shutil.copyfile(source, target)

    async def collect(
        self, job: JobId, user: str, output: str | None = None
    ) -> tuple[FileRecord, ...]:
        """Keep the files of the work directory by content and return their records.

        Also the ``output`` that the job of ``user`` wrote into an area, under its last name,
        where it is there: it counts before one of that name in the work directory.
        """
        left = await self._collected_work(job)
        written = None
        if output is not None:
            written = await asyncio.to_thread(self._collected_output, user, output)
        if written is None:
            return left
        return (*(file for file in left if file.name != written.name), written)

    def _collected_output(self, user: str, output: str) -> FileRecord | None:
        try:
            descriptor = self._areas.open(output, user)
        except UnknownItem:  # the job did not write it; whoever refers to it is told
            return None
        with os.fdopen(descriptor, "rb") as file:
            sha256, size = self._content.copy(file)
        return FileRecord(name=self._areas.place(output, user).name, sha256=sha256, size=size)

    async def _collected_work(self, job: JobId) -> tuple[FileRecord, ...]:
        work = self.path_of(job) / "work"
        try:
            with os.scandir(work) as entries:
                if next(entries, None) is None:  # the common case: no thread to ask
                    return ()
        except FileNotFoundError:  # it never came so far
            return ()
        return await asyncio.to_thread(self._content.collect, work)

    def clear(self, job: JobId) -> None:
        """Remove, in the background, what nobody needs of a job whose end is committed.

        Its files are in the content store by then, its call and result in the database;
        streams and progress stay. On some file systems to remove a directory takes
        milliseconds, for which no other job should wait.
        """
        self._janitor.submit(_clear, self.path_of(job))

    def discard_files(self, job: JobId) -> None:
        """Give the room back that ``job`` takes, but for the beginnings of its streams."""
        folder = self.path_of(job)
        shutil.rmtree(folder / "work", ignore_errors=True)
        for name in _KEPT:
            with suppress(OSError):
                path = folder / name
                if path.stat().st_size > _KEPT_BYTES:
                    os.truncate(path, _KEPT_BYTES)

    def remove(self, job: JobId) -> None:
        """Remove, in the background, the folder of a job that is there no longer."""
        self._janitor.submit(shutil.rmtree, self.path_of(job), ignore_errors=True)

    def close(self) -> None:
        """Leave the rest of the clearing; nobody misses what it would have freed."""
        self._janitor.shutdown(wait=True, cancel_futures=True)

    def marks(self, job: JobId, attempt: int) -> Marks:
        """Return what ``@park.job`` said of the callable of ``job``, as its process wrote it."""
        record = read_record(JobFolder(root=str(self.path_of(job))).marks) or {}
        if record.get("attempt") != attempt:
            return Marks()
        timeout_s = record.get("timeout_s")
        return Marks(
            timeout_s=float(timeout_s) if isinstance(timeout_s, (int, float)) else None,
            restartable=record.get("restartable") is True,
        )

    def with_progress(self, record: JobRecord) -> JobRecord:
        """Return ``record`` with the newest progress that the job reported."""
        progress = self.progress(JobId(record.id))
        return record if progress is None else replace(record, progress=progress)

    def progress(self, job: JobId) -> dict[str, Any] | None:
        """Return the newest progress that ``job`` reported."""
        return _last_line(self.path_of(job) / PROGRESS_FILE)

    def log(self, job: JobId, stream: str, offset: int, limit: int) -> bytes:
        """Return up to ``limit`` bytes of ``stream`` from ``offset``; raises `UnknownItem`."""
        if stream not in STREAMS:
            raise UnknownItem(f"no stream {stream!r}; a job has stdout and stderr")
        try:
            with (self.path_of(job) / stream).open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""


def _clear(folder: Path) -> None:
    for entry in list(os.scandir(folder)):
        if entry.name in _KEPT:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            with suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108 (a path of `scandir`)


def _files_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (sha256, name) of each file among the encoded arguments."""
    if isinstance(value, dict):
        if value.get("$park") == "file":
            yield str(value["sha256"]), str(value["name"])
        else:
            for item in value.values():
                yield from _files_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _files_in(item)


def _last_line(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LAST_LINE_BYTES))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    for line in reversed(lines):
        if line.endswith(b"\n"):  # one that is being written has no end yet
            try:
                value = json.loads(line)
            except ValueError:
                continue
            return value if isinstance(value, dict) else None
    return None
