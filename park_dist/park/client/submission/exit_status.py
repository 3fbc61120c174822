"""The exit status of a script whose submissions failed while nobody asked."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

__all__ = ["fail_the_exit"]

_STATUS = 120
"""What Python exits with where its standard output cannot be flushed, in place of any other."""


class _NotArrived(OSError):
    """What was submitted did not arrive; the person was told so before."""


class _Unflushed:
    """Standard output that cannot be flushed to the end: then Python exits with 120.

    Nothing else that runs at the end of the interpreter can change the status: errors of exit
    handlers are ignored, and to end the process would skip those that are still to come.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def flush(self) -> None:
        self._stream.flush()
        raise _NotArrived


def fail_the_exit() -> None:
    """Let this process exit with 120, as where Python itself fails to clean up, and say so.

    That stands in place of what the script ended with, which nothing tells here.
    """
    if sys.stdout is None:
        return
    with suppress(OSError, AttributeError):  # nobody hears it
        sys.stderr.write(f"park: for that the exit status is {_STATUS}\n")
    sys.stdout = _Unflushed(sys.stdout)
    said = sys.unraisablehook

    def unraisable(what: Any) -> None:
        if not isinstance(what.exc_value, _NotArrived):  # that one is told already
            said(what)

    sys.unraisablehook = unraisable
