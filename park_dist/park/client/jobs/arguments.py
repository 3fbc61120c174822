"""Arguments on their way to a service."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from park.calling import positional_parameters
from park.client.by_value.sending import Sending
from park.client.by_value.what_is_called import NO_SET_YET, Called
from park.client.jobs.cached_files import is_copy_here
from park.client.jobs.placeholders import (
    Placeholder,
    encoding_arguments,
    job_meant,
    stands_for,
)
from park.client.jobs.remote_job import RemoteJob
from park.client.submission.files import File, FileDigest, digest_of, file_meant_by
from park.errors import UsageError
from park.model.encoded_call import MOST_NODES, references_of_call
from park.model.references import NODE, What
from park.runtime import codec
from park.runtime.levels import MOST_LEVELS
from park.runtime.values.unpicklable import names_to

if TYPE_CHECKING:
    from park.wire import CallDocument

__all__ = ["EncodedCall", "encode_call", "with_service_files"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodedCall:
    """The arguments of a call on their way to a service.

    ``jobs`` are those that they refer to, ``files`` those of this machine among them.
    ``pickled`` tells that there are pickles, whose set hash is not known yet; ``sending``
    has what they refer to.
    """

    document: CallDocument
    jobs: tuple[RemoteJob, ...] = ()
    files: tuple[tuple[Path, FileDigest], ...] = ()
    pickled: bool = False
    sending: Sending | None = None


def encode_call(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    service: str,
    sending: Sending | None = None,
    what: Called | None = None,
    parameters: tuple[str, ...] = (),
) -> EncodedCall:
    """Return the wire form of a call's arguments, for the service at the URL ``service``.

    ``sending`` gathers what pickles refer to; without one there is no set hash that they could
    be read under. ``what`` is called, which may travel by value, and has ``parameters`` by
    position. Raises `UsageError` for a value that cannot travel, and for a file that cannot be
    read.
    """
    if what is None or what.function is None:
        call = _plain_call(args, kwargs, service)
        if call is not None:
            return call
    arguments = _Arguments(service, sending)
    encoding_arguments.active = True
    try:
        placed = tuple(arguments.prepared(value) for value in args)
        named = {name: arguments.prepared(value) for name, value in kwargs.items()}
        of = _Parameters(placed, named, parameters)
        document, used = _encoded(placed, named, arguments.sending, of)
        is_pickled = used is not None
        if what is not None and what.function is not None:
            document, used = {**document, "function": what.function}, used or arguments.sending
            is_pickled = True
            arguments.bring(what)
        if used is not None and used.places:
            document["places"] = used.places
        references_of_call(document)  # what no service takes is told here and now
    except RecursionError:
        raise UsageError(
            "an argument cannot be sent: it is nested too deep",
            hint="write it to a file, and pass park.File(path)",
        ) from None
    except codec.CodecError as error:
        cause = error.__cause__
        if isinstance(cause, UsageError):
            raise cause from None
        raise UsageError(
            f"an argument cannot be sent: {error}",
            hint="pass JSON values, numpy arrays or park.File(path); other objects travel as "
            "pickles, only between equal sets (without a lock or an offer)",
        ) from None
    finally:
        encoding_arguments.active = False
    return EncodedCall(
        document=document,
        jobs=tuple(arguments.jobs.values()),
        files=tuple(arguments.files),
        pickled=is_pickled,
        sending=used or arguments.noted,
    )


def _plain_call(args: tuple[Any, ...], kwargs: dict[str, Any], service: str) -> EncodedCall | None:
    """Return a call as most are: JSON's own values, and what jobs of ``service`` return.

    None for any other, which is prepared, encoded, and checked, each in a walk of its own: this
    is the same in one, and what it returns is what every service takes.
    """
    if codec.TAG in kwargs or not all(type(name) is str for name in kwargs):
        return None
    plain = _Plain(service, most=MOST_NODES - _OF_ITSELF - len(args) - len(kwargs))
    try:
        document: CallDocument = {
            "args": [plain.placed(value, MOST_LEVELS) for value in args],
            "kwargs": {name: plain.placed(value, MOST_LEVELS) for name, value in kwargs.items()},
        }
    except (_NotPlainError, RecursionError):
        return None
    return EncodedCall(document=document, jobs=tuple(plain.jobs.values()))


class _NotPlainError(Exception):
    """A value that takes more than one look."""


class _Plain:
    """Arguments of exact types, as JSON: ``most`` values at most."""

    __slots__ = ("_left", "_service", "jobs")

    def __init__(self, service: str, most: int) -> None:
        self._service = service
        self._left = most
        self.jobs: dict[str, RemoteJob] = {}

    def placed(self, value: Any, below: int) -> Any:
        """Return ``value`` of at most ``below`` levels; raises `_NotPlainError` for any other."""
        kind = type(value)
        is_as_it_is = _AS_IT_IS.get(kind)
        if is_as_it_is is not None:
            if is_as_it_is(value):
                return value
        elif kind is list:
            self._pass(len(value), below)
            return [self.placed(item, below - 1) for item in value]
        elif kind is dict:
            self._pass(len(value), below)
            if codec.TAG not in value and all(type(key) is str for key in value):
                return {key: self.placed(item, below - 1) for key, item in value.items()}
        elif isinstance(value, Placeholder):
            return self._node(value, below)
        raise _NotPlainError

    def _pass(self, items: int, below: int) -> None:
        self._left -= 1 + items
        if below <= 0 or self._left < 0:
            raise _NotPlainError

    def _node(self, value: Placeholder, below: int) -> dict[str, Any]:
        job = job_meant(value)
        if job is None or job.connection.url != self._service:
            raise _NotPlainError
        node = {codec.TAG: NODE, "job": job.id, "what": _VALUE}
        self._pass(len(node), below)
        self.jobs[job.id] = job
        return node


def _is_always(value: object) -> bool:
    del value
    return True


_LONG_INT_BITS = 64
"""Integers from here on may be more than JSON readers have: the codec knows."""

_AS_IT_IS: dict[type, Callable[[Any], bool]] = {
    type(None): _is_always,
    bool: _is_always,
    float: math.isfinite,
    int: lambda value: value.bit_length() < _LONG_INT_BITS,
    str: lambda value: not is_copy_here(value),
}
"""Which values of these types JSON has, and a job gets, as they are."""

_VALUE = str(What.VALUE)
_OF_ITSELF = 10
"""More than the values that a call has besides its arguments."""


def _encoded(
    args: tuple[Any, ...], kwargs: dict[str, Any], sending: Sending | None, of: _Parameters
) -> tuple[CallDocument, Sending | None]:
    """Return the document, and what the pickles in it refer to, if there are any."""
    try:
        return codec.encode_call(args, kwargs, set_hash=None), None
    except codec.CodecError:
        if sending is None:
            raise
    own = sending.fork()
    dumps = partial(_pickled, sending=own, of=of)
    return codec.encode_call(args, kwargs, set_hash=NO_SET_YET, dumps=dumps), own


def _pickled(value: object, sending: Sending, of: _Parameters) -> bytes:
    from park.client.by_value.pickles import pickled  # for what is no plain data

    try:
        return pickled(value, sending, name="an argument")
    except UsageError:  # again, with the way to it
        return pickled(value, sending, name=of.way_to(value))


@dataclass(frozen=True, slots=True)
class _Parameters:
    """What arguments are called: by their parameters, as far as those are known."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: tuple[str, ...]

    def way_to(self, value: object) -> str:
        """Return the way to ``value``: ``config → files → [0]``."""
        placed = {
            self.names[at] if at < len(self.names) else f"argument {at + 1}": each
            for at, each in enumerate(self.args)
        }
        return " → ".join(names_to(value, {**placed, **self.kwargs})) or "an argument"


