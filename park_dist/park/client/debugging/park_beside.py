"""The park of here for a process of another environment: what a job may import of it."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["park_beside"]


def park_beside(folder: Path) -> Path:
    """Return a folder below ``folder`` that has the park of here and nothing else."""
    library = folder / "library"
    library.mkdir(exist_ok=True)
    link = library / "park"
    if not link.is_symlink():
        link.symlink_to(Path(sys.modules["park"].__path__[0]).resolve(), target_is_directory=True)
    return library
