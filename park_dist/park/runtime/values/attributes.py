"""Objects whose class has no words for them, told by their attributes."""

from __future__ import annotations

import reprlib

__all__ = ["told_by_attributes"]

_MOST = 40
"""Attributes: as many as a screen has lines; a model of lmfit has some seventy."""

_CHARACTERS = 200
"""Of one, which stands on a line."""

_ITEMS = 20


def told_by_attributes(value: object) -> str | None:
    """Return the type of ``value`` and its attributes, one a line.

    None where its class says itself what its repr is, and where it has no attributes: an address in
    memory (`object.__repr__`) tells nobody anything.
    """
    attributes = getattr(value, "__dict__", None)
    if type(value).__repr__ is not object.__repr__ or not isinstance(attributes, dict):
        return None
    public = {name: each for name, each in attributes.items() if _is_told(name, each)}
    if not public:
        return None
    lines = [f"  {name} = {_one_line(each)}" for name, each in list(public.items())[:_MOST]]
    if len(public) > _MOST:
        lines.append(f"  … and {len(public) - _MOST} more")
    kind = type(value)
    return "\n".join([f"<{kind.__module__}.{kind.__qualname__} object> with", *lines])


def _is_told(name: object, value: object) -> bool:
    return isinstance(name, str) and not name.startswith("_") and not callable(value)


def _one_line(value: object) -> str:
    text = " ".join(_short.repr(value).split())
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"


def _shortening() -> reprlib.Repr:
    """Return what makes a repr of a few of the items of a list, however long that is.

    Of what raises in its own it makes one as well.
    """
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = _CHARACTERS
    short.maxlist = short.maxtuple = short.maxdict = short.maxset = _ITEMS
    return short


_short = _shortening()
