"""What the scheduler asks of whoever talks to other services, and what it is told by them.

For each job that refers to another service the scheduler writes rows, in the transaction
that accepts the job: `remote_leaves` (each *not yet*) for what its condition, or a reference
among its arguments, says of jobs there, and `held_grants` for what opens them. Then:

1. `Peers.watch`: the leaves are followed there, also after a restart.
   Each that is decided is told by `Scheduler.leaf_decided`.
2. `Peers.stage`: the condition is true, and the call or the fetch has references to jobs
   elsewhere. A row of `staged` is written for each, then `Scheduler.staged` is called; or
   `Scheduler.cannot_stage`.
3. `Peers.release`: the job has ended, and its grants can be given back.

Each may be asked more than once for the same job (at every start of the service, for what
is not finished), and finds out by itself what is left to do.
"""

from __future__ import annotations

from typing import Protocol

from park.model.truth import Verdict

__all__ = ["NoPeers", "PeerListener", "Peers"]


class Peers(Protocol):
    """Follows and brings here what lives on other services. Called in the event loop."""

    def watch(self, job: str) -> None:
        """Follow the undecided remote leaves of ``job``, whose rows are committed."""

    def stage(self, job: str) -> None:
        """Bring here what the call of ``job`` refers to; what it waited for is true."""

    def release(self, job: str) -> None:
        """Give back the grants of ``job``, which has ended, and follow nothing for it."""

    def remark(self, job: str) -> str:
        """Return a line on the services that ``job`` waits for, such as that one is silent."""


class PeerListener(Protocol):
    """What `Peers` tell: the `Scheduler`."""

    async def leaf_decided(self, job: str, position: int, verdict: Verdict) -> None:
        """Hear that the leaf of ``job`` at ``position`` in `remote_leaves` is decided."""

    async def staged(self, job: str) -> None:
        """Hear that a row of `staged` is committed for every remote reference of ``job``."""

    async def cannot_stage(self, job: str, why: str) -> None:
        """Hear that this will never be; ``why`` is one line."""


class NoPeers:
    """Talks to nobody: what is said of jobs elsewhere stays undecided."""

    def watch(self, job: str) -> None:
        """Do nothing."""

    def stage(self, job: str) -> None:
        """Do nothing."""

    def release(self, job: str) -> None:
        """Do nothing."""

    def remark(self, job: str) -> str:  # noqa: ARG002 (the Protocol's)
        """Say nothing."""
        return ""
