"""What an install asked for, remembered with all that it rested on.

A set that has not changed needs no walk of its closure, no look at RECORDs and no version of a
tree: one `stat` for each file tells that. Kept are sets of which all is released or a tree, and
none contradicts itself; of all others the whole look is taken each time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from park.atomic import write_atomically
from park.build.known.evidence import holds
from park.build.tree.asked_git import identity
from park.build.tree.compiler_variables import compiler_variables
from park.build.tree.tree_cache import load_memory, memory_file

if TYPE_CHECKING:
    from park.build.cache import Cache
    from park.build.known.evidence import Evidence

__all__ = ["KnownSet", "known_file", "origin_of", "recalled", "stored"]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSet:
    """What an install asked a service for, and what told that nothing here had changed.

    ``request`` is the request as JSON, but for its id; ``files`` are the wheels from here that
    it names, by file name, and ``said`` is what was told of the set. ``origin`` is that of the
    target (`origin_of`), None where it is Python's own; ``trees`` are the folders of trees
    with the hash of their content, and ``in_use`` are the records in the cache whose time says
    that they are needed.
    """

    request: dict[str, Any]
    files: dict[str, str]
    said: list[str]
    origin: str | None
    trees: dict[str, str]
    in_use: list[str]
    evidence: Evidence

    def is_current(self, target: str, cache: Cache) -> bool:
        """Tell whether the same look would come to the same set."""
        return (
            origin_of(target) == self.origin
            and all(_is_as_it_was(Path(root), known, cache) for root, known in self.trees.items())
            and all(map(_is_whole, self.files.values(), self._sizes()))
            and holds(self.evidence)
        )

    def _sizes(self) -> list[int]:
        sizes = {each["filename"]: each["size"] for each in self.request["wheels"]}
        return [sizes[name] for name in self.files]


def known_file(target: str, url: str, cache: Cache) -> Path:
    """Return where the set of ``target`` is remembered as the service at ``url`` was asked for it.

    All that decides about a set besides files is in its name: interpreter and machine, the paths
    of imports, and variables that reach compilers.
    """
    variables = sorted(compiler_variables(os.environ).items())
    machine = [sys.version, sys.prefix, *os.uname()] if hasattr(os, "uname") else [sys.version]
    said = [target, url, machine, sys.path, variables]
    digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    return cache.known_sets / f"{digest}.json"


def recalled(file: Path, target: str, cache: Cache) -> KnownSet | None:
    """Return the set that is remembered in ``file`` while it is current, else None."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        known = KnownSet(**json.loads(file.read_bytes()))
        if known.is_current(target, cache):
            for record in (str(file), *known.in_use):
                os.utime(record)  # in use: see park.build.eviction
            return known
    return None


def stored(file: Path, known: KnownSet) -> None:
    """Remember ``known``; a cache that takes nothing costs a look the next time."""
    fields = {name: getattr(known, name) for name in KnownSet.__slots__}
    with suppress(OSError):
        write_atomically(file, json.dumps(fields))


def origin_of(target: str) -> str | None:
    """Return the file that module ``target`` is imported from, or the folder at that path.

    None where that takes a closer look.
    """
    if not target.isidentifier():
        folder = os.path.realpath(Path(target).expanduser())
        return folder if Path(folder).is_dir() else None
    if target in sys.stdlib_module_names:
        return None
    try:
        spec = find_spec(target)
    except (ImportError, ValueError):
        return None
    return spec.origin if spec is not None and spec.has_location else None


def _is_as_it_was(root: Path, content_hash: str, cache: Cache) -> bool:
    """Tell whether the tree at ``root`` has the content of that hash, by its signatures."""
    memory = load_memory(memory_file(root, cache))
    return (
        memory is not None and memory.content_hash == content_hash and memory.is_current(identity())
    )


def _is_whole(path: str, size: int) -> bool:
    return Path(path).stat().st_size == size
