"""What a model says about itself as a job: ``@park.job``, `progress`, `should_stop`.

It works in every environment, with nothing but the standard library, and on a laptop
outside any job. How a report reaches the service is told by an environment variable, so
the ``park`` of an environment need not be the service's.
"""

from __future__ import annotations

import functools
import json
import math
import os
import time
from pathlib import Path

from park.calling import KEYWORDS, RESOURCES, called, own_words

TYPE_CHECKING = False  # `typing` would cost its import more than all of the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, overload

__all__ = ["FILES", "Mark", "in_turn", "job", "job_directory", "mark_of", "progress", "should_stop"]

_MARK = "__park_job__"
_COROUTINE = 0x80  # inspect.CO_COROUTINE

_MOST_BYTES = 60_000
"""Of what one report says: a service looks for the newest in the last 64 KiB of all."""

_MOST_LEVELS = 98
"""Of lists and objects inside each other in one value: a service reads a hundred, and a report has
two itself (`park.runtime.levels`)."""

_MOST_BITS = 14_284
"""Of an integer, so that it has fewer than the 4,300 digits that Python reads
(`sys.int_info.default_max_str_digits`)."""

FILES = ("infile", "outfile")
"""Parameters whose texts (``~/…``, ``/ROOT/…``) name files of the service, without ``files=``."""


class Mark:
    """What ``@park.job`` says of a callable.

    ``entry_point`` is ``module:qualname``; ``options`` are fields of
    `park.model.job_options.JobOptions`, by name; ``files``: parameters that name files of the
    service. A job reads ``timeout_s``, ``stalled_after_s``, ``restartable`` and ``memo``,
    whichever park has made the mark.
    """

    __slots__ = ("entry_point", "files", "options")

    def __init__(
        self, *, entry_point: str, options: dict[str, Any], files: tuple[str, ...] = FILES
    ) -> None:
        self.entry_point = entry_point
        self.options = options
        self.files = files

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"Mark({said})"

    @property
    def keywords(self) -> dict[str, Any]:
        """What `job` was called with."""
        said = {
            "timeout": self.options.get("timeout_s"),
            "stalled_after": self.options.get("stalled_after_s"),
            "backoff": self.options.get("backoff_s"),
        }
        said |= {name: self.options.get(name) for name in ("restartable", "retries", "memo")}
        said |= self.options.get("resources") or {}
        return {name: value for name, value in said.items() if value is not None} | {
            "files": self.files
        }

    @property
    def timeout_s(self) -> float | None:
        """The longest that it may run, in seconds, or None."""
        return self.options.get("timeout_s")

    @property
    def stalled_after_s(self) -> float | None:
        """The longest that it may say nothing of its progress, in seconds, or None."""
        return self.options.get("stalled_after_s")

    @property
    def memo(self) -> bool:
        """Whether what it left answers the same call later."""
        return self.options.get("memo") is not False

    @property
    def restartable(self) -> bool:
        """Whether it may run again from the beginning after its process was lost."""
        return bool(self.options.get("restartable"))


