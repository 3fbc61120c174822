"""What jobs will leave, as objects: arguments of other jobs, parts of conditions, or values.

As an argument, also inside a list, a tuple, a dict or a set, a placeholder makes its job
something that is needed. Here, `get`, ``str()``, ``open()`` and the like wait until it is
known. A comparison of one makes a `Condition`; so a placeholder is hashed by identity.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from park.client.access.transport import patient
from park.client.jobs.cached_files import cached_file
from park.client.jobs.remote_job import RemoteJob
from park.client.jobs.unknown_yet import (
    AS_IT_IS,
    NoText,
    Unknown,
    refuse_in_definition,
    shown_key,
)
from park.errors import UnknownItem, UsageError
from park.model.ids import brief
from park.model.references import Reference, What

if TYPE_CHECKING:
    from park.client.jobs.when import Condition
    from park.model.conditions import Literal
    from park.wire import FileRecord

__all__ = [
    "FileReference",
    "JobFiles",
    "Placeholder",
    "ProgressReference",
    "UrlReference",
    "ValueReference",
    "encoding_arguments",
    "job_meant",
    "stands_for",
]


class _Encoding(threading.local):
    """Whether this thread encodes the arguments of a job."""

    active = False


encoding_arguments = _Encoding()


class Placeholder:
    """Something that a job will leave; the job itself stands for what it returns."""

    __slots__ = ()

    def _stands_for(self) -> tuple[RemoteJob, Reference]:
        """Return the job that is needed, and what of it."""
        raise NotImplementedError

    def _job_meant(self) -> RemoteJob | None:
        """Return the job of which this is all that it returns; None where it is anything else."""
        return None

    def _refuse_pickle(self) -> None:
        """Raise `UsageError` where this is deep inside an argument, out of the service's sight."""
        if encoding_arguments.active:
            raise UsageError(
                f"{self!r} is inside an object that would travel as a pickle, where no service "
                "can see that it is needed",
                hint="pass it as an argument of its own, or in a list, tuple, dict or set",
            )


def stands_for(placeholder: Placeholder) -> tuple[RemoteJob, Reference]:
    """Return the job that ``placeholder`` needs, and what of it.

    Raises `UsageError` for what is no argument. It is no method: a value may have a part of
    any name.
    """
    return placeholder._stands_for()  # noqa: SLF001 (its own kind)


def job_meant(placeholder: Placeholder) -> RemoteJob | None:
    """Return the job whose whole value ``placeholder`` is, as the job itself; else None."""
    return placeholder._job_meant()  # noqa: SLF001 (its own kind)


class _OfJob(Placeholder):
    """A placeholder other than the job itself."""

    __slots__ = ("_job", "_reference")

    def __init__(self, job: RemoteJob, reference: Reference) -> None:
        self._job = job
        self._reference = reference

    def _stands_for(self) -> tuple[RemoteJob, Reference]:
        return self._job, self._reference

    def __repr__(self) -> str:
        reference = self._reference
        path = "".join(
            f"[{key!r}]" if kind == "item" else f".{key}" for kind, key in reference.path
        )
        name = f" {reference.name!r}" if reference.name is not None else ""
        return f"<{reference.what}{name}{path} of job {brief(reference.job)}>"

    def __reduce__(self) -> Any:
        self._refuse_pickle()
        return type(self), (self._job, self._reference)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self


def _no_truth(self: object) -> bool:
    raise TypeError(
        f"{self!r} has no truth value: it is not known yet; compare it to make a condition, or "
        "use .get() to wait for it"
    )


