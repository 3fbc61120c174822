"""Values of jobs as JSON: arguments on their way in, results on their way out.

JSON's own types travel as they are; everything else is a node ``{"$park": kind, …}``:

==============  ==========================================================
tuple, set,     ``items``
frozenset
dict            ``items`` as pairs: keys that are not strings, or ``$park``
int             ``hex``: beyond 64 bits, where JSON readers lose digits
float           ``value``: nan, inf, -inf
complex         ``real``, ``imag``
bytes           ``base64``
datetime, date  ``iso`` (RFC 3339)
timedelta       ``days``, ``seconds``, ``microseconds``
path            ``value``
file            ``sha256``, ``name``: content that the service keeps
service-file    ``path``: a file on the service, such as ``~/data/run.zip``; with ``or_text``
                the path itself where the service has no such root
ndarray,        ``npy``: base64 of a .npy file without pickles
numpy-scalar
reference       what another job will leave (`park.model.references`); the service
                replaces it before the job starts
selected        ``value``: a node, and ``path``: the way into it, as pairs of ``item`` or
                ``attribute`` and a key; the service makes it of a reference
pickle          ``base64``, ``set_hash``, ``type``: anything else; of a result also
                ``repr``, its first characters
function        ``value``: the bytes or file of a pickle, its ``sha256`` in hex, its
                ``set_hash``, the ``type`` and the ``modules`` that it needs: what is
                called, where it travels by value
==============  ==========================================================

A pickle is code. It is read only where the requirement set is the one that wrote it: under
another version of the same code it may load and give different numbers.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import math
import pathlib
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .levels import MOST_LEVELS, is_too_deep
from .values.npy_form import is_said_by_npy
from .values.selection import TAG, NoSuchPart, narrowed, part_of
from .values.unpicklable import why_not_pickled

__all__ = [
    "TAG",
    "CodecError",
    "FileValue",
    "Node",
    "ServiceFile",
    "decode",
    "decode_call",
    "encode",
    "encode_call",
]

_INT_BITS = 64
"""Longer integers are tagged; Python itself refuses to print those over 4,300 digits."""


class CodecError(ValueError):
    """A value that cannot be encoded, or a document that cannot be decoded here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileValue:
    """A file by content: ``sha256`` in hex, and the ``name`` that a job finds it under."""

    sha256: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFile:
    """A file on the service by its name there, of which a job gets the path; see ``or_text``."""

    path: str
    or_text: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A value that is JSON data of this codec already: `encode` puts it in as it is."""

    document: Any


Describe = Callable[[object], str]
Dumps = Callable[[object], bytes]
"""What makes a pickle."""


def _plain_pickle(value: object) -> bytes:
    return pickle.dumps(value, protocol=5)


def encode(
    value: object,
    *,
    set_hash: str | None,
    describe: Describe | None = None,
    dumps: Dumps = _plain_pickle,
    as_whole: bool = False,
) -> Any:
    """Return ``value`` as JSON data, of `MOST_LEVELS` levels at most.

    ``set_hash`` names the requirement set that a pickle is made under; without one nothing
    is pickled, which ``dumps`` does. ``describe`` gives the ``repr`` beside a pickle, for where
    none is read. ``as_whole``: what contains itself, or is nested deeper, is one pickle. Raises
    `CodecError` where a value can be neither expressed nor pickled.
    """
    encoder = _Encoder(value, set_hash or None, describe, dumps)
    with suppress(RecursionError):
        document = encoder.encode(value)
        if not is_too_deep(document):
            return document
    with suppress(RecursionError):
        if as_whole and set_hash:
            return encoder.pickled(value)
    raise CodecError(f"the value contains itself, or is nested over {MOST_LEVELS} levels as JSON")


def decode(document: Any, *, set_hash: str | None, inputs: str | None = None) -> Any:
    """Return the value of a JSON ``document``.

    ``set_hash`` names the requirement set that is installed here; ``inputs`` is the folder
    that holds files as ``<sha256>/<name>``: with it a file becomes the path (a string)
    there, without it a `FileValue`. Raises `CodecError` for a pickle of another set, for
    numpy data where numpy is absent, and for a damaged document.
    """
    try:
        return _Decoder(set_hash or None, inputs).decode(document)
    except CodecError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise CodecError(f"a damaged value: {type(error).__name__}: {error}") from error


def encode_call(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    set_hash: str | None,
    dumps: Dumps = _plain_pickle,
) -> dict[str, Any]:
    """Return the arguments of a call as ``{"args": […], "kwargs": {…}}``."""

    def encoded(value: object) -> Any:
        return encode(value, set_hash=set_hash, dumps=dumps, as_whole=True)

    return {
        "args": [encoded(value) for value in args],
        "kwargs": {name: encoded(value) for name, value in kwargs.items()},
    }


def decode_call(
    document: dict[str, Any], *, set_hash: str | None, inputs: str | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments that `encode_call` wrote; raises `CodecError`."""
    args = [decode(item, set_hash=set_hash, inputs=inputs) for item in document.get("args", [])]
    kwargs = {
        name: decode(item, set_hash=set_hash, inputs=inputs)
        for name, item in document.get("kwargs", {}).items()
    }
    return args, kwargs


