"""The last wheel of a tree, remembered with the files that it was made of.

An edit of a module is put into a copy of it, where the backend would do no more: its process takes
longer than all else that an edited line waits for here.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.atomic import write_atomically
from park.build.patching.copying import copies_modules
from park.build.patching.edited_wheel import Held, replaced_members
from park.build.retag import retag
from park.build.tree.export import verified_content
from park.errors import BuildFailed

if TYPE_CHECKING:
    from park.build.cache import Cache
    from park.build.tree.hashing import Snapshot

__all__ = ["patched_wheel", "remember_wheel"]

_PURE = "-none-any.whl"
"""The end of the name of a wheel in which nothing is compiled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _LastWheel:
    """A wheel, and the tree that it was made of, as columns in one order.

    ``paths`` are joined by NUL, ``modes`` has a letter and ``digests`` 64 hex digits for each.
    ``terms`` is the hash of all else that decided about it.
    """

    wheel: str
    terms: str
    paths: str
    modes: str
    digests: str

    def files(self) -> dict[str, Held]:
        step = len(hashlib.sha256().hexdigest())
        digests = (self.digests[at : at + step] for at in range(0, len(self.digests), step))
        held = map(Held, self.modes, digests)
        return dict(zip(self.paths.split("\0"), held, strict=True))


def remember_wheel(wheel: Path, snapshot: Snapshot, terms: str, *, cache: Cache) -> None:
    """Remember that ``wheel`` is of ``snapshot``, where an edit of that can be put into it.

    ``terms`` is the hash of all that decided about it besides the files.
    """
    if not wheel.name.endswith(_PURE) or not copies_modules(snapshot):
        return
    files = snapshot.files
    last = _LastWheel(
        wheel=str(wheel),
        terms=terms,
        paths="\0".join(file.path for file in files),
        modes="".join(file.mode for file in files),
        digests="".join(file.sha256 for file in files),
    )
    with suppress(OSError):  # a cache that takes nothing costs a build the next time
        write_atomically(_store(snapshot.root, cache), json.dumps(asdict(last)))


def patched_wheel(
    snapshot: Snapshot, terms: str, version: str, output: Path, *, cache: Cache
) -> Path | None:
    """Write the wheel of ``snapshot`` as ``version`` into the folder ``output``; return its path.

    It is the last one of the same tree with what was edited since, byte for byte what a build
    makes; None where only a build can tell that. Raises `LocalSetError` where a file is no longer
    what was hashed.
    """
    last = _last(_store(snapshot.root, cache))
    if last is None or last.terms != terms:
        return None
    now = {file.path: Held(file.mode, file.sha256) for file in snapshot.files}
    try:
        replaced = replaced_members(last.files(), now, _shipped(Path(last.wheel)))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # evicted, or damaged
        return None
    if replaced is None:
        return None
    of_path = {file.path: file for file in snapshot.named(replaced.values())}
    contents = {member: verified_content(of_path[path]) for member, path in replaced.items()}
    try:
        return retag(Path(last.wheel), version, output, contents=contents)
    except (OSError, BuildFailed):
        for begun in output.iterdir():
            begun.unlink()
        return None


def _last(store: Path) -> _LastWheel | None:
    try:
        document: dict[str, Any] = json.loads(store.read_bytes())
        os.utime(store)  # in use: see park.build.eviction
        return _LastWheel(**document)
    except (OSError, ValueError, TypeError):
        return None


def _shipped(wheel: Path) -> dict[str, str]:
    """Return the SHA-256 in hex of each member of a wheel, from its RECORD."""
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = csv.reader(archive.read(record).decode().splitlines())
        return {path: _hex(digest.partition("=")[2]) for path, digest, _ in rows}


def _hex(urlsafe: str) -> str:
    return base64.urlsafe_b64decode(urlsafe + "=" * (-len(urlsafe) % 4)).hex()


def _store(root: Path, cache: Cache) -> Path:
    return cache.last_wheels / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
