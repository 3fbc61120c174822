"""Pages of other indexes: read as JSON (PEP 691), and led through here.

A page leaves here as a PEP 691 document in which every URL leads to this index: whoever
reads it needs no other host, and sees no credentials. A file without a sha256 is not on it,
since nobody could tell whether it is the same tomorrow; the page says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from packaging.utils import NormalizedName, canonicalize_name

from park.digests import is_sha256
from park.model.pins import normalized_version
from park_repo.checks.filenames import version_in
from park_repo.simple import NOT_LISTED, QUARANTINED
from park_repo.upstream.api_version import require_known
from park_repo.upstream.html_pages import reachable

if TYPE_CHECKING:
    from collections.abc import Collection

    from park_repo.simple import Document

__all__ = [
    "OBJECTION",
    "led_through_here",
    "metadata_sha256_of",
    "metadata_url",
    "of_versions",
    "parse_json_page",
    "parse_json_projects",
    "sha256_of",
    "unverifiable",
]

OBJECTION = "_objection"
"""In the entry of a file: why it is not offered, though there is a sha256; private to an index."""

_NOT_SHOWN = {"provenance", "core-metadata", "dist-info-metadata", "data-dist-info-metadata"}


def parse_json_page(body: bytes, url: str) -> Document:
    """Return the PEP 691 page ``body``, fetched from ``url``, with absolute URLs.

    A file with a URL that is none is passed over. Raises `ValueError`, `LookupError` or
    `TypeError` for what is no such page.
    """
    document: Document = _read(body)
    for file in document["files"]:
        file["url"] = reachable(file["url"], url)
    files = [file for file in document["files"] if file["url"] is not None]
    return {**document, "files": files}


def parse_json_projects(body: bytes) -> list[NormalizedName]:
    """Return the names in a PEP 691 list of projects, normalised."""
    return [canonicalize_name(project["name"]) for project in _read(body)["projects"]]


def led_through_here(
    document: Document,
    project: NormalizedName,
    *,
    files_url: str,
    refused: Collection[str] = (),
) -> Document:
    """Return a page with the URL of each file below ``files_url``, named by its digest.

    What leads elsewhere (PEP 740's ``provenance``) is left out, and so are files and METADATA
    that cannot be verified, and files whose digests are ``refused``; of the files it says which,
    under a key that is private to an index (PEP 691).
    """
    files, left_out = [], unverifiable(document)
    for file in document["files"]:
        if (sha256 := sha256_of(file)) is None:
            continue
        if sha256 in refused:
            left_out.append({"filename": file["filename"], "reason": QUARANTINED})
            continue
        place = f"{project}/{sha256}/{quote(file['filename'])}"
        shown = {key: value for key, value in file.items() if key not in _NOT_SHOWN}
        metadata_sha256 = metadata_sha256_of(file)
        shown["core-metadata"] = metadata_sha256 is not None and {"sha256": metadata_sha256}
        files.append(shown | {"url": f"{files_url}{place}"})
    page = {**document, "files": files}
    if left_out:
        page[NOT_LISTED] = left_out
    return page


def of_versions(document: Document, versions: Collection[str]) -> Document:
    """Return a page with what is of ``versions`` alone, as if there were no others."""
    files = [each for each in document["files"] if version_in(each["filename"]) in versions]
    shown: Document = {**document, "files": files}
    if "versions" in document:  # since version 1.1 of the API (PEP 700)
        told = document["versions"]
        shown["versions"] = [each for each in told if normalized_version(each) in versions]
    return shown


def unverifiable(document: Document) -> list[Document]:
    """Return the files of a page that are not offered, each with the reason in words."""
    return [
        {
            "filename": file["filename"],
            "reason": str(file.get(OBJECTION) or _reason(file["hashes"])),
        }
        for file in document["files"]
        if sha256_of(file) is None
    ]


def sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for ``file``; None where that is not offered."""
    return None if OBJECTION in file else _sha256_in(file["hashes"])


def metadata_sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for the METADATA of ``file``, if any."""
    # PEP 714: both spellings are in use
    return _sha256_in(file.get("core-metadata", file.get("dist-info-metadata")))


def metadata_url(url: str) -> str:
    """Return where METADATA of the file at ``url`` are (PEP 658); a query stays behind it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}.metadata"))


def _read(body: bytes) -> Document:
    document: Document = json.loads(body)
    if not isinstance(document, dict):
        raise TypeError(f"a JSON {type(document).__name__}; expected an object")
    require_known(str(document.get("meta", {}).get("api-version", "1.0")))
    return document


def _reason(hashes: Any) -> str:
    given = ", ".join(sorted(hashes)) if isinstance(hashes, dict) and hashes else "no digest"
    return f"the index behind this one gives {given} for it, and no sha256"


def _sha256_in(hashes: Any) -> str | None:
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    is_one = isinstance(digest, str) and is_sha256(digest.lower())
    return str(digest).lower() if is_one else None
