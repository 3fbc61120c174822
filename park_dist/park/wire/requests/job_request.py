"""The request of a job, of a fetch or of a race."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from park.model.job_options import JobOptions
from park.wire.race_records import RaceRequest

__all__ = ["CallDocument", "FetchRequest", "HeldGrant", "JobRequest"]

CallDocument = dict[str, Any]
"""``{"args": [...], "kwargs": {...}}`` with each value in the job codec's JSON form.

A function that travels by value is in ``function``, and where its code was written in ``places``.
"""


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
    """What opens things on the service at the URL ``service`` for one job; see `GrantRecord`.

    ``holder`` is the key of the service that gets it, to which it is bound; None: to none.
    ``bounced`` is its id, where each use takes a pass that is asked for here.
    """

    service: str
    token: str = field(repr=False)
    holder: str | None = None
    bounced: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequest(JobOptions):
    """One call of an entry point inside the environment of a lock, or of an install to come.

    Exactly one of ``lock_hash`` and ``install`` is given. A fetch has ``fetch`` in their
    place, and `FETCH` as its entry point; a race has ``race``, and `RACE`.

    ``when`` is a condition (`park.model.conditions_json`); a reference among the arguments
    (`park.model.references`) is one more. ``grants`` open what it needs on other services.
    ``submitted_from`` is the account and the machine that it comes from, as the client says;
    ``asked_for`` the version of its client, where it is to run in another one all the same.
    ``request_id`` is that of the request that submits it, whatever a client says here.
    """

    id: str
    entry_point: str
    call: CallDocument
    lock_hash: str | None = None
    install: str | None = None
    set_hash: str | None = None
    when: dict[str, Any] | None = None
    fetch: FetchRequest | None = None
    race: RaceRequest | None = None
    grants: list[HeldGrant] = field(default_factory=list)
    submitted_from: str | None = None
    asked_for: str | None = None
    request_id: str | None = None
