"""What a service has, compared with what is installed here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from park.model.pins import Difference, RequirementSet, differences, parse_pin
from park.wire import EnvironmentRecord

__all__ = ["ServiceVersion", "compared", "nearest", "set_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceVersion:
    """One version that a service has.

    ``matches_local`` is None where the project is not installed here, so that there is
    nothing to compare; ``differences`` are package by package, the Python minor first.
    """

    record: EnvironmentRecord
    matches_local: bool | None
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON form: the record, without its pins, and the comparison."""
        document = asdict(self.record)
        del document["pins"]
        document["matches_local"] = self.matches_local
        document["differences"] = [asdict(difference) for difference in self.differences]
        return document


def set_of(record: EnvironmentRecord) -> RequirementSet:
    """Return the requirement set that an environment was made from."""
    return RequirementSet.of(
        record.python, (parse_pin(pin.name, pin.version) for pin in record.pins)
    )


def compared(record: EnvironmentRecord, local: RequirementSet | None) -> ServiceVersion:
    """Compare one version of a service with the local set."""
    if local is None:
        return ServiceVersion(record=record, matches_local=None, differences=())
    there = set_of(record)
    found = differences(local.versions(), there.versions())
    if local.python != there.python:
        python = Difference(name="python", local=local.python, service=there.python)
        found = (python, *found)
    return ServiceVersion(record=record, matches_local=not found, differences=found)


def nearest(versions: Iterable[ServiceVersion]) -> ServiceVersion | None:
    """Return the version with the fewest differences, the newest among equals."""
    return min(versions, key=lambda version: len(version.differences), default=None)
