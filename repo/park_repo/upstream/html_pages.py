"""HTML pages of other indexes (PEP 503), read as the documents of PEP 691.

What is no link to a distribution file is passed over, as pip does: a page may also link to a
homepage, to another protocol, or to nowhere.
"""

from __future__ import annotations

import hashlib
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import NormalizedName, canonicalize_name

from park_repo.checks.filenames import is_file_name
from park_repo.upstream.api_version import require_known

if TYPE_CHECKING:
    from park_repo.simple import Document

__all__ = ["parse_html_page", "parse_html_projects", "reachable"]

_DISTRIBUTIONS = (".whl", ".tar.gz", ".zip")
"""Wheels and sdists; installers take no other files from an index any more."""

_VERSION, _STATUS, _REASON = (
    "pypi:repository-version",
    "pypi:project-status",
    "pypi:project-status-reason",
)
"""Names of ``<meta>`` (PEP 629, PEP 792)."""


def parse_html_page(text: str, url: str, name: NormalizedName) -> Document:
    """Return the page ``text``, fetched from ``url``, with absolute URLs.

    Raises `ValueError` for an API of another major version.
    """
    page = _parsed(text)
    # a base that is no URL is as none (HTML, 4.2.3)
    base = reachable(page.base, url) or url
    files = (_file(anchor, base) for anchor in page.anchors)
    document: Document = {
        "meta": {"api-version": page.meta.get(_VERSION, "1.0")},
        "name": name,
        "files": [file for file in files if file is not None],
    }
    if _STATUS in page.meta:
        reason = {"reason": page.meta[_REASON]} if _REASON in page.meta else {}
        document["project-status"] = {"status": page.meta[_STATUS], **reason}
    return document


def parse_html_projects(text: str) -> list[NormalizedName]:
    """Return the names in a list of projects, by their links, normalised."""
    paths = (urldefrag(anchor["href"])[0].rstrip("/") for anchor in _parsed(text).anchors)
    return [canonicalize_name(unquote(path.rpartition("/")[2])) for path in paths if path]


def reachable(url: str, base: str) -> str | None:
    """Return ``url`` absolute, seen from ``base``; None where it is no URL, or not of HTTP."""
    try:
        joined = urljoin(base, url.strip())
        parts = urlsplit(joined)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return joined if is_one else None


def _parsed(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    require_known(page.meta.get(_VERSION, "1.0"))
    return page


def _file(attributes: dict[str, str], base: str) -> Document | None:
    """Return the PEP 691 entry of one link (PEP 503, 592, 658, 714, 740); None for no file."""
    joined = reachable(attributes["href"], base)
    if joined is None:
        return None
    target, fragment = urldefrag(joined)
    filename = unquote(urlsplit(target).path.rpartition("/")[2])
    if not filename.endswith(_DISTRIBUTIONS) or not is_file_name(filename):
        return None
    file: Document = {
        "filename": filename,
        "url": target,
        "hashes": _hashes(fragment),
        "yanked": (attributes["data-yanked"] or True) if "data-yanked" in attributes else False,
    }
    if attributes.get("data-requires-python"):
        file["requires-python"] = attributes["data-requires-python"]
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    if metadata is not None:
        file["core-metadata"] = _hashes(metadata) or True
    if (attested_at := _attested_at(attributes, base)) is not None:
        file["provenance"] = attested_at
    return file


def _attested_at(attributes: dict[str, str], base: str) -> str | None:
    """Return where what attests to a file is (PEP 740); None where the link says nothing of it."""
    given = attributes.get("data-provenance")
    return reachable(given, base) if given else None


def _hashes(text: str) -> dict[str, str]:
    """Return the digests in a fragment: ``sha256=…``, also quoted, and beside other words."""
    pairs = (each.partition("=") for each in unquote(text).split("&"))
    found = ((algorithm.strip().lower(), digest) for algorithm, _, digest in pairs)
    return {name: digest for name, digest in found if name in hashlib.algorithms_guaranteed}


class _Page(HTMLParser):
    """Links with their attributes, ``<base href>`` and ``<meta>``; without a value, empty."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: list[dict[str, str]] = []
        self.meta: dict[str, str] = {}
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # of two attributes of one name the first counts (HTML, 13.2.5.33)
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and not self.base:  # the first one counts (HTML, 4.2.3)
            self.base = attributes.get("href", "")
        elif tag == "meta" and attributes.get("content"):
            self.meta.setdefault(attributes.get("name", "").lower(), attributes["content"])
