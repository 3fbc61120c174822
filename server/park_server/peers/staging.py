"""Bringing values and files of jobs on other services here, for one job that refers to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Coroutine,
    Sequence,
)
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

import httpx2

from park.errors import OddAnswer, ParkError, UsageError
from park.model.conditions import brief
from park.model.ids import JobId
from park.model.references import Reference, What
from park.model.sizes import shown_size
from park.runtime.codec import TAG
from park.wire import FileRecord, encode
from park_repo.database import Database
from park_repo.single_flight import SingleFlight
from park_server.content import ContentStore
from park_server.disk import Disk
from park_server.jobs import job_rows
from park_server.jobs.dereference import FILE_URL, file_meant
from park_server.jobs.seams import PeerListener
from park_server.peers import peer_rows
from park_server.peers.lent import Lent
from park_server.peers.link import Barred, Link, Silent
from park_server.peers.peer_answer import (
    LONGEST_TEXT,
    CannotStage,
    checked_part,
    files_of,
    returned,
    text_of,
)
from park_server.peers.urls import file_url
from park_server.quotas.incoming import RoomFor
from park_server.threads import in_thread

__all__ = ["Stager"]

_log = logging.getLogger("park.peers")

T = TypeVar("T")

_PARTIAL = 206
_PATIENCE_S = 600.0
"""How long a download keeps its beginning while the other side is silent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """A job on another service: the way there, what opens it, and whose job here refers to it."""

    link: Link
    lent: Lent
    job: str
    user: str


