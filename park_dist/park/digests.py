"""SHA-256 of files: what names content on the wire, in locks and on disk, in lower-case hex."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["file_sha256", "is_sha256"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def file_sha256(path: Path) -> str:
    """Return the digest of the file at ``path``, read block by block; raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_sha256(text: object) -> bool:
    """Tell whether ``text`` is written as a digest is."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None
