"""A service that does nothing but tell how jobs ended: what a client's waiting talks to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from support.session.limits import LIMIT_S

from park.client.access.address import Address
from park.client.access.transport import Transport
from park.client.connection import Connection
from park.client.jobs.when import Condition
from park.model.conditions import JobIs, Phase
from park.model.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FollowServer", "KnownJob"]


class FollowServer:
    """Answers ``POST /api/v1/follow``; ``end`` says how a job ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ends: dict[str, str] = {}
        self.questions: list[int] = []
        """How many leaves each request had."""
        self.refused: set[str] = set()
        """Jobs that no request may ask for."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = service.answer(body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is none."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def address(self) -> Address:
        """Where it is."""
        return Address(url=f"http://127.0.0.1:{self._server.server_port}", token="none")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ends["closed"] = "closed"
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def end(self, job: str, truth: str = "true") -> None:
        """Say that ``job`` completed (``true``) or will not (``never``)."""
        with self._changed:
            self._ends[job] = truth
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a request brings about."""
        with self._changed:
            assert self._changed.wait_for(condition, LIMIT_S)

    def answer(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Return status and JSON of the answer to a request."""
        jobs = [each["leaf"]["job"] for each in body["leaves"]]
        with self._changed:
            self.questions.append(len(jobs))
            self._changed.notify_all()
            if self.refused.intersection(jobs):
                return 404, {"type": "urn:park:problem:unknown-item", "detail": "no such job"}
            self._changed.wait_for(
                lambda: "closed" in self._ends or not self._ends.keys().isdisjoint(jobs),
                body["wait"],
            )
            return 200, [{"truth": self._ends.get(job, "not-yet"), "why": ""} for job in jobs]


class KnownJob:
    """A job as waiting sees it: confirmed when its test says so."""

    _ended_as = ""

    def __init__(self, address: Address, *, confirmed: bool = True) -> None:
        self.id = new_id()
        self.connection = Connection(Transport(address))
        self.status = "queued"
        self.entry_point = "m:f"
        self.outcome: Any = None
        self._error: Exception | None = None
        self.cancelled = threading.Event()
        self._confirmed = threading.Event()
        if confirmed:
            self._confirmed.set()

    @property
    def iscompleted(self) -> Condition:
        """The condition that it is completed."""
        return Condition(self.leaf(Phase.COMPLETED), ())

    def leaf(self, phase: Phase) -> JobIs:
        """Return what says that it is in ``phase``."""
        return JobIs(job=self.id, phase=phase)

    def submitted(self, error: Exception | None = None) -> None:
        """Say that the service has it, or why it will not."""
        self._error = error
        self._confirmed.set()

    def confirm(self, timeout: float | None = None) -> None:
        """Wait for `submitted`."""
        if not self._confirmed.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            raise self._error

    def cancel(self) -> str:
        """Be cancelled."""
        self.cancelled.set()
        return "cancelled"

    def result(self, timeout: float | None = None) -> Any:  # noqa: ARG002 (it is there)
        """Return what the test put there, or raise it."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome
