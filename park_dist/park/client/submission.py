"""Submission in the background: in batches, in order, each piece after what it needs.

Ids are made here, so a request whose answer was lost is sent again without harm. A piece is
sent once its environment is known, and all that it needs is there: on the same service
committed, or before it in the same batch; on another service committed, and opened by a
grant made for it alone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from park.client.files import FileDigest
from park.client.planning import PlanEnds, planner
from park.errors import NotAuthenticated, ParkError, ServiceFault, ServiceUnreachable, UsageError
from park.model.conditions import brief
from park.runtime.codec import TAG
from park.wire import API

if TYPE_CHECKING:
    from pathlib import Path

    from park.client.binding import Binding
    from park.client.transport import Transport

__all__ = ["Item", "Opening", "State", "Submitter", "first_error", "origin_of", "settled"]

_MOST_IN_A_BATCH = 1_000
_BATCH_BYTES = 8 << 20
"""Bodies beyond are cut: no service should have to hold more of one request in memory."""

_GATHER_S = 0.002
_IDLE_S = 1.0
"""How long the thread waits for more before it ends; the next submission starts another."""

_GIVE_UP_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 5.0


class State(Enum):
    """How far a piece is on its way."""

    PENDING = "pending"
    SENDING = "sending"
    COMMITTED = "committed"
    FAILED = "failed"
    PLANNED = "planned"


_SETTLED = frozenset({State.COMMITTED, State.FAILED, State.PLANNED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What a job needs opened on a service, for which a grant is made when it is sent.

    ``authorizes`` tells that it is also what a fetch is authorised by.
    """

    submitter: Submitter
    jobs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    authorizes: bool = False


