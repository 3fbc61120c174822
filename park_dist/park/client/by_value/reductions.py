"""How what has no name in a job's environment is taken apart, to be made again there.

Each function here returns what `object.__reduce__` would, with
`park.runtime.by_value.rebuild` to make it again; `NotImplemented` leaves it to `pickle`.
"""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import io
import pickle
import sys
import types
import typing
import weakref
from collections.abc import Callable
from enum import Enum
from typing import Any

from park.client.by_value.module_ways import Way
from park.client.by_value.names_in_code import names_in
from park.client.by_value.sending import Sending
from park.jobside import mark_of
from park.runtime.by_value import rebuild
from park.runtime.by_value.code import packed
from park.runtime.by_value.namespaces import BARE, IMPORTED, MADE

__all__ = ["PROTOCOL", "globals_used", "reduced"]

PROTOCOL = 5


def reduced(sending: Sending, value: Any) -> Any:
    """Return how ``value`` travels; called for all that is no plain builtin value."""
    kind = type(value)
    if isinstance(value, type):
        return _class(sending, value)
    if kind is types.ModuleType or isinstance(value, types.ModuleType):
        return _module(sending, value)
    by_kind = _KINDS.get(kind)
    if by_kind is not None:
        return by_kind(sending, value)
    return _stream(value) or _single(sending, value) or _instance(sending, value)


# -- functions


def _function(sending: Sending, function: types.FunctionType) -> Any:
    if _is_found(sending, function):
        return NotImplemented
    marked = mark_of(function)
    if marked is not None and hasattr(function, "__wrapped__"):
        return rebuild.job, (function.__wrapped__, marked.keywords)
    used = globals_used(function)
    kind, home = _home(sending, function)
    names = (function.__name__, function.__qualname__, function.__module__, function.__doc__)
    state: dict[str, Any] = {
        "defaults": function.__defaults__,
        "kwdefaults": function.__kwdefaults__,
        "annotations": _annotations(function),
        "dict": function.__dict__,
        "globals": {} if kind == IMPORTED else used,
        "cells": [(each, each.cell_contents) for each in _filled(function.__closure__)],
        "imports": _submodules(sending, function, used),
        "published": _public_name(function),
    }
    sending.note_imports(names_in(function.__code__).imports)
    made = (kind, home, function.__code__, names, function.__closure__)
    kept = {key: value for key, value in state.items() if value}
    return rebuild.function, made, kept, None, None, rebuild.fill_function


def _home(sending: Sending, function: types.FunctionType) -> tuple[str, str]:
    """Return whose globals those of ``function`` are."""
    name = function.__globals__.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or vars(module) is not function.__globals__:
        return BARE, str(sending.number("globals", function.__globals__))
    is_there = sending.note(name) is not Way.VALUE
    return (IMPORTED if is_there else MADE), str(name)


def globals_used(function: types.FunctionType) -> dict[str, Any]:
    """Return the globals that ``function`` refers to, those of its annotations included."""
    there = function.__globals__
    names = dict.fromkeys(names_in(function.__code__).globals)
    found = {name: there[name] for name in names if name in there and name != "__builtins__"}
    return found | _named_in_annotations(_annotations(function), there)


