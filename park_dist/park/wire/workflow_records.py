"""Workflows: grants, followed conditions, pools, and the graph of who needs whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.states import InstallState, JobState, NodeKind
from park.model.truth import Truth

__all__ = [
    "FollowedLeaf",
    "GrantRecord",
    "GrantRequest",
    "GraphEdge",
    "GraphNode",
    "GraphRecord",
    "JobLine",
    "NowRecord",
    "PoolRecord",
    "VerdictRecord",
    "WhyRecord",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRequest:
    """What a grant is to open, for ``expires_s`` seconds; its holder renews it for ``renewable_s``.

    ``jobs`` by id: their records, results and files can be read. ``files`` by their names in
    the user's area (``~/shared/run.refl``): they can be read. Those of the jobs that are in
    ``stops`` can be cancelled, or asked to stop, as well. ``holder`` names the key of the
    service that may use it (`ServiceRecord.identity`); no other can. ``lent_to`` is that one's URL.
    ``bounced``: each use takes a pass, which the user's agent has made; None: where the policy of
    the service permits no others.
    """

    jobs: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    expires_s: float = 86_400.0
    renewable_s: float = 30 * 86_400.0
    holder: str | None = None
    lent_to: str | None = None
    bounced: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRecord:
    """A grant; ``token`` is told once, to whoever asked for it. Times in RFC 3339.

    ``holder`` names the key that each use is signed with; None: whoever has the token may use it.
    It is renewed by its holder until ``renewable_until``; ``lent_to`` is what was said of that.
    ``bounced``: with its token it is given back and renewed, and each use takes a pass.
    """

    id: str
    jobs: list[str]
    files: list[str]
    created: str
    expires: str
    revoked: str | None = None
    stops: list[str] = field(default_factory=list)
    holder: str | None = None
    lent_to: str | None = None
    renewable_until: str | None = None
    bounced: bool = False
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowedLeaf:
    """A leaf of a condition as JSON, and the grant that opens it (None: one's own token)."""

    leaf: dict[str, Any]
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictRecord:
    """What a leaf is worth: ``true``, ``not-yet`` or ``never``; ``why`` in one line."""

    truth: Truth
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolRecord:
    """A named pool of resources of a service: ``taken`` of ``size`` units are in use."""

    name: str
    size: int
    taken: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphNode:
    """A job or an install of a workflow; ``status`` is the state of either.

    ``label`` is what it is called, ``entry_point`` what a job calls.

    A remote one is on the service at the URL ``service``, and known by its id alone: its
    ``status`` is ``remote``.
    ``why`` says what it waits for, or why it failed or was cancelled.
    """

    id: str
    kind: NodeKind
    label: str
    status: str
    service: str | None = None
    why: str | None = None
    submitted: str | None = None
    started: str | None = None
    finished: str | None = None
    progress: dict[str, Any] | None = None
    entry_point: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphEdge:
    """``job`` needs ``needed``; ``how`` is a phase, or ``value``, ``file``, ``url``."""

    job: str
    needed: str
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphRecord:
    """A workflow: what is connected with the jobs that were asked for.

    ``complete`` is False where there was more than the answer may hold.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    complete: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyRecord:
    """Why a job is in its state: one ``line``, and below it the chain, a cause on each line.

    ``request_id`` is that of the request by which it came, as the log of the service has it.
    """

    job: str
    status: JobState | InstallState
    line: str
    chain: list[str] = field(default_factory=list)
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLine:
    """A job in a list; ``why`` says what it waits for, or why it failed or was cancelled."""

    id: str
    label: str
    entry_point: str
    kind: str
    status: str
    submitted: str
    started: str | None = None
    finished: str | None = None
    why: str | None = None
    progress: dict[str, Any] | None = None
    memoized_from: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NowRecord:
    """What goes on for one user.

    ``counts`` has each state with how many jobs are in it, of final ones those that were
    submitted in the last day. ``slots_taken`` of ``slots`` run a job of somebody.
    """

    counts: dict[str, int]
    slots: int
    slots_taken: int
    pools: list[PoolRecord]
    running: list[JobLine] = field(default_factory=list)
    waiting: list[JobLine] = field(default_factory=list)
    failed: list[JobLine] = field(default_factory=list)
    ended: list[JobLine] = field(default_factory=list)
    installs: list[JobLine] = field(default_factory=list)