_ATOMS = frozenset({type(None), bool, int, float, str, bytes})


class _Arguments:
    """Puts what services understand in the place of placeholders and files."""

    def __init__(self, service: str, sending: Sending | None) -> None:
        self._service = service
        self.sending = sending
        self.noted: Sending | None = None
        self.jobs: dict[str, RemoteJob] = {}
        self.files: list[tuple[Path, FileDigest]] = []

    def prepared(self, value: Any) -> Any:
        """Return an argument as `placed` does; as it is where that ends nowhere.

        It is one pickle then, which refuses placeholders and files.
        """
        try:
            return self.placed(value)
        except RecursionError:
            return value

    def placed(self, value: Any) -> Any:
        """Return ``value`` with each placeholder and file in it as what is sent of it."""
        kind = type(value)
        if kind is str or isinstance(value, PurePath):
            _refuse_copy(str(value))
        if kind is bytes:
            self._look_into(value)
        if kind in _ATOMS:
            return value
        if kind is list or kind is tuple:
            return kind(self.placed(item) for item in value)
        if kind is dict:
            return {self._key(key): self.placed(item) for key, item in value.items()}
        if kind is set or kind is frozenset:
            return self._members(value, kind.__name__)
        return self._single(value)

    def _single(self, value: Any) -> Any:
        if isinstance(value, Placeholder):
            return codec.Node(document=self._node(value))
        if isinstance(value, File):
            return self._file(value)
        self._look_at(value)
        return value

    def _node(self, value: Placeholder) -> dict[str, Any]:
        job, reference = stands_for(value)
        self.jobs[job.id] = job
        node = reference.as_json()
        if node["service"] == self._service:
            del node["service"]
        return node

    def _look_into(self, value: bytes) -> None:
        """Note what pickles name that the caller has made; see `nested_pickles`."""
        if self.sending is None:
            return
        from park.client.by_value.nested_pickles import named_in_pickles, note_nested

        if any(named_in_pickles(value)):
            note_nested(self._own(self.sending), value, what="an argument", inside=False)

    def _own(self, sending: Sending) -> Sending:
        """Return what is known to this call alone."""
        if self.noted is None:
            self.noted = self.sending = sending.fork()
        return self.noted

    def _look_at(self, value: Any) -> None:
        """Note that an array needs numpy: it is no pickle, which would name what it needs."""
        numpy = sys.modules.get("numpy")  # without it there is none
        if numpy is None or self.sending is None or "numpy" in self.sending.modules:
            return
        if isinstance(value, (numpy.ndarray, numpy.generic)):
            self._own(self.sending).note("numpy", later=True)

    def _members(self, value: set[Any] | frozenset[Any], kind: str) -> Any:
        if not any(isinstance(item, (Placeholder, File)) for item in value):
            for item in value:
                self._look_at(item)
            return value
        items = [codec.encode(self.placed(item), set_hash=None) for item in value]
        return codec.Node(document={codec.TAG: kind, "items": items})

    def _key(self, key: Any) -> Any:
        if isinstance(key, Placeholder):
            raise UsageError(f"{key!r} cannot be a key of a dict: it is not known yet")
        self._look_at(key)
        return key

    def bring(self, what: Called) -> None:
        """Send the bytes of a function as a file, where they are one."""
        if what.body is not None and what.function is not None:
            value = what.function["value"]
            digest = FileDigest(sha256=value["sha256"], name=value["name"])
            self.files.append((what.body, digest))

    def _file(self, file: File) -> codec.FileValue:
        digest = digest_of(file)
        self.files.append((Path(file.path), digest))
        return codec.FileValue(sha256=digest.sha256, name=digest.name)


def _refuse_copy(path: str) -> None:
    """Raise `UsageError` for the path of a copy here, which the job would not find there."""
    if is_copy_here(path):
        raise UsageError(
            f"{path} is a copy of this machine of a file that a job left",
            hint="pass the reference to it (job.filename), or its content: park.File(path)",
        )


def with_service_files(
    function: str | Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    files: tuple[str, ...],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with texts for the parameters ``files`` as files of the service.

    They are given by name then: what a service keeps of a job's output it knows by that.
    """
    if any(file_meant_by(value) for value in args):
        args, kwargs = _named(function, args, kwargs, files)
    for name in files:
        file = file_meant_by(kwargs.get(name))
        if file is not None:
            kwargs = {**kwargs, name: file}
    return args, kwargs


def _named(
    function: str | Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    files: tuple[str, ...],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with those by name that follow the first for one of ``files``."""
    if isinstance(function, str):
        return args, kwargs
    names = positional_parameters(function)
    first = next((names.index(name) for name in names if name in files), len(args))
    if first >= len(args) or len(args) > len(names):
        return args, kwargs
    return args[:first], {**dict(zip(names[first:], args[first:], strict=False)), **kwargs}
