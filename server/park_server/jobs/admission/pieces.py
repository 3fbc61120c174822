"""Large submissions in pieces, each written in less time than anybody else notices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from park.errors import UsageError
from park.model.conditions import brief
from park.wire.form import encode_said
from park_server.jobs.conditions.needs import Planned
from park_server.json_pieces import text_of

__all__ = [
    "MOST_ANSWERED",
    "MOST_JOBS",
    "Piece",
    "in_order_of_needs",
    "is_large",
    "pieces_of",
    "written_together",
]

MOST_JOBS = 200
"""Jobs that are written in some 40 ms."""

MOST_ANSWERED = 1_000
"""Jobs that are written in some 80 ms where none of them is to run: what a client sends at once."""

_MOST_TOGETHER = 5
"""Pieces that are written down in some 20 ms, where they are as long as they may be."""

_MOST_CHARACTERS = 1 << 20
"""Of requests as JSON: arguments that are written in some 20 ms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Jobs that are written together, and the JSON of their requests."""

    plans: Sequence[Planned]
    document: str


def is_large(jobs: int, size: int) -> bool:
    """Tell whether so many jobs, which came as ``size`` bytes, are written in pieces.

    >>> is_large(200, 100_000), is_large(201, 100_000), is_large(2, 2 << 20), is_large(1, 2 << 20)
    (False, True, True, False)
    """
    return jobs > MOST_JOBS or (jobs > 1 and size > _MOST_CHARACTERS)


def in_order_of_needs(plans: Sequence[Planned]) -> list[Planned]:
    """Return ``plans``, each behind those that it needs, and otherwise as they come.

    Raises `UsageError` that names a cycle among them.
    """
    by_id: dict[str, Planned] = {plan.id: plan for plan in reversed(plans)}
    needed: dict[str, list[str]] = {
        plan.id: [job for job, service, _ in plan.needs if not service] for plan in plans
    }
    done: dict[str, None] = {}
    for start, first in needed.items():
        way: dict[str, Iterator[str]] = {} if start in done else {start: iter(first)}
        while way:
            last = next(reversed(way))
            following = next((job for job in way[last] if job in needed and job not in done), None)
            if following is None:
                del way[last]
                done[last] = None
            elif following in way:
                circle = list(way)[list(way).index(following) :]
                names = " needs ".join(brief(job) for job in [*circle, following])
                raise UsageError(f"jobs that wait for each other never start: {names}")
            else:
                way[following] = iter(needed[following])
    return [by_id[job] for job in done]


def pieces_of(plans: Sequence[Planned]) -> list[Piece]:
    """Return ``plans`` in pieces, in their order."""
    texts = [_text_of(plan) for plan in plans]
    cuts, size = [0], 0
    for number, text in enumerate(texts):
        size += len(text)
        if number - cuts[-1] == MOST_JOBS or (size > _MOST_CHARACTERS and number > cuts[-1]):
            cuts.append(number)
            size = len(text)
    return [
        Piece(plans=plans[first:end], document=f"[{','.join(texts[first:end])}]")
        for first, end in zip(cuts, [*cuts[1:], len(plans)], strict=True)
    ]


def written_together(pieces: Sequence[Piece]) -> Iterator[range]:
    """Yield the numbers of those ``pieces`` that are written down in one transaction.

    To write down is far less than to make jobs of it, and each transaction waits for the disk.

    >>> few = [Piece(plans=[], document="[]")] * 7
    >>> list(written_together(few)), list(written_together([]))
    ([range(0, 5), range(5, 7)], [])
    """
    first = size = 0
    for number, piece in enumerate(pieces):
        size += len(piece.document)
        is_full = number - first == _MOST_TOGETHER or size > _MOST_CHARACTERS
        if is_full and number > first:
            yield range(first, number)
            first, size = number, len(piece.document)
    if pieces:
        yield range(first, len(pieces))


def _text_of(plan: Planned) -> str:
    """Return the request of ``plan`` as JSON, with its call as that is written already."""
    said = text_of(encode_said(plan.request, but=_CALL))
    return f'{said[:-1]}, "call": {plan.call}}}'


_CALL = frozenset({"call"})