_PURE: dict[str | None, type[pathlib.PurePath]] = {
    "posix": pathlib.PurePosixPath,
    "windows": pathlib.PureWindowsPath,
}
_PATHS: dict[type, dict[str, str]] = {
    pathlib.PosixPath: {},
    pathlib.WindowsPath: {},  # a path of the machine that reads it
    **{kind: {"pure": str(name)} for name, kind in _PURE.items()},
}


def _node(kind: str, **fields: Any) -> dict[str, Any]:
    return {TAG: kind, **fields}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@dataclass(slots=True)
class _Encoder:
    """Exact types only: an instance of a subclass means more than its base and is pickled."""

    whole: object
    set_hash: str | None
    describe: Describe | None
    dumps: Dumps

    def encode(self, value: object) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        encoder = _ENCODERS.get(kind)
        if encoder is not None:
            return encoder(self, value)
        if kind in _PATHS:
            return _node("path", value=str(value), **_PATHS[kind])
        numpy = self._numpy_node(value)
        return self.pickled(value) if numpy is None else numpy

    def sequence(self, value: list[Any]) -> Any:
        return [self.encode(item) for item in value]

    def fixed(self, value: tuple[Any, ...]) -> Any:
        return _node("tuple", items=[self.encode(item) for item in value])

    def unordered(self, value: set[Any]) -> Any:
        return _node(type(value).__name__, items=[self.encode(item) for item in value])

    def mapping(self, value: dict[Any, Any]) -> Any:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: self.encode(item) for key, item in value.items()}
        return _node("dict", items=[[self.encode(k), self.encode(v)] for k, v in value.items()])

    def integer(self, value: int) -> Any:
        return value if value.bit_length() <= _INT_BITS else _node("int", hex=hex(value))

    def real(self, value: float) -> Any:
        return value if math.isfinite(value) else _node("float", value=str(value))

    def complex_number(self, value: complex) -> Any:
        return _node("complex", real=self.real(value.real), imag=self.real(value.imag))

    def moment(self, value: dt.datetime) -> Any:
        # a zone with rules, and the second of two equal hours, are more than an offset says
        plain = value.tzinfo is None or value.tzinfo is dt.UTC
        if not plain or value.fold:
            return self.pickled(value)
        return _node("datetime", iso=value.isoformat())

    def span(self, value: dt.timedelta) -> Any:
        return _node(
            "timedelta", days=value.days, seconds=value.seconds, microseconds=value.microseconds
        )

    def service_file(self, value: ServiceFile) -> Any:
        more = {"or_text": True} if value.or_text else {}
        return _node("service-file", path=value.path, **more)

    def _numpy_node(self, value: object) -> Any:
        # a value can only be numpy's where numpy is loaded already
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return None
        is_array = type(value) is numpy.ndarray
        if not is_array and not isinstance(value, numpy.generic):
            return None
        array = numpy.asarray(value)
        if array.dtype.hasobject or not is_said_by_npy(array.dtype):
            return None
        file = io.BytesIO()
        numpy.save(file, array, allow_pickle=False)
        return _node("ndarray" if is_array else "numpy-scalar", npy=_base64(file.getvalue()))

    def pickled(self, value: object) -> Any:
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        if self.set_hash is None:
            raise CodecError(f"a value of type {name} can only be pickled, which needs a set hash")
        try:
            data = self.dumps(value)
        except RecursionError:
            raise
        except Exception as error:
            raise CodecError(why_not_pickled(value, error, within=self.whole)) from error
        node = _node("pickle", base64=_base64(data), set_hash=self.set_hash, type=name)
        return node if self.describe is None else node | {"repr": self.describe(value)}


_PLAIN = frozenset({type(None), bool, str})

