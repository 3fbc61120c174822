"""Why a service does not start, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from park.errors import CannotSatisfy
from park_server.disk import is_of_disk, line_of_disk

__all__ = ["in_words"]


@contextmanager
def in_words() -> Iterator[None]:
    """Start within; raises `CannotSatisfy` for what a disk or a database refuses."""
    try:
        yield
    except Exception as error:
        if not is_of_disk(error):
            raise
        raise CannotSatisfy(
            f"the service cannot start: {line_of_disk(error)}",
            hint="its home and its database must be there, with room (df, df -i), and its"
            " operator must be able to write to them",
        ) from error
