"""The folder of each job: its call and inputs before the start, its files after the end.

::

    jobs/<id>/
        call.json        the encoded arguments, where they do not go with the order
        inputs/<sha256>/<name>   files that are arguments, see `park_server.jobs.files.input_files`
        work/            the job's working directory; what it leaves there are its files
        stdout, stderr   as the job writes them
        progress.jsonl   one line for each report
        stop             there once the job is asked to stop
        attempt-N.json, outcome.json, exit.json   see `park.runtime`

The job may write to all of it, also after its end: it is read as `park_server.untrusted` says.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from park.errors import UnknownItem
from park.model.ids import JobId
from park.model.states import JobState
from park.runtime.levels import is_too_deep
from park.wire import FileRecord, JobRecord
from park_server import untrusted
from park_server.areas.areas import Areas
from park_server.content import ContentStore
from park_server.jobs.conditions.progress_log import PROGRESS_FILE
from park_server.jobs.files.folders_ahead import FoldersAhead
from park_server.jobs.files.input_files import InputFiles, files_in
from park_server.jobs.files.left_files import collect, tell
from park_server.json_pieces import is_small, text_of
from park_server.threads import in_thread
from park_server.untrusted import Making, NotPlain

__all__ = ["STREAMS", "JobFolders", "Marks"]

STREAMS = ("stdout", "stderr")

_KEPT = frozenset({*STREAMS, PROGRESS_FILE})
"""What stays in the folder of a job that has ended."""

_CALL, _WORK, _MARKS, _STOP = "call.json", "work", "marks.json", "stop"

_SMALL_CALL_BYTES = 16_384
"""What a waiting child's socket takes at once, whether or not the child reads."""

_MARKS_BYTES = 65_536
"""More than two numbers ever take."""

_MOMENT_S = 0.02
"""Longer than the end of a job takes to be told, and shorter than anybody looks into a folder."""

_KEPT_BYTES = 16 << 20
"""How much of a stream is kept of a job that was stopped for want of room."""

