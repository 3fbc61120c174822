"""What builds of a tree looked for and did not find in its export: remembered, and taken along.

No file says that a ``setup.py`` opens ``../../VERSION``; its first build does, by failing. From
then on that is part of the tree, as if a configuration file named it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from park.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from park.build.cache import Cache

__all__ = ["note_sought", "sought_before", "sought_file"]


def sought_file(root: Path, cache: Cache) -> Path:
    """Return where it is remembered for the tree at ``root``."""
    return cache.sought / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def sought_before(root: Path, cache: Cache) -> frozenset[str]:
    """Return the paths, relative to ``root``, that builds of the tree there looked for."""
    file = sought_file(root, cache)
    try:
        found = json.loads(file.read_bytes())
        os.utime(file)  # in use: see park.build.eviction
        return frozenset(map(str, found))
    except (OSError, ValueError, TypeError):
        return frozenset()


def note_sought(root: Path, paths: Iterable[str], cache: Cache) -> bool:
    """Remember those of ``paths`` that are there; tell whether any of them is news."""
    before = sought_before(root, cache)
    there = {path for path in paths if (root / path).exists() and not _is_around(root, path)}
    if there <= before:
        return False
    write_atomically(sought_file(root, cache), json.dumps(sorted(before | there)))
    return True


def _is_around(root: Path, path: str) -> bool:
    place = os.path.normpath(root / path)
    return str(root) == place or str(root).startswith(place.rstrip(os.sep) + os.sep)
