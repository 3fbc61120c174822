"""What a model says about itself as a job: ``@park.job``, `progress`, `job_directory`.

It works in every environment, with nothing but the standard library, and on a laptop
outside any job. How a report reaches the service is told by an environment variable, so
the ``park`` of an environment need not be the service's.
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = ["JobOptions", "job", "job_directory", "options_of", "progress"]

_MARK = "__park_job__"


class JobOptions:
    """What ``@park.job`` says of a callable.

    ``entry_point`` is ``module:qualname``; ``restartable``: it may run again from the
    beginning after its process was lost; ``timeout_s``: the longest that it may run, in
    seconds, or None.
    """

    __slots__ = ("entry_point", "restartable", "timeout_s")

    def __init__(self, *, entry_point: str, restartable: bool, timeout_s: float | None) -> None:
        self.entry_point = entry_point
        self.restartable = restartable
        self.timeout_s = timeout_s

    def __repr__(self) -> str:
        return (
            f"JobOptions(entry_point={self.entry_point!r}, restartable={self.restartable}, "
            f"timeout_s={self.timeout_s})"
        )


if TYPE_CHECKING:

    @overload
    def job(function: Function, /) -> Function: ...
    @overload
    def job(
        *, restartable: bool = False, timeout: float | None = None
    ) -> Callable[[Function], Function]: ...


def job(function: Any = None, /, *, restartable: bool = False, timeout: float | None = None) -> Any:
    """Mark a function or a class as a job; called directly it works as before.

    ``@park.job`` or ``@park.job(restartable=True, timeout=3600)``; ``timeout`` in seconds.
    """

    def mark(function: Function) -> Function:
        entry_point = f"{function.__module__}:{function.__qualname__}"
        options = JobOptions(entry_point=entry_point, restartable=restartable, timeout_s=timeout)
        setattr(function, _MARK, options)
        return function

    return mark if function is None else mark(function)


def options_of(function: object) -> JobOptions | None:
    """Return what ``@park.job`` said of ``function``; None where it said nothing.

    A class that inherits from a job is not marked by that.
    """
    found = getattr(function, "__dict__", {}).get(_MARK)
    return found if isinstance(found, JobOptions) else None


def progress(done: float | None = None, total: float | None = None, **values: object) -> None:
    """Report how far the job is: ``done`` of ``total``, and any named ``values``.

    ``park.progress(step, steps, chisq=1.3)``. Outside a job nothing happens. Numbers,
    strings and what converts to them by ``item()`` or ``tolist()`` (numpy) travel as they
    are, anything else as its ``str()``; a value that is not finite becomes null.
    """
    path = os.environ.get("PARK_PROGRESS_FILE")
    if path is None:
        return
    report = {"time": time.time(), "done": done, "total": total, "values": values}
    line = json.dumps(_plain(report)) + "\n"
    # one write in append mode: lines of several threads or processes do not mix
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def job_directory() -> Path:
    """Return where the files of this job belong; outside a job the current directory.

    A job starts there. This finds it again after an ``os.chdir``.
    """
    return Path(os.environ.get("PARK_JOB_DIRECTORY") or Path.cwd())


def _plain(value: object) -> object:
    """Return ``value`` as JSON data."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    for name in ("tolist", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            return _plain(convert())
    return str(value)
