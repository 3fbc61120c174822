"""What crosses the wire between client and service: plain records, JSON on the outside.

The service validates requests against these same classes; the client rebuilds answers with
`decode`, which ignores keys that it does not know, so that an older client can talk to a
newer service. Nothing outside the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from typing import Any, TypeVar

__all__ = [
    "API",
    "FETCH",
    "AreaEntry",
    "AreaRecord",
    "CallDocument",
    "EnvironmentDetail",
    "EnvironmentRecord",
    "EnvironmentSummary",
    "FetchRequest",
    "FileRecord",
    "FollowedLeaf",
    "ForkServerRecord",
    "GrantRecord",
    "GrantRequest",
    "GraphEdge",
    "GraphNode",
    "GraphRecord",
    "HeldGrant",
    "IndexFileRecord",
    "IndexProjectRecord",
    "InstallRecord",
    "InstallRequest",
    "JobRecord",
    "JobRequest",
    "LocalWheel",
    "OfferRecord",
    "OfferRequest",
    "PinRecord",
    "PoolRecord",
    "ProgressRecord",
    "ServiceRecord",
    "SourceArchive",
    "StorageRecord",
    "VerdictRecord",
    "VerificationRecord",
    "WhyRecord",
    "decode",
    "encode",
]

API = "/api/v1"
"""The path under which this version of the API lives on every service."""

CallDocument = dict[str, Any]
"""``{"args": [...], "kwargs": {...}}`` with each value in the job codec's JSON form."""

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True, slots=True)
class PinRecord:
    """One project at one version."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalWheel:
    """A wheel that the client built from a tree; ``sha256`` in hex, ``size`` in bytes."""

    name: str
    version: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceArchive:
    """A tree whose wheel is for the client's platform only, for the service to build.

    The file (``sha256`` in hex, ``size`` in bytes) is sent by content before the request.
    ``build_pins`` are what the client's build environment holds, as part of the version, and
    ``pretended_version`` what a version-control plugin was told, or None.
    """

    name: str
    version: str
    filename: str
    sha256: str
    size: int
    build_pins: list[PinRecord]
    pretended_version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallRequest:
    """One request carries the pins and the digests of the local wheels.

    ``id`` is a UUIDv7 made by the client, so that a retry is harmless. ``python`` is the
    minor of the client's interpreter, such as ``"3.11"``.
    """

    id: str
    project: str
    version: str
    python: str
    pins: list[PinRecord]
    wheels: list[LocalWheel] = field(default_factory=list)
    sources: list[SourceArchive] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressRecord:
    """How far one stage of an install is: ``done`` of ``total`` in ``unit``."""

    stage: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallRecord:
    """An install as the service sees it.

    ``missing`` names the wheels (file names) that it waits for; ``added`` the pins that
    only the service's platform needs; ``error`` is a problem document once it failed.
    ``revision`` grows with every change, progress included. ``stages`` are those that have
    begun, ``progress`` the one that moved last. A ``ready`` one may still be ``compiling``:
    its environment is of use, and bytecode follows.
    """

    id: str
    state: str
    project: str
    version: str
    python: str
    set_hash: str
    lock_hash: str | None = None
    missing: list[str] = field(default_factory=list)
    added: list[PinRecord] = field(default_factory=list)
    realised: bool = False
    progress: ProgressRecord | None = None
    stages: list[ProgressRecord] = field(default_factory=list)
    compiling: bool = False
    error: dict[str, Any] | None = None
    revision: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentRecord:
    """One version of a project that a service has an environment for.

    ``pins`` is the requirement set that the client had (what parity compares);
    ``size_bytes`` what the environment and its share of the wheel store take together,
    ``own_bytes`` what it takes alone. Times are RFC 3339 in UTC.
    """

    project: str
    version: str
    python: str
    lock_hash: str
    set_hash: str
    status: str
    packages: int
    size_bytes: int
    own_bytes: int
    created: str
    last_used: str | None
    installed_by: str
    pins: list[PinRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentSummary:
    """An environment, whichever versions were installed into it.

    ``size_bytes`` is all that it links to, ``own_bytes`` what it takes alone. ``projects``
    are ``name==version``; ``realised`` is when it was made the last time.
    """

    lock_hash: str
    status: str
    python: str
    packages: int
    size_bytes: int
    own_bytes: int
    created: str
    realised: str
    last_used: str | None
    projects: list[str]
    installed_by: list[str]
    pinned_by: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentDetail:
    """An environment with what its lock has; ``path`` and what follows while it is there.

    ``conflicts`` name each path that several wheels own, and the owners, of whom the last
    is seen; ``bytecode`` tells whether all modules are compiled.
    """

    environment: EnvironmentSummary
    packages: list[PinRecord]
    path: str | None = None
    python_full: str | None = None
    bytecode: bool = False
    conflicts: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationRecord:
    """What was found changed in an environment, and whether it was made whole again."""

    lock_hash: str
    damages: list[str]
    repaired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageRecord:
    """What environments and unpacked wheels take; ``quota_bytes`` None: without a limit."""

    quota_bytes: int | None
    store_bytes: int
    environments_bytes: int
    wheels: int
    environments: int


FETCH = "park:fetch_url"
"""The entry point of every fetch: the service itself does it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """A file to be had by URL; ``url`` may be the node of a reference to one.

    ``sha256`` (hex) is what its content must have. ``authorization`` is the value of that
    header, sent to ``origin`` (``scheme://host:port``) and to nobody else.
    """

    url: Any
    sha256: str | None = None
    authorization: str | None = field(default=None, repr=False)
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldGrant:
    """What opens things on the service at the URL ``service`` for one job; see `GrantRecord`."""

    service: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRequest:
    """What a grant is to open, for ``expires_s`` seconds.

    ``jobs`` by id: their records, results and files can be read. ``files`` by their names in
    the user's area (``~/shared/run.refl``): they can be read.
    """

    jobs: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    expires_s: float = 7 * 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantRecord:
    """A grant; ``token`` is told once, to whoever asked for it. Times in RFC 3339."""

    id: str
    jobs: list[str]
    files: list[str]
    created: str
    expires: str
    revoked: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowedLeaf:
    """A leaf of a condition as JSON, and the grant that opens it (None: one's own token)."""

    leaf: dict[str, Any]
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictRecord:
    """What a leaf is worth: ``true``, ``not-yet`` or ``never``; ``why`` in one line."""

    truth: str
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolRecord:
    """A named pool of resources of a service: ``taken`` of ``size`` units are in use."""

    name: str
    size: int
    taken: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphNode:
    """A piece of a workflow; ``kind`` is ``call``, ``fetch``, ``install`` or ``remote``.

    A remote one is on the service at the URL ``service``, and known by its id alone.
    ``why`` says what it waits for, or why it failed or was cancelled.
    """

    id: str
    kind: str
    label: str
    status: str
    service: str | None = None
    why: str | None = None
    submitted: str | None = None
    started: str | None = None
    finished: str | None = None
    progress: dict[str, Any] | None = None


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
    """Why a job is in its state: one ``line``, and below it the chain, a cause on each line."""

    job: str
    status: str
    line: str
    chain: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest:
    """One call of an entry point inside the environment of a lock, or of an install to come.

    Exactly one of ``lock_hash`` and ``install`` is given. ``fresh`` asks for a fresh
    interpreter in place of a fork; ``memory_bytes`` and ``timeout_s`` are limits.
    ``restartable`` says that it may run again from the beginning once its process is
    proven dead without an outcome. A fetch has ``fetch`` in their place, and `FETCH` as its
    entry point.

    ``when`` is a condition (`park.model.conditions_json`); a reference among the arguments
    (`park.model.references`) is one more. ``retries``: how often it may run again after it
    failed, ``backoff_s`` seconds after the first failure and twice as long after each other.
    ``grants`` open what it needs on other services.
    """

    id: str
    entry_point: str
    call: CallDocument
    lock_hash: str | None = None
    install: str | None = None
    set_hash: str | None = None
    fresh: bool = False
    restartable: bool = False
    timeout_s: float | None = None
    memory_bytes: int | None = None
    when: dict[str, Any] | None = None
    retries: int = 0
    backoff_s: float = 1.0
    fetch: FetchRequest | None = None
    grants: list[HeldGrant] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRecord:
    """A file that a job left; ``name`` is its path below the work directory."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRecord:
    """A job as the service sees it; times are RFC 3339 in UTC.

    ``environment`` is the directory of the environment on the service, ``error`` one line
    that says why a job failed or was cancelled. ``kind`` is ``call`` or ``fetch``; ``when``
    the condition under which it starts. It failed ``failures`` times so far, and may run
    ``retries`` times more than once; ``not_before`` is when it does so the next time.
    """

    id: str
    status: str
    entry_point: str
    lock_hash: str | None
    set_hash: str | None
    install: str | None
    environment: str | None
    runtime_hash: str | None
    attempt: int
    pid: int | None
    submitted: str
    started: str | None
    finished: str | None
    error: str | None
    progress: dict[str, Any] | None = None
    files: list[FileRecord] = field(default_factory=list)
    kind: str = "call"
    when: dict[str, Any] | None = None
    retries: int = 0
    failures: int = 0
    not_before: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaRecord:
    """A place for files on a service: ``~`` (one's own), or ``/NAME``, a root of the operator."""

    name: str
    writable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaEntry:
    """What is in a folder of a service.

    ``kind`` is ``file``, ``folder``, ``link`` or ``other``; ``size`` is in bytes, 0 for what
    is no file; ``modified`` in RFC 3339 in UTC.
    """

    name: str
    kind: str
    size: int
    modified: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRequest:
    """A project at one version, to be kept ready for everybody.

    ``python`` is a minor, None for the service's own. ``pins`` are the closure as a lock has
    it; without them the service resolves. Or ``lock``, a lock hash or a prefix of one, whose
    environment the service has: it is offered as what was installed under it, which
    ``project`` and ``version`` choose among several.
    """

    project: str | None = None
    version: str | None = None
    python: str | None = None
    pins: list[PinRecord] = field(default_factory=list)
    lock: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferRecord:
    """A project that is kept ready.

    ``state`` is that of its ``install``; ``lock_hash`` names the environment once it is
    known; ``error`` is one line that says why it cannot be had.
    """

    project: str
    version: str
    python: str
    install: str
    state: str
    lock_hash: str | None
    error: str | None
    created: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkServerRecord:
    """An interpreter that waits with a module imported, to fork jobs from.

    ``module`` is None where nothing is imported ahead, and ``reason`` says why if that was
    not asked for. ``memory_bytes`` counts a shared page once (PSS), with the ``spares``
    that are forked ahead.
    """

    lock_hash: str
    module: str | None
    pid: int
    running: int
    spares: int
    memory_bytes: int
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRecord:
    """What a service says of itself to whoever may use it.

    ``platforms`` has, for each Python minor, the platform tags of wheels that it takes, best
    first; ``builds`` tells whether it builds what a client sends as source.
    """

    version: str
    user: str
    pythons: list[str]
    index_url: str
    trees_url: str
    upload_url: str
    upstream: str | None
    platforms: dict[str, list[str]] = field(default_factory=dict)
    builds: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFileRecord:
    """A file of the index: a released one, or one of the user's working trees.

    ``layer`` is ``projects`` or ``trees``; ``yanked`` the reason (PEP 592), perhaps empty,
    or None where the file is not yanked. Times are RFC 3339 in UTC, ``size`` in bytes.
    """

    filename: str
    version: str
    layer: str
    size: int
    sha256: str
    uploaded: str
    uploaded_by: str
    yanked: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexProjectRecord:
    """A project of the index, as its user sees it.

    ``owned`` tells whether the service owns the name, ``claimed`` whether its operator
    claimed it; ``status`` and ``reason`` are those of PEP 792. ``versions`` counts released
    versions and ``trees`` the user's own working trees; ``size`` is of both, in bytes.
    ``files`` is filled where one project is asked for.
    """

    name: str
    owned: bool
    claimed: bool
    status: str
    reason: str | None
    versions: int
    trees: int
    size: int
    files: list[IndexFileRecord] = field(default_factory=list)


def encode(record: Any) -> dict[str, Any]:
    """Return ``record`` as JSON data."""
    return asdict(record)


_NESTED: dict[tuple[str, str], Any] = {
    ("OfferRequest", "pins"): PinRecord,
    ("InstallRecord", "added"): PinRecord,
    ("InstallRecord", "progress"): ProgressRecord,
    ("InstallRecord", "stages"): ProgressRecord,
    ("InstallRequest", "pins"): PinRecord,
    ("InstallRequest", "wheels"): LocalWheel,
    ("InstallRequest", "sources"): SourceArchive,
    ("SourceArchive", "build_pins"): PinRecord,
    ("EnvironmentDetail", "environment"): EnvironmentSummary,
    ("EnvironmentDetail", "packages"): PinRecord,
    ("EnvironmentRecord", "pins"): PinRecord,
    ("IndexProjectRecord", "files"): IndexFileRecord,
    ("JobRecord", "files"): FileRecord,
    ("JobRequest", "fetch"): FetchRequest,
    ("JobRequest", "grants"): HeldGrant,
    ("GraphRecord", "nodes"): GraphNode,
    ("GraphRecord", "edges"): GraphEdge,
}


@cache
def _plan(cls: Any) -> tuple[tuple[str, bool, Any], ...]:
    """Return what `decode` needs to know of each field: its name, whether required, its record."""
    return tuple(
        (
            entry.name,
            entry.default is MISSING and entry.default_factory is MISSING,
            _NESTED.get((cls.__name__, entry.name)),
        )
        for entry in fields(cls)
    )


def _nested(cls: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [decode(cls, item) for item in value]
    return None if value is None else decode(cls, value)


def decode(cls: type[Record], document: Mapping[str, Any]) -> Record:
    """Rebuild a ``cls`` from JSON data; unknown keys are ignored.

    Raises `ValueError` naming the record and the key where a required one is absent.
    """
    values: dict[str, Any] = {}
    for name, required, inner in _plan(cls):  # type: ignore[arg-type]  # a class is hashable
        if name in document:
            value = document[name]
            values[name] = value if inner is None else _nested(inner, value)
        elif required:
            raise ValueError(f"a {cls.__name__} without {name!r}")
    return cls(**values)
