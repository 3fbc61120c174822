"""What this service may hold of others: a decision about what comes along with jobs."""

from __future__ import annotations

from collections.abc import Iterable

from park.errors import NotPermitted
from park.wire import JobRequest
from park_server.proofs.identity import SCHEME

__all__ = ["require_bounced"]


def require_bounced(requests: Iterable[JobRequest]) -> None:
    """Raise `NotPermitted` where a grant comes along that opens something without an agent."""
    for request in requests:
        for held in request.grants:
            if held.bounced is None:
                raise _refused(held.service)
        secret = "" if request.fetch is None else request.fetch.authorization or ""
        if secret.partition(" ")[0].lower() == SCHEME.lower():
            raise _refused("another service")


def _refused(service: str) -> NotPermitted:
    return NotPermitted(
        f"a grant of {service} came along, and the policy of this service has it hold"
        " nothing that opens another",
        hint="have each use bounced off your agent: park.credentials(…, lend='bounce'), or"
        " update park: pip install -U park-dist",
    )
