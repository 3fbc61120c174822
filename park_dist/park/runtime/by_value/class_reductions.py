"""How a class that no environment has is taken apart; see `reductions`."""

from __future__ import annotations

import functools
import operator
import sys
import types
import typing
from enum import Enum
from typing import Any

from . import rebuild
from .courier import Courier
from .lookups import annotations_of, is_found, mark_of, named_in_annotations, public_name

__all__ = ["class_reduced"]


def class_reduced(courier: Courier, cls: type) -> Any:
    """Return how ``cls`` travels; `NotImplemented` where a job finds it by its name."""
    if cls.__module__ == "builtins":
        return _builtin(cls)
    if is_found(courier, cls):
        return NotImplemented
    number = courier.number("class", cls)
    if isinstance(cls, typing._TypedDictMeta):  # type: ignore[attr-defined,unused-ignore]  # noqa: SLF001 (no other name)
        made: tuple[Any, ...] = (number, cls.__name__, annotations_of(cls))
        maker: Any = functools.partial(rebuild.typed_dict, total=cls.__total__)
        return maker, made, _state({"__module__": cls.__module__}, cls), None, None, _FILL
    if issubclass(cls, Enum):
        return _enumeration(number, cls)
    derived = _derived(cls)
    if derived is not None:
        return derived
    members = _members(cls)
    slots = members.get("__slots__", ())
    for name in (*_MADE_ANEW, *_slot_names(cls, slots)):
        members.pop(name, None)
    first = {name: members.pop(name) for name in _FIRST if name in members}
    first["__qualname__"] = cls.__qualname__
    made = (number, _metaclass(cls, members), cls.__name__, _bases(cls), first)
    return rebuild.class_, made, _state(members, cls), None, None, _FILL


def _derived(cls: type) -> Any:
    """Return how `ctypes` makes a type of others; None for one that somebody has written."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or len(cls.__mro__) < _OF_CTYPES:
        return None
    for here, there in (("__ctype_le__", "__ctype_be__"), ("__ctype_be__", "__ctype_le__")):
        if cls.__dict__.get(there) is cls is not getattr(cls, here, cls):
            return getattr, (getattr(cls, here), there)
    if cls.__bases__ == (ctypes.Array,):
        return operator.mul, (cls._type_, cls._length_)  # type: ignore[attr-defined]
    if cls.__bases__ == (ctypes._Pointer,):  # noqa: SLF001 (no other name)
        return rebuild.pointer, (cls._type_,)  # type: ignore[attr-defined]
    if cls.__name__ == "CFunctionType" and cls._flags_ == _CDECL:  # type: ignore[attr-defined]
        return ctypes.CFUNCTYPE, (cls._restype_, *cls._argtypes_)  # type: ignore[attr-defined]
    return None


_CDECL = 1
"""``FUNCFLAG_CDECL`` alone: neither the error number nor Python's API is asked for."""


_OF_CTYPES = 4
"""Classes above which such a type stands, itself among them."""


def _members(cls: type) -> dict[str, Any]:
    """Return what is in the namespace of ``cls``, but for what its metaclass makes by itself."""
    members = dict(vars(cls))
    fields = members.pop("_fields_", None) if "_ctypes" in sys.modules else None
    if fields is None:
        return members
    made = {each[0] for each in fields} if _is_of_ctypes(cls) else set()
    kept = {name: value for name, value in members.items() if name not in made}
    return {**kept, "_fields_": fields}  # after the packing, which they go by


def _is_of_ctypes(cls: type) -> bool:
    return any(type(each).__module__ == "_ctypes" for each in cls.__mro__)


def _metaclass(cls: type, members: dict[str, Any]) -> type:
    """Return the metaclass of ``cls`` without park's: in a job every call is a plain one."""
    if type(cls).__module__ == "_ctypes":
        return type  # its bases bring it, and by a name nobody has it
    if mark_of(cls) is None:
        return type(cls)
    members.pop("__park_job__")
    return type(cls).__bases__[0]


_FILL = rebuild.fill_class
_MADE_ANEW = ("__dict__", "__weakref__", "_abc_impl", "__firstlineno__")
_FIRST = ("__module__", "__slots__", "__doc__")
"""What a class must have from the beginning."""


def _state(members: dict[str, Any], cls: type) -> dict[str, Any]:
    state = {"members": members, "published": public_name(cls)}
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
    return named_in_annotations(annotations_of(cls), vars(module)) if module else {}


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
