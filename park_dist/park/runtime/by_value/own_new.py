"""Objects whose class cannot be called as `pickle` would: its ``__new__`` takes something else.

`pickle` calls ``cls.__new__(cls)``, with the value of a base where that is a number, a text or a
tuple (``__getnewargs__``). A class with a ``__new__`` of its own need not take that
(`numpy.finfo`): its pickle can be made, and never read. Or it takes it for something else (electron
volts, of which it makes joules): it is read, and is another number.
"""

from __future__ import annotations

import copyreg
from functools import lru_cache
from types import FunctionType
from typing import Any

__all__ = ["made_by_a_base"]

_PROTOCOL = 5


def made_by_a_base(value: Any) -> tuple[type, tuple[Any, ...]] | None:
    """Return a base that can make ``value``, and what ``value.__reduce_ex__`` says.

    None where its class is to be called, as `pickle` does, and of a class, which goes by its name:
    metaclasses (of enums, of abstract classes) have a ``__new__`` of their own.
    """
    if isinstance(value, type):
        return None
    cls: Any = type(value)
    base = _base(cls)
    if base is None:
        return None
    said = value.__reduce_ex__(_PROTOCOL)
    return (base, said) if said[0] is _NEW_OBJECT else None


_NEW_OBJECT: Any = vars(copyreg)["__newobj__"]
_SAYS = frozenset({"__getnewargs__", "__getnewargs_ex__"})
_REDUCE_EX: Any = object.__reduce_ex__


@lru_cache(maxsize=256)
def _base(cls: Any) -> Any:
    """Return the base that makes objects of ``cls``; None where that does so itself."""
    says_itself = cls.__reduce__ is not object.__reduce__ or cls.__reduce_ex__ is not _REDUCE_EX
    if says_itself or cls in copyreg.dispatch_table or not isinstance(cls.__new__, FunctionType):
        return None
    says: Any = next((each for each in cls.__mro__ if _SAYS & vars(each).keys()), None)
    if says is not None:  # it knows what is taken by its own, and by those of what it is made of
        # what says it without a `__new__` (`astropy.time.TimeBase`) says it for those that have one
        return None if says.__new__ in {cls.__new__, object.__new__} else says
    if _takes_nothing(cls.__new__):  # one that gives the only one that there is, say
        return None
    return next(each for each in cls.__mro__ if not isinstance(each.__new__, FunctionType))


def _takes_nothing(new: FunctionType) -> bool:
    """Tell whether ``new`` can be called with the class alone."""
    code = new.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    asks = code.co_argcount - len(new.__defaults__ or ()) > 1
    return not asks and not set(names) - set(new.__kwdefaults__ or ())
