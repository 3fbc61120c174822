"""What an operator approved, as a value: which pins, sets and locks that covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from park.digests import is_sha256
from park.errors import UsageError
from park.model.pins import Pin, is_tree_version, normalized_version
from park.wire import ApprovalRequest

__all__ = ["Approved", "spelled"]

_LOCK, _SET = "lock:", "set:"


@dataclass(frozen=True, slots=True)
class Approved:
    """All approvals, spelled ``numpy``, ``numpy==2.4.1``, ``lock:HASH`` and ``set:HASH``."""

    spelled: frozenset[str] = frozenset()

    def lacking(self, pins: Iterable[Pin]) -> list[Pin]:
        """Return those of ``pins`` that neither a project nor a version covers.

        A working tree is what its user makes of it: none is covered by a name.
        """
        return [
            pin
            for pin in pins
            if is_tree_version(pin.version) or not self.has_version(pin.name, pin.version)
        ]

    def has_version(self, project: str, version: str) -> bool:
        """Tell whether a project is approved, as a whole or at ``version``."""
        return not self.spelled.isdisjoint({project, f"{project}=={version}"})

    def has_some_of(self, project: str) -> bool:
        """Tell whether a project is approved at some version at least."""
        return project in self.spelled or any(
            each.startswith(f"{project}==") for each in self.spelled
        )

    def versions_of(self, project: str) -> frozenset[str] | None:
        """Return the versions at which a project is approved; None: as a whole."""
        if project in self.spelled:
            return None
        start = f"{project}=="
        named = (each for each in self.spelled if each.startswith(start))
        return frozenset(each.removeprefix(start) for each in named)

    def has_lock(self, lock_hash: str) -> bool:
        """Tell whether a lock itself is approved."""
        return f"{_LOCK}{lock_hash}" in self.spelled

    def has_set(self, set_hash: str) -> bool:
        """Tell whether a requirement set itself is approved, wherever it is realised."""
        return f"{_SET}{set_hash}" in self.spelled


def _version(text: str) -> str:
    """Return ``text``; raises `UsageError` where nothing can ever be of it."""
    try:
        Version(text)
    except InvalidVersion:
        raise UsageError(
            f"{text!r} is no version (PEP 440)", hint="for example 1.0.1; or approve the project"
        ) from None
    return text


def spelled(request: ApprovalRequest) -> str:
    """Return how what is to be approved is spelled; its lock is whole.

    Raises `UsageError` unless it is exactly one of project, lock and set.
    """
    given = [each for each in (request.project, request.lock, request.set_hash) if each is not None]
    if len(given) != 1 or (request.version is not None and request.project is None):
        raise UsageError(
            "what is approved is a project, one of its versions, a lock, or a requirement set",
            hint="park admin approve PROJECT, PROJECT==VERSION, --lock HASH, or --set HASH",
        )
    if request.project is not None:
        name = str(canonicalize_name(request.project, validate=False))
        if not name or any(each in name for each in ":=/ "):
            raise UsageError(f"{request.project!r} is no name of a project")
        version = request.version
        return name if version is None else f"{name}=={normalized_version(_version(version))}"
    if request.lock is not None:
        return _LOCK + request.lock
    if not is_sha256(str(request.set_hash)):
        raise UsageError(
            f"{request.set_hash!r} is no set hash: 64 hex digits",
            hint="`park versions --json` and `park lock` say it of each set",
        )
    return f"{_SET}{request.set_hash}"
