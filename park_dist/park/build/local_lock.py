"""The closure of a local project as a lock (PEP 751), for this Python and this platform.

Wheels of releases are looked up with pip, under the settings that pip has here: index,
credentials, proxy, certificates. Wheels that come from here stand with a path relative to
the lock: ``wheels/<file name>``, so a copy of the lock beside a folder of them installs.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, cast

from packaging.markers import default_environment
from packaging.pylock import Package, Pylock

from park.build.releases import pip_on
from park.model.pylock import dumps, lock_of, wheel_package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from park.build.wheel_source import BuiltWheel
    from park.model.pins import Pin, RequirementSet

__all__ = ["locked"]


def locked(requirements: RequirementSet, wheels: Mapping[Pin, BuiltWheel], *, beside: bool) -> str:
    """Return the TOML of the lock of ``requirements``; ``wheels`` are those that come from here.

    They are named in a folder ``wheels`` beside the lock, or by where they are in the cache.

    Raises `ResolutionFailed` with pip's last lines where the index has no wheel of a release.
    """
    released = [pin for pin in requirements.pins if pin not in wheels]
    packages = [
        *_released(released),
        *(_local(pin, wheel, beside=beside) for pin, wheel in wheels.items()),
    ]
    by_name = sorted(packages, key=lambda package: package.name)
    here = cast("dict[str, str]", default_environment())
    return dumps(lock_of(by_name, python=requirements.python, markers=here))


def _released(pins: Sequence[Pin]) -> list[Package]:
    if not pins:
        return []
    said = pip_on(pins, "lock", "-o", "-", failure="no lock holds all that is installed here")
    return list(Pylock.from_dict(tomllib.loads(said)).packages)


def _local(pin: Pin, wheel: BuiltWheel, *, beside: bool) -> Package:
    return wheel_package(
        pin.name, pin.version, wheel, path=f"wheels/{wheel.filename}" if beside else str(wheel.path)
    )
