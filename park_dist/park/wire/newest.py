"""Long listings, folded: the newest of each kind, and how many older ones there are.

Each edit of a live model is a version, so a project comes to thousands of them; whoever asks
what there is wants the last few, and to know that there are more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from park.model.pins import is_tree_version

__all__ = ["folded", "kind_of"]

Item = TypeVar("Item")


def folded(
    items: Iterable[Item], kind: Callable[[Item], Hashable], newest: int | None
) -> list[tuple[Item, int]]:
    """Return the first ``newest`` of each kind of ``items``, which come newest first.

    Each with how many of its kind are left out behind it: 0, but for the last one of a kind
    that has more. Without ``newest`` (which is 1 at least) nothing is left out.

    >>> folded(["b3", "a2", "b2", "b1"], lambda text: text[0], 2)
    [('b3', 0), ('a2', 0), ('b2', 1)]
    """
    pairs = [(item, kind(item)) for item in items]
    of_kind, seen = Counter(each for _, each in pairs), Counter[Hashable]()
    kept = []
    for item, each in pairs:
        seen[each] += 1
        if newest is None or seen[each] <= newest:
            kept.append((item, of_kind[each] - newest if seen[each] == newest else 0))
    return kept


def kind_of(pins: Sequence[tuple[str, str]]) -> Hashable:
    """Return what the versions of a project (or of several together) are folded as.

    ``pins`` are names and versions. Releases and working trees are told apart: many edits
    do not hide what was released.
    """
    return (*sorted({name for name, _ in pins}), any(is_tree_version(each) for _, each in pins))
