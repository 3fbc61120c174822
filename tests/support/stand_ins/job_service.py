"""A service in memory, for what a client sends: it takes jobs, and says what it was asked."""

from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import Future
from typing import Any

from support.session.limits import LIMIT_S

from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.service import Service
from park.client.submission.binding import Binding
from park.errors import ServiceUnreachable, UnknownItem, UsageError
from park.model.call_label import call_label
from park.model.states import JobState
from park.wire import JobRecord, encode

__all__ = ["BOUND", "JobService"]

_TOKENS = itertools.count()
"""One for each: handles with the same URL and token share a connection."""

BOUND = Binding(lock_hash="1" * 64, set_hash="2" * 64)


class JobService(Transport):
    """The transport to a service that accepts every job, unless told otherwise."""

    def __init__(self, url: str = "http://one.example", name: str | None = None) -> None:
        super().__init__(Address(url=url, token=f"token-{next(_TOKENS)}", name=name))
        self._has_answered = True  # so nobody knocks, and each request is the test's
        self.batches: list[list[dict[str, Any]]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.refused: set[str] = set()
        """Entry points that it refuses, and with each the whole batch."""
        self.cuts = 0
        """How many submissions get no answer, although they arrive."""
        self.at_once: dict[str, Any] = {}
        """What is there at once of jobs of an entry point, where their submission waits for it."""
        self.answers: dict[str, Any] = {}
        """What it answers to GET, by path."""
        self.identity: str | None = "K" * 43
        """The key that it says it has, and that grants are bound to."""
        self.gate = threading.Event()
        """Submissions are answered once it is set."""
        self.gate.set()
        self.verdicts: list[dict[str, str]] = []
        self.binding: Future[Binding] = Future()
        self.service = Service(self)
        self.service.connection.bindings.of = lambda *_, **__: self.binding  # type: ignore[method-assign]

    def bind(self) -> JobService:
        """Let the environment of every job be known."""
        self.binding.set_result(BOUND)
        self.service.connection.outbox.poke()
        return self

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that arrived and were accepted, in order, each once."""
        found = {job["id"]: job for batch in self.batches for job in batch}
        return list(found.values())

    def json(self, method: str, path: str, **arguments: Any) -> Any:
        """Answer a request."""
        self.asked.append((method, path, arguments.get("json") or arguments.get("params")))
        if (method, path) == ("POST", "/api/v1/jobs"):
            waits = bool(arguments.get("params"))
            return self._submitted(json.loads(arguments["content"]), waits=waits)
        if (method, path) == ("POST", "/api/v1/grants"):
            return self._granted(arguments["json"])
        if (method, path) == ("POST", "/api/v1/follow"):
            return self.verdicts
        if path in self.answers:
            return self.answers[path]
        if (method, path) == ("GET", "/api/v1"):
            return {"identity": self.identity}
        raise UnknownItem(f"nothing at {path}")

    def _submitted(self, batch: list[dict[str, Any]], *, waits: bool) -> list[dict[str, Any]]:
        assert self.gate.wait(LIMIT_S)
        refused = {job["entry_point"] for job in batch} & self.refused
        if refused:
            raise UsageError(f"{refused.pop()} is refused")
        self.batches.append(batch)
        if self.cuts:
            self.cuts -= 1
            raise ServiceUnreachable("the answer was lost")
        there = self.at_once if waits else {}
        return [self.record(job, **there.get(job["entry_point"], {})) for job in batch]

    def record(self, job: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """Return the record of a job as JSON."""
        record = JobRecord(
            id=job["id"],
            status=JobState.QUEUED,
            entry_point=job["entry_point"],
            label=job.get("label") or call_label(job["entry_point"], job.get("call", {})),
            lock_hash=job.get("lock_hash"),
            set_hash=job.get("set_hash"),
            install=job.get("install"),
            environment=None,
            runtime_hash=None,
            attempt=0,
            pid=None,
            submitted="2026-11-23T08:00:00Z",
            started=None,
            finished=None,
            error=None,
        )
        return encode(record) | changed

    def end(self, job: str, **changed: Any) -> None:
        """Let a job be completed, with ``result``, or end as ``changed`` says of its record."""
        result = changed.pop("result", None)
        changed = {"status": "completed", **changed}
        record = self.record({"id": job, "entry_point": "m:f"}, **changed)
        self.answers[f"/api/v1/jobs/{job}"] = record
        self.answers[f"/api/v1/jobs/{job}/result"] = {"job": record, "result": result}
        self.answers[f"/api/v1/jobs/{job}/traceback"] = {"traceback": "Traceback: …"}

    def _granted(self, request: dict[str, Any]) -> dict[str, Any]:
        number = sum(path == "/api/v1/grants" for _, path, _ in self.asked)
        times = {"created": "2026-11-23T08:00:00Z", "expires": "2026-11-30T08:00:00Z"}
        what = {"jobs": request["jobs"], "files": request["files"], "holder": request["holder"]}
        return {"id": f"g{number}", "token": f"park_grant_{number}", **what, **times}
