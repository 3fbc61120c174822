"""What crosses the wire between client and service: plain records, JSON on the outside.

The service validates requests against these same classes; the client rebuilds answers with
`decode`, which ignores keys that it does not know, so that an older client can talk to a
newer service. Nothing outside the standard library is imported here.
"""

from __future__ import annotations

from park.wire.admin_records import (
    AuditRecord,
    GroupRecord,
    PasswordRequest,
    PolicyRecord,
    PolicyRequest,
    QuarantineRecord,
    QuarantineRequest,
    RevokedRecord,
    RolesRequest,
    RotatedRecord,
    ShareRecord,
    UserRecord,
    UserRequest,
)
from park.wire.environment_records import (
    EnvironmentDetail,
    EnvironmentRecord,
    EnvironmentSummary,
    StorageRecord,
    VerificationRecord,
)
from park.wire.form import decode, encode, json_body
from park.wire.identity_records import (
    Audience,
    LoginRecord,
    LoginRequest,
    TokenClass,
    TokenRecord,
    TokenRequest,
    WhoRecord,
)
from park.wire.index_records import IndexFileRecord, IndexProjectRecord
from park.wire.install_records import (
    InstallRecord,
    InstallRequest,
    LocalWheel,
    OfferRecord,
    OfferRequest,
    ProgressRecord,
    SourceArchive,
)
from park.wire.job_records import (
    FETCH,
    CallDocument,
    FetchRequest,
    FileRecord,
    HeldGrant,
    JobRecord,
    JobRequest,
)
from park.wire.memo_records import ForgottenRecord, MemoRecord, MemoStatsRecord
from park.wire.pin_record import PinRecord
from park.wire.race_records import (
    GRACE_S,
    LONGEST_GRACE_S,
    MOST_COMPETITORS,
    RACE,
    CompetitorRequest,
    IfNone,
    Prefer,
    RaceRecord,
    RaceRequest,
    StopHow,
    WinnerRecord,
)
from park.wire.retention_records import (
    CleanRecord,
    CleanRequest,
    Share,
    UsagePart,
    UsageRecord,
)
from park.wire.service_records import AreaEntry, AreaRecord, ForkServerRecord, ServiceRecord
from park.wire.workflow_records import (
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
    "GRACE_S",
    "LONGEST_GRACE_S",
    "MOST_COMPETITORS",
    "RACE",
    "AreaEntry",
    "AreaRecord",
    "Audience",
    "AuditRecord",
    "CallDocument",
    "CleanRecord",
    "CleanRequest",
    "CompetitorRequest",
    "EnvironmentDetail",
    "EnvironmentRecord",
    "EnvironmentSummary",
    "FetchRequest",
    "FileRecord",
    "FollowedLeaf",
    "ForgottenRecord",
    "ForkServerRecord",
    "GrantRecord",
    "GrantRequest",
    "GraphEdge",
    "GraphNode",
    "GraphRecord",
    "GroupRecord",
    "HeldGrant",
    "IfNone",
    "IndexFileRecord",
    "IndexProjectRecord",
    "InstallRecord",
    "InstallRequest",
    "JobRecord",
    "JobRequest",
    "LocalWheel",
    "LoginRecord",
    "LoginRequest",
    "MemoRecord",
    "MemoStatsRecord",
    "OfferRecord",
    "OfferRequest",
    "PasswordRequest",
    "PinRecord",
    "PolicyRecord",
    "PolicyRequest",
    "PoolRecord",
    "Prefer",
    "ProgressRecord",
    "QuarantineRecord",
    "QuarantineRequest",
    "RaceRecord",
    "RaceRequest",
    "RevokedRecord",
    "RolesRequest",
    "RotatedRecord",
    "ServiceRecord",
    "Share",
    "ShareRecord",
    "SourceArchive",
    "StopHow",
    "StorageRecord",
    "TokenClass",
    "TokenRecord",
    "TokenRequest",
    "UsagePart",
    "UsageRecord",
    "UserRecord",
    "UserRequest",
    "VerdictRecord",
    "VerificationRecord",
    "WhoRecord",
    "WhyRecord",
    "WinnerRecord",
    "decode",
    "encode",
    "json_body",
]

API = "/api/v1"
"""The path under which this version of the API lives on every service."""
