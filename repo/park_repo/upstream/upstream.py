"""Another index, reached through this one: PyPI, a mirror, or the one that takes our uploads.

Its pages are kept in memory for a short time, then asked for again by their ETag; and on the disk,
for when it is away. Its credentials stay here: they are sent to its own origin, and to no other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2

from park.errors import NotPermitted, UpstreamFault
from park_repo.checks.filenames import oddity_in
from park_repo.file_records import KnownFile
from park_repo.negotiation import HTML, JSON, LEGACY_HTML
from park_repo.single_flight import SingleFlight
from park_repo.upstream.attempts import may_pass
from park_repo.upstream.html_pages import parse_html_page, parse_html_projects
from park_repo.upstream.remote_forms import RemoteForms
from park_repo.upstream.remote_pages import (
    OBJECTION,
    parse_json_page,
    parse_json_projects,
    sha256_of,
    unverifiable,
)
from park_repo.upstream.whole_answer import beginning, whole_answer
from park_repo.user_agent import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from packaging.utils import NormalizedName

    from park_repo.simple import Document
    from park_repo.upstream.kept_pages import KeptPages

__all__ = ["RemoteProject", "Upstream"]

_log = logging.getLogger(__name__)

_ACCEPT = f"{JSON}, {HTML};q=0.2, {LEGACY_HTML};q=0.1"

_FRESH_S = 10.0
"""Seconds without asking again: one resolution asks for a page more than once."""

_MOST_BYTES = 64 << 20
"""Of the pages that are kept, as they came; taken apart they need some three times as much.