class Stager:
    """Stages job after job, and tells ``listener``; ``link`` gives the way to a service."""

    def __init__(
        self,
        *,
        database: Database,
        content: ContentStore,
        link: Callable[[str], Link],
        listener: PeerListener,
        disk: Disk,
        largest_bytes: int = 20 << 30,
        room: RoomFor,
    ) -> None:
        """``largest_bytes`` is the most that the files of one job may have; ``room``: a user's."""
        self._largest_bytes = largest_bytes
        self._room = room
        self._database = database
        self._content = content
        self._link = link
        self._listener = listener
        self._disk = disk
        self._files: SingleFlight[None] = SingleFlight()
        self._tasks: dict[JobId, asyncio.Task[None]] = {}
        self._asked: dict[JobId, set[Link]] = {}
        self._again: set[JobId] = set()

    def stage(self, job: JobId) -> None:
        """Bring here what ``job`` refers to; where that is under way, look again after it."""
        if job in self._tasks:
            self._again.add(job)
        else:
            task = asyncio.create_task(self._stage(job))
            self._tasks[job] = task
            task.add_done_callback(lambda done: self._ended(job, done))

    def drop(self, job: JobId) -> None:
        """Bring no more for ``job``."""
        self._again.discard(job)
        if task := self._tasks.get(job):
            task.cancel()

    def asked(self, job: JobId) -> Collection[Link]:
        """Return the services that are being asked for ``job``."""
        return self._asked.get(job, ())

    async def stop(self) -> None:
        """Leave what is under way; the next start takes it up."""
        self._again.clear()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._files.aclose()

    def _ended(self, job: JobId, task: asyncio.Task[None]) -> None:
        self._tasks.pop(job, None)
        self._asked.pop(job, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("staging for job %s failed", job, exc_info=error)
        if job in self._again:
            self._again.discard(job)
            self.stage(job)

    async def _stage(self, job: JobId) -> None:
        try:
            documents = await self._documents(job)
            await self._disk.patiently(
                lambda: self._database.awrite(lambda c: peer_rows.write_staged(c, job, documents))
            )
            await self._listener.staged(job)
        except CannotStage as error:
            await self._cannot(job, str(error))
        except Exception as error:  # noqa: BLE001 (the job must end, whatever it is)
            _log.exception("staging for job %s failed", job)
            await self._cannot(job, f"the service failed to bring here what it needs: {error!r}")

    async def _cannot(self, job: JobId, why: str) -> None:
        """Have ``job`` ended; where that fails, once more, since nobody else would."""
        why = why[: 2 * LONGEST_TEXT]  # part of it may be what a service elsewhere says
        try:
            await self._listener.cannot_stage(job, why)
        except Exception:  # noqa: BLE001 (told in the log)
            _log.exception("job %s could not be ended", job)
            await self._listener.cannot_stage(job, why)

    async def _documents(self, job: JobId) -> dict[str, Any]:
        """Return what takes the place of each reference that is not staged yet."""
        user, wanted, done, held = self._database.read(
            lambda c: (
                job_rows.head_of(c, job).user,
                peer_rows.references_to_stage(c, job),
                peer_rows.staged_references(c, job),
                peer_rows.held_by(c, [job]),
            )
        )
        opened = peer_rows.lent_in(held)
        by_job: dict[tuple[str, str], list[Reference]] = {}
        for reference in wanted:
            if reference.key not in done:
                by_job.setdefault((reference.service or "", reference.job), []).append(reference)
        work: list[Coroutine[Any, Any, dict[str, Any]]] = []
        for (service, needed), references in by_job.items():
            link = self._known(service)
            self._asked.setdefault(job, set()).add(link)
            lent = opened.get((job, link.url))
            work.append(self._brought(user, link, lent, needed, references))
        found: dict[str, Any] = {}
        for documents in await _all(work):
            found |= documents
        return found

    def _known(self, service: str) -> Link:
        try:
            return self._link(service)
        except UsageError as error:
            raise CannotStage(error.message) from error

    async def _brought(
        self,
        user: str,
        link: Link,
        lent: Lent | None,
        job: str,
        references: Sequence[Reference],
    ) -> dict[str, Any]:
        """Return the documents of ``references``, all of them to one job elsewhere."""
        where = f"job {brief(job)} on {link.host}"
        if lent is None:
            raise CannotStage(f"no grant of {link.url} came with the job")
        source = _Source(link=link, lent=lent, job=job, user=user)
        try:
            answer = await link.patiently(lambda: link.job(job, lent))
            files = await in_thread(files_of, answer)
            if "result" not in answer:
                job_there = answer["job"]
                status, error = (text_of(job_there.get(name)) for name in ("status", "error"))
                raise CannotStage(f"{where} has no result: it is {status}: {error}")
            value = answer["result"]
            return {
                each.key: await self._all_files(source, answer["job"], files)
                if each.what is What.FILES
                else await self._document(source, each, files, value)
                for each in references
            }
        except (OddAnswer, KeyError, TypeError, ValueError) as error:
            raise CannotStage(f"{where}: its answer cannot be read: {error!r}") from error
        except ParkError as error:
            raise CannotStage(f"{where}: {error}") from error
        except Barred as error:
            raise CannotStage(str(error)) from error
        except OSError as error:
            raise CannotStage(f"{where}: cannot be kept here: {error.strerror}") from error

    async def _document(
        self, source: _Source, reference: Reference, files: Sequence[FileRecord], result: Any
    ) -> Any:
        if reference.what is What.VALUE:
            part, path = await in_thread(checked_part, result, reference, source.link.host)
            return {TAG: "selected", "value": part, "path": [list(step) for step in path]}
        file = file_meant(reference.job, files, reference.name, returned(result))
        name = PurePosixPath(file.name).name
        if reference.what is What.URL:  # with its content, by which the call is known again
            url = file_url(source.link.url, reference.job, file.name)
            return {TAG: FILE_URL, "url": url, "sha256": file.sha256, "name": name}
        await self._require_room(source.user, file.size, file.name)
        await self._brought_once(source, file)
        return {TAG: "file", "sha256": file.sha256, "name": name}

    async def _all_files(
        self, source: _Source, job: dict[str, Any], files: Sequence[FileRecord]
    ) -> dict[str, Any]:
        """Bring all files of a job here; return what is told of it and of them."""
        await self._require_room(source.user, sum(f.size for f in files), f"{len(files):,} files")
        for file in files:
            await self._brought_once(source, file)
        told = {name: text_of(job.get(name)) for name in ("entry_point", "set_hash", "label")}
        return {**told, "files": [encode(file) for file in files]}

    async def _brought_once(self, source: _Source, file: FileRecord) -> None:
        """Have ``file`` in the content store; several that need it wait for one download.

        The download is made with the grant of one of them. Where that fails another tries
        with its own.
        """
        is_own, link = False, source.link

        async def download() -> None:
            nonlocal is_own
            is_own = True
            with self._room(source.user) as incoming:
                await incoming.admit(file.size)
                await self._content.receive(file.sha256, _chunks(source, file))
                incoming.keep()

        while not await in_thread(self._content.renew, file.sha256):
            is_own = False
            try:
                await link.patiently(lambda: self._files.do((link.url, file.sha256), download))
            except ParkError:
                if is_own:
                    raise

    async def _require_room(self, user: str, size: int, what: str) -> None:
        """Raise `CannotStage` for more than anybody brings, `OverLimit` for more than he may."""
        if size > self._largest_bytes:
            raise CannotStage(
                f"{what} with {shown_size(size)}, and at most {shown_size(self._largest_bytes)}"
                " are brought here (park serve --fetch-limit)"
            )
        with self._room(user) as incoming:
            await incoming.admit(size)


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what all of ``work`` returns; where one fails, the others end."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _chunks(source: _Source, file: FileRecord) -> AsyncIterator[bytes]:
    """Yield the bytes of a file; after a break it goes on where it was.

    Raises `Silent` when the other side is silent for long, `CannotStage` where more comes
    than the record of the file has.
    """
    done, link = 0, source.link
    while True:
        headers = {"Range": f"bytes={done}-", "If-Range": f'"{file.sha256}"'} if done else {}
        try:
            async with link.file(source.job, file.name, source.lent, headers) as response:
                skip = 0 if response.status_code == _PARTIAL else done
                async for chunk in response.aiter_raw():
                    fresh = chunk[skip:]
                    skip = max(0, skip - len(chunk))
                    done += len(fresh)
                    if done > file.size:
                        raise CannotStage(f"{file.name} has more than {file.size} bytes")
                    yield fresh
            _check_whole(done, file, response)
        except Silent as error:
            link.fell_silent(str(error))
            await link.back(_PATIENCE_S)
        else:
            return


def _check_whole(done: int, file: FileRecord, response: httpx2.Response) -> None:
    if done < file.size:
        raise Silent(
            f"{file.name} ended after {done} of {file.size} bytes ({response.status_code})"
        )
