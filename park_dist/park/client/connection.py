"""One service as this process talks to it: shared by all handles with the same URL and token."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from park.client.installs.background import Bindings
from park.client.submission.outbox import Outbox
from park.errors import ParkError
from park.model.references import Reference, What
from park.wire import API

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.model.conditions import Leaf
    from park.model.truth import Verdict
    from park.wire import VerdictRecord

__all__ = ["Connection", "WithConnection", "connection_of"]


class Connection:
    """The way to a service: requests, submissions in the background, and environments."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.outbox = Outbox(transport, drained=self._forget)
        self.bindings = Bindings(transport, self.outbox)

    def _forget(self) -> None:
        self.bindings.forget()

    def __repr__(self) -> str:
        return f"<Connection {self.url}>"

    @property
    def url(self) -> str:
        """The service's URL."""
        return self.transport.address.url

    @property
    def is_own(self) -> bool:
        """Whether the user has named this service as his own: others read what it pickled."""
        return self.transport.address.own

    @property
    def name(self) -> str:
        """What finds the service again: its name in the configuration, else its URL."""
        return self.transport.address.name or self.url

    def reference(self, job: str, what: What, *, name: str | None = None) -> Reference:
        """Return the reference to ``what`` of a job there, as data, which any service reads."""
        return Reference(job=job, what=what, service=self.url, name=name, own=self.is_own)

    def decided(self, leaf: Leaf) -> Future[Verdict]:
        """Return what ``leaf`` is worth once it is decided; few requests ask for all of them."""
        future: Future[Verdict] = Future()

        def told(verdict: Verdict | ParkError) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if isinstance(verdict, ParkError):
                future.set_exception(verdict)
            else:
                future.set_result(verdict)

        self.follow([(leaf, told)], wanted=lambda: not future.cancelled())
        return future

    def follow(
        self,
        leaves: Sequence[tuple[Leaf, Callable[[Verdict | ParkError], object]]],
        *,
        wanted: Callable[[], bool],
    ) -> None:
        """Have each of ``leaves`` told once it is decided, in another thread, while ``wanted``."""
        # asyncio and its HTTP take longer to import than a command to do its work
        from park.client.access.long_polls import long_polls

        followed = [(self._node(leaf), partial(_tell, told)) for leaf, told in leaves]
        long_polls(self.transport.address).follow(followed, wanted=wanted)

    def verdicts(self, leaves: Sequence[Leaf], wait: float) -> list[Verdict]:
        """Ask what ``leaves`` of this service are worth, for ``wait`` seconds at the most.

        There is an answer as soon as one of them is decided.
        """
        from park.wire import VerdictRecord, decode  # what plain calls do without

        body = {"leaves": [{"leaf": self._node(leaf)} for leaf in leaves], "wait": wait}
        records = self.transport.json("POST", f"{API}/follow", json=body)
        return [_verdict(decode(VerdictRecord, record)) for record in records]

    def _node(self, leaf: Leaf) -> dict[str, Any]:
        """Return ``leaf`` as JSON for this service."""
        from park.model.leaves import leaf_to_json, local_leaf  # what plain calls do without

        return leaf_to_json(local_leaf(leaf, self.url))


class WithConnection(Protocol):
    """A service, as far as what is on it asks: see `park.client.service`."""

    @property
    def connection(self) -> Connection:
        """The way to the service that all handles of it share."""


def _verdict(record: VerdictRecord) -> Verdict:
    from park.model.truth import Verdict

    return Verdict(record.truth, record.why)


def _tell(told: Callable[[Verdict | ParkError], object], answer: VerdictRecord | ParkError) -> None:
    told(answer if isinstance(answer, ParkError) else _verdict(answer))


_known: weakref.WeakValueDictionary[tuple[object, ...], Connection] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def connection_of(transport: Transport) -> Connection:
    """Return the connection to the service and user of ``transport``, made where there is none."""
    key = (transport.address.url, transport.address.token, transport.address.login)
    with _lock:
        connection = _known.get(key)
        if connection is None:
            connection = _known[key] = Connection(transport)
        return connection
