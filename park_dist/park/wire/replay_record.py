"""The call of a job as its process had it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["InputRecord", "ReplayRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputRecord:
    """A file among the arguments: its content, and its name for the job."""

    sha256: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRecord:
    """What one needs to call it again: environment, entry point, and arguments.

    ``call`` is encoded as for a submission, but without references: what they stood for is in
    their place. ``python`` is the minor of the environment; ``inputs`` are the files that are
    arguments, or in them.
    """

    job: str
    entry_point: str
    lock_hash: str
    set_hash: str | None
    python: str
    call: dict[str, Any]
    inputs: list[InputRecord]
