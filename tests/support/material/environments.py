"""Environments as a service tells of them, for what compares them with what is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from park.build.local_set import LocalSet

__all__ = ["LOCK", "environment_of"]

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
