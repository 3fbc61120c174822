"""Locks: PEP 751 documents that say, for one platform, which wheels make an environment.

A resolver's document becomes ours by `normalise`: one wheel for each package, the one that
the interpreter takes, by its SHA-256. Nothing in it names the service, its host or port:
wheels that the service itself holds have the relative path ``wheels/<file name>`` instead
of a URL, so that a copy of the lock beside a folder of its wheels installs with pip or uv.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import cast
from urllib.parse import unquote, urldefrag, urlsplit

from packaging.markers import Environment, UndefinedEnvironmentName
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from park.digests import is_sha256
from park.errors import ResolutionFailed, UsageError
from park.model.lock_hash import LockHash, SelectedWheel, Target, lock_hash
from park.model.pylock import dumps, lock_of, wheel_package
from park.model.urls import without_credentials
from park_server.envs.interpreters import Interpreter

__all__ = [
    "OWN_WHEELS",
    "LockedWheel",
    "Selection",
    "document_of",
    "dump",
    "load",
    "normalise",
    "select",
    "with_urls",
]

Artifact = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist

OWN_WHEELS = "wheels"
"""The folder beside a lock in which the wheels are that have no public URL."""

_TOO_LARGE = 1 << 63
"""Bytes: no file has so many, and no column takes such a number."""

_MAKES_ONE = "`uv pip compile --format pylock.toml` or `pip lock` makes one"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class LockedWheel:
    """One wheel of a lock. ``size`` in bytes where known.

    ``url`` is None for wheels which the service holds and finds by ``sha256`` (hex).
    """

    name: NormalizedName
    version: str
    filename: str
    sha256: str
    size: int | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What a lock selects for one interpreter: ``wheels`` are sorted by name."""

    target: Target
    wheels: tuple[LockedWheel, ...]

    @property
    def hash(self) -> LockHash:
        """The lock hash, which names the environment."""
        return lock_hash(
            self.target,
            (SelectedWheel(name=w.name, version=w.version, sha256=w.sha256) for w in self.wheels),
        )


def normalise(
    resolved: Pylock, interpreter: Interpreter, *, service_url: str | None = None
) -> Pylock:
    """Return our form of a resolver's document, for ``interpreter``.

    Files under the host of ``service_url`` lose their URL. Raises `ResolutionFailed` where
    a package has no wheel that the interpreter takes, or no SHA-256.
    """
    own_host = urlsplit(without_credentials(service_url)).netloc if service_url else None
    wheels = select(resolved, interpreter).wheels
    return document_of((_without_host(wheel, own_host) for wheel in wheels), interpreter)


def document_of(wheels: Iterable[LockedWheel], interpreter: Interpreter) -> Pylock:
    """Return the lock of ``wheels``, in our form, for ``interpreter``."""
    return lock_of(
        map(_package, wheels),
        python=interpreter.target.python,
        markers=interpreter.markers,
    )


def with_urls(lock: Pylock, url_of: Callable[[NormalizedName, PackageWheel], str]) -> Pylock:
    """Return ``lock`` (of our form) with a URL for each wheel that has none.

    So it installs with pip and uv from anywhere, and no more from a folder beside it.
    """

    def located(name: NormalizedName, wheel: PackageWheel) -> PackageWheel:
        return wheel if wheel.url else replace(wheel, url=url_of(name, wheel), path=None)

    packages = [
        replace(package, wheels=[located(package.name, wheel) for wheel in package.wheels or ()])
        for package in lock.packages
    ]
    return replace(lock, packages=packages)


def select(lock: Pylock, interpreter: Interpreter) -> Selection:
    """Return what ``lock`` selects for ``interpreter``; raises `ResolutionFailed` (see above).

    Raises `UsageError` for a size that is none, and a marker that cannot be evaluated.
    """
    chosen = lock.select(
        environment=cast("Environment", interpreter.markers), tags=_tags(interpreter.tags)
    )
    try:
        wheels = tuple(sorted(_locked_wheel(*pair, interpreter) for pair in chosen))
    except PylockSelectError as err:
        raise _no_wheel(lock, interpreter, err) from err
    except UndefinedEnvironmentName as err:
        raise _no_lock(f"a marker has {err}, which no environment has") from err
    except ValueError as err:  # a marker that has a form, and no meaning
        raise _no_lock(str(err)) from err
    return Selection(target=interpreter.target, wheels=wheels)


def dump(lock: Pylock) -> bytes:
    """Return the document as TOML, valid by the specification."""
    return dumps(lock).encode()


def load(document: bytes) -> Pylock:
    """Parse a PEP 751 document; raises `UsageError` naming the place that is wrong."""
    try:
        lock = Pylock.from_dict(tomllib.loads(document.decode()))
    except (ValueError, PylockValidationError) as err:  # also of more digits than Python reads
        raise _no_lock(str(err)) from err
    except RecursionError as err:
        raise _no_lock("nested too deeply") from err
    for package in lock.packages:
        _times_are_in_utc(package)
    return lock


def _times_are_in_utc(package: Package) -> None:
    """See that times are recorded in UTC, as they must be (``packages.archive.upload-time``)."""
    for file in (package.archive, package.sdist, *(package.wheels or ())):
        time = None if file is None else file.upload_time
        if time is not None and time.utcoffset() != timedelta():
            found = time.isoformat()
            raise _no_lock(f"upload-time of {package.name} is {found}; expected a time in UTC")


def _no_lock(why: str) -> UsageError:
    return UsageError(f"not a lock (PEP 751): {why}", hint=_MAKES_ONE)


