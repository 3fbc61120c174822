"""What a service may be given a pass for: a decision about what it wants and what was lent to it.

The service that made the grant decides once more, and binds each pass to the key of the holder;
this is so that a person is asked for nothing that was never lent, and that nobody else is told.
"""

from __future__ import annotations

from park.model.conditions import brief
from park.model.urls import host_of, plain_service
from park.wire import API, GrantRecord, WantedPass

__all__ = ["FOLLOW", "question_of", "refusal_of"]

FOLLOW = ("POST", f"{API}/follow")
"""The question what has become of jobs: it is repeated for as long as nothing has."""

_JOBS = f"{API}/jobs/"
_FILES = f"{API}/areas/files/"


def refusal_of(wanted: WantedPass, asking: str, grant: GrantRecord) -> str | None:
    """Return why the service at ``asking`` gets no pass for ``grant``; None: it may have one."""
    if grant.revoked is not None:
        return f"what was lent to it was revoked at {grant.revoked[:16]}"
    if not grant.bounced:
        return "what was lent to it is used without an agent"
    if grant.lent_to is None or plain_service(grant.lent_to) != plain_service(asking):
        return f"that was not lent to {host_of(asking)}"
    if not _is_of(grant, wanted.method, wanted.path):
        return f"{wanted.method} {wanted.path} is more than was lent to {host_of(asking)}"
    return None


def question_of(wanted: WantedPass, asking: str) -> str:
    """Return what a person is asked who confirms each use."""
    job, _, rest = wanted.path.removeprefix(_JOBS).partition("/")
    if (wanted.method, wanted.path) == FOLLOW:
        what = "be told what becomes of your jobs"
    elif wanted.path.startswith(_FILES):
        what = f"read {wanted.path.removeprefix(_FILES)}"
    elif rest.startswith("files/"):
        what = f"read {rest.removeprefix('files/')} of job {brief(job)}"
    elif wanted.method == "POST":
        what = f"{rest} job {brief(job)}"
    else:
        what = f"read job {brief(job)} and its result"
    return f"{host_of(asking)} wants to {what}"


def _is_of(grant: GrantRecord, method: str, path: str) -> bool:
    if (method, path) == FOLLOW:
        return True
    job, slash, rest = path.removeprefix(_JOBS).partition("/")
    if path.startswith(_JOBS) and method == "POST":
        return job in grant.stops and rest in {"cancel", "stop"}
    if path.startswith(_JOBS) and method == "GET":
        is_part = not slash or rest == "result" or rest.startswith("files/")
        return job in grant.jobs and is_part
    return method == "GET" and path.startswith(_FILES) and bool(grant.files)
