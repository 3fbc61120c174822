"""The environments of a service, as its client asks for them; and what is in each of two."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.pylock import (
    Package,
    PackageArchive,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.client.choosing.versions import versions_there
from park.client.installs.bundle import is_bundle, read_bundle
from park.errors import LocalSetError, UnknownItem, UsageError
from park.local.python_minor import python_minor
from park.model.pins import RequirementSet, normalized_version
from park.wire import (
    API,
    EnvironmentDetail,
    EnvironmentSummary,
    StorageRecord,
    VerificationRecord,
    decode,
)

__all__ = ["Contents", "RemoteEnvironments", "compared", "contents_of", "remote_environments"]

_SHORTEST_PREFIX = 6
_HEX = frozenset("0123456789abcdef")

LOCAL = "local"
"""The word for what is installed here of the project on the other side, or else for all."""


def remote_environments(name: str | None = None, *, insecure: bool = False) -> RemoteEnvironments:
    """Return the environments of the service ``name``; see `park.client.access.address`."""
    from park.client.access.first_contact import reached_service  # no command logs in by the way

    return RemoteEnvironments(Transport(reached_service(name, insecure=insecure)))


class RemoteEnvironments:
    """The environments of one service. A ``name`` is a lock hash, or the beginning of one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, newest: int | None = None) -> tuple[EnvironmentSummary, ...]:
        """Return those that you may see, the newest first.

        With ``newest``, of each project the newest so many, of releases and of working trees.
        """
        query = {} if newest is None else {"newest": newest}
        answer = self._transport.json("GET", f"{API}/environments", params=query)
        return tuple(decode(EnvironmentSummary, each) for each in answer)

    def storage(self) -> StorageRecord:
        """Return what they take on the service's disk."""
        return decode(StorageRecord, self._transport.json("GET", f"{API}/storage"))

    def show(self, name: str) -> EnvironmentDetail:
        """Return one with its packages; raises `UnknownItem`."""
        return decode(EnvironmentDetail, self._transport.json("GET", self._path(name)))

    def verify(self, name: str, *, thorough: bool = False) -> VerificationRecord:
        """Have the service compare one with its manifests, and repair it."""
        answer = self._transport.json(
            "POST", f"{self._path(name)}/verify", params={"thorough": thorough}
        )
        return decode(VerificationRecord, answer)

    def pin(self, name: str) -> EnvironmentSummary:
        """Keep one from eviction."""
        return self._summary("PUT", f"{self._path(name)}/pin")

    def unpin(self, name: str) -> EnvironmentSummary:
        """Take back your pin."""
        return self._summary("DELETE", f"{self._path(name)}/pin")

    def remove(self, name: str) -> EnvironmentSummary:
        """Evict one; raises `Conflict` where it is pinned or in use."""
        return self._summary("DELETE", self._path(name))

    def of_version(self, project: str, version: str) -> EnvironmentDetail:
        """Return the newest environment of ``project`` at ``version``; raises `UnknownItem`."""
        wanted = normalized_version(version)
        for record in versions_there(self._transport, project=project, version=wanted, newest=1):
            if record.version == wanted:  # an older service answers with all versions
                return self.show(record.lock_hash)
        raise UnknownItem(
            f"no environment of {project} {version} on {self._transport.address.url}",
            hint=f"park versions{option_for(self._transport.address.url)} {project}",
        )

    def _summary(self, method: str, path: str) -> EnvironmentSummary:
        return decode(EnvironmentSummary, self._transport.json(method, path))

    def _path(self, name: str) -> str:
        if not set(name) <= _HEX:
            raise UsageError(
                f"{name!r} is no lock hash, nor the beginning of one",
                hint=f"`park env list{option_for(self._transport.address.url)}` shows them",
            )
        return f"{API}/environments/{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What one side of a comparison holds: a label for people, the Python minor, versions.

    ``project`` is the one that it was made for, where that is known.
    """

    label: str
    python: str
    versions: dict[NormalizedName, str]
    project: NormalizedName | None = None

    def differences(self, other: Contents) -> tuple[tuple[str, str | None, str | None], ...]:
        """Return (name, version here, version in ``other``) where they differ.

        Python comes first, then the projects by name; None where one side lacks it.
        """
        names = sorted(self.versions.keys() | other.versions.keys())
        rows = [(str(name), self.versions.get(name), other.versions.get(name)) for name in names]
        rows.insert(0, ("python", self.python, other.python))
        return tuple(row for row in rows if row[1] != row[2])


def compared(a: str, b: str, environments: RemoteEnvironments) -> tuple[Contents, Contents]:
    """Return what both texts name; see `contents_of`.

    ``local`` is, beside an environment of a project that is installed here, that project with
    its closure: what a job would run with.
    """
    if LOCAL not in {a, b} or a == b:
        return contents_of(a, environments), contents_of(b, environments)
    other = contents_of(b if a == LOCAL else a, environments)
    here = _here(other) or contents_of(LOCAL, environments)
    return (here, other) if a == LOCAL else (other, here)


def _here(other: Contents) -> Contents | None:
    """Return the project of ``other`` with its closure; None where it is not installed here."""
    from park.build.cache import user_cache
    from park.build.local_set import project_set

    if other.project is None:
        return None
    try:
        found = project_set(other.project, cache=user_cache()).requirements
    except LocalSetError:
        return None
    label = f"{other.project} here, with all that it requires"
    return Contents(label=label, python=found.python, versions=found.versions())


def contents_of(text: str, environments: RemoteEnvironments) -> Contents:
    """Return what ``text`` names.

    ``local`` is all that is installed in this interpreter; a file is a lock (PEP 751) or a
    bundle; six or more hex digits are a lock hash on the service, and ``project==version``
    what was installed there last under that version; anything else is a module here, with
    its closure. Raises `UnknownItem`, `UsageError` or `LocalSetError`.
    """
    project, equals, version = text.partition("==")
    if text == LOCAL:
        return _interpreter()
    if Path(text).is_file():
        return _lock_file(Path(text))
    if equals:
        return _environment(environments.of_version(canonicalize_name(project), version))
    if len(text) >= _SHORTEST_PREFIX and set(text) <= _HEX:
        return _environment(environments.show(text))
    try:
        return _module(text)
    except LocalSetError:
        if not set(text) <= _HEX:
            raise
        raise UsageError(
            f"{text} is no module here, and too short for a lock hash",
            hint=f"an environment is named by {_SHORTEST_PREFIX} digits or more: park env list",
        ) from None


def _environment(detail: EnvironmentDetail) -> Contents:
    summary = detail.environment
    projects = ", ".join(summary.projects)
    return Contents(
        label=f"environment {summary.lock_hash[:12]} ({projects})",
        python=summary.python,
        versions={canonicalize_name(pin.name): pin.version for pin in detail.packages},
        project=_only(summary.projects),
    )


def _only(projects: Sequence[str]) -> NormalizedName | None:
    """Return the one project among ``projects``, which come with their versions."""
    names = {canonicalize_name(each.partition("==")[0]) for each in projects}
    return names.pop() if len(names) == 1 else None


def _interpreter() -> Contents:
    versions = {
        canonicalize_name(found.metadata["Name"]): normalized_version(found.version)
        for found in metadata.distributions()
        if found.metadata["Name"]
    }
    return Contents(
        label=f"this interpreter ({sys.executable})", python=python_minor(), versions=versions
    )


def _module(target: str) -> Contents:
    from park.build.cache import user_cache
    from park.build.local_set import local_set

    found: RequirementSet = local_set(target, cache=user_cache()).requirements
    return Contents(label=f"{target} here", python=found.python, versions=found.versions())


def _lock_file(path: Path) -> Contents:
    text = read_bundle(path).lock if is_bundle(path) else path.read_text(encoding="utf-8")
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
        versions = {package.name: _version(package, file) for package, file in lock.select()}
    except (tomllib.TOMLDecodeError, PylockValidationError, RecursionError) as error:
        raise UsageError(f"{path} is not a lock (PEP 751): {error}") from None
    except PylockSelectError as error:
        raise UsageError(f"{path} selects nothing for this interpreter: {error}") from None
    return Contents(label=str(path), python=_python_of(lock), versions=versions)


def _version(package: Package, file: object) -> str:
    """Return the version that a lock gives a package; a direct wheel has it in its name."""
    if package.version is None and isinstance(file, PackageArchive):
        name = unquote(file.path or urlsplit(file.url or "").path).rpartition("/")[2]
        with suppress(InvalidWheelFilename):
            return str(parse_wheel_filename(name)[1])
    return "dynamic" if package.version is None else str(package.version)


def _python_of(lock: Pylock) -> str:
    """Return the minor that a lock of ours is for; else that of this interpreter."""
    specifiers: Any = lock.requires_python or ()
    found = [s.version.removesuffix(".*") for s in specifiers if s.operator == "=="]
    return found[0] if found else python_minor()
