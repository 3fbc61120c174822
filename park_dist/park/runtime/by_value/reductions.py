"""How what has no name where it is to be is taken apart, to be made again there.

That is a job, or the session that gets a job's result. Each function here returns what
`object.__reduce__` would, with `.rebuild` to make it again; `NotImplemented` leaves it to
`pickle`.
"""

from __future__ import annotations

import builtins
import copyreg
import dataclasses
import functools
import io
import pickle
import struct
import sys
import types
import typing
import weakref
from collections.abc import Callable
from typing import Any

from . import rebuild
from .class_reductions import class_reduced
from .courier import Courier, Way
from .lookups import annotations_of, is_added, is_found, mark_of, named_in_annotations, public_name
from .names_in_code import names_in
from .namespaces import BARE, IMPORTED
from .unlike_data import VIEWS, exception_reduced, made_otherwise

__all__ = ["PROTOCOL", "globals_used", "reduced"]

PROTOCOL = 5


def reduced(courier: Courier, value: Any) -> Any:
    """Return how ``value`` travels; called for all that is no plain builtin value."""
    kind = type(value)
    if isinstance(value, type):
        return class_reduced(courier, value)
    if kind is types.ModuleType or isinstance(value, types.ModuleType):
        return _module(courier, value)
    by_kind = _KINDS.get(kind)
    if by_kind is not None:
        return by_kind(courier, value)
    return _stream(value) or _single(courier, value) or _instance(courier, value)


# -- functions


def _function(courier: Courier, function: types.FunctionType) -> Any:
    if is_found(courier, function):
        return NotImplemented
    marked = mark_of(function)
    if marked is not None and hasattr(function, "__wrapped__"):
        return rebuild.job, (function.__wrapped__, marked.keywords)
    used = globals_used(function)
    kind, home = _home(courier, function)
    names = (function.__name__, function.__qualname__, function.__module__, function.__doc__)
    state: dict[str, Any] = {
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "annotations": annotations_of(function),
        "dict": function.__dict__,
        "globals": {} if kind == IMPORTED else used,
        "cells": [(each, each.cell_contents) for each in _filled(function.__closure__)],
        "imports": _submodules(courier, function, used),
        "published": public_name(function),
    }
    courier.note_imports(names_in(function.__code__).imports)
    made = (kind, home, function.__code__, names, function.__closure__)
    kept = {key: value for key, value in state.items() if value}
    return rebuild.function, made, kept, None, None, rebuild.fill_function


def _home(courier: Courier, function: types.FunctionType) -> tuple[str, str]:
    """Return whose globals those of ``function`` are."""
    name = function.__globals__.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or vars(module) is not function.__globals__:
        return BARE, str(courier.number("globals", function.__globals__))
    is_there = name != "__main__" and courier.note(name) is not Way.VALUE
    return (IMPORTED if is_there else courier.main), str(name)


def globals_used(function: types.FunctionType) -> dict[str, Any]:
    """Return the globals that ``function`` refers to, those of its annotations included."""
    there = function.__globals__
    code = names_in(function.__code__)
    names = dict.fromkeys((*code.globals, *code.texts))
    found = {name: there[name] for name in names if name in there and name != "__builtins__"}
    added = (name for name in names if name not in there and is_added(name))
    found |= {name: getattr(builtins, name) for name in added}
    return found | named_in_annotations(annotations_of(function), there)


def _filled(closure: tuple[types.CellType, ...] | None) -> list[types.CellType]:
    """Return the variables of a closure that have a value."""
    found = []
    for each in closure or ():
        try:
            each.cell_contents  # noqa: B018 (raises where there is none)
        except ValueError:
            continue
        found.append(each)
    return found


def _submodules(courier: Courier, function: types.FunctionType, used: dict[str, Any]) -> list[str]:
    """Return modules that ``function`` reaches as attributes of packages that it refers to."""
    attributes = names_in(function.__code__).attributes
    cells = [each.cell_contents for each in _filled(function.__closure__)]
    packages = {
        value.__name__
        for value in [*used.values(), *cells]
        if isinstance(value, types.ModuleType) and hasattr(value, "__path__")
    }
    found = []
    for name in sorted(sys.modules) if packages else ():
        inner = next((name[len(p) + 1 :] for p in packages if name.startswith(f"{p}.")), None)
        if inner and attributes.issuperset(inner.split(".")):
            courier.note(name)
            found.append(name)
    return found


def _code(courier: Courier, code: types.CodeType) -> Any:
    return rebuild.code, courier.code(code)


def _cell(_: Courier, cell: types.CellType) -> Any:
    del cell  # filled by the state of its functions, which it may refer to
    return rebuild.cell, ()


def _method(_: Courier, method: types.MethodType) -> Any:
    return types.MethodType, (method.__func__, method.__self__)


def _cached_calls(courier: Courier, function: Any) -> Any:
    if is_found(courier, function):
        return NotImplemented
    return rebuild.cached_calls, (function.__wrapped__, function.cache_parameters())


# -- what classes are made of, and other things that `pickle` cannot take apart


def _property(_: Courier, value: property) -> Any:
    return property, (value.fget, value.fset, value.fdel, value.__doc__)


def _wrapped_method(_: Courier, value: Any) -> Any:
    return type(value), (value.__func__,)


