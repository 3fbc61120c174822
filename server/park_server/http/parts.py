"""The parts of a service that routes reach, and the limits that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from park.wire import ServiceRecord
from park_repo.database import Database
from park_repo.index import Index
from park_server.approvals.approvals import Approvals
from park_server.areas.areas import Areas
from park_server.bouncing.wanted_passes import WantedPassBook
from park_server.break_glass.revocation import Revocation
from park_server.break_glass.wheel_quarantine import WheelQuarantine
from park_server.bus import Bus
from park_server.content import ContentStore
from park_server.disk import Disk
from park_server.envs.keeper import EnvironmentKeeper
from park_server.envs.realisation import Environments
from park_server.grants.costs import GrantCosts
from park_server.grants.grants import Grants
from park_server.installs.manager import InstallManager
from park_server.installs.offers import Offers
from park_server.installs.permitted.usable_locks import UsableLocks
from park_server.jobs.engines.local import LocalEngine
from park_server.jobs.folder import JobFolders
from park_server.jobs.leaf_polls import LeafPolls
from park_server.jobs.scheduler import Scheduler
from park_server.node_desk.desk import NodeDesk
from park_server.oidc.device_logins import DeviceLogins
from park_server.proofs.identity import ServiceIdentity
from park_server.quotas.quotas import Quotas
from park_server.retention.retention import Retention
from park_server.trust.trust import Trust
from park_server.used.imported import Imported

__all__ = ["LONG_POLL_S", "MOST", "ServiceParts", "parts_of", "url_of"]

LONG_POLL_S = 30.0
"""The longest that a request may wait: below the idle limits of usual proxies (60 s)."""

MOST = (1 << 63) - 1
"""The largest number that files have as offsets and databases as keys."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceParts:
    """What the routes work with."""

    approvals: Approvals
    areas: Areas
    database: Database
    bus: Bus
    content: ContentStore
    disk: Disk
    folders: JobFolders
    grants: Grants
    grant_costs: GrantCosts
    passes: WantedPassBook
    index: Index
    installs: InstallManager
    environments: Environments
    keeper: EnvironmentKeeper
    identity: ServiceIdentity
    device_logins: DeviceLogins
    jobs: Scheduler
    leaf_polls: LeafPolls
    node_desk: NodeDesk
    offers: Offers
    engine: LocalEngine
    retention: Retention
    revocation: Revocation
    quarantine: WheelQuarantine
    quotas: Quotas
    usable_locks: UsableLocks
    trust: Trust
    imported: Imported
    about: ServiceRecord
    url: str | None
    """Where users reach the service, where its operator said so."""


def parts_of(request: Request) -> ServiceParts:
    """Return the parts of the service that answers ``request``."""
    return cast("ServiceParts", request.app.state.parts)


def url_of(request: Request) -> str:
    """Return where users reach the service, without a final slash: as said, or as asked."""
    return parts_of(request).url or str(request.base_url).rstrip("/")
