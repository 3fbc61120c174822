"""What the jobs of a service ask of the parts around them, and what those tell them.

An engine (`park_server.jobs.engines.engine`) has a seam of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from park.errors import CannotSatisfy
from park.model.ids import JobId
from park.model.lock_hash import LockHash
from park.model.truth import Verdict
from park.wire import FetchRequest
from park_server.envs.environment import Environment

__all__ = [
    "FetchedFile",
    "Fetcher",
    "NoFetcher",
    "NoPeers",
    "PeerListener",
    "Peers",
    "ReadyEnvironments",
]

# -- environments


class ReadyEnvironments(Protocol):
    """Who gives out environments that are whole."""

    def known(self, lock_hash: LockHash) -> Environment | None:
        """Return the environment if it is known to be whole at this moment, else None."""

    async def ready(self, lock_hash: LockHash) -> Environment:
        """Return the environment; raises `EnvironmentMismatch` where it cannot be had."""


# -- fetches


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFile:
    """A file that is in the content store now, under ``sha256`` (hex).

    ``name`` is a safe file name without folders, chosen by the service; ``url`` the one that
    was asked for, without credentials; ``size`` in bytes.
    """

    url: str
    sha256: str
    size: int
    name: str


class Fetcher(Protocol):
    """Brings files by URL into the content store."""

    async def fetch(self, job: JobId, user: str, request: FetchRequest) -> FetchedFile:
        """Return the file of ``request``, whose ``url`` is text, when its content is kept.

        Raises `ParkError` whose message is one line for people: it becomes the error of the
        job. May be cancelled (by `asyncio`) at any moment, by a user's cancel or by the stop
        of the service; a fetch that the service's stop, or a crash, has cut short is asked
        for again at the next start, with the same ``job``. Progress goes into
        ``progress.jsonl`` in the job's folder, in the format of `park.jobside.progress`; the
        folder exists.
        """


class NoFetcher:
    """For a service without: every fetch fails."""

    async def fetch(
        self,
        job: JobId,  # noqa: ARG002 (the Protocol's)
        user: str,  # noqa: ARG002 (the Protocol's)
        request: FetchRequest,  # noqa: ARG002 (the Protocol's)
    ) -> FetchedFile:
        """Raise `CannotSatisfy`."""
        raise CannotSatisfy("this service fetches nothing")


# -- other services


class Reach(Protocol):
    """Whether a user may use what he names by a digest: none is a key by itself."""

    def may_use(self, user: str, lock_hash: str) -> bool:
        """Tell whether jobs of ``user`` may run in the environment; in any thread."""
        ...

    def may_refer_to_all(self, user: str) -> bool:
        """Tell whether ``user`` may refer to any file by content."""
        ...

    def require_files(self, user: str, digests: Collection[str]) -> None:
        """Raise `UnknownItem` for a file that ``user`` has not sent; in any thread."""
        ...


class Peers(Protocol):
    """Follows and brings here what lives on other services. Called in the event loop.

    For each job that refers to another service rows are written in the transaction that
    accepts the job: `remote_leaves` (each *not yet*) for what its condition, or a reference
    among its arguments, says of jobs there, and `held_grants` for what opens them. Then:

    1. `follow`: the leaves are followed there, also after a restart. Each that is decided is
       reported by `PeerListener.leaf_decided`.
    2. `stage`: the condition is true, and the call or the fetch has references to jobs
       elsewhere. A row of `staged` is written for each, then `PeerListener.staged` is
       called; or `PeerListener.cannot_stage`.
    3. `order`: a race is decided, and jobs on other services are to be ended: rows of
       `race_orders` say which. Each is confirmed there once that service has answered.
    4. `release`: the job has ended, and its grants can be given back.

    Each may be asked more than once for the same job (at every start of the service, for
    what is not finished), and finds out by itself what is left to do.
    """

    def follow(self, job: JobId) -> None:
        """Follow the undecided remote leaves of ``job``, whose rows are committed."""

    def stage(self, job: JobId) -> None:
        """Bring here what the call of ``job`` refers to; what it waited for is true."""

    def order(self, race: JobId) -> None:
        """Have those ended on other services that have lost ``race``, until it is confirmed."""

    def release(self, job: JobId) -> None:
        """Give back the grants of ``job``, which has ended, and follow nothing for it."""

    def remark(self, job: JobId) -> str:
        """Return a line on the services that ``job`` waits for, such as that one is silent."""

    def said(self, job: JobId) -> Mapping[int, str]:
        """Return what these said last of what is undecided, by its position in `remote_leaves`."""


class PeerListener(Protocol):
    """Who hears from `Peers`."""

    async def leaf_decided(self, job: JobId, position: int, verdict: Verdict) -> None:
        """Hear that the leaf of ``job`` at ``position`` in `remote_leaves` is decided."""

    async def staged(self, job: JobId) -> None:
        """Hear that a row of `staged` is committed for every remote reference of ``job``."""

    async def cannot_stage(self, job: JobId, why: str) -> None:
        """Hear that what ``job`` needs elsewhere cannot be had; ``why`` is one line."""


class NoPeers:
    """Talks to nobody: what is said of jobs elsewhere stays undecided."""

    def follow(self, job: JobId) -> None:
        """Do nothing."""

    def stage(self, job: JobId) -> None:
        """Do nothing."""

    def order(self, race: JobId) -> None:
        """Do nothing."""

    def release(self, job: JobId) -> None:
        """Do nothing."""

    def remark(self, job: JobId) -> str:  # noqa: ARG002 (the Protocol's)
        """Say nothing."""
        return ""

    def said(self, job: JobId) -> Mapping[int, str]:  # noqa: ARG002 (the Protocol's)
        """Know nothing."""
        return {}
