"""Pages of other indexes: read as JSON (PEP 691) or HTML (PEP 503), and led through here.

A page leaves here as a PEP 691 document in which every URL leads to this index: whoever
reads it needs no other host, and sees no credentials.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urldefrag, urljoin

from packaging.utils import NormalizedName, canonicalize_name

from park.digests import is_sha256

if TYPE_CHECKING:
    from park_repo.simple import Document

__all__ = [
    "UNVERIFIED",
    "led_through_here",
    "metadata_sha256_of",
    "parse_html_page",
    "parse_html_projects",
    "parse_json_page",
    "parse_json_projects",
    "sha256_of",
]

UNVERIFIED = "unverified"
"""Stands where a sha256 should, for files of which the other index gives none."""

_NOT_SHOWN = {"provenance", "core-metadata", "dist-info-metadata", "data-dist-info-metadata"}


def parse_json_page(body: bytes, url: str) -> Document:
    """Return the PEP 691 page ``body``, fetched from ``url``, with absolute URLs.

    Raises `ValueError`, `LookupError` or `TypeError` for what is no such page.
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


def parse_json_projects(body: bytes) -> list[NormalizedName]:
    """Return the names in a PEP 691 list of projects, normalised."""
    return [canonicalize_name(project["name"]) for project in json.loads(body)["projects"]]


def parse_html_projects(text: str) -> list[NormalizedName]:
    """Return the names in a PEP 503 list of projects, by their links, normalised."""
    parser = _AnchorParser()
    parser.feed(text)
    parser.close()
    paths = (urldefrag(anchor["href"])[0].rstrip("/") for anchor in parser.anchors)
    return [canonicalize_name(unquote(path.rpartition("/")[2])) for path in paths if path]


def led_through_here(document: Document, project: NormalizedName, *, files_url: str) -> Document:
    """Return a page with the URL of each file below ``files_url``, named by its digest.

    What leads elsewhere (PEP 740's ``provenance``) is left out, and so are METADATA that
    cannot be verified.
    """
    files = []
    for file in document["files"]:
        place = f"{project}/{sha256_of(file) or UNVERIFIED}/{quote(file['filename'])}"
        shown = {key: value for key, value in file.items() if key not in _NOT_SHOWN}
        metadata_sha256 = metadata_sha256_of(file)
        shown["core-metadata"] = metadata_sha256 is not None and {"sha256": metadata_sha256}
        files.append(shown | {"url": f"{files_url}{place}"})
    return {**document, "files": files}


def sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for ``file``, if it is one."""
    return _sha256_in(file["hashes"])


def metadata_sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for the METADATA of ``file``, if any."""
    # PEP 714: both spellings are in use
    return _sha256_in(file.get("core-metadata", file.get("dist-info-metadata")))


def _sha256_in(hashes: Any) -> str | None:
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    is_one = isinstance(digest, str) and is_sha256(digest.lower())
    return str(digest).lower() if is_one else None


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
