"""What a grant opens: a decision about method and path, without a database.

==========================================  ======================================
``GET /api/v1/jobs/{id}``, ``…/result``     a job of the grant
``GET /api/v1/jobs/{id}/files/{name}``      a file that such a job left
``POST /api/v1/jobs/{id}/cancel``, ``…/stop``   a job that it may end
``GET /api/v1/areas/files/{path}``          a file of the grant
``POST /api/v1/follow``                     leaves that speak of its jobs and installs
``DELETE /api/v1/grant``                    whoever holds a grant may give it back
``PUT /api/v1/grant``                       the service that it is bound to renews it
==========================================  ======================================

With the token of a grant that is bounced, the last two alone: each other use takes a pass, which
opens one method and path of the grant, once (`park_server.grants.passes`).

Everything else is closed, what is added later as well: the table says what is open.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from park.errors import NotPermitted, ParkError
from park.model.conditions import Comparison, InstallIs, JobIs, Leaf, brief
from park.model.references import Reference
from park.wire import API
from park_server.areas.paths import parse_place

__all__ = ["Grant", "check_leaf", "check_opens", "check_request"]

_JOBS = f"{API}/jobs/"
_AREA_FILES = f"{API}/areas/files/"
_ITSELF = f"{API}/grant"
_OWN_DECISION = {("POST", f"{API}/follow"), ("DELETE", _ITSELF), ("PUT", _ITSELF)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What whoever holds it may do in the name of ``user``; times in RFC 3339.

    ``jobs`` has the ids of installs, too: that they end can be followed. Jobs in ``stops`` may
    be cancelled, or asked to stop.
    ``files`` are spelled as everybody understands them: ``~ada/shared/run.refl``, or
    ``/snsdata/run.nxs`` below a root of the operator. ``holder`` is the thumbprint of the key
    that signs each use; None: whoever has the token may use it. One that is ``bounced`` opens
    nothing by itself: each use takes a pass, which opens ``only`` one method and path of it.
    """

    id: str
    user: str
    jobs: frozenset[str]
    files: frozenset[str]
    created: str
    expires: str
    revoked: str | None = None
    stops: frozenset[str] = frozenset()
    holder: str | None = None
    lent_to: str | None = None
    renewable_until: str | None = None
    bounced: bool = False
    only: tuple[str, str] | None = None


def check_request(grant: Grant, method: str, path: str) -> None:
    """Raise `NotPermitted` unless ``grant`` opens ``path`` (decoded) for ``method``."""
    if grant.only is not None and (method, path) != grant.only:
        raise NotPermitted(f"this pass is for {' '.join(grant.only)}, not for {method} {path}")
    if grant.bounced and path != _ITSELF:
        raise NotPermitted(
            f"the grant …{grant.id[-6:]} is bounced: with its token it is given back and renewed",
            hint="each use of it takes a pass, which the agent of its user has made",
        )
    check_opens(grant, method, path)


def check_opens(grant: Grant, method: str, path: str) -> None:
    """Raise `NotPermitted` unless ``path`` (decoded) is among what ``grant`` names."""
    if (method, path) in _OWN_DECISION:
        return
    if method == "POST" and _is_end_of_job(grant, path):
        return
    if method == "GET" and (_is_of_job(grant, path) or _is_file(grant, path)):
        return
    raise NotPermitted(
        f"the grant …{grant.id[-6:]} does not open {method} {path}",
        hint=f"it opens {_described(grant)}, to be read; for more, ask with a token of your own",
    )


def check_leaf(grant: Grant, leaf: Leaf) -> None:
    """Raise `NotPermitted` unless all that ``leaf`` speaks of is a job of ``grant``."""
    if grant.bounced:
        raise NotPermitted(f"the grant …{grant.id[-6:]} is bounced: a pass opens it")
    named = _jobs_in(leaf)
    if named is None:
        raise NotPermitted("a grant follows jobs and installs, and nothing else of the service")
    for job in named:
        if job not in grant.jobs:
            raise NotPermitted(
                f"the grant …{grant.id[-6:]} does not open job {brief(job)}",
                hint=f"it opens {_described(grant)}",
            )


def _jobs_in(leaf: Leaf) -> list[str] | None:
    match leaf:
        case JobIs(job=job):
            return [job]
        case InstallIs(install=install):
            return [install]
        case Comparison(left=left, right=right):
            return [each.job for each in (left, right) if isinstance(each, Reference)]
        case _:
            return None


def _is_of_job(grant: Grant, path: str) -> bool:
    job, slash, rest = path.removeprefix(_JOBS).partition("/")
    is_open = not slash or rest == "result" or rest.startswith("files/")
    return path.startswith(_JOBS) and job in grant.jobs and is_open


def _is_end_of_job(grant: Grant, path: str) -> bool:
    job, _, rest = path.removeprefix(_JOBS).partition("/")
    return path.startswith(_JOBS) and job in grant.stops and rest in {"cancel", "stop"}


def _is_file(grant: Grant, path: str) -> bool:
    if not path.startswith(_AREA_FILES):
        return False
    text = path.removeprefix(_AREA_FILES)
    roots = {file.split("/")[1] for file in grant.files if file.startswith("/")}
    try:
        place = parse_place(
            text if text.startswith("~") else f"/{text}", user=grant.user, roots=roots
        )
    except ParkError:
        return False
    return str(place) in grant.files


_MOST_NAMED = 3


def _described(grant: Grant) -> str:
    parts = [*_some([f"job {brief(job)}" for job in grant.jobs]), *_some(grant.files)]
    return ", ".join(parts) or "nothing"


def _some(names: Collection[str]) -> list[str]:
    shown = sorted(names)[:_MOST_NAMED]
    more = len(names) - len(shown)
    return [*shown, f"{more} more"] if more else shown
