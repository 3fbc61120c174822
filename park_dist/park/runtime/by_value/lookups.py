"""Whether something is found by its name where it is made again, and what annotations name."""

from __future__ import annotations

import builtins
import sys
import types
import typing
from typing import Any, Protocol

from .courier import Courier, Way

__all__ = [
    "Mark",
    "annotations_of",
    "is_added",
    "is_found",
    "mark_of",
    "named_in_annotations",
    "public_name",
]


def named_in_annotations(annotations: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Return the types and modules that annotations name which are texts."""
    texts = " ".join(text for text in annotations.values() if isinstance(text, str))
    words = "".join(each if each.isidentifier() or each.isdigit() else " " for each in texts)
    found = {name: there[name] for name in dict.fromkeys(words.split()) if name in there}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, (type, types.ModuleType, typing.TypeVar))
    }


def annotations_of(owner: Any) -> dict[str, Any]:
    """Return the annotations of a function or class; none where they cannot be had."""
    if isinstance(owner, type) and "__annotations__" not in vars(owner) and _EAGER:
        return {}  # asking for them would change the class
    try:
        return dict(owner.__annotations__)
    except Exception:  # noqa: BLE001 (since Python 3.14 this evaluates them)
        return {}


_EAGER = sys.version_info < (3, 14)


def public_name(value: Any) -> str | None:
    """Return the name under which the module of ``value`` has it."""
    name = getattr(value, "__qualname__", None)
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return name if name and getattr(module, name, None) is value else None


def is_found(courier: Courier, value: Any) -> bool:
    """Tell whether ``value`` is found there by the name of its module and its own."""
    module = getattr(value, "__module__", None)
    if not isinstance(module, str) or module not in sys.modules:
        return False
    found: Any = sys.modules[module]
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value and courier.note(module) is not Way.VALUE


def is_added(name: str) -> bool:
    """Tell whether ``name`` is a builtin of this session alone: IPython's ``display``, say."""
    module = getattr(getattr(builtins, name, None), "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] not in sys.stdlib_module_names


class Mark(Protocol):
    """What ``@park.job`` said of a callable (`park.jobside.Mark`), of whichever ``park``."""

    keywords: dict[str, Any]


def mark_of(function: object) -> Mark | None:
    """Return what ``@park.job`` said of ``function`` itself; None where it said nothing."""
    found: Mark | None = getattr(function, "__dict__", {}).get("__park_job__")
    return found if hasattr(found, "keywords") else None
