"""What events there are: of each subject, the types, and what each says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from park.model.states import EnvironmentState, InstallState, JobState

__all__ = ["DIFFERS", "KINDS", "PINNED", "PROGRESS", "REMOVED", "UNPINNED", "check_kind"]

DIFFERS = "memo-differs"
PINNED = "pinned"
PROGRESS = "progress"
REMOVED = "removed"
UNPINNED = "unpinned"

_KEPT = {
    PINNED: "It is kept, whatever the policy of the service removes.",
    UNPINNED: "It goes again like any other.",
}

KINDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "install": {
            InstallState.AWAITING_UPLOAD: "It waits for wheels or sources of its client.",
            InstallState.RESOLVING: "The service looks what its own platform needs besides.",
            InstallState.REALISING: "The environment is made.",
            PROGRESS: "How far a stage of it is: `stage`, `done`, `total`, `unit`.",
            InstallState.READY: "The environment is there.",
            InstallState.FAILED: "There will be none; the install has the problem.",
        },
        "environment": {
            EnvironmentState.REALISING: "It is made, for the first time or again.",
            EnvironmentState.READY: "It is fit for jobs.",
            EnvironmentState.DAMAGED: "It is not as its manifest says, or cannot be made: `error`.",
            EnvironmentState.EVICTED: "It gave way, `why` says to what; its lock is kept.",
            **_KEPT,
        },
        "job": {
            JobState.WAITING: "It was accepted, and waits for its condition.",
            JobState.QUEUED: "It waits for a slot; again, with `error` and `failures`, where it is"
            " tried once more.",
            JobState.RUNNING: "It was started.",
            JobState.COMPLETED: "It returned; with `memoized_from`, an earlier run answered it."
            " `machine` is what its process found of the machine.",
            JobState.FAILED: "It did not; `error` says why, `machine` as above.",
            JobState.CANCELLED: "On request, or since what it waited for will never be: `error`.",
            DIFFERS: "It was run to check what is remembered, and came to something else:"
            " `memoized_from`, `error`.",
            REMOVED: "It is gone, with all that it left.",
            **_KEPT,
        },
    }
)
"""The types of events by their subject, in the order of a life, and what each says."""


def check_kind(subject: str, kind: str) -> None:
    """Raise `ValueError` where no event of ``subject`` is of ``kind``: declare it first."""
    if kind not in KINDS.get(subject, {}):
        raise ValueError(f"no event of the subject {subject!r} is of the type {kind!r}")
