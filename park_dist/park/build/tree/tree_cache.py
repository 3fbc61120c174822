"""What is remembered of a tree: enough to know it again without listing or reading it.

One file holds every path, its signature and its content hash. Where all signatures are the
old ones, the tree is the old one, and that costs one `lstat` for each file. The columns are
kept as long strings, because JSON reads those ten times as fast as rows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from array import array
from dataclasses import asdict, dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from park.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from park.build.cache import Cache
    from park.build.tree.tree_file import Signature

__all__ = [
    "DIGEST_LENGTH",
    "TreeMemory",
    "encoded",
    "load_memory",
    "look",
    "memory_file",
    "store_memory",
]

_FIELDS = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev")
_ABSENT: Signature = (0, 0, 0, 0, 0)
_WIDTH = 5

DIGEST_LENGTH = 64
"""Characters of a SHA-256 in hex."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeMemory:
    """The files of a tree with what they held, as columns in one order.

    ``paths``, ``sources`` and ``watched`` are joined by NUL; ``executables`` has one letter
    for each file, ``digests`` 64 hex digits, empty as a whole where nothing is known;
    ``signatures`` and ``watched_signatures`` are base64 of 64-bit integers. ``watched`` is
    None where the listing cannot be known again (see `park.build.tree.visible.Listing`), and
    ``git`` is who answered for it.
    """

    paths: str
    sources: str
    executables: str
    digests: str
    signatures: str
    content_hash: str
    git: str
    watched: str | None
    watched_signatures: str

    def digests_by_path(self) -> dict[str, tuple[Signature, str]]:
        """Return signature and content hash of each file that has one."""
        values = array("q", base64.b64decode(self.signatures))
        rows = zip(*[iter(values)] * _WIDTH, strict=True)
        known = zip(_split(self.paths), rows, self.split_digests(), strict=True)
        return {path: (signature, digest) for path, signature, digest in known if digest.strip()}

    def split_digests(self) -> list[str]:
        """Return the content hash of each file; blanks stand for one that is not known."""
        text, step = self.digests, DIGEST_LENGTH
        return [text[at : at + step] for at in range(0, len(text), step)]

    def split_files(self) -> tuple[list[str], list[str]]:
        """Return the paths of the files below the root, and where they are."""
        return _split(self.paths), _split(self.sources)

    def is_current(self, git: str) -> bool:
        """Tell whether every file and all that the listing rests on is as it was."""
        if self.watched is None or self.git != git or " " in self.digests:
            return False
        try:
            return (
                encoded(map(look, _split(self.watched))) == self.watched_signatures
                and encoded(map(_FIELDS, map(os.lstat, _split(self.sources)))) == self.signatures
            )
        except (OSError, OverflowError):
            return False


def encoded(signatures: Iterable[Signature]) -> str:
    """Return ``signatures`` as they are remembered.

    Raises `OverflowError` on a file system whose numbers need more than 63 bits.
    """
    return base64.b64encode(array("q", chain.from_iterable(signatures)).tobytes()).decode()


def memory_file(root: Path, cache: Cache) -> Path:
    """Return where the tree at ``root`` is remembered."""
    return cache.hashes / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def load_memory(store: Path) -> TreeMemory | None:
    """Return what ``store`` holds; None for no memory, or a damaged one: it costs a hashing."""
    try:
        document: dict[str, Any] = json.loads(store.read_bytes())
        os.utime(store)  # in use: see park.build.eviction
        return TreeMemory(**document)
    except (OSError, ValueError, TypeError):
        return None


def store_memory(store: Path, memory: TreeMemory) -> None:
    """Write ``memory`` whole."""
    write_atomically(store, json.dumps(asdict(memory)))


def look(path: str) -> Signature:
    """Return the signature of ``path`` now; zeros where nothing is there."""
    try:
        found: Signature = _FIELDS(os.lstat(path))
    except OSError:
        return _ABSENT
    return found


def _split(joined: str) -> list[str]:
    return joined.split("\0") if joined else []