The pages of a scientific closure of 47 projects are 22 MB, the largest of them 2 MB.
"""

_EMPTY_BYTES = 1_024
"""What the knowledge that there is no such page costs, about."""

_MAX_REDIRECTS = 5

_TEMPORARY = "temporary"
"""In the details of a fault: whether the index is only away for a while."""

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)


@dataclass(frozen=True, kw_only=True)
class RemoteProject:
    """The page of a project on another index."""

    name: NormalizedName
    source: Upstream
    document: Document
    """As the other index has it, its URLs absolute: for this service alone."""

    @cached_property
    def forms(self) -> RemoteForms:
        """The page as clients see it."""
        return RemoteForms(self.name, self.document)

    def file(self, filename: str, *, sha256: str | None = None) -> Document | None:
        """Return the entry of a file, with this digest if given, or None."""
        for file in self.document["files"]:
            if file["filename"] == filename and sha256 in {None, sha256_of(file)}:
                found: Document = file
                return found
        return None

    def known(self, filename: str) -> KnownFile | None:
        """Return digest and size of the file that is offered under this name, or None."""
        files = (file for file in self.document["files"] if file["filename"] == filename)
        return next((KnownFile(s, f.get("size")) for f in files if (s := sha256_of(f))), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cached:
    """A project (None: the index has none), its page's ETag and when that was last current.

    ``size`` is that of the page as it came, in bytes.
    """

    project: RemoteProject | None
    etag: str | None
    checked_at: float
    size: int


class Upstream:
    """A simple index at ``url`` (such as ``https://pypi.org/simple/``).

    ``login`` is a user and a password; ``url`` may bear them as well. ``stays_home`` takes a
    redirect to another host for "no such project": that is how pypiserver sends whoever asks
    for more than it has to PyPI. ``client`` is for tests and for operators' own certificates
    or proxies; without one, a client with the process's settings is made. ``kept`` is where its
    pages are found while it is away, if what this process has read is not to be all.
    ``objection`` tells, by the entry of a file and its sha256, why it is not to be offered; it
    is asked in a thread. ``clock`` gives seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        stays_home: bool = False,
        login: tuple[str, str] | None = None,
        client: httpx2.AsyncClient | None = None,
        kept: KeptPages | None = None,
        objection: Callable[[Document, str | None], str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        in_url, _, host = parts.netloc.rpartition("@")
        self.url = urlunsplit(parts._replace(netloc=host)).rstrip("/") + "/"
        self._auth = httpx2.BasicAuth(*login) if login else _basic_auth(in_url)
        self._stays_home = stays_home
        self._client = client or httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=True)
        self._client.headers["User-Agent"] = USER_AGENT
        self._kept = kept
        self._objection = objection
        self._clock = clock
        self._projects: OrderedDict[NormalizedName, _Cached] = OrderedDict()
        self._asking: SingleFlight[_Cached] = SingleFlight()

    async def project(self, name: NormalizedName) -> RemoteProject | None:
        """Return the project ``name``, or None if the index has none.

        While it does not answer, or only with errors of its own, a page that is held stands
        in (RFC 5861, ``stale-if-error``); that there is no such project is not held so: a name
        would seem free that is not. Raises `UpstreamFault` for every other answer.
        """
        cached = self._projects.get(name)
        if cached is None or self._clock() - cached.checked_at >= _FRESH_S:
            cached = await self._asking.do(name, partial(self._ask_or_hold, name, cached))
        if name in self._projects:
            self._projects.move_to_end(name)
        return cached.project

    async def names(self) -> list[NormalizedName]:
        """Return the names of all projects of the index; raises `UpstreamFault`."""
        response = await self._get(self.url, {"Accept": _ACCEPT})
        if response.status_code != httpx2.codes.OK:
            raise _unexpected(response)
        with _readable(response):
            if _media_type(response) == JSON:
                return parse_json_projects(response.content)
            return parse_html_projects(response.text)

    def forget(self, name: NormalizedName) -> None:
        """Ask again for ``name`` next time: it has just been changed."""
        self._projects.pop(name, None)
        if self._kept is not None:
            self._kept.forget(name)

    @asynccontextmanager
    async def opened(
        self, url: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Open a file of the index and yield its response, the body not yet read."""
        with _answering(url):
            async with self._client.stream(
                "GET", url, headers=headers, auth=self._auth_for(url)
            ) as response:
                yield response

    async def post(self, url: str, **form: object) -> httpx2.Response:
        """Send a form to the index and return its answer, whatever it is: the beginning of it."""
        with _answering(url):
            request = self._client.build_request("POST", url, **form)  # type: ignore[arg-type]  # data= and files=
            opened = await self._client.send(request, auth=self._auth_for(url), stream=True)
            return await beginning(opened)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._asking.aclose()
        await self._client.aclose()

    async def _ask_or_hold(self, name: NormalizedName, cached: _Cached | None) -> _Cached:
        try:
            return await self._ask(name, cached)
        except UpstreamFault as fault:
            held = await self._held(name, cached) if fault.details.get(_TEMPORARY) else None
            if held is None or held.project is None:
                raise
            _log.warning("%s; its page of %s is served as it was", fault, name)
            held = replace(held, checked_at=self._clock())
            self._keep(name, held)
            return held

    async def _held(self, name: NormalizedName, cached: _Cached | None) -> _Cached | None:
        """Return what is known of ``name``, from an earlier process if this one knows nothing."""
        if cached is not None or self._kept is None:
            return cached
        page = await asyncio.to_thread(self._kept.read, name)
        if page is None:
            return None
        project = RemoteProject(name=name, source=self, document=page.document)
        return _Cached(project=project, etag=page.etag, checked_at=self._clock(), size=page.size)

    async def _ask(self, name: NormalizedName, cached: _Cached | None) -> _Cached:
        headers = {"Accept": _ACCEPT}
        if cached is not None and cached.etag is not None:
            headers["If-None-Match"] = cached.etag
        response = await self._get(f"{self.url}{name}/", headers)
        project, etag, size = None, response.headers.get("etag"), len(response.content)
        if cached is not None and response.status_code == httpx2.codes.NOT_MODIFIED:
            project, etag, size = cached.project, cached.etag, cached.size
        else:
            # a page may be megabytes: parsed in a thread, so that others are served meanwhile
            project = await asyncio.to_thread(self._read, response, name, etag)
        found = _Cached(project=project, etag=etag, checked_at=self._clock(), size=size)
        self._keep(name, found)
        return found

    def _keep(self, name: NormalizedName, cached: _Cached) -> None:
        """Keep a page, and let go of those that were not asked for the longest."""
        self._projects.pop(name, None)
        self._projects[name] = cached
        kept = sum(each.size + _EMPTY_BYTES for each in self._projects.values())
        while kept > _MOST_BYTES and len(self._projects) > 1:
            kept -= self._projects.popitem(last=False)[1].size + _EMPTY_BYTES

    def _read(
        self, response: httpx2.Response, name: NormalizedName, etag: str | None
    ) -> RemoteProject | None:
        """Return the project of a page, which is kept for an outage; None where there is none."""
        project = None if self._is_elsewhere(response) else self._parsed(response, name)
        if self._kept is not None and project is None:
            self._kept.forget(name)
        elif self._kept is not None and project is not None:
            self._kept.write(name, project.document, etag)
        return project

    def _parsed(self, response: httpx2.Response, name: NormalizedName) -> RemoteProject | None:
        """Return the project of a page, None for 404; raises `UpstreamFault` for the rest."""
        url, media_type = str(response.url), _media_type(response)
        if response.status_code == httpx2.codes.NOT_FOUND:
            return None
        if response.status_code != httpx2.codes.OK:
            raise _unexpected(response)
        with _readable(response):
            if media_type == JSON:
                document = parse_json_page(response.content, url)
            elif media_type in {HTML, LEGACY_HTML}:
                document = parse_html_page(response.text, url, name)
            else:
                raise UpstreamFault(
                    f"upstream {url} answered with {media_type!r}; expected a simple index page"
                )
            self._mark_objections(document)
            _tell_unverifiable(url, unverifiable(document))
        return RemoteProject(name=name, source=self, document=document)

    def _mark_objections(self, document: Document) -> None:
        """Say in the entries of files that are not to be offered why they are not."""
        for file in document["files"]:
            reason = oddity_in(file["filename"])
            if reason is None and self._objection is not None:
                reason = self._objection(file, sha256_of(file))
            if reason is not None:
                file[OBJECTION] = reason

    async def _get(self, url: str, headers: dict[str, str]) -> httpx2.Response:
        """Ask for a page; a redirect that leads elsewhere is the answer if it `stays_home`."""
        for _ in range(_MAX_REDIRECTS):
            with _answering(url):
                opened = await self._client.send(
                    self._client.build_request("GET", url, headers=headers),
                    auth=self._auth_for(url),
                    follow_redirects=not self._stays_home,
                    stream=True,
                )
                response = await whole_answer(opened)
            if response.next_request is None or self._is_elsewhere(response):
                return response
            url = str(response.next_request.url)
        raise UpstreamFault(f"upstream {url} redirects without end")

    def _auth_for(self, url: str) -> httpx2.BasicAuth | None:
        return self._auth if _origin(url) == _origin(self.url) else None

    def _is_elsewhere(self, response: httpx2.Response) -> bool:
        following = response.next_request
        return following is not None and _origin(str(following.url)) != _origin(self.url)


def _unexpected(response: httpx2.Response) -> UpstreamFault:
    return UpstreamFault(
        f"upstream {response.url} answered {response.status_code}; expected 200 or 404",
        details={_TEMPORARY: may_pass(response.status_code)},
    )


def _tell_unverifiable(url: str, files: list[Document]) -> None:
    if files:
        first, more = files[0], len(files) - 1
        others = f", and {more} more" if more else ""
        _log.warning(
            "%s lists %s%s, not offered here: %s", url, first["filename"], others, first["reason"]
        )


@contextmanager
def _readable(response: httpx2.Response) -> Iterator[None]:
    """Turn what a page that is none makes the parsers raise into a fault of upstream."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UpstreamFault(
            f"upstream {response.url} sent a page that cannot be read: {error}"
        ) from error


@contextmanager
def _answering(url: str) -> Iterator[None]:
    """Turn whatever the network does into a fault of upstream, and where it may not go."""
    try:
        yield
    except NotPermitted as error:
        raise UpstreamFault(f"upstream leads to {url}: {error}", hint=error.hint) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise UpstreamFault(
            f"upstream {url} did not answer: {str(error) or type(error).__name__}",
            hint="try again; if it stays so, the service's operator should check its upstream",
            details={_TEMPORARY: True},
        ) from error


def _media_type(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _basic_auth(login: str) -> httpx2.BasicAuth | None:
    user, _, password = login.partition(":")
    return httpx2.BasicAuth(unquote(user), unquote(password)) if login else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
