"""Submission in the background: in batches, in order, each piece after what it needs.

Ids are made here, so a request whose answer was lost is sent again without harm. A piece is
sent once its environment is known, and all that it needs is there: its files sent, on the same
service committed, or before it in the same batch; on another service committed, and opened by a
grant made for it alone.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from park.client.access.transport import patient
from park.client.submission.every_outbox import every_outbox
from park.client.submission.item import (
    MOMENT_S,
    Item,
    Opening,
    State,
    is_bound,
    prevented,
    settled,
)
from park.client.submission.recorder import current_recorder
from park.client.submission.request_text import (
    dumps,
    extended,
    of_size,
    with_set_hash,
)
from park.client.submission.uploads import Uploads
from park.client.voice import say_of_outage
from park.errors import (
    EnvironmentMismatch,
    NotAuthenticated,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
)
from park.model.backoff import Backoff
from park.model.urls import origin_of
from park.wire import API

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.client.submission.binding import Binding
    from park.client.submission.lending import Lending

__all__ = ["Outbox"]

_MOST_IN_A_BATCH = 1_000
_GATHER_S = 0.002
_IDLE_S = 1.0
"""How long the thread waits for more before it ends; the next submission starts another."""


_GIVE_UP_S = 60.0
_BACKOFF = Backoff(first_s=0.5, longest_s=5.0)


class Outbox:
    """Sends the pieces of one service from a thread of its own.

    ``drained`` is called whenever nothing is left to send.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        drained: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.transport = transport
        self._drained = drained
        self._clock = clock
        self._pause = pause
        self._changed = threading.Condition()  # with a reentrant lock
        self._is_awaited = threading.Event()
        self._has_news = False  # since the thread has begun its last look
        self._is_resting = False
        self._pending: list[Item] = []
        self._uploads = Uploads(transport)
        self._thread: threading.Thread | None = None
        every_outbox.add(self)

    @cached_property
    def _lending(self) -> Lending:
        from park.client.submission.lending import Lending  # for what other services have

        return Lending(self.transport)

    @property
    def url(self) -> str:
        """The service's URL."""
        return self.transport.address.url

    def put(self, items: Sequence[Item]) -> None:
        """Take ``items``; returns at once."""
        recorder = current_recorder()
        if recorder is not None:
            for item in items:
                item.state = State.PLANNED
                recorder.take(item)
            return
        for item in items:
            if item.files:
                item.upload = self._uploads.begin(item.files)
                item.upload.add_done_callback(lambda _: self.poke())
        with self._changed:
            self._pending += items
            self._has_news = True
            if self._thread is None:
                self._start()
            elif self._is_resting and any(map(is_bound, items)):  # else what it waits for wakes it
                self._changed.notify_all()

    def poke(self) -> None:
        """Look again: something that pieces here wait for has changed."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def settle(
        self, item: Item, answer: dict[str, Any] | None, error: BaseException | None
    ) -> None:
        """Say how the submission of ``item`` ended, which others have sent."""
        with self._changed:
            self._pending = [each for each in self._pending if each is not item]
            self._end(item, answer, error)
        every_outbox.poke()

    def wait(self, items: Sequence[Item], timeout: float | None = None) -> bool:
        """Wait until all ``items`` of this service are committed or failed."""
        with self._changed:
            if self._thread is None and self._pending:
                self._start()
            is_alone = self._thread is None
            if not is_alone:
                self._is_awaited.set()
                return self._changed.wait_for(lambda: settled(items), timeout)
        while self._pending:
            if not self._pass():
                self._pause(_GATHER_S)
        return settled(items)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was taken so far is committed or failed."""
        with self._changed:
            pending = list(self._pending)
        return self.wait(pending, timeout)

    def pending(self) -> list[Item]:
        """Return what is not settled."""
        with self._changed:
            return list(self._pending)

    def forked(self) -> None:
        """Begin anew in a forked process: the parent sends what was taken before the fork."""
        self.transport.forked()
        self._changed = threading.Condition()
        self._is_awaited = threading.Event()
        self._uploads = Uploads(self.transport)
        self._thread = None
        self._is_resting = False
        for item in self._pending:
            item.state, item.inherited = State.COMMITTED, True
        self._pending = []

    # -- in the thread

    def _start(self) -> None:
        """Start the thread; where the interpreter ends already, `wait` does its work."""
        thread = threading.Thread(target=self._run, name=f"park {self.url}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no threads are started while the interpreter ends
            return
        self._thread = thread

    def _run(self) -> None:
        while True:
            # more may come, unless somebody waits for what is here
            self._is_awaited.wait(_GATHER_S)
            self._is_awaited.clear()
            if self._pass():
                continue
            with self._changed:
                if self._has_news:  # which came behind that look
                    continue
                self._is_resting = True
                is_woken = self._changed.wait(_IDLE_S)
                self._is_resting = False
                if not is_woken and not self._pending:
                    self._thread = None
                    return

    def _pass(self) -> bool:
        """Send what can be sent now; return whether there was anything to do."""
        with self._changed:
            self._has_news = False
            before = len(self._pending)
            batch = self._next_batch()
            has_moved = len(self._pending) < before
        if batch:
            self._send(batch)
        if has_moved:
            with self._changed:
                is_drained = not self._pending
                self._changed.notify_all()
            every_outbox.poke(but=self)
            if is_drained:
                self._drained()
        return has_moved

    def _next_batch(self) -> list[Item]:
        """Take what can be sent now out of what is pending, in order; fail what never can."""
        batch: list[Item] = []
        left: list[Item] = []
        for item in self._pending:
            if len(batch) == _MOST_IN_A_BATCH or item.text is None:
                left.append(item)
                continue
            if not self._ended_early(item) and self._can_go(item):
                item.state = State.SENDING
                batch.append(item)
            elif item.state is State.PENDING:
                left.append(item)
        self._pending = left
        return batch

    def _can_go(self, item: Item) -> bool:
        """Tell whether all that ``item`` needs is there, or in the batch before it."""
        return (
            is_bound(item)
            and all(
                need.state is State.COMMITTED
                or (need.state is State.SENDING and need.outbox is self)
                for need in item.needs
            )
            and all(need.state is State.COMMITTED for need in item.settled_needs)
        )

    def _ended_early(self, item: Item) -> bool:
        """Fail ``item`` where it can never be sent; return whether that is so."""
        error, root = prevented(item)
        if error is not None:
            with self._changed:
                self._end(item, None, error, root)
        return error is not None

    def _send(self, batch: list[Item]) -> None:
        ready: list[tuple[Item, str]] = []
        with patient():
            for item in batch:
                if self._ended_early(item):  # what it needs has failed here, just before
                    continue
                try:
                    ready.append((item, self._prepared(item)))
                except Exception as error:  # noqa: BLE001 (told where the job is asked for)
                    with self._changed:
                        self._end(item, None, error)
        for part in of_size(ready):
            self._post(part)

    def _prepared(self, item: Item) -> str:
        """Return the request of ``item``, after making its grants."""
        text = str(item.text)
        more: dict[str, Any] = {}
        if item.binding is not None:
            bound = item.binding.result()
            more = {"set_hash": bound.set_hash}
            more |= (
                {"lock_hash": bound.lock_hash} if bound.lock_hash else {"install": bound.install}
            )
            if bound.asked_for is not None:
                more["asked_for"] = bound.asked_for
            if item.pickled and bound.asked_for is not None:
                raise _unreadable_there(bound)
            if item.pickled:
                text = with_set_hash(text, bound.set_hash)
        if item.openings:
            lent = self._lending.lent
            grants = [(opening, lent(opening)) for opening in item.openings]
            more["grants"] = [held for _, held in grants]
            text = _authorized(text, grants)
        return extended(text, more)

    def _post(self, part: list[tuple[Item, str]]) -> None:
        """Send ``part``, all of it or, where the service refuses that, what it takes of it."""
        part = [(item, text) for item, text in part if not self._ended_early(item)]
        if not part:
            return
        try:
            is_awaited = len(part) == 1 and part[0][0].is_awaited
            answer = self._answered(
                "[" + ",".join(text for _, text in part) + "]",
                {"wait": MOMENT_S} if is_awaited else None,
            )
        except Exception as error:  # noqa: BLE001 (told where the job is asked for)
            if len(part) > 1 and _concerns_one(error):
                half = len(part) // 2
                self._post(part[:half])
                self._post(part[half:])
                return
            with self._changed:
                for item, _ in part:
                    self._end(item, None, error)
                self._changed.notify_all()
            return
        with self._changed:
            for (item, _), record in zip(part, answer, strict=True):
                self._end(item, record, None)
            self._changed.notify_all()

    def _answered(self, body: str, params: Mapping[str, float] | None) -> list[dict[str, Any]]:
        """POST until there is an answer, for a minute; ids make it harmless."""
        headers = {"Content-Type": "application/json"}
        content = body.encode()
        began, failures = self._clock(), 0
        while True:
            try:
                answer = self.transport.json(
                    "POST", f"{API}/jobs", content=content, headers=headers, params=params
                )
            except ServiceUnreachable as error:
                if self._clock() - began > _GIVE_UP_S:
                    raise
                if not failures:
                    say_of_outage(f"{error.message}; it is tried again (Ctrl-C ends that)")
                failures += 1
                self._pause(_BACKOFF.after(failures))
            else:
                if not isinstance(answer, list):
                    raise ServiceFault(f"{self.url} answered a submission with {type(answer)}")
                return answer

    def _end(
        self,
        item: Item,
        answer: dict[str, Any] | None,
        error: BaseException | None,
        root: BaseException | None = None,
    ) -> None:
        item.answer, item.error, item.root = answer, error, root or error
        item.state = State.COMMITTED if error is None else State.FAILED
        # what was needed for sending alone
        item.needs, item.settled_needs, item.files, item.upload = (), (), (), None
        if item.text is not None:
            item.text = ""
        if error is not None:
            every_outbox.failed.append(item)


def _unreadable_there(bound: Binding) -> EnvironmentMismatch:
    return EnvironmentMismatch(
        f"an argument, or the function itself, travels as a pickle, which only the versions of here"
        f" can read; {bound.asked_for} is not what runs there",
        hint="call a function of a package with JSON values, numpy arrays or park.File(path)",
    )


def _authorized(text: str, grants: Sequence[tuple[Opening, dict[str, Any]]]) -> str:
    """Return the request with the fetch in it authorized by the grant that is meant for that."""
    for opening, held in grants:
        if opening.authorizes:
            document = json.loads(text)
            bounced = held.get("bounced")
            document["fetch"]["authorization"] = (
                f"DPoP-Bounced {bounced} {held['service']}" if bounced else f"DPoP {held['token']}"
            )
            document["fetch"]["origin"] = origin_of(held["service"])
            text = dumps(document)
    return text


def _concerns_one(error: Exception) -> bool:
    """Tell whether a batch was refused for one of its jobs, and not for who sent it."""
    refused = isinstance(error, ParkError) and 400 <= error.http_status < 500  # noqa: PLR2004 (HTTP's)
    return refused and not isinstance(error, NotAuthenticated)
