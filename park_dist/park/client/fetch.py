"""Fetches: a file by URL, brought to a service by the service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from park.calling import service_named
from park.client.areas import area_route
from park.client.credentials import Credentials, Lend
from park.client.jobs.arguments import EncodedCall
from park.client.jobs.new_job import new_job
from park.client.jobs.placeholders import FileReference, UrlReference, stands_for
from park.client.jobs.remote_job import RemoteJob
from park.client.jobs.submitted_job import Fetch
from park.client.submission.item import Opening
from park.digests import is_sha256
from park.errors import UsageError
from park.model.call_label import MOST_CHARACTERS
from park.model.file_names import from_url, in_url
from park.model.job_options import said_options
from park.model.references import Reference
from park.model.urls import origin_of
from park.wire import API, FETCH

if TYPE_CHECKING:
    from park.client.connection import Connection
    from park.client.jobs.when import Condition
    from park.client.service import Service

__all__ = ["fetch_url"]

SCHEME = "park"
"""``park://SERVICE/~/path`` and ``park://SERVICE/jobs/ID/files/NAME``: SERVICE by its name."""


def fetch_url(
    url: str | UrlReference | FileReference,
    auth: Credentials | None = None,
    when: Condition | None = None,
    *,
    sha256: str | None = None,
    service: Service | str | None = None,
    retries: int = 0,
    backoff: float = 1.0,
) -> Fetch:
    """Have a service fetch ``url``; returns at once.

    ``url`` is http(s), the URL of a file that a job will leave (``job.url``), or of a file on
    a service that is known here by name: ``park://SERVICE/~/path``. What `credentials` opens
    is for it alone; for ``job.url`` a grant is made by itself. With ``sha256`` (in hex) any
    other content is an error. ``service`` is that of the block where none is given.
    """
    chosen: Service | None = service_named(service)
    if chosen is None:
        raise UsageError(
            "fetch on which service?",
            hint="call it in the block of a service (with service: …), or with service=…",
        )
    target = _target(url, auth)
    if sha256 is not None and not is_sha256(str(sha256).lower()):
        raise UsageError(f"not a SHA-256 in hex: {sha256!r}")
    fetch: dict[str, Any] = {"url": target.url_for(chosen.url)}
    if sha256 is not None:
        fetch["sha256"] = sha256.lower()
    if auth is not None and auth.authorization is not None:
        fetch |= {"authorization": auth.authorization, "origin": target.origin}
    document: dict[str, Any] = {
        "entry_point": FETCH,
        "call": {"args": [], "kwargs": {}},
        "fetch": fetch,
    }
    label = _label_of(url)
    document |= said_options({"retries": retries, "backoff": backoff, "label": label})
    made = new_job(
        chosen,
        document,
        call=EncodedCall(document={}, jobs=() if target.job is None else (target.job,)),
        kind=Fetch,
        when=when,
        openings=() if target.opening is None else (target.opening,),
    )
    chosen.put([made])
    return made


def _label_of(url: object) -> str | None:
    """Return a park URL as what its fetch is called: the one that it means, nobody has written."""
    if not isinstance(url, str) or urlsplit(url).scheme != SCHEME:
        return None
    return url if url.isprintable() and len(url) <= MOST_CHARACTERS else None


class _Target:
    """What is fetched: a URL as text, or the reference to one; and what opens it."""

    def __init__(
        self,
        *,
        text: str | None = None,
        reference: UrlReference | None = None,
        opening: Opening | None = None,
    ) -> None:
        self.text = text
        self.opening = opening
        self.job: RemoteJob | None = None
        self._reference: Reference | None = None
        if reference is not None:
            self.job, self._reference = stands_for(reference)

    def url_for(self, service: str) -> Any:
        """Return the URL, or the node of its reference, as the service at ``service`` reads it."""
        if self._reference is None:
            return self.text
        node = self._reference.as_json()
        if self._reference.service == service:
            del node["service"]
        return node

    @property
    def origin(self) -> str:
        where = self.text if self._reference is None else self._reference.service
        return origin_of(str(where))


