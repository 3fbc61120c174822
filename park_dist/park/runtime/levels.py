"""How deep JSON may be nested: bounded where it comes in, so that whatever reads it may recurse."""

from __future__ import annotations

from typing import Any

__all__ = ["MOST_LEVELS", "is_too_deep"]

MOST_LEVELS = 100
"""Lists and objects inside each other in one encoded value; a tuple is two, a node and its items.

A result of this depth inside an argument of this depth still decodes within the 1,000 frames
that Python has, at three or four for a level.
"""


def is_too_deep(document: Any, levels: int = MOST_LEVELS) -> bool:
    """Tell whether the JSON ``document`` has more than ``levels`` levels; it may have any."""
    level = [document]
    for _ in range(levels):
        level = [
            item
            for node in level
            if isinstance(node, (list, dict))
            for item in (node.values() if isinstance(node, dict) else node)
            if isinstance(item, (list, dict))
        ]
        if not level:
            return False
    return True
