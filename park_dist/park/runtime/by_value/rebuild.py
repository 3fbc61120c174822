"""What a pickle of something by value calls, to make it again.

All comes in two steps, as with any object that may contain itself: first it is there, then
it gets what it refers to. These functions are named in pickles: what they take is a format.
"""

from __future__ import annotations

import abc
import functools
import importlib
import io
import pickle
import sys
import types
import typing
from collections import namedtuple
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

from .code import code
from .namespaces import globals_of, names_made, publish
from .sources import importable
from .spawned import remember

__all__ = [
    "PACKAGE",
    "Unpickler",
    "attribute",
    "cached_attribute",
    "cached_calls",
    "cell",
    "class_",
    "code",
    "enum",
    "exception",
    "fill_class",
    "fill_function",
    "function",
    "instance",
    "job",
    "loads",
    "memory",
    "module",
    "opened",
    "pointer",
    "record",
    "stream",
    "typed_dict",
]

_HERE = f"{__name__.rpartition('.')[0]}."
PACKAGE = "park.runtime.by_value."
"""What pickles call this package, in whichever process they are made: what the client has."""


class Unpickler(pickle.Unpickler):
    """Finds this package, which pickles name as the client has it, where it is in a job."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return what a pickle names."""
        if module_name.startswith(PACKAGE):
            module_name = _HERE + module_name.removeprefix(PACKAGE)
        return super().find_class(module_name, global_name)


def loads(data: bytes) -> Any:
    """Return what ``data`` is a pickle of."""
    before = names_made()
    value = Unpickler(io.BytesIO(data)).load()
    if names_made() != before:
        remember(data)
    return value


def opened(sources: Mapping[str, Mapping[str, Any]], data: bytes) -> Any:
    """Return what ``data`` is a pickle of, which refers to modules that come with it."""
    importable(sources)
    return loads(data)


def cell() -> types.CellType:
    """Return a variable of a closure, which is filled with the first of its functions."""
    return types.CellType()


def function(
    kind: str,
    home: str,
    code: types.CodeType,
    names: tuple[str, str, str | None, str | None],
    closure: tuple[Any, ...] | None,
) -> types.FunctionType:
    """Return a function whose globals are those of ``home``, without what it refers to.

    ``names`` are its name, qualified name, module and docstring.
    """
    name, qualname, module, doc = names
    made = types.FunctionType(code, globals_of(kind, home), name, None, closure)
    made.__qualname__, made.__doc__ = qualname, doc
    made.__module__ = module  # type: ignore[assignment]  # None where nobody knows
    return made


def fill_function(function: Any, state: dict[str, Any]) -> None:
    """Give ``function`` what it refers to; what its globals have already stays."""
    for module in state.pop("imports", ()):
        importlib.import_module(module)
    for name, value in state.pop("globals", {}).items():
        function.__globals__.setdefault(name, value)
    for variable, value in state.pop("cells", ()):
        variable.cell_contents = value
    function.__dict__.update(state.pop("dict", {}))
    published = state.pop("published", None)
    for name, value in state.items():  # defaults, kwdefaults, annotations
        setattr(function, f"__{name}__", value)
    if published:
        publish(function, function.__module__, published)


_classes: dict[int, type] = {}


def class_(
    number: int,
    metaclass: type,
    name: str,
    bases: tuple[Any, ...],
    namespace: dict[str, Any],
) -> type:
    """Return the ``number``-th class of this job's call, without what it refers to."""
    known = _classes.get(number)
    if known is None:
        known = _classes[number] = _new_class(metaclass, name, bases, namespace)
    return known


class _Quiet:
    """Keeps the bases of a class from hearing of it.

    It has no ``__slots__``: it is taken away again, and has to be laid out as they are.
    """

    def __init_subclass__(cls) -> None:
        """Tell nobody."""


