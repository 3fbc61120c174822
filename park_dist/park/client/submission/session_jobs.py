"""The jobs that this process has submitted: a handle of one by its id is of its session, too."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from park.client.submission.binding import Binding

__all__ = ["binding_of", "is_of_session", "remember"]

_bindings: dict[str, Future[Binding] | None] = {}
"""By the id of the job, which no other job has. Jobs of one environment share what they bind to."""


def remember(job: str, binding: Future[Binding] | None) -> None:
    """Note that this process submits ``job``, bound to what ``binding`` will be."""
    _bindings[job] = binding


def is_of_session(job: str) -> bool:
    """Tell whether this process has submitted ``job``."""
    return job in _bindings


def binding_of(job: str) -> Binding | None:
    """Return what a job of this session is bound to; None where that is not known."""
    found = _bindings.get(job)
    if found is None or not found.done() or found.exception() is not None:
        return None
    return found.result()