class ValueReference(Unknown, _OfJob):
    """What a job will return, or with ``[…]`` and ``.name`` a part of it."""

    __slots__ = ()

    def get(self, timeout: float | None = None) -> Any:
        """Wait for the job and return the value; raises as `Job.result`.

        Raises `UnknownItem` where the value has no such part.
        """
        if timeout is not None and not isinstance(timeout, (int, float)):
            self._refuse(f"get({timeout!r})", f"a part is [{timeout!r}]")  # as of a dict
        value = self._job.result(timeout)
        for kind, key in self._reference.path:
            try:
                value = value[key] if kind == "item" else getattr(value, str(key))
            except Exception as error:  # noqa: BLE001 (of the code of what is looked at)
                raise UnknownItem(f"{self!r}: {type(error).__name__}: {error}") from None
        return value

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            self._refuse(shown_key(key), "a part is named by a text or a number in []")
        return type(self)(self._job, self._reference.item(key))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # protocols of Python and others ask for these
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return type(self)(self._job, self._reference.attribute(name))

    def _known(self) -> Any:
        return self.get()

    __bool__ = _no_truth

    def __str__(self) -> str:
        return str(self.get())

    def __format__(self, spec: str) -> str:
        return format(self.get(), spec)

    def __float__(self) -> float:
        return float(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __fspath__(self) -> str:
        path: str = os.fspath(self.get())
        return path

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Condition:
        return self._compared("<=", other)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", other)

    def __gt__(self, other: Any) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self._compared(">=", other)

    def _compared(self, operator: str, other: Any) -> Condition:
        from park.client.jobs.when import Condition  # what plain calls do without
        from park.model.conditions import Comparison, Literal

        right: Reference | Literal
        jobs = [self._job]
        if isinstance(other, ValueReference):
            right = other._reference  # noqa: SLF001 (its own kind)
            jobs.append(other._job)  # noqa: SLF001
            if right.service != self._reference.service:
                raise UsageError(
                    f"{self!r} and {other!r} are on two services, and neither can compare them",
                    hint="compare each with a number, or in a job of its own",
                )
        else:
            right = Literal(value=_comparable(self, other))
        comparison = Comparison(left=self._reference, operator=operator, right=right)
        condition = Condition(comparison, jobs)
        condition.as_json()  # refuses values that no service takes
        return condition


def _comparable(reference: object, value: Any) -> Any:
    """Return ``value`` as the JSON data that services compare; raises `UsageError`."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()  # a number of numpy
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_comparable(reference, each) for each in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _comparable(reference, each) for key, each in value.items()}
    raise UsageError(
        f"{reference!r} cannot be compared with a {type(value).__name__}",
        hint="services compare numbers, texts, lists and dicts",
    )


class ProgressReference(ValueReference):
    """What a job reports while it runs: a named value of `park.progress`, for conditions.

    A comparison is true once any report has satisfied it, and never if the job ends without.
    """

    __slots__ = ()

    def get(self, timeout: float | None = None) -> Any:  # noqa: ARG002 (known at once, or not yet)
        """Return the value of the newest report, or None where there is none."""
        progress = self._job.refresh().progress or {}
        value: Any = {**progress, **(progress.get("values") or {})}
        for _, key in self._reference.path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def _stands_for(self) -> tuple[RemoteJob, Reference]:
        raise UsageError(
            f"{self!r} is for conditions: progress changes while the job runs",
            hint="pass what the job returns: job.output[…]",
        )


class FileReference(NoText, _OfJob):
    """A file that a job will leave: in the job that gets it, the path of a local copy.

    Here, ``open(reference)`` and `get` fetch it, once, into the user's cache.
    """

    __slots__ = ()

    def record(self, timeout: float | None = None) -> FileRecord:
        """Wait for the job and return the name, size and SHA-256 of the file."""
        return self._job.file_record(self._reference.name, timeout)

    def get(self, timeout: float | None = None) -> Path:
        """Wait for the job and return the path of a local copy, which is read-only.

        Raises as `Job.result`, and `UnknownItem` where the job left no such file.
        """
        file = self.record(timeout)
        route = self._job.route_of(file.name)
        name = PurePosixPath(file.name).name
        with patient(timeout):
            return cached_file(self._job.transport, route, sha256=file.sha256, name=name)

    @property
    def name(self) -> str:
        """The name of the file; waits for the job where it is not known from the beginning."""
        return self._reference.name or self.record().name

    @property
    def url(self) -> UrlReference:
        """The URL of the file."""
        reference = self._reference
        return UrlReference(
            self._job,
            Reference(
                job=reference.job, what=What.URL, service=reference.service, name=reference.name
            ),
        )

    def __str__(self) -> str:
        refuse_in_definition(self, "the text", AS_IT_IS)
        return self.name

    def __format__(self, spec: str) -> str:
        raise UsageError(
            f"{self!r} in a text: where the file will be is known to the job alone that gets it",
            hint=f"{AS_IT_IS}; here .name is its name, and .get() the path of a copy",
        )

    def __fspath__(self) -> str:
        refuse_in_definition(self, "the path", AS_IT_IS)
        return str(self.get())


class UrlReference(NoText, _OfJob):
    """The URL of a file that a job will leave; it opens with a token, or a grant."""

    __slots__ = ()

    def get(self, timeout: float | None = None) -> str:
        """Wait for the job and return the URL."""
        return self._job.url_of(self._job.file_record(self._reference.name, timeout).name)

    def __str__(self) -> str:
        refuse_in_definition(self, "the text", AS_IT_IS)
        return self.get()


class JobFiles(Mapping[str, FileReference]):
    """The files that a job will leave, by name; ``[…]`` waits for nothing."""

    def __init__(self, job: RemoteJob) -> None:
        self._job = job

    def __repr__(self) -> str:
        return f"<files of job {brief(self._job.id)}>"

    def __getitem__(self, name: str) -> FileReference:
        if not isinstance(name, str) or not name:
            raise TypeError(f"a file is asked for by its name, not by {name!r}")
        return FileReference(self._job, self._job.reference(What.FILE, name=name))

    def __contains__(self, name: object) -> bool:
        return any(record.name == name for record in self.records())

    def __iter__(self) -> Iterator[str]:
        return (record.name for record in self.records())

    def __len__(self) -> int:
        return len(self.records())

    def records(self, timeout: float | None = None) -> list[FileRecord]:
        """Wait for the job and return name, size and SHA-256 of each of its files."""
        return self._job.wait(timeout).files


for _public in (FileReference, ProgressReference, UrlReference, ValueReference):
    _public.__module__ = "park"  # pickles name what does not move when files do
