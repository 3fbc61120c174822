"""What a service has instead, as lines: each version with its place and its differences."""

from __future__ import annotations

from collections.abc import Iterator

from park.client.choosing.nearness import Ranked

__all__ = ["lines_of"]

_SHOWN = 6
"""Differences that are written out; more of them are counted."""


def lines_of(ranked: Ranked, head: str = "") -> Iterator[str]:
    """Yield one version after ``head``: what it is, why it stands there, and what differs."""
    record = ranked.version.record
    compatible = "; what its jobs import is as here" if ranked.is_compatible else ""
    yield (
        f"{head}{record.project} {record.version} on Python {record.python}"
        f"  lock {record.lock_hash[:12]}{compatible}"
    )
    indent = " " * (len(head) + 2)
    if ranked.reason:
        yield f"{indent}farther: {ranked.reason}"
    found = ranked.version.differences
    for difference in found[:_SHOWN]:
        yield f"{indent}{difference}{_imported(difference.name, record.used)}"
    if len(found) > _SHOWN:
        yield f"{indent}… and {len(found) - _SHOWN} more differences"


def _imported(name: str, used: list[str] | None) -> str:
    return ", imported by its jobs" if used is not None and name in used else ""
