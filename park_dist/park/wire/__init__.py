"""What crosses the wire between client and service: plain records, JSON on the outside.

The service validates requests against these same classes; the client rebuilds answers with
`decode`, which ignores keys that it does not know, so that an older client can talk to a
newer service. Nothing outside the standard library is imported here.
"""

from __future__ import annotations

from park.wire.environments import (
    EnvironmentDetail,
    EnvironmentRecord,
    EnvironmentSummary,
    StorageRecord,
    VerificationRecord,
)
from park.wire.form import decode, encode
from park.wire.index import IndexFileRecord, IndexProjectRecord
from park.wire.installs import (
    InstallRecord,
    InstallRequest,
    LocalWheel,
    OfferRecord,
    OfferRequest,
    ProgressRecord,
    SourceArchive,
)
from park.wire.jobs import (
    FETCH,
    CallDocument,
    FetchRequest,
    FileRecord,
    HeldGrant,
    JobRecord,
    JobRequest,
)
from park.wire.pins import PinRecord
from park.wire.services import AreaEntry, AreaRecord, ForkServerRecord, ServiceRecord
from park.wire.workflows import (
    FollowedLeaf,
    GrantRecord,
    GrantRequest,
    GraphEdge,
    GraphNode,
    GraphRecord,
    PoolRecord,
    VerdictRecord,
    WhyRecord,
)

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
