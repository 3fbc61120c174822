"""Environments as a service tells of them, for what compares them with what is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from park.model.pins import RequirementSet, parse_pin
from park.model.states import EnvironmentState
from park.wire import EnvironmentRecord, PinRecord

if TYPE_CHECKING:
    from park.build.local_set import LocalSet

__all__ = ["LOCK", "environment_of", "pinned_environment", "requirements_here"]

LOCK = "ab" * 32


def environment_of(here: LocalSet, **pins: str) -> dict[str, Any]:
    """Return a service's record of an environment that differs from ``here`` by ``pins``."""
    versions = {pin.name: pin.version for pin in here.requirements.pins} | pins
    return {
        "project": here.project.name,
        "version": versions[here.project.name],
        "python": here.requirements.python,
        "lock_hash": LOCK,
        "set_hash": "cd" * 32,
        "status": "ready",
        "packages": len(versions),
        "size_bytes": 1,
        "own_bytes": 1,
        "created": "2026-01-01T00:00:00.000000Z",
        "last_used": None,
        "installed_by": "bob",
        "pins": [{"name": name, "version": version} for name, version in versions.items()],
    }


def pinned_environment(python: str = "3.11", **pins: str) -> EnvironmentRecord:
    """Return the record of an environment of the project demo that has ``pins``."""
    return EnvironmentRecord(
        project="demo",
        version=pins.get("demo", "1.0"),
        python=python,
        lock_hash="1" * 64,
        set_hash="2" * 64,
        status=EnvironmentState.READY,
        packages=len(pins),
        size_bytes=1,
        own_bytes=1,
        created="2026-11-23T08:00:00Z",
        last_used=None,
        installed_by="ada",
        pins=[PinRecord(name=name, version=version) for name, version in pins.items()],
    )


def requirements_here(**pins: str) -> RequirementSet:
    """Return the requirement set of ``pins`` under Python 3.11."""
    return RequirementSet.of("3.11", [parse_pin(*pin) for pin in pins.items()])
