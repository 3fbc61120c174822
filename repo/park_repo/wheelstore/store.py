"""The wheel store: each wheel unpacked once per interpreter, for all environments.

Layout, under the store's root::

    v1/<sha256>-<cache tag>/            an entry, read-only: site, scripts, data, headers
    v1/<sha256>-<cache tag>.files.json  its manifest: a stamp for each file and directory
    v1/<sha256>-<cache tag>.json        its mark of completeness, written last
    v1/.locks/                          one lock per key, between threads and processes

An entry exists when its mark does, and is of use from then on; its bytecode may follow.
Whatever is found damaged is put aside, never mended in place: environments link to the
entry by its path, and see the new one when it is there.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from park.digests import file_sha256
from park.errors import CannotSatisfy
from park_repo import durable as disk
from park_repo.wheelstore import bytecode_folders
from park_repo.wheelstore.entry import StoreEntry, StoreKey, parse_mark, store_key
from park_repo.wheelstore.manifest import (
    Damage,
    Stamp,
    changed_contents,
    changed_stamps,
    seal,
    take_stamps,
)
from park_repo.wheelstore.unpack import Unpacked, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from park_repo.wheelstore.bytecode import Compiler

__all__ = ["WheelStore"]

_FORMAT = "v1"


class WheelStore:
    """The store under ``root``. Threads and processes may share it."""

    def __init__(self, root: Path) -> None:
        self._folder = root.resolve() / _FORMAT
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sizes: dict[StoreKey, tuple[tuple[int, int], int]] = {}

    @property
    def folder(self) -> Path:
        """The folder of the entries, which jobs must not write to."""
        return self._folder

    def get(self, key: StoreKey) -> StoreEntry | None:
        """Return the entry, or None where it is absent or unfinished."""
        try:
            with open(f"{self._folder}/{key}.json", "rb", buffering=0) as mark:  # noqa: PTH123 (one of many)
                return parse_mark(mark.read(), key, self._folder / key)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def has(self, key: StoreKey) -> bool:
        """Tell whether the entry is complete; one system call."""
        return self._mark(key).exists()

    def entries(self) -> Iterator[StoreEntry]:
        """Yield every complete entry, sorted by key."""
        for mark in sorted(self._folder.glob("*.json")):
            if _is_mark(mark.name):
                entry = self.get(StoreKey(mark.stem))
                if entry is not None:
                    yield entry

    def sizes(self) -> dict[StoreKey, int]:
        """Return what each complete entry takes, in bytes.

        Each mark is read once, and again where another has taken its place: a model that is
        worked on leaves thousands, and they are asked for whenever somebody looks.
        """
        found: dict[StoreKey, tuple[tuple[int, int], int]] = {}
        with os.scandir(self._folder) as there:
            marks = [each for each in there if _is_mark(each.name)]
        for mark in marks:
            key = StoreKey(mark.name.removesuffix(".json"))
            try:
                status = mark.stat()
            except FileNotFoundError:  # it was put aside meanwhile
                continue
            stamp = (status.st_ino, status.st_mtime_ns)
            known = self._sizes.get(key)
            if known is not None and known[0] == stamp:
                found[key] = known
            elif (entry := self.get(key)) is not None:
                found[key] = (stamp, entry.size_bytes)
        self._sizes = found
        return {key: size for key, (_, size) in found.items()}

    def add(self, wheel: Path, *, sha256: str, compiler: Compiler) -> StoreEntry:
        """Unpack and compile ``wheel`` unless it is here; return its entry."""
        entry = self.unpack(
            wheel, sha256=sha256, python=compiler.python, cache_tag=compiler.cache_tag
        )
        return self.compile(entry, compiler)

    def unpack(self, wheel: Path, *, sha256: str, python: str, cache_tag: str) -> StoreEntry:
        """Unpack ``wheel`` for an interpreter unless it is here; return its entry.

        ``python`` is the minor. Whoever asks for the same wheel meanwhile waits for it.
        Raises `CannotSatisfy` for a file that is no valid wheel or has another digest.
        """
        key = store_key(sha256, cache_tag)
        with disk.key_lock(self._folder, key):
            entry = self.get(key)
            if entry is not None:
                return entry
            _check_digest(wheel, sha256)
            return self._build(key, wheel, python)

    def modules(self, entry: StoreEntry) -> list[str]:
        """Return the modules of ``entry`` that can have bytecode, sorted."""
        return bytecode_folders.modules(stamp.path for stamp in self._stamps(entry.key) or ())

    def digests(self, key: StoreKey) -> dict[str, str]:
        """Return the SHA-256 of each file of an entry by its path there, but for bytecode.

        Empty where there is no such entry.
        """
        return {
            stamp.path: stamp.sha256
            for stamp in self._stamps(key) or ()
            if stamp.sha256 and not bytecode_folders.is_bytecode(stamp.path)
        }

    def compile(
        self,
        entry: StoreEntry,
        compiler: Compiler,
        compiled: Callable[[int], object] = lambda _: None,
    ) -> StoreEntry:
        """Give ``entry`` its bytecode unless it has it, under the eyes of those who use it.

        ``compiled`` is called with the number of modules done since the last call. Raises
        `CannotSatisfy` where the entry was put aside meanwhile.
        """
        with disk.key_lock(self._folder, entry.key):
            now = self.get(entry.key)
            if now is None:
                raise CannotSatisfy(
                    f"{entry.filename} left the wheel store before it was compiled",
                    hint="ask again: it is unpacked anew",
                )
            if now.bytecode:
                return now
            return self._compile(now, compiler, compiled)

    def verify(self, entry: StoreEntry, *, thorough: bool = False) -> tuple[Damage, ...]:
        """Return what is not as `add` left it.

        By stamps, without reading a file; or, ``thorough``, by names, modes and digests,
        which tells a scribble from a mere change of times (a restored backup).
        """
        stamps = self._stamps(entry.key)
        if stamps is None:
            return (Damage(path="", what="missing"),)
        damages = (changed_contents if thorough else changed_stamps)(entry.path, stamps)
        if entry.bytecode:
            return damages
        return tuple(damage for damage in damages if not bytecode_folders.is_bytecode(damage.path))

    def heal(self, key: StoreKey) -> bool:
        """Compare the entry with its manifest; put it aside if it is damaged.

        Where only times and inodes changed (a restored backup), they are accepted. Returns
        whether the entry is sound now; False where it must be added again.
        """
        with disk.key_lock(self._folder, key):
            entry = self.get(key)
            if entry is not None and not self.verify(entry):
                return True
            if entry is None or not self._accept(entry):
                self._put_aside(key)
                return False
            return True

    def accept(self, key: StoreKey) -> bool:
        """Take the times and inodes of an entry as they are now, if its contents are unchanged.

        Environments of hard links move the change times as they come and go.
        """
        with disk.key_lock(self._folder, key):
            entry = self.get(key)
            return entry is not None and self._accept(entry)

    def _accept(self, entry: StoreEntry) -> bool:
        if self.verify(entry, thorough=True):
            return False
        digests = {stamp.path: stamp.sha256 for stamp in self._stamps(entry.key) or ()}
        self._write_stamps(entry.key, take_stamps(entry.path, digests), entry.bytecode)
        return True

    def remove(self, key: StoreKey) -> None:
        """Remove an entry that nothing uses any more; its wheel brings it back."""
        with disk.key_lock(self._folder, key):
            aside = self._put_aside(key)
            self._stamps_file(key).unlink(missing_ok=True)
            if aside is not None:
                disk.remove_tree(aside)

    def _put_aside(self, key: StoreKey) -> Path | None:
        """Let nothing find the entry: every user of it refuses until it is added again."""
        self._mark(key).unlink(missing_ok=True)
        return disk.quarantine(self._folder, key)

    def sweep(self, *, in_use: Container[str] = ()) -> list[str]:
        """Remove what earlier processes left unfinished or in quarantine; return the names.

        What is in quarantine under a key ``in_use`` stays: jobs run that began with it.
        """
        removed = disk.sweep_beside(self._folder, in_use=in_use)
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):
                continue
            key = StoreKey(path.name.removesuffix(".json").removesuffix(".files"))
            if self._is_whole(key):  # nearly all are, and a lock takes a millisecond
                continue
            with disk.key_lock(self._folder, key, wait=False) as held:
                if held and not self._is_whole(key):
                    disk.remove_tree(path)
                    removed.append(path.name)
        return removed

    def _is_whole(self, key: StoreKey) -> bool:
        return self.has(key) and (self._folder / key).is_dir()

    def _build(self, key: StoreKey, wheel: Path, python: str) -> StoreEntry:
        building, final = disk.beside(self._folder, key), self._folder / key
        try:
            disk.remove_tree(final)  # complete, but its mark was not written any more
            found = unpack(wheel, building, python=python)
            bytecode_folders.reserve(building, found.digests)
            seal(building)
            bytecode_folders.open_for_bytecode(building, found.digests)
            building.rename(final)
        except BaseException:
            disk.remove_tree(building)
            raise
        stamps = take_stamps(final, found.digests)
        self._write_stamps(key, stamps, bytecode=False)
        return self._marked(_unpacked(key, final, wheel, found, stamps))

    def _compile(
        self, entry: StoreEntry, compiler: Compiler, compiled: Callable[[int], object]
    ) -> StoreEntry:
        sources = [
            s for s in self._stamps(entry.key) or () if not bytecode_folders.is_bytecode(s.path)
        ]
        names = bytecode_folders.modules(stamp.path for stamp in sources)
        bytecode_folders.open_for_bytecode(entry.path, names)
        digests = compiler.compile(entry.path, names, compiled)
        made = bytecode_folders.close(entry.path, names, digests)
        self._write_stamps(entry.key, [*sources, *made], bytecode=True)
        size = sum(stamp.size for stamp in [*sources, *made] if stamp.sha256)
        return self._marked(
            replace(entry, bytecode=True, size_bytes=size, files=entry.files + len(digests))
        )

    def _marked(self, entry: StoreEntry) -> StoreEntry:
        """Write the mark of completeness, durably."""
        disk.write_durably(self._mark(entry.key), entry.mark())
        return entry

    def _mark(self, key: StoreKey) -> Path:
        return self._folder / f"{key}.json"

    def _stamps_file(self, key: StoreKey) -> Path:
        return self._folder / f"{key}.files.json"

    def _stamps(self, key: StoreKey) -> list[Stamp] | None:
        try:
            rows = json.loads(self._stamps_file(key).read_bytes())
            return [Stamp.parse(row) for row in rows]
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _write_stamps(self, key: StoreKey, stamps: list[Stamp], bytecode: bool) -> None:  # noqa: FBT001 (a fact, not a switch)
        if not bytecode:
            stamps = [s for s in stamps if not bytecode_folders.is_bytecode(s.path)]
        disk.write_durably(self._stamps_file(key), json.dumps(stamps).encode())


def _is_mark(name: str) -> bool:
    return name.endswith(".json") and not name.endswith(".files.json")


def _check_digest(wheel: Path, sha256: str) -> None:
    found = file_sha256(wheel)
    if found != sha256:
        raise CannotSatisfy(
            f"{wheel.name} is not the wheel of the lock: expected SHA-256 {sha256}, found {found}",
            hint="fetch it again; if that does not help, its index changed a released file",
        )


def _unpacked(
    key: StoreKey, path: Path, wheel: Path, found: Unpacked, stamps: list[Stamp]
) -> StoreEntry:
    """Return the entry of ``wheel`` as it is before it has bytecode."""
    files = [stamp for stamp in stamps if stamp.sha256]
    return StoreEntry(
        key=key,
        path=path,
        filename=wheel.name,
        name=found.name,
        version=found.version,
        sha256=key.partition("-")[0],
        size_bytes=sum(stamp.size for stamp in files),
        files=len(files),
        bytecode=False,
        schemes=tuple(sorted({stamp.path.partition("/")[0] for stamp in files})),
        scripts=found.scripts,
        shebang_scripts=found.shebang_scripts,
    )