def _new_class(
    metaclass: type, name: str, bases: tuple[Any, ...], namespace: dict[str, Any]
) -> type:
    """Return a new class; bases that travelled with it have heard of it where they come from."""

    def made(*before: type) -> type:
        return types.new_class(
            name, (*before, *bases), {"metaclass": metaclass}, lambda body: body.update(namespace)
        )

    travelled = set(_classes.values())
    parents = {each for base in bases if isinstance(base, type) for each in base.__mro__}
    if any("__init_subclass__" in vars(each) for each in parents & travelled):
        with suppress(TypeError):  # a layout that nothing may stand before
            quiet = made(_Quiet)
            quiet.__bases__ = tuple(types.resolve_bases(bases))
            return quiet
    return made()


def enum(
    number: int,
    metaclass: Any,
    name: str,
    bases: tuple[Any, ...],
    body: tuple[dict[str, Any], dict[str, Any]],
) -> type:
    """Return the ``number``-th class of this job's call, an enumeration with its members.

    ``body`` is what it must have from the beginning, and then the members with their values.
    """
    known = _classes.get(number)
    if known is None:
        namespace = metaclass.__prepare__(name, bases)
        for part in body:
            for key, value in part.items():  # one by one: its dict counts the members
                namespace[key] = value
        known = _classes[number] = metaclass(name, bases, namespace)
    return known


def pointer(to: type) -> Any:
    """Return the type of pointers to ``to``: one for each, once `ctypes` is imported as a whole."""
    import ctypes

    return ctypes.POINTER(to)


def typed_dict(number: int, name: str, fields: dict[str, Any], *, total: bool) -> Any:
    """Return the ``number``-th class of this job's call, a `typing.TypedDict`."""
    if number not in _classes:
        _classes[number] = typing.TypedDict(name, fields, total=total)  # type: ignore[operator]
    return _classes[number]


def fill_class(cls: Any, state: dict[str, Any]) -> None:
    """Give ``cls`` what it refers to, and each member of an enumeration its attributes."""
    for name, value in state["members"].items():
        setattr(cls, name, value)
    for name, attributes in state.get("attributes", {}).items():
        vars(cls[name]).update(attributes)
    for name, value in state.get("globals", {}).items():
        publish(value, cls.__module__, name)
    if isinstance(cls, abc.ABCMeta) and not issubclass(cls, Enum):
        abc.update_abstractmethods(cls)
    if state["published"]:
        publish(cls, cls.__module__, state["published"])


def module(name: str) -> types.ModuleType:
    """Return the module ``name``."""
    return importlib.import_module(name)


def attribute(module: str, name: str) -> Any:
    """Return an object that there is once, by the name that its module has for it."""
    return getattr(importlib.import_module(module), name)


def exception(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """Return an error of ``cls`` with these ``args``; its ``__init__`` is not called again."""
    try:
        made = cls.__new__(cls, *args)
    except TypeError:  # one that takes something else than what the message is made of
        made = BaseException.__new__(cls, *args)
    made.args = args
    return made


def instance(base: Any, cls: type, given: tuple[Any, ...]) -> Any:
    """Return an object of ``cls`` as its ``base`` makes one, whose ``__new__`` takes ``given``."""
    return base.__new__(cls, *given)


@functools.lru_cache(maxsize=64)
def _record_type(name: str, fields: tuple[str, ...]) -> Any:
    return namedtuple(name, fields, module="sys")  # noqa: PYI024 (its fields are found out here)


def record(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    """Return a record of an interpreter as a named tuple, which has the same parts."""
    return _record_type(name, fields)(*values)


def memory(data: bytes | bytearray, form: str, shape: tuple[int, ...]) -> memoryview:
    """Return a view of ``data``, of the format ``form`` of `struct`, as an array of ``shape``."""
    return memoryview(data).cast(form, list(shape))  # type: ignore[call-overload,no-any-return]


def stream(name: str) -> Any:
    """Return the standard stream ``name`` of this process."""
    return getattr(sys, name)


def cached_calls(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Return ``function`` with an empty `functools.lru_cache`."""
    return functools.lru_cache(**parameters)(function)


def cached_attribute(function: Callable[..., Any], name: str | None) -> Any:
    """Return a `functools.cached_property`."""
    made = functools.cached_property(function)
    made.attrname = name
    return made


def job(function: Any, keywords: dict[str, Any]) -> Any:
    """Return ``function`` as ``@park.job`` makes it, with the park of this environment."""
    return importlib.import_module("park").job(**keywords)(function)
