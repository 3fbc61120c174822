"""What was set aside, as damaged or as nobody's: kept for a while, and then removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from park_server.retention.sizes_on_disk import size_below, size_of
from park_server.untrusted import remove_if_possible

__all__ = ["Emptied", "empty"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Emptied:
    """How much was removed, or would be."""

    items: int = 0
    size: int = 0


def empty(
    folder: Path,
    before: float,
    *,
    is_waste: Callable[[str], bool] | None = None,
    dry_run: bool = False,
) -> Emptied:
    """Remove what was put into ``folder`` before a Unix time; absent is fine.

    Sooner what ``is_waste``, by its SHA-256: its removal was interrupted. A folder may have
    what jobs left.
    """
    items = size = 0
    for path in _inside(folder):
        if path.lstat().st_ctime >= before and not (is_waste and _is_waste(path, is_waste)):
            continue
        items += 1
        size += size_below(path) if path.is_dir() else size_of(path)
        if not dry_run:
            remove_if_possible(path)
    return Emptied(items=items, size=size)


def _inside(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.iterdir())


def _is_waste(path: Path, is_waste: Callable[[str], bool]) -> bool:
    """Tell whether all below ``path``, ``<random>/<sha256>/…``, is waste."""
    if not path.is_dir():
        return False
    digests = {each.name for each in path.rglob("*") if each.is_dir()}
    return bool(digests) and all(len(d) < _DIGITS or is_waste(d) for d in digests)


_DIGITS = 64
"""Of a SHA-256 in hex; shorter names are of the folders above."""