_ENCODERS: dict[type, Callable[[_Encoder, Any], Any]] = {
    int: _Encoder.integer,
    float: _Encoder.real,
    list: _Encoder.sequence,
    dict: _Encoder.mapping,
    tuple: _Encoder.fixed,
    set: _Encoder.unordered,
    frozenset: _Encoder.unordered,
    complex: _Encoder.complex_number,
    bytes: lambda _, value: _node("bytes", base64=_base64(value)),
    dt.datetime: _Encoder.moment,
    dt.date: lambda _, value: _node("date", iso=value.isoformat()),
    dt.timedelta: _Encoder.span,
    FileValue: lambda _, value: _node("file", sha256=value.sha256, name=value.name),
    ServiceFile: _Encoder.service_file,
    Node: lambda _, value: value.document,
}


class _Decoder:
    def __init__(self, set_hash: str | None, inputs: str | None) -> None:
        self._set_hash = set_hash
        self._inputs = inputs

    def decode(self, document: Any) -> Any:
        if isinstance(document, list):
            return self.items(document)
        if not isinstance(document, dict):
            return document
        if TAG not in document:
            return {key: self.decode(item) for key, item in document.items()}
        decoder = _DECODERS.get(document[TAG])
        if decoder is None:
            raise CodecError(f"a value of unknown kind {document[TAG]!r}")
        return decoder(self, document)

    def items(self, items: list[Any]) -> list[Any]:
        return [self.decode(item) for item in items]

    def mapping(self, node: dict[str, Any]) -> Any:
        return {self.decode(key): self.decode(value) for key, value in node["items"]}

    def file(self, node: dict[str, Any]) -> Any:
        name = node["name"]
        if "/" in name or name in {"", ".", ".."}:
            raise CodecError(f"not the name of a file: {name!r}")
        if self._inputs is None:
            return FileValue(sha256=node["sha256"], name=name)
        return str(pathlib.Path(self._inputs, node["sha256"], name))

    def selected(self, node: dict[str, Any]) -> Any:
        part, rest, way = narrowed(node["value"], node["path"])
        try:
            return part_of(self.decode(part), rest, way)
        except NoSuchPart as error:
            raise CodecError(str(error)) from error.__cause__

    def numpy(self, node: dict[str, Any]) -> Any:
        try:
            import numpy as np  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise CodecError(_NO_NUMPY[self._inputs is not None]) from None
        array = np.load(io.BytesIO(_bytes_of(node["npy"])), allow_pickle=False)
        return array if node[TAG] == "ndarray" else array[()]

    def unpickled(self, node: dict[str, Any]) -> Any:
        if self._set_hash is None or node["set_hash"] != self._set_hash:
            raise CodecError(
                f"a {node['type']} pickled under the set {node['set_hash']} cannot be read here, "
                f"where the set is {self._set_hash or 'unknown'}"
            )
        from .by_value.rebuild import loads  # the same set wrote it

        try:
            return loads(_bytes_of(node["base64"]))
        except Exception as error:
            raise CodecError(f"a pickled {node['type']} cannot be read: {error}") from error


_NO_NUMPY = {
    False: "the value is a numpy array, and numpy is not installed here",
    True: "a numpy array, which the environment of this job cannot read: with_='numpy' "
    "(--with numpy) takes numpy along",
}
"""What is said here, and in a job."""


def _bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_DECODERS: dict[str, Callable[[_Decoder, dict[str, Any]], Any]] = {
    "tuple": lambda d, node: tuple(d.items(node["items"])),
    "set": lambda d, node: set(d.items(node["items"])),
    "frozenset": lambda d, node: frozenset(d.items(node["items"])),
    "dict": _Decoder.mapping,
    "int": lambda _, node: int(node["hex"], 16),
    "float": lambda _, node: float(node["value"]),
    "complex": lambda d, node: complex(d.decode(node["real"]), d.decode(node["imag"])),
    "bytes": lambda _, node: _bytes_of(node["base64"]),
    "datetime": lambda _, node: dt.datetime.fromisoformat(node["iso"]),
    "date": lambda _, node: dt.date.fromisoformat(node["iso"]),
    "timedelta": lambda _, n: dt.timedelta(n["days"], n["seconds"], n["microseconds"]),
    "path": lambda _, node: _PURE.get(node.get("pure"), pathlib.Path)(node["value"]),
    "file": _Decoder.file,
    # the service replaces it in arguments; in a result it is still a name
    "service-file": lambda _, node: ServiceFile(path=node["path"]),
    "selected": _Decoder.selected,
    "ndarray": _Decoder.numpy,
    "numpy-scalar": _Decoder.numpy,
    "pickle": _Decoder.unpickled,
}
