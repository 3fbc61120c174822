"""A job that a service does not have: where it was looked for, and where it may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from park.errors import UnknownItem

__all__ = ["looked_up"]


@contextmanager
def looked_up(url: str) -> Iterator[None]:
    """Have an `UnknownItem` about a job name the service at ``url``, which has no such job."""
    try:
        yield
    except UnknownItem as error:
        raise UnknownItem(
            f"{error.message}, {url}",
            hint=f"{error.hint}; `park jobs --everywhere` lists those of all your services"
            if error.hint
            else "`park jobs --everywhere` lists those of all your services",
            details=error.details,
        ) from None
