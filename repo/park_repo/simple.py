"""The pages of the simple API: rows in, documents out.

A document is the JSON of PEP 691 (with the keys of PEP 658/714, 592, 700 and 792) as plain
data. HTML (PEP 503) is a rendering of that document and shows less: PEP 833 froze it.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from packaging.version import Version

from park_repo.negotiation import JSON, takes_gzip
from park_repo.page_text import page_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from packaging.utils import NormalizedName

    from park_repo.file_records import OwnedProject, PublishedFile

__all__ = [
    "API_VERSION",
    "NOT_LISTED",
    "QUARANTINED",
    "Document",
    "Page",
    "project_document",
    "project_list_document",
    "render",
]

Document: TypeAlias = dict[str, Any]
"""A page as PEP 691 has it."""

API_VERSION = "1.4"
"""The newest version of the simple API that is Final (PEP 792)."""

NOT_LISTED = "_not-listed"
"""Files that are known and not offered here: ``filename`` and ``reason`` of each."""

QUARANTINED = "it is quarantined on this service"
"""Why a file is not listed that was set aside by its digest."""

_WORTH_PACKING = 4096
"""Bytes of a page; a smaller one goes in a few packets of the network either way."""

_FAST = 3
"""Level of gzip: 7 ms for the page of 5,000 files. Digests do not compress; the rest does."""

_GZIP = {"Content-Encoding": "gzip"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page as it goes over the wire, ready to be sent any number of times."""

    media_type: str
    body: bytes
    etag: str
    """A digest of the very bytes, so each representation has its own."""
    start: dict[str, Any]
    """The ASGI message that begins a response with this page."""
    unchanged: dict[str, Any]
    """The one in its place for whoever has the page (304)."""
    packed: Page | None = None
    """The same with gzip, where that is worth it: the page of 5,000 files is a seventh."""

    @classmethod
    def of(cls, media_type: str, body: bytes) -> Page:
        """Return the page of these bytes."""
        if len(body) < _WORTH_PACKING:
            return cls._as_sent(media_type, body)
        packed = gzip.compress(body, compresslevel=_FAST, mtime=0)
        return cls._as_sent(media_type, body, packed=cls._as_sent(media_type, packed, _GZIP))

    @classmethod
    def _as_sent(
        cls,
        media_type: str,
        body: bytes,
        coding: dict[str, str] | None = None,
        packed: Page | None = None,
    ) -> Page:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        charset = "; charset=utf-8" if media_type.startswith("text/") else ""
        of_body = {"Content-Type": f"{media_type}{charset}", "Content-Length": str(len(body))}
        return cls(
            media_type=media_type,
            body=body,
            etag=etag,
            start=_start(200, _headers(etag) | of_body | (coding or {})),
            unchanged=_start(304, _headers(etag)),
            packed=packed,
        )

    @property
    def size(self) -> int:
        """The bytes that it takes in memory, in both forms."""
        return len(self.body) + (0 if self.packed is None else len(self.packed.body))

    def coded(self, accept_encoding: str | None) -> Page:
        """Return the form that goes to who sends this ``Accept-Encoding``."""
        if self.packed is None or not takes_gzip(accept_encoding):
            return self
        return self.packed


def _headers(etag: str) -> dict[str, str]:
    # no-cache means: ask every time, by ETag. With a max-age, uv misses what was just uploaded
    return {"Vary": "Accept, Accept-Encoding", "ETag": etag, "Cache-Control": "no-cache"}


