"""The index behind this one: PyPI or a mirror, reached through the service.

Its pages come as JSON (PEP 691) or HTML (PEP 503) and leave here as PEP 691 documents with
absolute URLs. They are kept in memory for a short time, then asked for again by their ETag.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin

import httpx2

from park.errors import UpstreamFault
from park_repo.negotiation import HTML, JSON, LEGACY_HTML

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.utils import NormalizedName

    from park_repo.simple import Document

__all__ = ["Upstream", "parse_html_page", "parse_json_page"]

_ACCEPT = f"{JSON}, {HTML};q=0.2, {LEGACY_HTML};q=0.1"

_FRESH_S = 10.0
"""Seconds without asking again: one resolution asks for a page more than once."""

_MAX_PAGES = 256
"""Pages kept. The largest on PyPI are some 2 MB of JSON, most are below 50 kB."""

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cached:
    """A page (None: upstream has no such project), its ETag and when it was last current."""

    document: Document | None
    etag: str | None
    checked_at: float


class Upstream:
    """A simple index at ``url`` (such as ``https://pypi.org/simple/``).

    ``client`` is for tests and for operators' own certificates or proxies; without one, a
    client with the process's settings is made. ``clock`` gives seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        client: httpx2.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url.rstrip("/") + "/"
        self._client = client or httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=True)
        self._clock = clock
        self._pages: OrderedDict[NormalizedName, _Cached] = OrderedDict()

    async def project(self, name: NormalizedName) -> Document | None:
        """Return the page of ``name``, its URLs absolute, or None if upstream has none.

        Raises `UpstreamFault` where upstream does not answer, or with anything but a page.
        """
        cached = self._pages.get(name)
        if cached is None or self._clock() - cached.checked_at >= _FRESH_S:
            cached = await self._ask(name, cached)
            self._pages[name] = cached
        self._pages.move_to_end(name)
        while len(self._pages) > _MAX_PAGES:
            self._pages.popitem(last=False)
        return cached.document

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, name: NormalizedName, cached: _Cached | None) -> _Cached:
        headers = {"Accept": _ACCEPT}
        if cached is not None and cached.etag is not None:
            headers["If-None-Match"] = cached.etag
        response = await self._get(f"{self.url}{name}/", headers)
        if cached is not None and response.status_code == httpx2.codes.NOT_MODIFIED:
            return _Cached(document=cached.document, etag=cached.etag, checked_at=self._clock())
        # a page may be megabytes: parsed in a thread, so that others are served meanwhile
        document = await asyncio.to_thread(_parse, response, name)
        return _Cached(
            document=document, etag=response.headers.get("etag"), checked_at=self._clock()
        )

    async def _get(self, url: str, headers: dict[str, str]) -> httpx2.Response:
        try:
            return await self._client.get(url, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpstreamFault(
                f"upstream {url} did not answer: {error or type(error).__name__}",
                hint="try again; if it stays so, the service's operator should check its upstream",
            ) from error


def parse_json_page(body: bytes, url: str) -> Document:
    """Return the PEP 691 page ``body``, fetched from ``url``, with absolute URLs.

    Raises `ValueError` or `LookupError` for what is no such page.
    """
    document: Document = json.loads(body)
    for file in document["files"]:
        file["url"] = urljoin(url, file["url"])
    return document


def parse_html_page(text: str, url: str, name: NormalizedName) -> Document:
    """Return the PEP 503 page ``text``, fetched from ``url``, as a PEP 691 document."""
    parser = _AnchorParser()
    parser.feed(text)
    parser.close()
    return {
        "meta": {"api-version": "1.0"},
        "name": name,
        "files": [_file(attributes, url) for attributes in parser.anchors],
    }


def _parse(response: httpx2.Response, name: NormalizedName) -> Document | None:
    """Return the page in ``response``, None for 404; raises `UpstreamFault` for the rest."""
    url = str(response.url)
    if response.status_code == httpx2.codes.NOT_FOUND:
        return None
    if response.status_code != httpx2.codes.OK:
        raise UpstreamFault(f"upstream {url} answered {response.status_code}; expected 200 or 404")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == JSON:
            return parse_json_page(response.content, url)
        if media_type in {HTML, LEGACY_HTML}:
            return parse_html_page(response.text, url, name)
    except (ValueError, LookupError, TypeError) as error:
        raise UpstreamFault(f"upstream {url} sent a page that cannot be read: {error}") from error
    raise UpstreamFault(
        f"upstream {url} answered with {media_type!r}; expected a simple index page"
    )


def _file(attributes: dict[str, str], url: str) -> Document:
    """Return the PEP 691 entry of one anchor (PEP 503, 592, 658, 714)."""
    target, fragment = urldefrag(urljoin(url, attributes["href"]))
    algorithm, _, digest = fragment.partition("=")
    file: Document = {
        "filename": unquote(target.rpartition("/")[2]),
        "url": target,
        "hashes": {algorithm: digest} if digest else {},
        "yanked": (attributes["data-yanked"] or True) if "data-yanked" in attributes else False,
    }
    if attributes.get("data-requires-python"):
        file["requires-python"] = attributes["data-requires-python"]
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    if metadata is not None:
        algorithm, _, digest = metadata.partition("=")
        file["core-metadata"] = {algorithm: digest} if digest else True
    return file


class _AnchorParser(HTMLParser):
    """Collect the attributes of each link; an attribute without a value has an empty one."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
