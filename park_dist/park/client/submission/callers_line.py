"""The line of the user's that submits something: where a warning about it belongs.

What is submitted is looked at in a thread of its own, where `warnings` finds lines of park alone.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from types import FrameType

__all__ = ["CallersLine", "callers_line"]

_BETWEEN = frozenset({"park", "joblib", "concurrent", "functools"})
"""Packages that hand calls on: whoever called them is meant."""


@dataclass(frozen=True, slots=True)
class CallersLine:
    """A line of ``file``, which is that of ``module``."""

    file: str
    line: int
    module: str

    def warn(self, text: str, kind: type[Warning]) -> None:
        """Warn of what this line does."""
        warnings.warn_explicit(text, kind, self.file, self.line, module=self.module)


def callers_line() -> CallersLine:
    """Return the line that called park; of park itself where nobody else did."""
    first = frame = sys._getframe(1)  # noqa: SLF001 (as `warnings` finds it)
    while _is_between(frame) and frame.f_back is not None:
        frame = frame.f_back
    if _is_between(frame):
        frame = first
    return CallersLine(frame.f_code.co_filename, frame.f_lineno, _module_of(frame))


def _is_between(frame: FrameType) -> bool:
    return _module_of(frame).partition(".")[0] in _BETWEEN


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
