"""What a user said beforehand: jobs of a project run in this version of it, whatever is here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from park.client.access.config import Configuration, configuration_file
from park.errors import UsageError
from park.wire import EnvironmentRecord

__all__ = ["Use", "keep_use", "kept_use", "use_of"]

_LEAST_PREFIX = 6
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """The versions of ``project`` that its jobs may run in: of a ``lock``, or of ``versions``.

    ``lock`` is a lock hash or the beginning of one. ``said`` is how it was asked for.
    """

    project: NormalizedName
    lock: str | None = None
    versions: SpecifierSet | None = None

    @property
    def said(self) -> str:
        """How it was asked for."""
        return f"lock {self.lock}" if self.versions is None else f"{self.project}{self.versions}"

    def among(self, records: Iterable[EnvironmentRecord]) -> list[EnvironmentRecord]:
        """Return those of ``records`` that it allows."""
        return [record for record in records if self._allows(record)]

    def _allows(self, record: EnvironmentRecord) -> bool:
        if self.versions is None:
            return record.lock_hash.startswith(str(self.lock))
        try:
            # a working tree that somebody runs is no release of its version
            return self.versions.contains(Version(record.version), prereleases=True)
        except InvalidVersion:
            return False


def use_of(project: str, versions: str | None = None, *, lock: str | None = None) -> Use:
    """Return what is said of ``project``: ``versions`` as ``"==1.2.*"``, or the ``lock``.

    Raises `UsageError` for both, for neither, and for what is none.
    """
    name = canonicalize_name(project)
    if (versions is None) == (lock is None):
        raise UsageError("say in which versions it is to run, or in which lock: one of the two")
    if lock is not None:
        if len(lock) < _LEAST_PREFIX or not set(lock) <= _HEX:
            raise UsageError(
                f"{lock!r} is no lock hash, nor the first {_LEAST_PREFIX} or more digits of one",
                hint=f"park versions --nearest {name} lists them",
            )
        return Use(project=name, lock=lock)
    try:
        return Use(project=name, versions=SpecifierSet(str(versions)))
    except InvalidSpecifier as error:
        raise UsageError(
            f"{versions!r} is no version specifier: {error}", hint="for example '==1.2.*'"
        ) from None


def kept_use(url: str, project: NormalizedName) -> Use | None:
    """Return what the configuration says of ``project`` on the service at ``url``."""
    lock = Configuration(configuration_file()).used(url).get(project)
    return None if lock is None else use_of(project, lock=lock)


def keep_use(url: str, project: NormalizedName, lock: str | None) -> None:
    """Write into the configuration what `kept_use` reads; None: nothing is said any more."""
    Configuration(configuration_file()).use_lock(url, project, lock)