_LAST_LINE_BYTES = 65_536
"""More than a line of progress ever has: the last one is found in the file's last block."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """What ``@park.job`` says of a callable; times are in seconds.

    ``memo``: what it leaves answers the same call later.
    """

    timeout_s: float | None = None
    stalled_after_s: float | None = None
    restartable: bool = False
    memo: bool = True


class JobFolders:
    """The folders of all jobs below one root."""

    def __init__(
        self,
        root: Path,
        content: ContentStore,
        areas: Areas,
        inputs: InputFiles | None = None,
        *,
        owner_of: Callable[[str], tuple[int, int] | None],
    ) -> None:
        """``owner_of`` tells user and group id of a user's files, None: the service's own."""
        self._root = root
        self._areas = areas
        self._content = content
        self._inputs = inputs or InputFiles(content)
        self._owner_of = owner_of
        self._ahead = FoldersAhead(root)
        self._ended: deque[JobId] = deque()
        self._is_clearing = False
        self._janitor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="park-janitor")

    def path_of(self, job: JobId) -> Path:
        """Return the folder of ``job``."""
        return self._root / job

    @staticmethod
    def takes_time(call: Any) -> bool:
        """Tell whether to `prepare` for ``call`` may take long: not for an event loop then."""
        return not is_small(call) or next(files_in(call), None) is not None

    def prepare(self, job: JobId, user: str, call: dict[str, Any]) -> None:
        """Make the folder with its call and inputs.

        The job has its work directory to itself, without what an earlier attempt left there.
        Raises `UnknownItem` for an absent input, and what `Areas` says of a file of ``user``.
        """
        self._prepared(job, user, call, most=-1)

    def prepare_for_order(self, job: JobId, user: str, call: dict[str, Any]) -> str | None:
        """Do what `prepare` does, but return a small call as JSON, which goes with the order.

        Its file would have to be made, read and removed again. None: it has one.
        """
        return self._prepared(job, user, call, most=_SMALL_CALL_BYTES)

    def _prepared(self, job: JobId, user: str, call: dict[str, Any], *, most: int) -> str | None:
        owner = self._owner_of(user)
        if owner is None:
            self._ahead.take(job)
        with untrusted.folder(self._root, [job], make=Making(owner=owner)) as inside:
            self._inputs.put(inside, call, user, owner)
            text = text_of(self._areas.resolved(call, user))
            if len(text) <= most:
                return text
            # nobody reads it before the order, and an order comes only after this has returned
            with os.fdopen(_new_file(_CALL, inside), "wb") as file:
                file.write(text.encode("ascii"))
        return None

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
            written = await in_thread(self._collected_output, user, output)
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
        try:
            with untrusted.folder(self._root, [job, _WORK]) as work, os.scandir(work) as entries:
                if next(entries, None) is None:  # the common case: no thread to ask
                    return ()
        except FileNotFoundError:  # it never came so far
            return ()
        except NotADirectoryError:
            await in_thread(self._tell, job, ["its work directory is none any more"])
            return ()
        return await in_thread(self._collected_files, job)

    def _collected_files(self, job: JobId) -> tuple[FileRecord, ...]:
        with untrusted.folder(self._root, [job, _WORK]) as work:
            files, left_out = collect(work, self._content)
        self._tell(job, left_out)
        return files

    def _tell(self, job: JobId, left_out: Sequence[str]) -> None:
        """Say in the job's standard error what of its files was not kept."""
        if left_out:
            with untrusted.folder(self._root, [job]) as inside:
                tell(inside, job, left_out)

    def clear(self, job: JobId) -> None:
        """Remove, in the background, what nobody needs of a job whose end is committed.

        Its files are in the content store by then, its call and result in the database;
        streams and progress stay. On some file systems to remove a directory takes
        milliseconds, for which no other job should wait. It begins a moment later: each of its
        steps takes the interpreter from whoever tells the end.
        """
        self._ended.append(job)
        if not self._is_clearing:
            self._is_clearing = True
            self._janitor.submit(self._clear_ended)

    def discard_files(self, job: JobId) -> None:
        """Give the room back that ``job`` takes, but for the beginnings of its streams."""
        with suppress(OSError), untrusted.folder(self._root, [job]) as inside:
            with suppress(OSError):
                untrusted.remove(_WORK, inside)
            for name in _KEPT:
                with suppress(OSError, NotPlain):
                    _cut(name, inside)

    def remove(self, job: JobId) -> None:
        """Remove, in the background, the folder of a job that is there no longer."""
        self._janitor.submit(self._remove, job)

    def names(self) -> list[str]:
        """Return the names of all folders of jobs that are there; each is the id of a job."""
        # an id begins with a letter or a digit: what begins with a dot is the engine's own
        return [n for n in os.listdir(self._root) if not n.startswith(".")]  # noqa: PTH208

    def remove_logs(self, job: JobId) -> None:
        """Remove the streams of a job that has ended; its last progress stays, others may ask."""
        with suppress(OSError), untrusted.folder(self._root, [job]) as inside:
            for name in STREAMS:
                with suppress(OSError):
                    untrusted.remove(name, inside)

    def remove_now(self, job: JobId) -> None:
        """Do what `remove` does, and return when it is done: not for an event loop."""
        self._remove(job)

    def close(self) -> None:
        """Leave the rest of the clearing; nobody misses what it would have freed."""
        self._janitor.shutdown(wait=True, cancel_futures=True)

    def ask_to_stop(self, job: JobId) -> None:
        """Have ``job`` see that it is to stop and to keep its best; raises `OSError`."""
        with untrusted.folder(self._root, [job], make=True) as inside, suppress(FileExistsError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(_STOP, flags, 0o644, dir_fd=inside))

    def marks(self, job: JobId, attempt: int) -> Marks:
        """Return what ``@park.job`` said of the callable of ``job``, as its process wrote it."""
        try:
            record = untrusted.read_json(self._root, [job, _MARKS], _MARKS_BYTES) or {}
        except NotPlain:
            return Marks()
        if record.get("attempt") != attempt:
            return Marks()
        return Marks(
            timeout_s=_time(record.get("timeout_s")),
            stalled_after_s=_time(record.get("stalled_after_s")),
            restartable=record.get("restartable") is True,
            memo=record.get("memo") is not False,
        )

    def with_progress(self, record: JobRecord) -> JobRecord:
        """Return ``record`` with the newest progress that the job reported.

        Its age says something of one that runs; that of a report of yesterday's job does not.
        """
        is_running = record.status is JobState.RUNNING
        read = self.aged_progress if is_running else self.progress
        progress = read(JobId(record.id))
        return record if progress is None else replace(record, progress=progress)

    def progress(self, job: JobId) -> dict[str, Any] | None:
        """Return the newest progress that ``job`` reported."""
        if not os.path.lexists(self._root / job / PROGRESS_FILE):  # most jobs report none
            return None
        return _last_report(self._tail(job, PROGRESS_FILE, _LAST_LINE_BYTES))

    def aged_progress(self, job: JobId) -> dict[str, Any] | None:
        """Return the newest progress with its age in seconds: ``age_s``.

        The age is by the clock of the service: no other has to agree with it.
        """
        report, age_s = self.progress(job), self.report_age_s(job)
        return report if report is None or age_s is None else {**report, "age_s": age_s}

    def report_age_s(self, job: JobId) -> float | None:
        """Return how many seconds ago ``job`` reported something; None where it never did."""
        written = self._progress_stat(job)
        return None if written is None else round(max(0.0, time.time() - written.st_mtime), 1)

    def progress_size(self, job: JobId) -> int:
        """Return how many bytes ``job`` has reported of its progress."""
        found = self._progress_stat(job)
        return 0 if found is None else found.st_size

    def _progress_stat(self, job: JobId) -> os.stat_result | None:
        try:
            return (self.path_of(job) / PROGRESS_FILE).lstat()
        except OSError:
            return None

    def withdraw_stop(self, job: JobId) -> None:
        """Take back that ``job`` is to stop: another attempt of it begins."""
        with suppress(OSError), untrusted.folder(self._root, [job]) as inside:
            os.unlink(_STOP, dir_fd=inside)

    def _tail(self, job: JobId, name: str, limit: int) -> bytes:
        try:
            with untrusted.opened(self._root, [job, name]) as descriptor:
                size = os.fstat(descriptor).st_size
                return os.pread(descriptor, limit, max(0, size - limit))
        except (OSError, NotPlain):
            return b""

    def log(self, job: JobId, stream: str, offset: int, limit: int) -> bytes:
        """Return up to ``limit`` bytes of ``stream`` from ``offset``.

        Raises `UnknownItem` where there is no such stream, and where the job has put something
        else in its place.
        """
        if stream not in STREAMS:
            raise UnknownItem(f"no stream {stream!r}; a job has stdout and stderr")
        try:
            with untrusted.opened(self._root, [job, stream]) as descriptor:
                return os.pread(descriptor, limit, offset)
        except FileNotFoundError:
            return b""
        except NotPlain as error:
            raise UnknownItem(
                f"the {stream} of job {job} is {error}, and not read",
                hint="the job itself has put that in the place of its log",
            ) from error

    def _remove(self, job: JobId) -> None:
        with suppress(OSError), untrusted.folder(self._root, []) as inside:
            untrusted.remove(job, inside)

    def _clear_ended(self) -> None:
        time.sleep(_MOMENT_S)
        self._is_clearing = False  # first: who ends from here on calls again
        while self._ended:
            self._clear(self._ended.popleft())
        if not self._is_clearing:  # while jobs end one after another, each makes its own
            self._ahead.make()

    def _clear(self, job: JobId) -> None:
        with suppress(OSError), untrusted.folder(self._root, [job]) as inside:
            for name in os.listdir(inside):  # noqa: PTH208 (a descriptor)
                if name not in _KEPT:
                    with suppress(OSError):
                        untrusted.remove(name, inside)


