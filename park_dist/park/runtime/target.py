"""From an entry point to the callable that it names."""

from __future__ import annotations

import importlib
from typing import Any

from .outcome import JobProblem, one_line

__all__ = ["load"]


def load(entry_point: str) -> Any:
    """Import and return ``package.module:qualname``.

    Raises `JobProblem`, which says whether the module cannot be imported, or has no such
    name (and which it has that look like it), or the name is not callable.
    """
    module_name, _, qualname = entry_point.partition(":")
    found = _import(module_name)
    path = module_name
    for name in qualname.split("."):
        found = _attribute(found, path, name)
        path = f"{path}.{name}"
    if not callable(found):
        raise JobProblem("missing", f"{entry_point} is a {type(found).__name__}, not a callable")
    return found


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            message = f"no module named {error.name} in the environment of the job"
        else:
            message = f"cannot import {name}: {one_line(error)}"
        raise JobProblem("import", message) from error
    except BaseException as error:
        raise JobProblem("import", f"cannot import {name}: {one_line(error)}") from error


def _attribute(parent: Any, path: str, name: str) -> Any:
    try:
        return getattr(parent, name)
    except AttributeError:
        import difflib  # what most jobs do not need

        public = [other for other in dir(parent) if not other.startswith("_")]
        close = difflib.get_close_matches(name, public)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise JobProblem("missing", f"{path} has no {name!r}{hint}") from None
