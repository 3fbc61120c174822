"""The handle of a job: what a client holds of it, from any session."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from park.errors import JobCancelled, JobFailed, UnknownItem
from park.model.states import JobState
from park.wire import API, FileRecord, JobRecord, decode

if TYPE_CHECKING:
    from park.client.transport import Transport

__all__ = ["Job"]

_LONG_POLL_S = 25.0
_FOLLOW_S = 0.5
"""How long one stream is listened to while the other may have news as well."""


class Job:
    """One call of an entry point on a service, named by its id."""

    def __init__(self, transport: Transport, record: JobRecord) -> None:
        self._transport = transport
        self._record = record
        self._document: Any = None
        self._value: tuple[Any] | None = None

    def __repr__(self) -> str:
        return f"<Job {self.id} {self._record.entry_point} {self._record.status}>"

    @property
    def id(self) -> str:
        """The id, made by the client: a UUIDv7."""
        return self._record.id

    @property
    def status(self) -> JobState:
        """The state of the job, asked of the service unless it was final already."""
        return JobState(self.refresh().status)

    @property
    def lock_hash(self) -> str | None:
        """The lock hash that the job is bound to: the environment it runs in, and no other.

        None while the job waits for an install.
        """
        return self._record.lock_hash or self.refresh().lock_hash

    @property
    def error(self) -> str | None:
        """One line that says why the job failed or was cancelled."""
        return self.refresh().error

    @property
    def files(self) -> list[FileRecord]:
        """The files that the job left in its work directory, once it has ended."""
        return self.refresh().files

    @property
    def filename(self) -> str:
        """The name of the file that the job left, once it has ended.

        Where it left several: the one whose name it returned. Raises `UnknownItem` where
        that names none of them.
        """
        names = [file.name for file in self.files]
        if len(names) == 1:
            return names[0]
        if names and self._record.status == JobState.COMPLETED:
            returned = str(self.result(0))
            if returned in names:
                return returned
        left = f"several files: {', '.join(names)}" if names else "no file"
        raise UnknownItem(
            f"job {self.id} is {self._record.status} and left {left}",
            hint="`job.files` has them all; a job that returns the name of one says which",
        )

    @property
    def url(self) -> str:
        """The URL of `filename`; it opens with a token of the service."""
        return self.url_of(self.filename)

    def url_of(self, name: str) -> str:
        """Return the URL of the file ``name`` of the job."""
        return self._transport.address.url + self._file(name)

    def _file(self, name: str) -> str:
        return f"{API}/jobs/{self.id}/files/{quote(name)}"

    def refresh(self) -> JobRecord:
        """Return the job's record as the service has it now."""
        if not JobState(self._record.status).is_final:
            self._record = self._asked(0)
        return self._record

    def wait(self, timeout: float | None = None) -> JobRecord:
        """Wait until the job is final; raises `TimeoutError` after ``timeout`` seconds."""
        return self._until_final(timeout, self._asked)

    def _until_final(self, timeout: float | None, ask: Callable[[float], JobRecord]) -> JobRecord:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not JobState(self._record.status).is_final:
            left = _LONG_POLL_S if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"job {self.id} is {self._record.status} after {timeout:g} s")
            self._record = ask(min(left, _LONG_POLL_S))
        return self._record

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the job and return what it returned.

        Raises `JobFailed` (with the traceback in ``details``), `JobCancelled`, or
        `TimeoutError` after ``timeout`` seconds.
        """
        record = self._until_final(timeout, self._asked_with_result)
        if record.status == JobState.CANCELLED:
            raise JobCancelled(f"job {self.id} was cancelled: {record.error}")
        if record.status == JobState.FAILED:
            raise JobFailed(
                f"job {self.id} failed: {record.error}",
                hint=f"park status {self.id} --traceback; park logs {self.id}",
                details={"traceback": self.traceback()},
            )
        if self._value is None:
            self._value = (self._decoded(),)
        return self._value[0]

    def _decoded(self) -> Any:
        from park.client.values import decode_result

        if self._document is None:  # it was final before anybody asked for its result
            self._asked_with_result(0)
        return decode_result(self._document, set_hash=self._record.set_hash)

    def _asked_with_result(self, wait: float) -> JobRecord:
        """Ask for the job and, in the same answer, for its result where it has one."""
        query = {"wait": wait}
        answer = self._transport.json("GET", f"{API}/jobs/{self.id}/result", params=query)
        self._document = answer.get("result")
        return decode(JobRecord, answer["job"])

    def traceback(self) -> str | None:
        """Return the full traceback of a failed job, where there is one."""
        answer = self._transport.json("GET", f"{API}/jobs/{self.id}/traceback")
        return None if answer["traceback"] is None else str(answer["traceback"])

    def logs(self, stream: str = "stdout") -> str:
        """Return what the job has written to ``stdout`` or ``stderr`` so far."""
        text, offset = b"", 0
        while True:
            block, final = self._block(stream, offset, 0)
            text, offset = text + block, offset + len(block)
            if final or not block:
                return text.decode(errors="replace")

    def follow(self) -> Iterator[tuple[str, str]]:
        """Yield (stream, text) as the job writes, until it has ended and all was read."""
        offsets = {"stdout": 0, "stderr": 0}
        decoders = {
            stream: codecs.getincrementaldecoder("utf-8")(errors="replace") for stream in offsets
        }
        while offsets:
            for stream in list(offsets):
                block, final = self._block(stream, offsets[stream], _FOLLOW_S)
                offsets[stream] += len(block)
                text = decoders[stream].decode(block, final=final)
                if text:
                    yield stream, text
                if final:
                    del offsets[stream]

    def _block(self, stream: str, offset: int, wait: float) -> tuple[bytes, bool]:
        query = {"offset": offset, "wait": wait}
        answer = self._transport.bytes(f"{API}/jobs/{self.id}/logs/{stream}", params=query)
        return answer.content, answer.headers.get("x-park-final") == "true"

    def fetch(self, name: str, target: str | os.PathLike[str]) -> Path:
        """Write the file ``name`` of the job to ``target``, whole or not at all; return its path.

        Raises `UnknownItem` for a file that the job does not have, and `UsageError` where
        ``target`` cannot be written.
        """
        path = Path(target)
        self._transport.download(self._file(name), path)
        return path

    def cancel(self) -> JobState:
        """Cancel the job; returns its state when its processes are gone."""
        answer = self._transport.json("POST", f"{API}/jobs/{self.id}/cancel")
        self._record = decode(JobRecord, answer)
        return JobState(self.wait().status)

    def _asked(self, wait: float) -> JobRecord:
        query = {"wait": wait}
        return decode(JobRecord, self._transport.json("GET", f"{API}/jobs/{self.id}", params=query))