def _new_file(name: str, inside: int) -> int:
    """Return a descriptor of a new file; what an earlier attempt had in its place is removed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, 0o644, dir_fd=inside)
    except FileExistsError:
        untrusted.remove(name, inside)
        return os.open(name, flags, 0o644, dir_fd=inside)


def _time(value: Any) -> float | None:
    """Return a limit that a job wrote, in seconds, where it is one."""
    is_limit = isinstance(value, (int, float)) and 0 <= value < _LONGEST_TIME_S
    return float(value) if is_limit else None


_LONGEST_TIME_S = 1e10
"""Three centuries; a timer takes more for an error."""


def _refused(constant: str) -> Any:
    """Refuse NaN and Infinity, which Python reads and JSON has not."""
    raise ValueError(constant)


def _cut(name: str, inside: int) -> None:
    """Shorten a file to what is kept of it."""
    descriptor = untrusted.open_plain(name, inside, os.O_RDWR)
    try:
        if os.fstat(descriptor).st_size > _KEPT_BYTES:
            os.ftruncate(descriptor, _KEPT_BYTES)
    finally:
        os.close(descriptor)


def _last_report(block: bytes) -> dict[str, Any] | None:
    """Return the last whole line that is a report; one that is being written has no end yet."""
    for line in reversed(block.splitlines(keepends=True)):
        if line.endswith(b"\n"):
            try:
                value = json.loads(line, parse_constant=_refused)
            except (ValueError, RecursionError):  # no report: the one before it counts
                continue
            return value if isinstance(value, dict) and not is_too_deep(value) else None
    return None
