"""The client's cache on disk: what may be deleted at any time, and is only ever rebuilt.

The folders carry the version of their format, so that two versions of park share one cache.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "CACHE_SIGNATURE",
    "CACHE_TAG",
    "Cache",
    "fresh_folder",
    "lock_beside",
    "platform_key",
    "user_cache",
]

CACHE_TAG, CACHE_SIGNATURE = "CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55"
"""The file that marks a cache, and how it begins (Cache Directory Tagging Specification)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """The folders under one cache root."""

    root: Path

    @property
    def hashes(self) -> Path:
        """Content hashes of trees, one file per tree."""
        return self.root / "hashes-v1"

    @property
    def sought(self) -> Path:
        """What builds of trees looked for outside of what they were given, one file per tree."""
        return self.root / "sought-v1"

    @property
    def environments(self) -> Path:
        """Build environments, one folder per set of build requirements."""
        return self.root / "build-environments-v1" / platform_key()

    @property
    def answers(self) -> Path:
        """What backends said about trees: requirements and metadata."""
        return self.root / "backend-answers-v1" / platform_key()

    @property
    def exports(self) -> Path:
        """Trees being built."""
        return self.root / "exports-v1" / platform_key()

    @property
    def known_sets(self) -> Path:
        """What installs asked for, one file per target and service."""
        return self.root / "known-sets-v1" / platform_key()

    @property
    def last_wheels(self) -> Path:
        """Of each tree its last wheel, and the files that this was made of; one file per tree."""
        return self.root / "last-wheels-v1" / platform_key()

    @property
    def files(self) -> Path:
        """Files of jobs that were fetched, by the SHA-256 of their content."""
        return self.root / "files-v1"

    @property
    def unpacked(self) -> Path:
        """Wheels of other installers' caches, unpacked, by the SHA-256 of the wheel."""
        return self.root / "unpacked-v1"

    @property
    def wheels(self) -> Path:
        """Finished wheels, by project and version."""
        return self.root / "wheels-v1" / platform_key()

    def mark(self) -> None:
        """Mark the cache as one, for programs that make backups or look for large folders."""
        tag = self.root / CACHE_TAG
        if not tag.exists():
            tag.write_bytes(CACHE_SIGNATURE + b"\n# see https://bford.info/cachedir/\n")

    def own_folders(self) -> frozenset[str]:
        """Return the real paths of the folders that park writes to while it works.

        Where a tree has them in it, they are none of its files: each look at it would change it.
        """
        named = (self.root, os.environ.get("PARK_STATE_DIR"))
        return frozenset(os.path.realpath(each) for each in named if each)


def user_cache() -> Cache:
    """Return this user's cache: ``PARK_CACHE_DIR``, or the platform's folder for caches."""
    named = os.environ.get("PARK_CACHE_DIR")
    if named:
        return Cache(root=Path(named))
    from platformdirs import user_cache_dir

    return Cache(root=Path(user_cache_dir("park")))


def platform_key() -> str:
    """Return the part of a path that keeps apart what differs between interpreters.

    A home folder can be shared by machines of several kinds, and with it the cache.
    """
    return f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"


def lock_beside(folder: Path) -> Path:
    """Return the lock of ``folder``: a file beside it, which may be evicted when long unused."""
    return folder.with_name(f"{folder.name}.lock")


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder at this path and delete it at the end; the caller has its lock.

    What a process that was killed left there is deleted first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
