"""What must be there before a job is sent, and what must be opened for it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from park.client.jobs.handle import Handle
from park.client.submission.item import Item, Opening, Sender, State

__all__ = ["needed"]


def needed(
    handles: Sequence[Handle], service: str, more: Sequence[Opening]
) -> tuple[tuple[Item, ...], tuple[Item, ...], tuple[Opening, ...]]:
    """Return what a job on the service at the URL ``service`` needs of ``handles``.

    That is: items to be sent before it, items to be committed before it, and what grants
    are made for: jobs and installs on other services, and ``more``.
    """
    before: dict[str, Item] = {}
    committed: dict[str, Item] = {}
    elsewhere: dict[Sender, list[str]] = {}
    opened = {job for opening in more for job in opening.jobs}
    for handle in handles:
        is_here = handle.connection.url == service
        if not is_here:
            elsewhere.setdefault(handle.connection.outbox, []).append(handle.id)
        item = handle.item
        if item is None or item.state is State.COMMITTED:
            continue
        (before if is_here and handle.id not in opened else committed)[item.id] = item
    return tuple(before.values()), tuple(committed.values()), _openings(elsewhere, more)


def _openings(elsewhere: dict[Sender, list[str]], more: Sequence[Opening]) -> tuple[Opening, ...]:
    """Return one opening for each service."""
    found = {opening.outbox: opening for opening in more}
    for outbox, jobs in elsewhere.items():
        known = found.get(outbox)
        found[outbox] = Opening(
            outbox=outbox,
            jobs=tuple(dict.fromkeys([*(known.jobs if known else ()), *jobs])),
            files=known.files if known else (),
            stops=known.stops if known else (),
            authorizes=known.authorizes if known else False,
            lend=known.lend if known else None,
        )
    return tuple(found.values())