def _cached_attribute(_: Courier, value: Any) -> Any:
    return rebuild.cached_attribute, (value.func, value.attrname)


def _mapping(_: Courier, value: types.MappingProxyType[Any, Any]) -> Any:
    return types.MappingProxyType, (dict(value),)


def _weak_mapping(_: Courier, value: Any) -> Any:
    return type(value), (dict(value),)


def _weak_set(_: Courier, value: Any) -> Any:
    return type(value), (list(value),)


def _type_variable(courier: Courier, value: Any) -> Any:
    if courier.note(value.__module__) is not Way.VALUE:
        return NotImplemented
    said = {"covariant": value.__covariant__, "contravariant": value.__contravariant__}
    made = functools.partial(typing.TypeVar, bound=value.__bound__, **said)
    return made, (value.__name__, *value.__constraints__)


def _new_type(courier: Courier, value: Any) -> Any:
    if courier.note(value.__module__) is not Way.VALUE:
        return NotImplemented
    return typing.NewType, (value.__name__, value.__supertype__)


def _layout(_: Courier, value: struct.Struct) -> Any:
    return struct.Struct, (value.format,)


def _view(_: Courier, value: Any) -> Any:
    return VIEWS[type(value)](value)


_KINDS: dict[type, Callable[[Courier, Any], Any]] = {
    types.FunctionType: _function,
    types.CodeType: _code,
    types.CellType: _cell,
    types.MethodType: _method,
    type(functools.lru_cache(lambda: None)): _cached_calls,
    property: _property,
    classmethod: _wrapped_method,
    staticmethod: _wrapped_method,
    functools.cached_property: _cached_attribute,
    types.MappingProxyType: _mapping,
    weakref.WeakKeyDictionary: _weak_mapping,
    weakref.WeakValueDictionary: _weak_mapping,
    weakref.WeakSet: _weak_set,
    typing.TypeVar: _type_variable,
    typing.NewType: _new_type,
    struct.Struct: _layout,
    **dict.fromkeys(VIEWS, _view),
}


_OF_SCRIPTS = frozenset({"__main__", "__mp_main__"})
"""What a job has though nothing can import it."""


def _module(courier: Courier, module: types.ModuleType) -> Any:
    name = module.__name__
    if courier.note(name) is Way.VALUE and name not in _OF_SCRIPTS:
        raise pickle.PicklingError(f"no job could import it: {name} was made or loaded here")
    return rebuild.module, (name,)


def _stream(value: object) -> Any:
    """Return a standard stream of this process as that of the job."""
    if isinstance(value, io.TextIOBase):
        for name in ("stdin", "stdout", "stderr"):
            if value is getattr(sys, name) or value is getattr(sys, f"__{name}__"):
                return rebuild.stream, (name,)
    return None


_WITH_PARTS = (tuple, list, dict, set, frozenset, str, bytes, bytearray, int, float, complex)
"""Whose objects are more than a mark: a module that has one now may have none there."""


def _single(courier: Courier, value: Any) -> Any:
    """Return what its module has once (a mark like `dataclasses.MISSING`) by its name there."""
    kind = type(value)
    is_mark = kind.__module__ == dataclasses.__name__ or not getattr(value, "__dict__", True)
    if not is_mark or kind.__module__ == "builtins" or isinstance(value, _WITH_PARTS):
        return None
    if kind.__module__ != dataclasses.__name__ and courier.note(kind.__module__) is Way.VALUE:
        return None
    module = sys.modules.get(kind.__module__)
    for name, each in vars(module).items() if module else ():
        if each is value:
            return rebuild.attribute, (kind.__module__, name)
    return None


def _is_of_library(value: Any) -> bool:
    """Tell whether ``value`` is a library that `ctypes` has loaded, or a function of one."""
    return "_handle" in getattr(value, "__dict__", ()) or isinstance(value, _function_pointer())


def _function_pointer() -> Any:
    return getattr(sys.modules.get("_ctypes"), "CFuncPtr", ())


_WHICH_MODULE: Callable[[Any, str], str] = vars(pickle)["whichmodule"]
"""What `pickle` itself asks; typeshed does not know it."""


def _instance(courier: Courier, value: Any) -> Any:
    """Return what the class of ``value`` says, after noting whatever that names."""
    if type(value).__module__.startswith("park.client."):
        value.__reduce_ex__(PROTOCOL)  # a placeholder knows better what to do, and raises that
        raise pickle.PicklingError("it belongs to the client, which no job has")
    if type(value).__module__ == "ctypes" and _is_of_library(value):
        raise pickle.PicklingError("it is of a library that this process has loaded")
    if isinstance(value, BaseException):
        said = exception_reduced(value)
        if said is not NotImplemented:
            return said
    said = made_otherwise(value)
    if said is not NotImplemented:
        return said
    reduce = copyreg.dispatch_table.get(type(value))
    said = reduce(value) if reduce else value.__reduce_ex__(PROTOCOL)
    if isinstance(said, str):  # the name of something that there is once
        module = _WHICH_MODULE(value, said)
        if courier.note(module) is Way.VALUE:
            raise pickle.PicklingError(f"{said} of {module} cannot be found in a job")
    return said