if TYPE_CHECKING:

    @overload
    def job(function: Callable[..., Any], /) -> Callable[..., Any]: ...
    @overload
    def job(
        *,
        restartable: bool = False,
        timeout: float | None = None,
        stalled_after: float | None = None,
        retries: int = 0,
        backoff: float = 1.0,
        memo: bool = True,
        files: tuple[str, ...] = FILES,
        cpus: int | None = None,
        memory: int | str | None = None,
        gpus: int | None = None,
        nodes: int | None = None,
        walltime: float | str | None = None,
        partition: str | None = None,
        account: str | None = None,
        licenses: str | dict[str, int] | None = None,
        extra: str | list[str] | None = None,
        engine: str | None = None,
        reuse: bool | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...


def job(
    function: Any = None,
    /,
    *,
    restartable: bool = False,
    timeout: float | None = None,
    stalled_after: float | None = None,
    retries: int = 0,
    backoff: float = 1.0,
    memo: bool = True,
    files: tuple[str, ...] = FILES,
    **resources: Any,
) -> Any:
    """Make a function or a class a job.

    ``@park.job`` or ``@park.job(restartable=True, timeout=3600)``; ``timeout`` in seconds.
    Called in the block of a service (``with service:``), or with ``service=``, it is
    submitted, and its call returns a `Job` at once; anywhere else it is called as ever.
    A submission takes ``when=`` (a condition), ``label=``, ``retries=``, ``backoff=``,
    ``timeout=``, ``stalled_after=``, ``memo=`` and ``with_=`` as well; a keyword that the
    function declares itself belongs to the function.

    One that says nothing of its progress for ``stalled_after`` seconds is asked to stop (see
    `should_stop`), and ended.

    After a failure it may run again ``retries`` times, ``backoff`` seconds after the first
    and twice as long after each other. ``memo=False`` is for what is not the same each time,
    as it asks the clock, chance or a network: no call is answered with what another one left.
    A text for one of the parameters ``files`` names
    a file of the service: ``~/…`` in one's area, ``/NAME/…`` below a root of the operator.

    What it asks of the machine is said with ``cpus=4``, ``memory="4G"``, ``gpus=1``,
    ``nodes=2``, ``walltime="2h"``, ``partition=``, ``account=``, ``licenses="matlab:2"``,
    ``extra=["--constraint=avx2"]`` and ``engine=``, here or where it is submitted. Many short
    jobs on pilots take a fraction of the time with ``reuse=True``: then one may have a process
    that had others before it, with what they left in its memory.

    The job of a class is to make an instance, which is its value. Its subclasses are none.
    """
    if unknown := sorted(resources.keys() - RESOURCES):
        raise TypeError(_not_taken(unknown[0]))
    options = {
        "restartable": restartable,
        "timeout_s": timeout,
        "stalled_after_s": stalled_after,
        "retries": retries,
        "backoff_s": backoff,
        "memo": memo,
        "resources": {k: v for k, v in resources.items() if v is not None} or None,
    }

    def mark(function: Any) -> Any:
        made = _job_class(function) if isinstance(function, type) else _job_function(function)
        entry_point = f"{function.__module__}:{function.__qualname__}"
        setattr(made, _MARK, Mark(entry_point=entry_point, options=options, files=tuple(files)))
        return made

    return mark if function is None else mark(function)


def _not_taken(word: str) -> str:
    """Return what is said of a keyword that `job` has not; of one of a submission where it goes."""
    if word in KEYWORDS:
        return f"@park.job takes no {word}=: say it where the job is submitted, f(…, {word}=…)"
    own = job.__kwdefaults__ or {}
    return f"@park.job takes no {word}=; it takes {', '.join(sorted({*own, *RESOURCES}))}"


def _job_function(function: Callable[..., Any]) -> Callable[..., Any]:
    declared = own_words(function)

    @functools.wraps(function)
    def job(*args: Any, **kwargs: Any) -> Any:
        return called(job, declared, args, kwargs, function)

    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & _COROUTINE:
        import inspect

        mark = getattr(inspect, "markcoroutinefunction", None)  # since Python 3.12
        return mark(job) if mark else job
    return job


def _job_class(cls: type) -> type:
    """Return ``cls`` with a metaclass that asks, for this class alone, what a call means.

    A class that has a metaclass of its own is given another; to one that has not, Python
    allows no other, and it is made again, as `dataclasses` does for slots.
    """
    declared = own_words(cls)

    class JobClass(type(cls)):  # type: ignore[misc]  # the metaclass of this class
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            if _MARK not in self.__dict__:
                return super().__call__(*args, **kwargs)
            return called(self, declared, args, kwargs, super().__call__)

    try:
        cls.__class__ = JobClass
    except TypeError:
        return _made_again(cls, JobClass)
    return cls


def _made_again(cls: type, metaclass: type) -> type:
    slots = cls.__dict__.get("__slots__", ())
    left_out = {"__dict__", "__weakref__", *((slots,) if isinstance(slots, str) else slots)}
    content = {name: value for name, value in cls.__dict__.items() if name not in left_out}
    made: type = metaclass(cls.__name__, cls.__bases__, content)
    made.__qualname__ = cls.__qualname__
    for cell in _class_cells(cls):
        cell.cell_contents = made
    return made


def _class_cells(cls: type) -> Iterator[Any]:
    """Yield where the methods keep ``__class__``, which `super` and they themselves read."""
    for value in cls.__dict__.values():
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value,)
        for part in parts:
            function: Any = getattr(part, "__func__", part)
            while hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            names = getattr(getattr(function, "__code__", None), "co_freevars", ())
            yield from (
                cell
                for name, cell in zip(
                    names, getattr(function, "__closure__", None) or (), strict=False
                )
                if name == "__class__" and cell.cell_contents is cls
            )


