"""Pieces on their way to a service: jobs, fetches and installs, and what they need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from park.client.submission.files import FileDigest
from park.client.submission.request_text import dumps
from park.client.submission.seconds import seconds_said
from park.errors import ParkError, PlanEnds, ServiceFault, UsageError, as_raised_here
from park.model.call_label import call_label
from park.model.ids import brief

if TYPE_CHECKING:
    from park.client.access.transport import Transport
    from park.client.submission.binding import Binding

__all__ = ["MOMENT_S", "Item", "Opening", "Sender", "State", "is_bound", "prevented", "settled"]

MOMENT_S = 0.1
"""How long the answer to a submission waits for the result of a job that somebody waits for:
one request in place of two. What else is to be sent waits as long."""


class Sender(Protocol):
    """Sends the items of one service; see `park.client.submission.outbox`."""

    @property
    def transport(self) -> Transport:
        """The requests to the service."""

    @property
    def url(self) -> str:
        """The service's URL."""

    def wait(self, items: Sequence[Item], timeout: float | None = None) -> bool:
        """Wait until all ``items`` of this service are committed or failed."""


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

    ``jobs`` and ``files`` can be read with it, those of the jobs in ``stops`` ended as well.
    ``authorizes`` tells that it is also what a fetch is authorised by. ``lend`` is how: "ship",
    "bounce", or None, as is usual for its service.
    """

    outbox: Sender
    jobs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    authorizes: bool = False
    lend: str | None = None


class Item:
    """A piece on its way to a service; it changes under the lock of its outbox.

    ``document`` is what is sent of a job, without its environment, which is ``binding``;
    None for an install, which others send. ``needs`` are the pieces that must be
    there before it, and ``settled_needs`` those that must be committed, not only sent.
    """

    __slots__ = (
        "answer",
        "binding",
        "error",
        "files",
        "id",
        "inherited",
        "is_awaited",
        "label",
        "needs",
        "openings",
        "outbox",
        "pickled",
        "root",
        "settled_needs",
        "state",
        "target",
        "text",
        "told",
        "upload",
    )

    def __init__(
        self,
        outbox: Sender,
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
        self.outbox = outbox
        self.id = id
        self.label = label
        # as text: thousands of nested dicts would keep the garbage collector busy
        self.text = None if document is None else dumps(document)
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
        self.upload: Future[None] | None = None  # of its files
        self.told = False
        self.inherited = False
        self.is_awaited = False  # its result: the service may answer with it

    def __str__(self) -> str:
        return f"{'install' if self.text is None else 'job'} {brief(self.id)} ({self.called})"

    @property
    def called(self) -> str:
        """What people call it: its label, or its call.

        The name of a file of another job is not known yet. What is sent is kept no longer than
        that takes: then the service says it.
        """
        if self.answer is not None:
            return str(self.answer.get("label") or self.label)
        document = self.document
        if document is None:
            return self.label
        if (fetch := document.get("fetch")) is not None:
            url = fetch["url"]
            return url if isinstance(url, str) else "what a job leaves"
        label: str | None = document.get("label")
        if label is None and (race := document.get("race")) is not None:
            return f"race of {len(race['competitors']):,}"
        return label or call_label(self.label, document.get("call", {}))

    @property
    def document(self) -> dict[str, Any] | None:
        """What is sent of a job, without its environment; None for an install."""
        return json.loads(self.text) if self.text else None

    def await_result(self, timeout: float | None) -> None:
        """Say that somebody waits for its result, for ``timeout`` seconds at most."""
        seconds = seconds_said(timeout)
        self.is_awaited = seconds is None or seconds >= MOMENT_S

    def confirm(self, timeout: float | None = None) -> None:
        """Wait until the service has committed it; raises what its submission raised.

        Raises `TimeoutError` after ``timeout`` seconds.
        """
        timeout = seconds_said(timeout)
        if self.state not in _SETTLED and not self.outbox.wait([self], timeout):
            raise TimeoutError(f"{self} is not submitted after {timeout:g} s")
        if self.error is not None:
            self.told = True
            raise as_raised_here(self.error)
        if self.state is State.PLANNED:
            raise PlanEnds(
                f"{self} is part of a plan and will not run: nothing can wait for it",
                hint="print the plan before the first result is needed",
            )


def settled(items: Iterable[Item]) -> bool:
    """Tell whether nothing is to be done for any of ``items``."""
    return all(item.state in _SETTLED for item in items)


def is_bound(item: Item) -> bool:
    """Tell whether environment and files of ``item`` are there, or why they never will be."""
    return all(each is None or each.done() for each in (item.binding, item.upload))


def prevented(item: Item) -> tuple[BaseException | None, BaseException | None]:
    """Return why ``item`` can never be sent, and the error at the root of that."""
    for each in (item.binding, item.upload):
        error = each.exception() if each is not None and each.done() else None
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