@lru_cache(maxsize=16_384)
def _named_in(filename: str) -> tuple[NormalizedName, str]:
    """Return the project and version of a wheel: the same ones are selected again and again."""
    name, version, _, _ = parse_wheel_filename(filename)
    return name, str(version)


def _locked_wheel(package: Package, artifact: Artifact, interpreter: Interpreter) -> LockedWheel:
    """Return the wheel behind ``artifact``; direct wheels stand as archives in the document."""
    if isinstance(artifact, PackageWheel):
        filename = artifact.filename
    elif isinstance(artifact, PackageArchive) and artifact.subdirectory is None:
        filename = _basename(artifact.path or urlsplit(artifact.url or "").path)
    else:
        raise _not_a_wheel(package, artifact, interpreter)
    try:
        name, version = _named_in(filename)
    except InvalidWheelFilename as err:
        raise _only_source(package, interpreter) from err
    if name != package.name or package.version not in {None, Version(version)}:
        # of wheels the parser of the format has seen to it, of archives nobody has
        raise ResolutionFailed(
            f"the lock has {filename} under {package.name} {package.version or ''}".rstrip(),
            hint="lock again: the name of a wheel is that of its package",
        )
    return LockedWheel(
        name=package.name,
        version=version,
        filename=filename,
        sha256=_sha256(filename, artifact.hashes),
        size=_size(filename, artifact.size),
        url=_public_url(artifact.url),
    )


def _without_host(wheel: LockedWheel, own_host: str | None) -> LockedWheel:
    """Return ``wheel`` without a URL that is of the host ``own_host``."""
    is_own = wheel.url is not None and urlsplit(wheel.url).netloc == own_host
    return replace(wheel, url=None) if is_own else wheel


def _package(wheel: LockedWheel) -> Package:
    """Return one wheel as the document's package, with a relative path where it has no URL."""
    path = None if wheel.url else f"{OWN_WHEELS}/{wheel.filename}"
    return wheel_package(wheel.name, wheel.version, wheel, url=wheel.url, path=path)


def _sha256(filename: str, hashes: Mapping[str, str]) -> str:
    """Return the SHA-256 among ``hashes``, in hex and lower case."""
    given = hashes.get("sha256")
    if given is None:
        raise ResolutionFailed(
            f"the lock gives no SHA-256 for {filename}, found {sorted(hashes)}",
            hint="lock against an index that gives it (PEP 503, PEP 691)",
        )
    if not is_sha256(given.lower()):
        raise ResolutionFailed(
            f"the lock gives the SHA-256 {given!r} for {filename}; expected 64 hex digits",
            hint="lock again: without its digest a wheel cannot be verified",
        )
    return given.lower()


def _size(filename: str, given: int | None) -> int | None:
    if given is not None and not 0 <= given < _TOO_LARGE:
        raise _no_lock(f"{filename} has a size of {given} bytes")
    return given


def _public_url(url: str | None) -> str | None:
    """Return an http(s) ``url`` without credentials; None for a file of this machine."""
    if url is None or urlsplit(url).scheme not in {"http", "https"}:
        return None
    return urldefrag(without_credentials(url)).url


def _basename(path: str) -> str:
    return unquote(path.replace("\\", "/").rpartition("/")[2])


@lru_cache(maxsize=8)
def _tags(tags: tuple[str, ...]) -> tuple[Tag, ...]:
    """Parse the tags of an interpreter, best first: a thousand, so once for each."""
    return tuple(tag for text in tags for tag in parse_tag(text))


def _only_source(package: Package, interpreter: Interpreter) -> ResolutionFailed:
    return ResolutionFailed(
        f"{package.name} {package.version or ''} has no wheel for Python"
        f" {interpreter.target.python} on {interpreter.target.platform};"
        f" it has {_platforms(package.wheels or ()) or 'only source'}",
        hint="pin a version with a wheel for this platform, or upload such a wheel",
    )


def _not_a_wheel(
    package: Package, artifact: Artifact, interpreter: Interpreter
) -> ResolutionFailed:
    """Say what stands in place of a wheel: a repository, a folder, or an archive of source."""
    kinds = {PackageVcs: "a repository", PackageDirectory: "a folder", PackageArchive: "an archive"}
    kind = kinds.get(type(artifact))
    if kind is None:
        return _only_source(package, interpreter)
    return ResolutionFailed(
        f"the lock takes {package.name} from {kind}; expected wheels with their SHA-256",
        hint="build its wheel, upload that to the service, and lock against its index",
    )


def _no_wheel(lock: Pylock, interpreter: Interpreter, err: PylockSelectError) -> ResolutionFailed:
    """Name the package, its version and its platforms, where that is what went wrong."""
    supported = set(_tags(interpreter.tags))
    named = (package for package in lock.packages if repr(package.name) in str(err))
    for package in named:
        wheels = list(package.wheels or ())
        if wheels and not any(supported & tags for tags in _wheel_tags(wheels)):
            return _only_source(package, interpreter)
    return ResolutionFailed(
        f"the lock does not fit Python {interpreter.version}"
        f" on {interpreter.target.platform}: {err}",
        hint="lock for that Python and platform",
    )


def _wheel_tags(wheels: Iterable[PackageWheel]) -> Iterator[frozenset[Tag]]:
    return (parse_wheel_filename(wheel.filename)[3] for wheel in wheels)


def _platforms(wheels: Iterable[PackageWheel]) -> str:
    """Return what the wheels are for, such as ``cp312 on win_amd64``, sorted."""
    found = {f"{t.interpreter} on {t.platform}" for tags in _wheel_tags(wheels) for t in tags}
    return ", ".join(sorted(found))
