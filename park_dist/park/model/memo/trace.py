"""What the process of a run noted of what it used: paths and names alone, checked as foreign data.

It names files; what is in them the service looks up in the lock. So a trace that was scribbled on
can only name others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from park.errors import UsageError

__all__ = ["Trace"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What a process noted, as absolute paths.

    ``read``: files that it opened, or that its modules and libraries come from, whether or not
    they were there; ``listed``: folders; ``missing``: where modules were looked for that nobody
    found (``…/site-packages/optional_thing``); ``spread``: the folders of namespace packages;
    ``libraries``: what is mapped into the process. ``metadata``: whether distributions were
    listed. ``variables``: those that act on C libraries. ``since_ns``: when it began to note, in
    Unix time. ``only_this_lock`` and ``never`` as in `park.model.memo.usage.Usage`.
    """

    read: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    spread: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()
    metadata: bool = False
    variables: tuple[tuple[str, str], ...] = ()
    since_ns: int = 0
    only_this_lock: str | None = None
    never: str | None = None

    @classmethod
    def from_json(cls, document: Any) -> Trace:
        """Return the trace in ``document``; raises `UsageError` where it is none."""
        if not isinstance(document, dict):
            raise _no_trace("expected an object")
        found: dict[str, Any] = {}
        for each in fields(cls):
            value = document.get(each.name)
            if value is not None:
                found[each.name] = _PARSERS.get(each.name, _paths)(value, each.name)
        return cls(**found)

    @property
    def paths(self) -> frozenset[str]:
        """Everything that was read, listed or mapped."""
        return self.read | self.listed | self.libraries

    def joined(self, other: Trace) -> Trace:
        """Return both as one: what a fork server noted, and a job that it forked."""
        return Trace(
            **{name: getattr(self, name) | getattr(other, name) for name in _SETS},
            metadata=self.metadata or other.metadata,
            variables=tuple(sorted({**dict(self.variables), **dict(other.variables)}.items())),
            since_ns=min(self.since_ns, other.since_ns),
            only_this_lock=self.only_this_lock or other.only_this_lock,
            never=self.never or other.never,
        )


_SETS = ("read", "listed", "missing", "spread", "libraries")


def _paths(value: Any, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _no_trace(f"{name} is no list of paths")
    return frozenset(value)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _no_trace(f"{name} is no text")
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _no_trace(f"{name} is neither true nor false")
    return value


def _count(value: Any, name: str) -> int:
    if type(value) is not int:
        raise _no_trace(f"{name} is no number")
    return value


def _variables(value: Any, name: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise _no_trace(f"{name} holds what is no variable")
    return tuple(sorted(value.items()))


_PARSERS = {
    "metadata": _flag,
    "variables": _variables,
    "since_ns": _count,
    "only_this_lock": _text,
    "never": _text,
}


def _no_trace(what: str) -> UsageError:
    return UsageError(
        f"not what a job notes of the files that it used: {what}",
        hint="a job writes used.json itself; one that was changed is of no use",
    )
