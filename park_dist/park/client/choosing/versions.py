"""What a service has, compared with what is installed here."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from packaging.utils import NormalizedName

from park.model.pins import Difference, RequirementSet, differences, parse_pin
from park.wire import API, EnvironmentRecord, decode

if TYPE_CHECKING:
    from park.client.access.transport import Transport

__all__ = ["ServiceVersion", "compared", "versions_of", "versions_there"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceVersion:
    """One version that a service has.

    ``matches_local`` is None where the project is not installed here, so that there is
    nothing to compare; ``differences`` are package by package, the Python minor first.
    """

    record: EnvironmentRecord
    matches_local: bool | None
    differences: tuple[Difference, ...]

    def __repr__(self) -> str:
        record = self.record
        told = "as here" if self.matches_local else f"{len(self.differences)} not as here"
        if self.matches_local is None:
            told = "not installed here"
        return (
            f"<ServiceVersion {record.project} {record.version} on Python {record.python},"
            f" {record.status}, lock {record.lock_hash[:12]}, {told}>"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON form: the record, without its pins, and the comparison."""
        names = (each.name for each in fields(self.record) if each.name not in {"pins", "used"})
        document = {name: getattr(self.record, name) for name in names}
        document["matches_local"] = self.matches_local
        document["differences"] = [each.as_json() for each in self.differences]
        return document


def versions_there(transport: Transport, **query: str | int | None) -> list[EnvironmentRecord]:
    """Return what the service has, as ``GET /api/v1/versions`` chooses by ``query``.

    What is None in it is not asked for.
    """
    given = {name: value for name, value in query.items() if value is not None}
    answer = transport.json("GET", f"{API}/versions", params=given)
    return [decode(EnvironmentRecord, each) for each in answer]


def versions_of(record: EnvironmentRecord) -> dict[NormalizedName, str]:
    """Return the version of each project of the set that an environment was made from."""
    pins = (_pin(pin.name, pin.version) for pin in record.pins)
    return {pin.name: pin.version for pin in pins}


_pin = lru_cache(maxsize=1 << 16)(parse_pin)
"""A service's thousand environments have much the same pins; to parse one takes some 5 µs."""


def compared(record: EnvironmentRecord, local: RequirementSet | None) -> ServiceVersion:
    """Compare one version of a service with the local set."""
    if local is None:
        return ServiceVersion(record=record, matches_local=None, differences=())
    found = differences(local.versions(), versions_of(record))
    found = tuple(replace(each, is_here=each.name not in local.asked) for each in found)
    if local.python != record.python:
        python = Difference(name="python", local=local.python, service=record.python)
        found = (python, *found)
    return ServiceVersion(record=record, matches_local=not found, differences=found)
