"""What crosses the wire between client and service: plain records, JSON on the outside.

The service validates requests against these same classes; the client rebuilds answers with
`decode`, which ignores keys that it does not know, so that an older client can talk to a
newer service. Nothing outside the standard library is imported here.

Each name is found in its module when it is first used, as those of `park` are: a command makes
classes of the few records that it speaks of, and not of all of them, which takes longer than to
start an interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        RotatedIdentityRecord,
        RotatedRecord,
        RotateIdentityRequest,
        ShareRecord,
        UserRecord,
        UserRequest,
    )
    from park.wire.engine_records import QueueRecord
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
        SessionRequest,
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
    from park.wire.quota_records import LimitRecord, QuotaRecord
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
    "LimitRecord",
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
    "QueueRecord",
    "QuotaRecord",
    "RaceRecord",
    "RaceRequest",
    "RevokedRecord",
    "RolesRequest",
    "RotateIdentityRequest",
    "RotatedIdentityRecord",
    "RotatedRecord",
    "ServiceRecord",
    "SessionRequest",
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

_HOMES = {
    "AuditRecord": "park.wire.admin_records",
    "GroupRecord": "park.wire.admin_records",
    "PasswordRequest": "park.wire.admin_records",
    "PolicyRecord": "park.wire.admin_records",
    "PolicyRequest": "park.wire.admin_records",
    "QuarantineRecord": "park.wire.admin_records",
    "QuarantineRequest": "park.wire.admin_records",
    "QueueRecord": "park.wire.engine_records",
    "RevokedRecord": "park.wire.admin_records",
    "RolesRequest": "park.wire.admin_records",
    "RotateIdentityRequest": "park.wire.admin_records",
    "RotatedIdentityRecord": "park.wire.admin_records",
    "RotatedRecord": "park.wire.admin_records",
    "ShareRecord": "park.wire.admin_records",
    "UserRecord": "park.wire.admin_records",
    "UserRequest": "park.wire.admin_records",
    "EnvironmentDetail": "park.wire.environment_records",
    "EnvironmentRecord": "park.wire.environment_records",
    "EnvironmentSummary": "park.wire.environment_records",
    "StorageRecord": "park.wire.environment_records",
    "VerificationRecord": "park.wire.environment_records",
    "decode": "park.wire.form",
    "encode": "park.wire.form",
    "json_body": "park.wire.form",
    "Audience": "park.wire.identity_records",
    "LoginRecord": "park.wire.identity_records",
    "LoginRequest": "park.wire.identity_records",
    "SessionRequest": "park.wire.identity_records",
    "TokenClass": "park.wire.identity_records",
    "TokenRecord": "park.wire.identity_records",
    "TokenRequest": "park.wire.identity_records",
    "WhoRecord": "park.wire.identity_records",
    "IndexFileRecord": "park.wire.index_records",
    "IndexProjectRecord": "park.wire.index_records",
    "InstallRecord": "park.wire.install_records",
    "InstallRequest": "park.wire.install_records",
    "LimitRecord": "park.wire.quota_records",
    "LocalWheel": "park.wire.install_records",
    "OfferRecord": "park.wire.install_records",
    "OfferRequest": "park.wire.install_records",
    "ProgressRecord": "park.wire.install_records",
    "SourceArchive": "park.wire.install_records",
    "FETCH": "park.wire.job_records",
    "CallDocument": "park.wire.job_records",
    "FetchRequest": "park.wire.job_records",
    "FileRecord": "park.wire.job_records",
    "HeldGrant": "park.wire.job_records",
    "JobRecord": "park.wire.job_records",
    "JobRequest": "park.wire.job_records",
    "ForgottenRecord": "park.wire.memo_records",
    "MemoRecord": "park.wire.memo_records",
    "MemoStatsRecord": "park.wire.memo_records",
    "PinRecord": "park.wire.pin_record",
    "GRACE_S": "park.wire.race_records",
    "LONGEST_GRACE_S": "park.wire.race_records",
    "MOST_COMPETITORS": "park.wire.race_records",
    "RACE": "park.wire.race_records",
    "CompetitorRequest": "park.wire.race_records",
    "IfNone": "park.wire.race_records",
    "Prefer": "park.wire.race_records",
    "QuotaRecord": "park.wire.quota_records",
    "RaceRecord": "park.wire.race_records",
    "RaceRequest": "park.wire.race_records",
    "StopHow": "park.wire.race_records",
    "WinnerRecord": "park.wire.race_records",
    "CleanRecord": "park.wire.retention_records",
    "CleanRequest": "park.wire.retention_records",
    "Share": "park.wire.retention_records",
    "UsagePart": "park.wire.retention_records",
    "UsageRecord": "park.wire.retention_records",
    "AreaEntry": "park.wire.service_records",
    "AreaRecord": "park.wire.service_records",
    "ForkServerRecord": "park.wire.service_records",
    "ServiceRecord": "park.wire.service_records",
    "FollowedLeaf": "park.wire.workflow_records",
    "GrantRecord": "park.wire.workflow_records",
    "GrantRequest": "park.wire.workflow_records",
    "GraphEdge": "park.wire.workflow_records",
    "GraphNode": "park.wire.workflow_records",
    "GraphRecord": "park.wire.workflow_records",
    "PoolRecord": "park.wire.workflow_records",
    "VerdictRecord": "park.wire.workflow_records",
    "WhyRecord": "park.wire.workflow_records",
}


def __getattr__(name: str) -> object:
    """Import the module in which ``name`` is at home (PEP 562)."""
    import importlib

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'park.wire' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
