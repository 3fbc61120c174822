"""What went wrong with the submissions of a block, told once."""

from __future__ import annotations

from collections.abc import Iterable

from park.client.submission.item import Item, Sender
from park.errors import as_raised_here

__all__ = ["first_error"]

_MOST_NOTES = 10


def first_error(items: Iterable[Item]) -> BaseException | None:
    """Wait for ``items``; return the first error, with the others as notes, or None.

    What failed only for want of another is told by that other.
    """
    by_outbox: dict[Sender, list[Item]] = {}
    everything = list(items)
    for item in everything:
        by_outbox.setdefault(item.outbox, []).append(item)
    for outbox, theirs in by_outbox.items():
        outbox.wait(theirs)
    failed = [item for item in everything if item.error is not None]
    for item in failed:
        item.told = True
    if not failed:
        return None
    first = failed[0].error
    by_root = {id(item.root): item for item in reversed(failed)}
    others = [item for item in failed[1:] if by_root[id(item.root)] is item]
    assert first is not None  # noqa: S101 (by the choice of what failed)
    for item in others[:_MOST_NOTES]:
        first.add_note(f"{item}: {item.error}")
    if len(others) > _MOST_NOTES:
        first.add_note(f"and {len(others) - _MOST_NOTES} more")
    return as_raised_here(first)
