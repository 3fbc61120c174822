"""Grants: what you let another service read of yours, for a while.

A grant is a token that opens the jobs and files that it was made for, and nothing else.
Services that work for you hold them, and give them back when they are done.
"""

from __future__ import annotations

from collections.abc import Iterable

from park.client.access.transport import Transport
from park.wire import API, GrantRecord, GrantRequest, decode, encode

__all__ = ["USUAL_S", "grant", "grants", "revoke"]

_ROUTE = f"{API}/grants"

USUAL_S = 86_400.0
"""How long a grant lasts that its holder does not renew: a day."""


def grant(
    transport: Transport,
    *,
    jobs: Iterable[str] = (),
    files: Iterable[str] = (),
    stops: Iterable[str] = (),
    expires_s: float = USUAL_S,
    holder: str | None = None,
    lent_to: str | None = None,
    bounced: bool | None = None,
) -> GrantRecord:
    """Make a grant on the service of ``transport``; the record has its ``token``, this once.

    ``jobs`` are ids of jobs that the service has; their records, results and files can be
    read. ``files`` are names in your area there (``~/shared/run.refl``), and may be yet to
    come. Jobs in ``stops`` can be cancelled, or asked to stop. ``holder`` is the identity of the
    service that may use it, at ``lent_to``, and no other; ``bounced``: each use is bounced off your
    agent, None: where the policy there wants that. Raises `UnknownItem` for what is
    not your own, `UsageError` for more than 30 days.
    """
    request = GrantRequest(
        jobs=list(jobs),
        files=list(files),
        stops=list(stops),
        expires_s=expires_s,
        holder=holder,
        lent_to=lent_to,
        bounced=bounced,
    )
    return decode(GrantRecord, transport.json("POST", _ROUTE, json=encode(request)))


def grants(transport: Transport) -> list[GrantRecord]:
    """Return the grants that you made, newest first, without their tokens."""
    return [decode(GrantRecord, each) for each in transport.json("GET", _ROUTE)]


def revoke(transport: Transport, grant: str) -> None:
    """Revoke one of your grants by its id, at once and for ever; raises `UnknownItem`."""
    transport.delete(f"{_ROUTE}/{grant}")