class Item:
    """A piece on its way to a service; it changes under the lock of its submitter.

    ``document`` is what is sent of a job, without its environment, which is ``binding``;
    None for an install, which is sent by others. ``needs`` are the pieces that must be
    there before it, and ``settled_needs`` those that must be committed, not only sent.
    """

    __slots__ = (
        "answer",
        "binding",
        "document",
        "error",
        "files",
        "id",
        "inherited",
        "label",
        "needs",
        "openings",
        "pickled",
        "root",
        "settled_needs",
        "state",
        "submitter",
        "target",
        "told",
    )

    def __init__(
        self,
        submitter: Submitter,
        id: str,  # noqa: A002 (the field's name)
        label: str,
        *,
        document: dict[str, Any] | None = None,
        binding: Future[Binding] | None = None,
        needs: tuple[Item, ...] = (),
        settled_needs: tuple[Item, ...] = (),
        files: tuple[tuple[Path, FileDigest], ...] = (),
        openings: tuple[Opening, ...] = (),
        pickled: bool = False,
        target: str | None = None,
    ) -> None:
        self.submitter = submitter
        self.id = id
        self.label = label
        self.document = document
        self.binding = binding
        self.needs = needs
        self.settled_needs = settled_needs
        self.files = files
        self.openings = openings
        self.pickled = pickled
        self.target = target  # of an install: what it installs
        self.state = State.PENDING
        self.error: BaseException | None = None
        self.root: BaseException | None = None  # the error that began it, of this or of a need
        self.answer: dict[str, Any] | None = None
        self.told = False
        self.inherited = False

    def __str__(self) -> str:
        return f"{'install' if self.document is None else 'job'} {brief(self.id)} ({self.label})"

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has committed it; raises what its submission raised.

        Raises `TimeoutError` after ``timeout`` seconds.
        """
        if self.state not in _SETTLED and not self.submitter.wait([self], timeout):
            raise TimeoutError(f"{self} is not submitted after {timeout:g} s")
        if self.error is not None:
            self.told = True
            raise self.error
        if self.state is State.PLANNED:
            raise PlanEnds(
                f"{self} is part of a plan and will not run: nothing can wait for it",
                hint="print the plan before the first result is needed",
            )


class Submitter:
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
        self._pending: list[Item] = []
        self._present: set[str] = set()
        self._thread: threading.Thread | None = None
        _all_of_them.add(self)
        _flush_at_exit()

    @property
    def url(self) -> str:
        """The service's URL."""
        return self.transport.address.url

    def put(self, items: Sequence[Item]) -> None:
        """Take ``items``; returns at once."""
        plan = planner.get()
        if plan is not None:
            for item in items:
                item.state = State.PLANNED
                plan.take(item)
            return
        with self._changed:
            self._pending += items
            if self._thread is None:
                self._start()
            elif any(_is_bound(item) for item in items):  # else its binding wakes the thread
                self._changed.notify_all()

    def poke(self) -> None:
        """Look again: something that pieces here wait for has changed."""
        with self._changed:
            self._changed.notify_all()

    def settle(
        self, item: Item, answer: dict[str, Any] | None, error: BaseException | None
    ) -> None:
        """Say how the submission of ``item`` ended, which others have sent."""
        with self._changed:
            self._pending = [each for each in self._pending if each is not item]
            self._end(item, answer, error)
        _poke_all()

    def wait(self, items: Sequence[Item], timeout: float | None = None) -> bool:
        """Wait until all ``items`` of this service are committed or failed."""
        with self._changed:
            if self._thread is None and self._pending:
                self._start()
            is_alone = self._thread is None
            if not is_alone:
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
        self._changed = threading.Condition()
        self._thread = None
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
            time.sleep(_GATHER_S)
            if self._pass():
                continue
            with self._changed:
                if not self._changed.wait(_IDLE_S) and not self._pending:
                    self._thread = None
                    return

    def _pass(self) -> bool:
        """Send what can be sent now; return whether there was anything to do."""
        with self._changed:
            before = len(self._pending)
            batch = self._next_batch()
            has_moved = len(self._pending) < before
        if batch:
            self._send(batch)
        if has_moved:
            with self._changed:
                is_drained = not self._pending
                self._changed.notify_all()
            _poke_all(but=self)
            if is_drained:
                self._drained()
        return has_moved

    def _next_batch(self) -> list[Item]:
        """Take what can be sent now out of what is pending, in order; fail what never can."""
        batch: list[Item] = []
        left: list[Item] = []
        for item in self._pending:
            if len(batch) == _MOST_IN_A_BATCH or item.document is None:
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
            _is_bound(item)
            and all(
                need.state is State.COMMITTED
                or (need.state is State.SENDING and need.submitter is self)
                for need in item.needs
            )
            and all(need.state is State.COMMITTED for need in item.settled_needs)
        )

    def _ended_early(self, item: Item) -> bool:
        """Fail ``item`` where it can never be sent; return whether that is so."""
        error, root = _prevented(item)
        if error is not None:
            with self._changed:
                self._end(item, None, error, root)
        return error is not None

    def _send(self, batch: list[Item]) -> None:
        ready: list[tuple[Item, str]] = []
        for item in batch:
            if self._ended_early(item):  # what it needs has failed here, just before
                continue
            try:
                ready.append((item, json.dumps(self._prepared(item), separators=(",", ":"))))
            except Exception as error:  # noqa: BLE001 (told where the job is asked for)
                with self._changed:
                    self._end(item, None, error)
        for part in _of_size(ready):
            self._post(part)

    def _prepared(self, item: Item) -> dict[str, Any]:
        """Return the request of ``item``, after sending its files and making its grants."""
        document: dict[str, Any] = item.document or {}
        for path, digest in item.files:
            self._bring(path, digest)
        if item.binding is not None:
            bound = item.binding.result()
            document["set_hash"] = bound.set_hash
            document.update(
                {"lock_hash": bound.lock_hash} if bound.lock_hash else {"install": bound.install}
            )
            if item.pickled:
                document["call"] = _under(document["call"], bound.set_hash)
        if item.openings:
            document["grants"] = self._grants(item, document)
        return document

    def _bring(self, path: Path, digest: FileDigest) -> None:
        place = f"{API}/files/{digest.sha256}"
        if digest.sha256 in self._present:
            return
        if not self.transport.json("GET", f"{place}/present")["present"]:
            self.transport.put(place, path)
        self._present.add(digest.sha256)

    def _grants(self, item: Item, document: dict[str, Any]) -> list[dict[str, str]]:
        """Make a grant for ``item`` alone on each service that it needs something of."""
        from park.client.grants import grant

        made = []
        for opening in item.openings:
            token = grant(
                opening.submitter.transport, jobs=list(opening.jobs), files=list(opening.files)
            ).token
            made.append({"service": opening.submitter.url, "token": str(token)})
            if opening.authorizes:
                fetch = dict(document["fetch"], authorization=f"Bearer {token}")
                document["fetch"] = fetch | {"origin": origin_of(opening.submitter.url)}
        return made

    def _post(self, part: list[tuple[Item, str]]) -> None:
        """Send ``part``, all of it or, where the service refuses that, what it takes of it."""
        part = [(item, text) for item, text in part if not self._ended_early(item)]
        if not part:
            return
        try:
            answer = self._answered("[" + ",".join(text for _, text in part) + "]")
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

    def _answered(self, body: str) -> list[dict[str, Any]]:
        """POST until there is an answer, for a minute; ids make it harmless."""
        headers = {"Content-Type": "application/json"}
        content = body.encode()
        began, pause = self._clock(), _FIRST_PAUSE_S
        while True:
            try:
                answer = self.transport.json(
                    "POST", f"{API}/jobs", content=content, headers=headers
                )
            except ServiceUnreachable:
                if self._clock() - began > _GIVE_UP_S:
                    raise
                self._pause(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
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
        # what was needed for sending alone may be freed
        item.needs, item.settled_needs, item.files = (), (), ()
        if error is not None:
            _untold.append(item)


def _is_bound(item: Item) -> bool:
    return item.binding is None or item.binding.done()


def _prevented(item: Item) -> tuple[BaseException | None, BaseException | None]:
    """Return why ``item`` can never be sent, and the error at the root of that."""
    if item.binding is not None and item.binding.done():
        error = item.binding.exception()
        if error is not None:
            return error, error
    for need in (*item.needs, *item.settled_needs):
        if need.state is State.FAILED:
            return _because_of(item, need), need.root
        if need.state is State.PLANNED:
            why = f"{item} needs {need}, which is part of a plan and will not run"
            return UsageError(why), None
    return None, None


def _because_of(item: Item, need: Item) -> ParkError:
    """Return the error of ``item``, whose need was not submitted: of the kind of its root."""
    root = need.root
    kind = type(root) if isinstance(root, ParkError) else ServiceFault
    return kind(
        f"{item} was not submitted, since it needs {need}, which was not: {root}",
        hint=getattr(root, "hint", None),
        details=getattr(root, "details", None),
    )


def _concerns_one(error: Exception) -> bool:
    """Tell whether a batch was refused for one of its jobs, and not for who sent it."""
    refused = isinstance(error, ParkError) and 400 <= error.http_status < 500  # noqa: PLR2004 (HTTP's)
    return refused and not isinstance(error, NotAuthenticated)


def _of_size(ready: list[tuple[Item, str]]) -> Iterable[list[tuple[Item, str]]]:
    part: list[tuple[Item, str]] = []
    size = 0
    for item, text in ready:
        if part and size + len(text) > _BATCH_BYTES:
            yield part
            part, size = [], 0
        part.append((item, text))
        size += len(text)
    if part:
        yield part


def _under(document: Any, set_hash: str | None) -> Any:
    """Return encoded arguments with their pickles tagged as made under ``set_hash``."""
    if set_hash is None:
        raise UsageError(
            "an argument can only travel as a pickle, which needs the set that is installed here",
            hint="pass JSON values, numpy arrays or park.File(path) to a job of another lock",
        )
    if isinstance(document, list):
        return [_under(each, set_hash) for each in document]
    if not isinstance(document, dict):
        return document
    if document.get(TAG) == "pickle":
        return {**document, "set_hash": set_hash}
    return {key: _under(value, set_hash) for key, value in document.items()}


def origin_of(url: str) -> str:
    """Return ``scheme://host:port`` of a URL, with the port that it means."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def settled(items: Iterable[Item]) -> bool:
    """Tell whether nothing is to be done for any of ``items``."""
    return all(item.state in _SETTLED for item in items)


def first_error(items: Iterable[Item]) -> BaseException | None:
    """Wait for ``items``; return the first error, with the others as notes, or None.

    What failed only for want of another is told by that other.
    """
    by_submitter: dict[Submitter, list[Item]] = {}
    everything = list(items)
    for item in everything:
        by_submitter.setdefault(item.submitter, []).append(item)
    for submitter, theirs in by_submitter.items():
        submitter.wait(theirs)
    failed = [item for item in everything if item.error is not None]
    for item in failed:
        item.told = True
    if not failed:
        return None
    first, *others = failed
    for item in others[:_MOST_NOTES]:
        first.error.add_note(f"{item}: {item.error}")  # type: ignore[union-attr]
    if len(others) > _MOST_NOTES:
        first.error.add_note(f"and {len(others) - _MOST_NOTES} more")  # type: ignore[union-attr]
    return first.error


_MOST_NOTES = 10


# -- all submitters of this process

_all_of_them: weakref.WeakSet[Submitter] = weakref.WeakSet()
_untold: list[Item] = []
"""What failed; at the end of the interpreter those are printed that nobody was told of."""

_exit_is_seen_to = False


def _poke_all(but: Submitter | None = None) -> None:
    for submitter in list(_all_of_them):
        if submitter is not but:
            submitter.poke()


def _flush_at_exit() -> None:
    """Have the end of the interpreter wait for what is on its way, before threads are stopped."""
    global _exit_is_seen_to  # noqa: PLW0603 (once in each process)
    if _exit_is_seen_to:
        return
    _exit_is_seen_to = True
    register = getattr(threading, "_register_atexit", None)  # as `concurrent.futures` does
    if register is None:
        import atexit

        register = atexit.register
    register(_end_of_interpreter)


def _end_of_interpreter() -> None:
    for submitter in list(_all_of_them):
        submitter.flush()
    failed = [item for item in _untold if not item.told]
    for item in failed[:_MOST_NOTES]:
        sys.stderr.write(f"park: error: {item} was not submitted: {item.error}\n")
    if len(failed) > _MOST_NOTES:
        sys.stderr.write(f"park: error: … and {len(failed) - _MOST_NOTES} more\n")


def _after_fork() -> None:
    _untold.clear()
    for submitter in list(_all_of_them):
        submitter.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