def _start(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


def project_list_document(names: Iterable[NormalizedName]) -> Document:
    """Return the list of projects."""
    return {
        "meta": {"api-version": API_VERSION},
        "projects": [{"name": name} for name in names],
    }


def project_document(
    project: OwnedProject | NormalizedName,
    files: Iterable[PublishedFile],
    *,
    files_url: str,
    refused: Collection[str] = (),
) -> Document:
    """Return the page of ``project``; ``files_url`` leads from the page to ``/files/``.

    A quarantined project is shown without its files: pip and uv would install them. So are
    files whose digests are ``refused``.
    """
    owned = None if isinstance(project, str) else project
    known = [] if owned is not None and not owned.status.offers_files else list(files)
    rows = [row for row in known if row.sha256 not in refused]
    aside = [row.filename for row in known if row.sha256 in refused]
    versions = {row.version for row in rows}
    return {
        "meta": {"api-version": API_VERSION},
        "name": project if owned is None else owned.name,
        "project-status": _status(owned),
        "versions": sorted(versions, key=Version),
        "files": [_file(row, files_url) for row in rows],
    } | ({NOT_LISTED: _quarantined(aside)} if aside else {})


def _quarantined(filenames: Iterable[str]) -> list[Document]:
    return [{"filename": filename, "reason": QUARANTINED} for filename in filenames]


def render(document: Document, media_type: str) -> Page:
    """Return ``document`` as ``media_type``: the JSON of PEP 691, or HTML for any other."""
    if media_type == JSON:
        text = page_text(document)
    elif "projects" in document:
        names = [project["name"] for project in document["projects"]]
        text = _html("Projects", (_anchor(name, f"{quote(name)}/", {}) for name in names))
    else:
        title, status = f"Links for {document['name']}", document.get("project-status", {})
        notes = (f"{each['filename']}: {each['reason']}" for each in document.get(NOT_LISTED, ()))
        text = _html(title, map(_file_anchor, document["files"]), status, notes)
    return Page.of(media_type, text.encode())


def _status(project: OwnedProject | None) -> Document:
    """Return ``project-status`` (PEP 792)."""
    if project is None:
        return {"status": "active"}
    reason = {} if project.reason is None else {"reason": project.reason}
    return {"status": str(project.status), **reason}


def _file(row: PublishedFile, files_url: str) -> Document:
    file: Document = {
        "filename": row.filename,
        "url": f"{files_url}{row.sha256}/{quote(row.filename)}",
        "hashes": {"sha256": row.sha256},
        "core-metadata": row.metadata_sha256 is not None and {"sha256": row.metadata_sha256},
        "size": row.size,
        "upload-time": row.uploaded_at,
        # PEP 592: the reason, or true where none was given
        "yanked": False if row.yanked is None else (row.yanked or True),
    }
    if row.requires_python is not None:
        file["requires-python"] = row.requires_python
    return file


def _html(
    title: str,
    anchors: Iterable[str],
    status: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
) -> str:
    lines = "".join(f"{anchor}<br>\n" for anchor in anchors)
    lines += "".join(f"<p>not listed: {escape(note)}</p>\n" for note in notes)
    meta = {"pypi:repository-version": API_VERSION}
    if status and "status" in status:
        meta["pypi:project-status"] = status["status"]
    if status and "reason" in status:
        meta["pypi:project-status-reason"] = status["reason"]
    head = "".join(f'<meta name="{name}" content="{escape(meta[name])}">' for name in meta)
    return (
        f"<!DOCTYPE html>\n<html><head>{head}<title>{escape(title)}</title>"
        f"</head><body>\n<h1>{escape(title)}</h1>\n{lines}</body></html>\n"
    )


def _file_anchor(file: Document) -> str:
    """Return the link of one file, its attributes as PEP 503, 592, 658, 714 and 740 name them."""
    attributes = {}
    if file.get("requires-python"):
        attributes["data-requires-python"] = file["requires-python"]
    metadata = file.get("core-metadata")
    if metadata:
        attributes["data-core-metadata"] = _one_hash(metadata) or "true"
    yanked = file.get("yanked")
    if yanked:
        attributes["data-yanked"] = "" if yanked is True else yanked
    if file.get("provenance"):
        attributes["data-provenance"] = file["provenance"]
    fragment = _one_hash(file["hashes"])
    url = f"{file['url']}#{fragment}" if fragment else file["url"]
    return _anchor(file["filename"], url, attributes)


def _one_hash(hashes: dict[str, str] | bool) -> str:  # noqa: FBT001 (PEP 714: true, or hashes)
    """Return ``algorithm=digest``, sha256 if there is one; empty if there is none."""
    if not isinstance(hashes, dict) or not hashes:
        return ""
    name = "sha256" if "sha256" in hashes else min(hashes)
    return f"{name}={hashes[name]}"


def _anchor(text: str, url: str, attributes: dict[str, str]) -> str:
    extra = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f'<a href="{escape(url)}"{extra}>{escape(text)}</a>'