def _named_in_annotations(annotations: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Return the types and modules that annotations name which are texts."""
    texts = " ".join(text for text in annotations.values() if isinstance(text, str))
    words = "".join(each if each.isidentifier() or each.isdigit() else " " for each in texts)
    found = {name: there[name] for name in dict.fromkeys(words.split()) if name in there}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, (type, types.ModuleType, typing.TypeVar))
    }


def _annotations(owner: Any) -> dict[str, Any]:
    if isinstance(owner, type) and "__annotations__" not in vars(owner) and _EAGER:
        return {}  # asking for them would change the class
    try:
        return dict(owner.__annotations__)
    except Exception:  # noqa: BLE001 (since Python 3.14 this evaluates them)
        return {}


_EAGER = sys.version_info < (3, 14)


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


def _submodules(sending: Sending, function: types.FunctionType, used: dict[str, Any]) -> list[str]:
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
            sending.note(name)
            found.append(name)
    return found


def _public_name(value: Any) -> str | None:
    """Return the name under which the module of ``value`` has it."""
    name = getattr(value, "__qualname__", None)
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return name if name and getattr(module, name, None) is value else None


def _is_found(sending: Sending, value: Any) -> bool:
    """Tell whether a job finds ``value`` by the name of its module and its own."""
    module = getattr(value, "__module__", None)
    if not isinstance(module, str) or module not in sys.modules:
        return False
    found: Any = sys.modules[module]
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value and sending.note(module) is not Way.VALUE


def _code(sending: Sending, code: types.CodeType) -> Any:
    return rebuild.code, (packed(code), sending.place(code))


def _cell(_: Sending, cell: types.CellType) -> Any:
    del cell  # filled by the state of its functions, which it may refer to
    return rebuild.cell, ()


def _method(_: Sending, method: types.MethodType) -> Any:
    return types.MethodType, (method.__func__, method.__self__)


def _cached_calls(sending: Sending, function: Any) -> Any:
    if _is_found(sending, function):
        return NotImplemented
    return rebuild.cached_calls, (function.__wrapped__, function.cache_parameters())


# -- classes


def _class(sending: Sending, cls: type) -> Any:
    if cls.__module__ == "builtins":
        return _builtin(cls)
    if _is_found(sending, cls):
        return NotImplemented
    number = sending.number("class", cls)
    if isinstance(cls, typing._TypedDictMeta):  # type: ignore[attr-defined,unused-ignore]  # noqa: SLF001 (no other name)
        made: tuple[Any, ...] = (number, cls.__name__, _annotations(cls))
        maker: Any = functools.partial(rebuild.typed_dict, total=cls.__total__)
        return maker, made, _state({"__module__": cls.__module__}, cls), None, None, _FILL
    if issubclass(cls, Enum):
        return _enumeration(number, cls)
    members = dict(vars(cls))
    slots = members.get("__slots__", ())
    for name in (*_MADE_ANEW, *_slot_names(cls, slots)):
        members.pop(name, None)
    first = {name: members.pop(name) for name in _FIRST if name in members}
    first["__qualname__"] = cls.__qualname__
    made = (number, _metaclass(cls, members), cls.__name__, _bases(cls), first)
    return rebuild.class_, made, _state(members, cls), None, None, _FILL


def _metaclass(cls: type, members: dict[str, Any]) -> type:
    """Return the metaclass of ``cls`` without park's: in a job every call is a plain one."""
    if mark_of(cls) is None:
        return type(cls)
    members.pop("__park_job__")
    return type(cls).__bases__[0]


_FILL = rebuild.fill_class
_MADE_ANEW = ("__dict__", "__weakref__", "_abc_impl", "__firstlineno__")
_FIRST = ("__module__", "__slots__", "__doc__")
"""What a class must have from the beginning."""


def _state(members: dict[str, Any], cls: type) -> dict[str, Any]:
    state = {"members": members, "published": _public_name(cls)}
    named = _named(cls)
    return state | ({"globals": named} if named else {})


def _builtin(cls: type) -> Any:
    """Leave a builtin class to `pickle`, or name it as the standard library does."""
    if getattr(sys.modules["builtins"], cls.__qualname__, None) is cls or cls in _NAMELESS:
        return NotImplemented
    for name, value in vars(types).items():
        if value is cls:
            return rebuild.attribute, ("types", name)
    return NotImplemented


_NAMELESS = frozenset({type(None), type(NotImplemented), type(...)})
"""Types that `pickle` knows how to name."""


def _bases(cls: type) -> tuple[Any, ...]:
    """Return the bases as they were written, where those say more: of generic classes."""
    written = cls.__dict__.get("__orig_bases__")
    is_generic = typing.Generic in cls.__mro__ and not issubclass(cls, tuple)
    return tuple(written) if written and is_generic else cls.__bases__


def _slot_names(cls: type, slots: Any) -> list[str]:
    names = [slots] if isinstance(slots, str) else list(slots)
    return [
        _mangled(cls, name)
        for name in names
        if isinstance(cls.__dict__.get(_mangled(cls, name)), types.MemberDescriptorType)
    ]


def _mangled(cls: type, name: str) -> str:
    is_private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if is_private else name


def _named(cls: type) -> dict[str, Any]:
    """Return what the annotations of ``cls`` name that are texts.

    They are read in the globals of its module, by `dataclasses` or `typing.get_type_hints`.
    """
    module = sys.modules.get(cls.__module__)
    return _named_in_annotations(_annotations(cls), vars(module)) if module else {}


def _enumeration(number: int, cls: type[Enum]) -> Any:
    members = {name: each.value for name, each in cls.__members__.items()}
    first = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    known = {*members, *_FIRST, *vars(Enum), "__qualname__", "_new_member_", "_use_args_"}
    others = {
        name: value
        for name, value in vars(cls).items()
        if name not in known and (not name.startswith("_") or isinstance(value, _CALLED))
    }
    others = {name: value for name, value in others.items() if name not in _OF_ENUM}
    state = _state(others, cls)
    state["attributes"] = {
        name: {key: each for key, each in vars(member).items() if key not in _OF_MEMBER}
        for name, member in cls.__members__.items()
    }
    made = (number, type(cls), cls.__name__, cls.__bases__, (first, members))
    return rebuild.enum, made, state, None, None, _FILL


_CALLED = (types.FunctionType, classmethod, staticmethod, property)
_OF_ENUM = frozenset({"__new__", "__init__", "__new_member__", "_generate_next_value_"})
_OF_MEMBER = frozenset({"_value_", "_name_", "_sort_order_", "__objclass__"})


# -- what classes are made of, and other things that `pickle` cannot take apart


def _property(_: Sending, value: property) -> Any:
    return property, (value.fget, value.fset, value.fdel, value.__doc__)


def _wrapped_method(_: Sending, value: Any) -> Any:
    return type(value), (value.__func__,)


def _cached_attribute(_: Sending, value: Any) -> Any:
    return rebuild.cached_attribute, (value.func, value.attrname)


def _mapping(_: Sending, value: types.MappingProxyType[Any, Any]) -> Any:
    return types.MappingProxyType, (dict(value),)


def _weak_mapping(_: Sending, value: Any) -> Any:
    return type(value), (dict(value),)


def _weak_set(_: Sending, value: Any) -> Any:
    return type(value), (list(value),)


def _type_variable(sending: Sending, value: Any) -> Any:
    if sending.note(value.__module__) is not Way.VALUE:
        return NotImplemented
    said = {"covariant": value.__covariant__, "contravariant": value.__contravariant__}
    made = functools.partial(typing.TypeVar, bound=value.__bound__, **said)
    return made, (value.__name__, *value.__constraints__)


def _new_type(sending: Sending, value: Any) -> Any:
    if sending.note(value.__module__) is not Way.VALUE:
        return NotImplemented
    return typing.NewType, (value.__name__, value.__supertype__)


_KINDS: dict[type, Callable[[Sending, Any], Any]] = {
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
}


def _module(sending: Sending, module: types.ModuleType) -> Any:
    sending.note(module.__name__)
    return rebuild.module, (module.__name__,)


def _stream(value: object) -> Any:
    """Return a standard stream of this process as that of the job."""
    if isinstance(value, io.TextIOBase):
        for name in ("stdin", "stdout", "stderr"):
            if value is getattr(sys, name) or value is getattr(sys, f"__{name}__"):
                return rebuild.stream, (name,)
    return None


def _single(sending: Sending, value: Any) -> Any:
    """Return what its module has once (a mark like `dataclasses.MISSING`) by its name there."""
    kind = type(value)
    is_mark = kind.__module__ == dataclasses.__name__ or not getattr(value, "__dict__", True)
    if not is_mark or kind.__module__ == "builtins":
        return None
    if kind.__module__ != dataclasses.__name__ and sending.note(kind.__module__) is Way.VALUE:
        return None
    module = sys.modules.get(kind.__module__)
    for name, each in vars(module).items() if module else ():
        if each is value:
            return rebuild.attribute, (kind.__module__, name)
    return None


_WHICH_MODULE: Callable[[Any, str], str] = vars(pickle)["whichmodule"]
"""What `pickle` itself asks; typeshed does not know it."""


def _instance(sending: Sending, value: Any) -> Any:
    """Return what the class of ``value`` says, after noting whatever that names."""
    if type(value).__module__.startswith("park.client."):
        value.__reduce_ex__(PROTOCOL)  # a placeholder knows better what to do, and raises that
        raise pickle.PicklingError("it belongs to the client, which no job has")
    reduce = copyreg.dispatch_table.get(type(value))
    said = reduce(value) if reduce else value.__reduce_ex__(PROTOCOL)
    if isinstance(said, str):  # the name of something that there is once
        module = _WHICH_MODULE(value, said)
        if sending.note(module) is Way.VALUE:
            raise pickle.PicklingError(f"{said} of {module} cannot be found in a job")
    return said