def mark_of(function: object) -> Mark | None:
    """Return what ``@park.job`` said of ``function``; None where it said nothing.

    A class that inherits from a job is not marked by that.
    """
    found = getattr(function, "__dict__", {}).get(_MARK)
    return found if isinstance(found, Mark) else None


def in_turn(calls: list[tuple[Any, Any, Any]]) -> list[Any]:
    """Make several calls in one job: each a function, its arguments, and those by name."""
    return [function(*args, **kwargs) for function, args, kwargs in calls]


def progress(done: float | None = None, total: float | None = None, **values: object) -> None:
    """Report how far the job is: ``done`` of ``total``, and any named ``values``.

    ``park.progress(step, steps, chisq=1.3)``. Outside a job nothing happens. Numbers,
    strings, lists and dictionaries of such, and what converts to them by ``item()`` or
    ``tolist()`` (numpy) travel as they are, anything else as its ``str()``. A value that is not
    finite becomes null; and so does one that a service would not read: an integer of 4,300
    digits or more, what is nested more than 98 levels deep, and the largest values, where all
    together are more than 60,000 bytes of JSON.
    """
    path = os.environ.get("PARK_PROGRESS_FILE")
    if path is None:
        return
    fits = _what_fits({"done": done, "total": total, **values})
    said = {"time": time.time(), "done": fits.pop("done"), "total": fits.pop("total")}
    line = json.dumps({**said, "values": fits}) + "\n"
    # one write in append mode: lines of several threads or processes do not mix
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def should_stop() -> bool:
    """Tell whether this job is asked to stop, and to return the best that it has.

    ``if park.should_stop(): break`` in each step of a loop. A race whose winner is known asks
    the others so, ``park cancel --keep`` and ``job.stop()`` do. What the job returns then is its
    result; one that goes on is killed. It is one look for a file, some microseconds. Outside a
    job it is false, and so it is where the job is cancelled for good: nobody wants a result.
    """
    path = os.environ.get("PARK_STOP_FILE")
    return path is not None and os.path.exists(path)  # noqa: PTH110 (half of the cost)


def job_directory() -> Path:
    """Return where the files of this job belong; outside a job the current directory.

    A job starts there. This finds it again after an ``os.chdir``.
    """
    return Path(os.environ.get("PARK_JOB_DIRECTORY") or Path.cwd())


def _what_fits(values: dict[str, object]) -> dict[str, object]:
    """Return ``values`` as JSON data, without those for which a report has no room."""
    plain = {name: _plain(value) for name, value in values.items()}
    sizes = {name: len(json.dumps({name: value})) for name, value in plain.items()}
    left = _MOST_BYTES
    for name in sorted(sizes, key=sizes.__getitem__):
        left -= sizes[name]
        if left < 0:
            plain[name] = None
    return plain


def _plain(value: object, levels: int = _MOST_LEVELS) -> object:
    """Return ``value`` as JSON data; null in place of what is below more than ``levels``."""
    if isinstance(value, (float, int)):
        return value if isinstance(value, bool) else _number(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        return _container(value, levels - 1) if levels else None
    for name in ("tolist", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            return _plain(convert(), levels)
    return str(value)


def _number(value: float) -> float | None:
    if isinstance(value, int):
        return value if value.bit_length() <= _MOST_BITS else None
    return float(value) if math.isfinite(value) else None


def _container(value: dict[Any, Any] | list[Any] | tuple[Any, ...], levels: int) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item, levels) for key, item in value.items()}
    return [_plain(item, levels) for item in value]
