"""From how a call ended to the record of its outcome.

``{"attempt": n, "state": "completed", "result": …}``, or ``"failed"`` with ``error`` (one
line), ``traceback`` and ``cause``: exception, exit, import, missing, arguments, result,
memory or preparation. ``usage`` has the processor seconds and the peak memory in bytes,
``machine`` what numbers depend on besides versions (`.machine.facts`).
"""

from __future__ import annotations

import errno
import resource
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from .machine.facts import facts
from .machine.peak import peak_bytes
from .machine.routes import leads_nowhere
from .values.attributes import told_by_attributes

__all__ = ["JobProblem", "completed", "cpu_s", "described", "failed", "one_line"]

_REPR_CHARACTERS = 4_000
"""As much of a value's repr as a screen or two shows: it travels beside the pickle."""

_LINE_CHARACTERS = 500

_NO_MORE = (
    "the jobs of its environment have as many processes as they may: --job-processes; start fewer,"
    " or run fewer of these jobs at once"
)
_NO_NETWORK = (
    "the policy of the service gives jobs no network, or a loopback alone, as jobs of users have"
    " unless it says otherwise; park.fetch_url brings what lies at a URL"
)

_NO_NAME = (-2, -3)
"""<netdb.h>: EAI_NONAME and EAI_AGAIN, which is what a job without a network is told of names."""
_FOLDER = str(Path(__file__).parent)


class JobProblem(Exception):
    """A job that cannot end with a result, for a reason that the machinery knows.

    ``cause`` is one of the outcome's causes; the error behind it, if any, is ``__cause__``.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def completed(attempt: int, result: Any, *, cpu_before_s: float = 0.0) -> dict[str, Any]:
    """Return the record of a call that returned; ``result`` is encoded already.

    ``cpu_before_s`` are the processor seconds of this process that were of other jobs.
    """
    return {
        "attempt": attempt,
        "state": "completed",
        "result": result,
        "usage": _usage(cpu_before_s),
        "machine": facts(),
    }


def failed(
    attempt: int, error: BaseException, *, memory_bytes: int | None, cpu_before_s: float = 0.0
) -> dict[str, Any]:
    """Return the record of a call that did not return; see `completed`."""
    cause, line = _explained(error, memory_bytes)
    shown = error.__cause__ if isinstance(error, JobProblem) else error
    return {
        "attempt": attempt,
        "state": "failed",
        "cause": cause,
        "error": line,
        "traceback": None if shown is None else _traceback(shown),
        "usage": _usage(cpu_before_s),
        "machine": facts(),
    }


def one_line(error: BaseException) -> str:
    """Return the error as ``Type: first line of its message``."""
    try:
        message = str(error).strip()
    except Exception:  # noqa: BLE001 (whatever a foreign __str__ does, the job has ended)
        message = "(its message cannot be shown)"
    first = message.splitlines()[0] if message else ""
    line = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return line[:_LINE_CHARACTERS]


def described(value: object) -> str:
    """Return the beginning of the repr of ``value``, in characters that UTF-8 has.

    Its attributes are told where it is an address alone.
    """
    try:
        text = told_by_attributes(value) or repr(value)
    except Exception as error:  # noqa: BLE001 (whatever a foreign __repr__ does, the value is there)
        text = f"<{type(value).__qualname__}, whose repr raised {type(error).__name__}>"
    more = "…" if len(text) > _REPR_CHARACTERS else ""
    return text[:_REPR_CHARACTERS].encode("utf-8", "backslashreplace").decode() + more


def _explained(error: BaseException, memory_bytes: int | None) -> tuple[str, str]:
    if isinstance(error, JobProblem):
        return error.cause, str(error)[:_LINE_CHARACTERS]
    if isinstance(error, SystemExit):
        return "exit", f"the job called sys.exit({error.code!r}) instead of returning a result"
    if isinstance(error, MemoryError) and (line := _of_memory(error, memory_bytes)) is not None:
        return "memory", line
    if isinstance(error, OSError) and error.errno == errno.EAGAIN and error.filename is None:
        return "exception", f"{one_line(error)} (it may be that {_NO_MORE})"
    if _reached_no_network(error):
        return "exception", f"{one_line(error)} (it may be that {_NO_NETWORK})"
    return "exception", one_line(error)


def _of_memory(error: MemoryError, memory_bytes: int | None) -> str | None:
    """Return whose limit it was: the job's own, or the service's; None where there is neither."""
    if memory_bytes is not None:
        limit = f"{memory_bytes / 2**20:.0f} MiB"
        return f"out of memory: the job's limit is {limit} ({one_line(error)})"
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY:
        return None
    return f"out of memory: a process of a job here has {most / 2**20:.0f} MiB (--job-memory)"


def _reached_no_network(error: BaseException) -> bool:
    """Tell whether ``error``, or one that it was made of, is that there is no network."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        each = pending.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            if isinstance(each, OSError) and _is_of_no_network(each):
                return True
            # urllib keeps it as the reason, others raise from it
            pending += [each.__cause__, each.__context__, getattr(each, "reason", None)]
    return False


def _is_of_no_network(error: OSError) -> bool:
    """Tell whether it is what happens where no route leads anywhere, a loopback's refusals too."""
    if error.errno == errno.ENETUNREACH:
        return True
    return error.errno in {errno.ECONNREFUSED, *_NO_NAME} and leads_nowhere()


def _traceback(error: BaseException) -> str:
    """Format ``error`` without the machinery's own frames, which start every traceback."""
    error.__traceback__ = _without_machinery(error.__traceback__)
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 (see `one_line`)
        return one_line(error)


def _without_machinery(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and _is_machinery(trace):
        trace = trace.tb_next
    return trace


_WRAPPERS = frozenset({"park.jobside", "park.calling"})
"""What stands between the machinery and a marked callable, whichever ``park`` it is of."""


def _is_machinery(trace: TracebackType) -> bool:
    if trace.tb_frame.f_globals.get("__name__") in _WRAPPERS:
        return True
    path = trace.tb_frame.f_code.co_filename
    return path.startswith((_FOLDER, "<frozen importlib")) or path.endswith("importlib/__init__.py")


def cpu_s() -> float:
    """Return the processor seconds of this process and the subprocesses that it waited for."""
    return _cpu_s(*_used())


def _usage(cpu_before_s: float) -> dict[str, float]:
    """Return what the job and the subprocesses that it waited for have used so far."""
    own, waited = _used()
    return {
        "cpu_s": round(_cpu_s(own, waited) - cpu_before_s, 6),
        "max_rss_bytes": max(peak_bytes() or own.ru_maxrss * 1024, waited.ru_maxrss * 1024),
    }


def _used() -> tuple[resource.struct_rusage, resource.struct_rusage]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)


def _cpu_s(own: resource.struct_rusage, waited: resource.struct_rusage) -> float:
    return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime
