"""Locks as documents (PEP 751) of our form: one wheel for each package, for one platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

__all__ = ["WheelFile", "dumps", "lock_of", "wheel_package"]

_MARKERS = ("implementation_name", "platform_machine", "python_version", "sys_platform")


def lock_of(packages: Iterable[Package], *, python: str, markers: Mapping[str, str]) -> Pylock:
    """Return the lock of ``packages`` for a minor of ``python`` and the platform of ``markers``.

    ``markers`` are the environment markers of that platform.
    """
    platform = " and ".join(f'{name} == "{markers[name]}"' for name in _MARKERS)
    return Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(platform)],
        requires_python=SpecifierSet(f"=={python}.*"),
        created_by="park",
        packages=list(packages),
    )


class WheelFile(Protocol):
    """What a lock says of a wheel."""

    @property
    def filename(self) -> str:
        """Its name."""

    @property
    def sha256(self) -> str:
        """The digest of its content, in hex."""

    @property
    def size(self) -> int | None:
        """In bytes, where that is known."""


def wheel_package(
    name: str, version: str, wheel: WheelFile, *, url: str | None = None, path: str | None = None
) -> Package:
    """Return the package that is one ``wheel``, found at ``url`` or else at ``path``."""
    locked = PackageWheel(
        name=wheel.filename, url=url, path=path, size=wheel.size, hashes={"sha256": wheel.sha256}
    )
    return Package(name=canonicalize_name(name), version=Version(version), wheels=[locked])


def dumps(lock: Pylock) -> str:
    """Return the document as TOML, valid by the specification."""
    import tomlkit

    lock.validate()
    return tomlkit.dumps(lock.to_dict())