def _target(url: Any, auth: Credentials | None) -> _Target:
    if isinstance(url, FileReference):
        url = url.url
    if isinstance(url, UrlReference):
        return _of_reference(url, auth)
    if not isinstance(url, str):
        raise UsageError(
            f"a URL is a text or job.url, not {url!r}", hint="of a job: job.url, job.files[…].url"
        )
    if urlsplit(url).scheme == SCHEME:
        return _of_park(url, auth)
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise UsageError(
            f"not a URL that a service fetches: {url!r}; http, https or park",
            hint="a file of this machine goes with the job, as park.File(path); one that is on "
            "the service already is park.service_file('~/…')",
        )
    if auth is not None and auth.service is not None:
        return _of_service_url(url, auth.service.connection, auth.lend)
    return _Target(text=url)


def _of_reference(url: UrlReference, auth: Credentials | None) -> _Target:
    job, reference = stands_for(url)
    if auth is not None and auth.service is None:
        return _Target(reference=url)
    if auth is not None and auth.service is not None and auth.service.url != reference.service:
        raise UsageError(
            f"{url!r} is on {reference.service}; these credentials are of {auth.service.url}"
        )
    opening = Opening(
        outbox=job.connection.outbox,
        jobs=(job.id,),
        authorizes=True,
        lend=None if auth is None else auth.lend,
    )
    return _Target(reference=url, opening=opening)


def _of_park(url: str, auth: Credentials | None) -> _Target:
    """Translate a park URL by the configuration."""
    parts = urlsplit(url)
    path = from_url(parts.path)
    _require_file(url, parts, path)
    route = (
        f"{API}{in_url(path)}"
        if path.startswith("/jobs/")
        else area_route("files", path.lstrip("/") if path.startswith("/~") else path)
    )
    connection = service_named(parts.netloc).connection
    translated = f"{connection.url}{route}"
    if auth is not None and auth.service is None:
        return _Target(text=translated)
    return _of_service_url(translated, connection, None if auth is None else auth.lend)


def _require_file(url: str, parts: SplitResult, path: str) -> None:
    """Raise `UsageError` where a park URL names no file, or but the beginning of one."""
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise UsageError(
            f"{url} has a query or a fragment, and a file of a service has neither",
            hint="in the name of a file ? is written %3F, and # is %23",
        )
    names = path.strip("/").split("/")
    of_job = names[0] == "jobs"
    is_whole = len(names) > (3 if of_job else 1) and not (of_job and names[2] != "files")
    if not parts.netloc or not is_whole or path.endswith("/"):
        raise UsageError(
            f"{url} names no file of a service",
            hint=f"in your area there it is {SCHEME}://SERVICE/~/PATH, in a folder of its operator "
            f"{SCHEME}://SERVICE/ROOT/PATH, of a job {SCHEME}://SERVICE/jobs/ID/files/NAME",
        )


def _of_service_url(url: str, connection: Connection, lend: Lend | None = None) -> _Target:
    """Return what is fetched from a URL of a service, opened by a grant for just that."""
    jobs, files = f"{connection.url}{API}/jobs/", f"{connection.url}{API}/areas/files/"
    plain = urlunsplit(urlsplit(url)._replace(query="", fragment=""))
    if plain.startswith(jobs):
        job = plain.removeprefix(jobs).split("/")[0]
        opening = Opening(outbox=connection.outbox, jobs=(job,), authorizes=True, lend=lend)
    elif plain.startswith(files):
        path = from_url(plain.removeprefix(files))
        path = path if path.startswith("~") else f"/{path}"
        opening = Opening(outbox=connection.outbox, files=(path,), authorizes=True, lend=lend)
    else:
        raise UsageError(
            f"{url} is no file of {connection.url}",
            hint=f"files of a service are at {jobs}ID/files/NAME and {files}~/PATH",
        )
    return _Target(text=url, opening=opening)
