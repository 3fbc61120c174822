"""An environment and its own manifest, ``park-environment.json``.

The manifest proves itself: the lock hash is computed anew from the packages that it lists
and must be the one that names the environment. It is JSON, with the stamps packed: those of
10,000 hard links would take more than all else that an environment has on the disk.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from park.errors import EnvironmentMismatch
from park.model.lock_hash import LockHash, SelectedWheel, Target, lock_hash
from park_repo.wheelstore.entry import StoreKey, store_key
from park_repo.wheelstore.manifest import Stamp

__all__ = ["MANIFEST", "Environment", "Layout", "PackageConflict", "parse_manifest"]

MANIFEST = "park-environment.json"

_FORMAT = 3


class Layout(StrEnum):
    """How the files of wheels come into an environment, so that what climbs finds them there."""

    OVERLAY = "overlay"
    """As links into the store; who runs there mounts overlays in front (`park.runtime.view`)."""
    HARD_LINKS = "hard-links"
    """As further names of the files of the store, in folders of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageConflict:
    """One path that several distributions own; the last of ``owners`` is seen.

    An owner ``""`` is the environment itself.
    """

    path: str
    owners: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """A realised lock. Sizes in bytes: its own files, and what it shares in the store.

    ``python`` is the full version of the interpreter, ``created`` an ISO 8601 time in UTC.
    ``layout`` is how it was made, ``entry_inodes`` those of the folders of its wheels in the
    store, whose files it shares as hard links (empty where it has none).
    ``stamps`` are those of everything in the environment except the manifest.
    """

    lock_hash: LockHash
    path: Path
    target: Target
    python: str
    cache_tag: str
    packages: tuple[SelectedWheel, ...]
    created: str
    layout: Layout
    entry_inodes: tuple[int, ...]
    size_own: int
    size_shared: int
    conflicts: tuple[PackageConflict, ...]
    stamps: tuple[Stamp, ...]

    @property
    def store_keys(self) -> tuple[StoreKey, ...]:
        """The entries of the wheel store that it links to."""
        return tuple(store_key(package.sha256, self.cache_tag) for package in self.packages)

    @property
    def executable(self) -> Path:
        """The interpreter that runs jobs here."""
        return self.path / "bin" / "python"

    def versions(self) -> dict[NormalizedName, str]:
        """Return the version of each package."""
        return {package.name: package.version for package in self.packages}

    def manifest(self) -> bytes:
        """Return the content of the manifest."""
        document = {
            "format": _FORMAT,
            "lock_hash": self.lock_hash,
            "target": asdict(self.target),
            "python": self.python,
            "cache_tag": self.cache_tag,
            "packages": [
                {"name": each.name, "version": each.version, "sha256": each.sha256}
                for each in self.packages
            ],
            "created": self.created,
            "layout": self.layout,
            "entry_inodes": self.entry_inodes,
            "size_own": self.size_own,
            "size_shared": self.size_shared,
            "conflicts": [asdict(conflict) for conflict in self.conflicts],
            "stamps": _packed(self.stamps),
        }
        return json.dumps(document).encode()


def parse_manifest(content: bytes, path: Path, asked: LockHash) -> Environment:
    """Return the environment at ``path`` from its manifest.

    Raises `EnvironmentMismatch` where the manifest is damaged, or is that of another lock
    than ``asked``: then ``details["bears"]`` is the lock hash that it bears.
    """
    try:
        environment = _parse(json.loads(content), path)
    except (ValueError, KeyError, TypeError) as err:
        raise EnvironmentMismatch(
            f"the manifest of environment {asked} is damaged: {err!r} in {MANIFEST}",
            hint="the service repairs it; ask again, or install again",
        ) from err
    found = lock_hash(environment.target, environment.packages)
    if not asked == environment.lock_hash == found:
        raise EnvironmentMismatch(
            f"not the environment that was asked for: expected lock hash {asked},"
            f" its manifest says {environment.lock_hash} and lists packages of {found}",
            hint="the service repairs it; ask again, or install again",
            details={"bears": environment.lock_hash},
        )
    return environment


def _packed(stamps: tuple[Stamp, ...]) -> str:
    packed = zlib.compress(json.dumps(stamps).encode())
    return base64.b64encode(packed).decode("ascii")


def _unpacked(packed: str) -> tuple[Stamp, ...]:
    """Return the stamps that `_packed` packed; raises `ValueError` or `TypeError`."""
    try:
        rows = json.loads(zlib.decompress(base64.b64decode(packed)))
    except zlib.error as err:
        raise ValueError(f"stamps cannot be unpacked: {err}") from err
    return tuple(map(Stamp.parse, rows))


def _parse(document: dict[str, Any], path: Path) -> Environment:
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']!r}, expected {_FORMAT}")
    return Environment(
        lock_hash=LockHash(document["lock_hash"]),
        path=path,
        target=Target(**document["target"]),
        python=document["python"],
        cache_tag=document["cache_tag"],
        packages=tuple(SelectedWheel(**package) for package in document["packages"]),
        created=document["created"],
        layout=Layout(document["layout"]),
        entry_inodes=tuple(document["entry_inodes"]),
        size_own=document["size_own"],
        size_shared=document["size_shared"],
        conflicts=tuple(
            PackageConflict(path=c["path"], owners=tuple(c["owners"]))
            for c in document["conflicts"]
        ),
        stamps=_unpacked(document["stamps"]),
    )
