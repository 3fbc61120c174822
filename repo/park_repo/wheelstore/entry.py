"""An entry of the wheel store: its key, what is known of it, and its mark of completeness."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NewType

from packaging.utils import NormalizedName

from park_repo.wheelstore.unpack import ConsoleScript

__all__ = ["StoreEntry", "StoreKey", "parse_mark", "store_key"]

StoreKey = NewType("StoreKey", str)
"""``<sha256 of the wheel file>-<cache tag of the interpreter>``"""


def store_key(sha256: str, cache_tag: str) -> StoreKey:
    """Return the key of a wheel for an interpreter."""
    return StoreKey(f"{sha256}-{cache_tag}")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreEntry:
    """One unpacked wheel. ``size_bytes`` counts its files.

    ``schemes`` are the folders it has: ``site``, ``scripts``, ``data``, ``headers``;
    ``bytecode`` tells whether its modules are compiled.
    """

    key: StoreKey
    path: Path
    filename: str
    name: NormalizedName
    version: str
    sha256: str
    size_bytes: int
    files: int
    bytecode: bool
    schemes: tuple[str, ...]
    scripts: tuple[ConsoleScript, ...]
    shebang_scripts: tuple[str, ...]

    def mark(self) -> bytes:
        """Return the content of the mark of completeness, which `parse_mark` reads."""
        document = {k: v for k, v in asdict(self).items() if k not in {"key", "path"}}
        return json.dumps(document).encode()


def parse_mark(content: bytes, key: StoreKey, path: Path) -> StoreEntry:
    """Return the entry at ``path`` from its mark.

    Raises `ValueError`, `KeyError` or `TypeError` for what is none.
    """
    document = json.loads(content)
    return StoreEntry(
        key=key,
        path=path,
        filename=document["filename"],
        name=NormalizedName(document["name"]),
        version=document["version"],
        sha256=document["sha256"],
        size_bytes=document["size_bytes"],
        files=document["files"],
        bytecode=document["bytecode"],
        schemes=tuple(document["schemes"]),
        scripts=tuple(ConsoleScript(**script) for script in document["scripts"]),
        shebang_scripts=tuple(document["shebang_scripts"]),
    )
