"""Projects whose wheels come from here, and the wheel of each: made once, then found again."""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.atomic import write_atomically
from park.build.cache import Cache, fresh_folder, lock_beside
from park.build.eviction import evict_now_and_then
from park.build.retag import retag
from park.build.step import Progress, silent
from park.build.tree.hashing import Snapshot
from park.digests import file_sha256
from park.file_lock import exclusive
from park.model.pins import Pin

if TYPE_CHECKING:
    from park.local.project import LocalProject

__all__ = ["BuiltWheel", "LocalSource"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltWheel:
    """A finished wheel in the cache.

    ``sha256`` in hex, ``size`` in bytes; ``built`` tells a build from a find in the cache.
    """

    path: Path
    filename: str
    sha256: str
    size: int
    built: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSource(ABC):
    """A local project at the version that its content gives it, able to give its wheel.

    ``snapshot`` has the files that decide about the wheel, with their content hashes.
    """

    project: LocalProject
    version: str
    snapshot: Snapshot
    cache: Cache

    @property
    def pin(self) -> Pin:
        """The pin that names this content in a requirement set."""
        return Pin(name=self.project.name, version=self.version)

    def cached_wheel(self) -> BuiltWheel | None:
        """Return the wheel of this version if it was made before."""
        return _finished(self.cache.wheels / self.project.name / self.version)

    def wheel(self, *, progress: Progress = silent) -> BuiltWheel:
        """Return the wheel of this version, making it unless the cache has it.

        Raises `BuildFailed`, or `LocalSetError` where the files changed meanwhile or the wheel
        requires other projects than what is installed says.
        """
        if (found := self.cached_wheel()) is not None:
            return found
        folder = self.cache.wheels / self.project.name / self.version
        with exclusive(lock_beside(folder)):
            if (found := _finished(folder)) is not None:
                return found
            progress(f"building {self.project.name} {self.version}")
            made = self._made(folder)
            self._keep(made)
        evict_now_and_then(self.cache)
        return made

    @abstractmethod
    def _raw_wheel(self, output: Path) -> Path:
        """Make the wheel, at whatever version, in the empty folder ``output``."""

    def _patched_wheel(self, output: Path) -> Path | None:  # noqa: ARG002 (of most there is none)
        """Make the wheel of this version in the empty folder ``output`` of an earlier one's.

        None where that is not enough.
        """
        return None

    def _built_wheel(self, raw: Path, output: Path) -> Path:
        return retag(self._raw_wheel(raw), self.version, output)

    @abstractmethod
    def _check(self, wheel: Path) -> None:
        """Refuse a wheel that is not what the closure was computed for."""

    def _keep(self, made: BuiltWheel) -> None:  # noqa: B027 (most have nothing to remember)
        """Remember what the next wheel of this source can be made of."""

    def _made(self, folder: Path) -> BuiltWheel:
        """Make it beside ``folder`` and rename into place; its record is written before that."""
        shutil.rmtree(folder, ignore_errors=True)  # a wheel that is not whole
        with fresh_folder(folder.with_name(f".building-{folder.name}")) as workplace:
            raw, finished = workplace / "raw", workplace / "finished"
            raw.mkdir()
            finished.mkdir()
            wheel = self._patched_wheel(finished) or self._built_wheel(raw, finished)
            self._check(wheel)
            digest = file_sha256(wheel)
            size = wheel.stat().st_size
            record = {"filename": wheel.name, "sha256": digest, "size": size}
            write_atomically(finished / "wheel.json", json.dumps(record))
            finished.rename(folder)
        return BuiltWheel(
            path=folder / wheel.name, filename=wheel.name, sha256=digest, size=size, built=True
        )


def _finished(folder: Path) -> BuiltWheel | None:
    """Return the wheel in ``folder`` if it is there in its full size; note that it was used."""
    try:
        record: dict[str, Any] = json.loads((folder / "wheel.json").read_bytes())
        path = folder / record["filename"]
        whole = path.stat().st_size == record["size"]
        os.utime(folder / "wheel.json")  # in use: see park.build.eviction
    except (OSError, ValueError, KeyError):
        return None
    return BuiltWheel(path=path, built=False, **record) if whole else None
