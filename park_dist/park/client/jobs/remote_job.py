"""A job as its service knows it: record, result, logs, files, cancel."""

from __future__ import annotations

import codecs
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from park.client.access.transport import Transport, patient
from park.client.connection import WithConnection
from park.client.jobs.phased import Phased
from park.client.jobs.plain_result import plain_json
from park.client.jobs.told.standing import Standing
from park.client.submission.item import Item, State
from park.client.submission.seconds import deadline_said
from park.client.submission.session_jobs import binding_of, is_of_session, remember
from park.client.voice import drawn_while_waiting
from park.errors import JobCancelled, JobFailed, UnknownItem, UsageError
from park.model.file_names import in_url
from park.model.references import Reference, What
from park.model.states import JobState, Phase
from park.wire import API, GRACE_S, FileRecord, JobRecord, decode, value_in

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.model.conditions import Leaf

__all__ = ["RemoteJob"]

_LONG_POLL_S = 25.0
_FOLLOW_S = 0.5
"""How long one stream is listened to while the other may have news as well."""

_UNTOLD = object()  # in the place of a result that no answer had yet: it may well be None
_PARENT_S = 60.0
_PARENT_PAUSE_S = 0.2


class RemoteJob(Phased):
    """What can be asked of a service about one job of it, and be done to it."""

    def __init__(
        self,
        service: WithConnection,
        id: str,  # noqa: A002 (the field's name)
        entry_point: str,
        *,
        item: Item | None = None,
        record: JobRecord | None = None,
    ) -> None:
        super().__init__(service, id, item)
        if item is not None:
            remember(id, item.binding)
        self._entry_point = entry_point
        self._record = record
        self._document: Any = _UNTOLD
        self._value: tuple[Any] | None = None

    def __repr__(self) -> str:
        record, item = self._record, self._item
        if record is not None:
            state = (not record.status.is_final and self._ended_as) or record.status
        elif item is not None and item.error is not None:
            state = "not submitted"
        else:
            is_there = item is None or item.state is State.COMMITTED
            state = "submitted" if is_there else "being submitted"
        return f"<{type(self).__name__} {self._id} {self._entry_point} {state}>"

    @property
    def entry_point(self) -> str:
        """What it calls: ``module:qualname``."""
        return self._entry_point

    @property
    def transport(self) -> Transport:
        """The requests to the service that it is on."""
        return self.connection.transport

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has committed the job; raises what its submission raised.

        Raises `TimeoutError` after ``timeout`` seconds.
        """
        if self._item is not None:
            with drawn_while_waiting(timeout):
                self._item.confirm(timeout)
            if self._record is None and self._item.answer is not None:
                self._record = decode(JobRecord, self._item.answer)
                self._document = self._item.answer.get("result", _UNTOLD)

    @property
    def status(self) -> JobState:
        """The state of the job, asked of the service unless it was final already."""
        return self.refresh().status

    @property
    def lock_hash(self) -> str | None:
        """The lock hash that the job is bound to: the environment it runs in, and no other.

        None while the job waits for an install.
        """
        self.confirm()
        known = None if self._record is None else self._record.lock_hash
        return known or self.refresh().lock_hash

    @property
    def error(self) -> str | None:
        """One line that says why the job failed or was cancelled."""
        return self.refresh().error

    def reference(self, what: What, *, name: str | None = None) -> Reference:
        """Return the reference to ``what`` of the job, as data."""
        return self.connection.reference(self._id, what, name=name)

    def file_record(self, name: str | None, timeout: float | None = None) -> FileRecord:
        """Wait for the job and return the name, size and SHA-256 of its file ``name``.

        Without a name: the only one, or of several the one whose name the job returned.
        Raises `UnknownItem` where there is none, and as `result` where the job failed.
        """
        record = self.wait(timeout)
        files = {file.name: file for file in record.files}
        if name is None and len(files) == 1:
            return record.files[0]
        if name is None and files and record.status is JobState.COMPLETED:
            name = str(self.result(0))
        if name in files:
            return files[name]
        if record.status is not JobState.COMPLETED:
            self.result(0)  # raises why there is none
        left = f"several files: {', '.join(files)}" if files else "no file"
        if name is not None and len(files) == 1:
            left = f"one file: {next(iter(files))}"
        raise UnknownItem(
            f"job {self.id} is {record.status} and left {left}",
            hint="`job.files` has them all; a job that returns the name of one says which",
        )

    def url_of(self, name: str) -> str:
        """Return the URL of the file ``name`` of the job."""
        return self.connection.url + self.route_of(name)

    def route_of(self, name: str) -> str:
        """Return the path of that URL below the one of the service."""
        return f"{API}/jobs/{self._id}/files/{in_url(name)}"

    # -- conditions

    def leaf(self, phase: Phase) -> Leaf:
        """Return what says that the job is in ``phase``."""
        from park.model.conditions import JobIs  # what plain calls do without

        return JobIs(job=self._id, phase=phase, service=self.connection.url)

    @property
    def iscancelled(self) -> Condition:
        """The condition that the job was cancelled."""
        return self._is(Phase.CANCELLED)

    @property
    def isstarted(self) -> Condition:
        """The condition that the job has begun to run."""
        return self._is(Phase.STARTED)

    # -- what becomes of it

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        import asyncio  # whose caller has it; a script without a loop need not load it

        await asyncio.to_thread(self.confirm)
        if self._record is None or not self._record.status.is_final:
            decided = self.connection.decided(self.leaf(Phase.FINISHED))
            await asyncio.wrap_future(decided)
        return await asyncio.to_thread(self.result)

    def refresh(self) -> JobRecord:
        """Return the job's record as the service has it now."""
        self.confirm()
        if self._record is None or not self._record.status.is_final:
            self._record = self._asked(0)
        return self._record

    def wait(self, timeout: float | None = None) -> JobRecord:
        """Wait until the job is final; raises `TimeoutError` after ``timeout`` seconds."""
        return self._until_final(timeout, self._asked)

    def ended(self, timeout: float | None = None) -> JobRecord:
        """Wait as `wait`; the result comes in the same answer."""
        return self._until_final(timeout, self._asked_with_result)

    def _until_final(self, timeout: float | None, ask: Callable[[float], JobRecord]) -> JobRecord:
        timeout, deadline = deadline_said(timeout)
        self.confirm(timeout)
        record, is_news = self._record, False
        standing = Standing(self.transport, self.id)
        while record is None or not record.status.is_final:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if record is not None and is_news and left == 0:
                raise TimeoutError(f"job {self.id} is {record.status} after {timeout:g} s")
            longest = _LONG_POLL_S if left is None else min(left, _LONG_POLL_S)
            with patient(left):
                record = ask(standing.wait_s(record.status if record else None, longest))
                standing.look(record.status)
            is_news = True
        self._record = record
        return record

    def result(
        self, timeout: float | None = None, *, as_: Literal["object", "json"] = "object"
    ) -> Any:
        """Wait for the job and return what it returned.

        Objects of types that are no plain data come back where the versions are installed
        that the job ran with: in the process that submitted it, and wherever the set of its
        entry point is the same. ``as_="json"`` gives JSON data anywhere: tuples and arrays as
        lists, of such an object its type and its repr.

        Raises `JobFailed` (with the traceback in ``details``), `JobCancelled`,
        `EnvironmentMismatch` for an object of other versions, or `TimeoutError` after
        ``timeout`` seconds.
        """
        if as_ not in {"object", "json"}:
            raise UsageError(f'as_={as_!r}: it is "object" or "json"')
        document = self.encoded_result(timeout)
        if as_ == "json":
            return plain_json(document)
        if self._value is None:
            self._value = (self._decoded(document),)
        return self._value[0]

    def encoded_result(self, timeout: float | None = None) -> Any:
        """Wait for the job and return what it returned, in the JSON form of the wire.

        Raises as `result`, but for what cannot be read here.
        """
        if self._item is not None:
            self._item.await_result(timeout)
        record = self._until_final(timeout, self._asked_with_result)
        if record.status in {JobState.CANCELLED, JobState.FAILED}:
            raise self._failed(record)
        if self._document is _UNTOLD:  # it was final before anybody asked for its result
            self._record = self._asked_with_result(0)
        return None if self._document is _UNTOLD else self._document

    def _failed(self, record: JobRecord) -> JobFailed | JobCancelled:
        from park.client.jobs.told.failure import cancellation, failure  # looks at what is here

        if record.status is JobState.CANCELLED:
            return cancellation(record, self.transport)
        return failure(record, self._entry_point, self.traceback(), self.transport)

    def _decoded(self, document: Any) -> Any:
        from park.client.jobs.decoded_result import decode_result

        set_hash = self.refresh().set_hash
        return decode_result(
            document,
            entry_point=self._entry_point,
            set_hash=set_hash,
            here=lambda: self._set_hash_here(set_hash),
            is_of_session=is_of_session(self._id),
        )

    def _set_hash_here(self, wanted: str | None) -> str | None:
        """Return the set of what this process has for the entry point: as it was submitted.

        It is ``wanted`` itself, that of the job, where all that is in it is installed here.
        """
        bound = binding_of(self._id)
        if bound is not None and not bound.is_named:
            return bound.set_hash
        from park.client.jobs.decoded_result import set_of_job

        return set_of_job(self._entry_point, wanted, self.transport)

    def _asked_with_result(self, wait: float) -> JobRecord:
        """Ask for the job and, in the same answer, for its result where it has one."""
        answer = self._told(f"{API}/jobs/{self.id}/result", {"wait": wait})
        self._document = value_in(answer, "result", _UNTOLD)
        return decode(JobRecord, value_in(answer, "job"))

    def traceback(self) -> str | None:
        """Return the full traceback of a failed job, where there is one."""
        self.confirm()
        answer = self.transport.json("GET", f"{API}/jobs/{self.id}/traceback")
        return None if (text := value_in(answer, "traceback")) is None else str(text)

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
        standing = Standing(self.transport, self.id)
        offsets = {"stdout": 0, "stderr": 0}
        decoders = {
            stream: codecs.getincrementaldecoder("utf-8")(errors="replace") for stream in offsets
        }
        while offsets:
            for stream in list(offsets):
                block, final = self._block(stream, offsets[stream], _FOLLOW_S)
                offsets[stream] += len(block)
                text = decoders[stream].decode(block, final=final)
                if text or final:
                    standing.begun()
                if text:
                    yield stream, text
                if final:
                    del offsets[stream]
            standing.look(None)

    def _block(self, stream: str, offset: int, wait: float) -> tuple[bytes, bool]:
        self.confirm()
        query = {"offset": offset, "wait": wait}
        with patient():
            answer = self.transport.bytes(f"{API}/jobs/{self.id}/logs/{stream}", params=query)
        return answer.content, answer.headers.get("x-park-final") == "true"

    def fetch(self, name: str, target: str | os.PathLike[str]) -> Path:
        """Write the file ``name`` of the job to ``target``, whole or not at all; return its path.

        Raises `UnknownItem` for a file that the job does not have, and `UsageError` where
        ``target`` cannot be written.
        """
        self.confirm()
        path = Path(target)
        self.transport.download(self.route_of(name), path)
        return path

    def cancel(self, *, dependents: bool = False) -> JobState:
        """Cancel the job; returns its state when its processes are gone.

        With ``dependents`` also all that needs it, however far.
        """
        self.confirm()
        query = {"dependents": "true"} if dependents else {}
        answer = self.transport.json("POST", f"{API}/jobs/{self.id}/cancel", params=query)
        self._record = decode(JobRecord, answer)
        return self.wait().status

    def stop(self, *, grace: float = GRACE_S) -> JobState:
        """Ask the job to stop and to keep its best; returns its state once it is asked.

        Its body sees that by `park.should_stop`, and what it returns then is its result. One that
        goes on for ``grace`` seconds is killed, one that does not run yet is cancelled.
        """
        self.confirm()
        route = f"{API}/jobs/{self.id}/stop"
        answer = self.transport.json("POST", route, params={"grace": grace})
        self._record = decode(JobRecord, answer)
        return self._record.status

    def pin(self) -> None:
        """Keep the job, its logs, events, result and files, whatever the service's policy."""
        self._enter_pin("PUT")

    def unpin(self) -> None:
        """Take the pin back: the job goes like any other."""
        self._enter_pin("DELETE")

    def _enter_pin(self, method: str) -> None:
        self.confirm()
        answer = self.transport.json(method, f"{API}/jobs/{self.id}/pin")
        self._record = decode(JobRecord, answer)

    def remove(self) -> None:
        """Remove the job from the service: its record, result, logs and files.

        Raises `Conflict` where it has not ended, is pinned, or another that has not ended
        needs it.
        """
        self.confirm()
        self.transport.delete(f"{API}/jobs/{self.id}")

    def _asked(self, wait: float) -> JobRecord:
        return decode(JobRecord, self._told(f"{API}/jobs/{self.id}", {"wait": wait}))

    def _told(self, path: str, query: dict[str, float]) -> Any:
        """GET, with patience for a job that the process before a fork is about to submit."""
        deadline = time.monotonic() + _PARENT_S
        while True:
            try:
                return self.transport.json("GET", path, params=query)
            except UnknownItem:
                is_ours = self._item is None or not self._item.inherited
                if is_ours or time.monotonic() > deadline:
                    raise
                time.sleep(_PARENT_PAUSE_S)
