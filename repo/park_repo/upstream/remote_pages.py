"""Pages of other indexes: read as JSON (PEP 691), and led through here.

A page leaves here as a PEP 691 document in which every URL leads to this index, also that of
what attests to a file (PEP 740): whoever reads it needs no other host, and sees no credentials.
A file without a sha256 is not on it, since nobody could tell whether it is the same tomorrow;
the page says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from packaging.utils import NormalizedName, canonicalize_name

from park.digests import is_sha256
from park.model.pins import normalized_version
from park_repo.checks.filenames import PROVENANCE_SUFFIX, is_file_name, version_in
from park_repo.page_text import read_page
from park_repo.simple import NOT_LISTED, QUARANTINED
from park_repo.upstream.api_version import held_version, require_known
from park_repo.upstream.html_pages import reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from park_repo.simple import Document

__all__ = [
    "OBJECTION",
    "led_through_here",
    "metadata_sha256_of",
    "metadata_url",
    "of_versions",
    "parse_json_page",
    "parse_json_projects",
    "provenance_url_of",
    "sha256_of",
    "unverifiable",
]

OBJECTION = "_objection"
"""In the entry of a file: why it is not offered, though there is a sha256; private to an index."""

_TWICE = "the index behind this one has another file of this name before it"

_NOT_SHOWN = {
    "core-metadata", "dist-info-metadata", "data-dist-info-metadata", "provenance", "gpg-sig",
}  # fmt: skip
"""Also of a page that an earlier park kept, which has more than `parse_json_page` leaves."""


def parse_json_page(body: bytes, url: str) -> Document:
    """Return the PEP 691 page ``body``, fetched from ``url``, with absolute URLs.

    A file without a name or a URL is passed over, and so is what is not of the type that it
    has by the specification, or that it does not know: each page of ours is made of this.
    Raises `ValueError`, `LookupError` or `TypeError` for what is no such page.
    """
    given = _read(body)
    if not isinstance(given["files"], list):
        raise TypeError(f"files is a JSON {type(given['files']).__name__}; expected an array")
    files = (_entry(file, url) for file in given["files"])
    page = _sound(given, _OF_PAGE)
    if "versions" in page:  # each once (PEP 700)
        page["versions"] = list(dict.fromkeys(page["versions"]))
    return page | {
        "meta": {"api-version": _version_of(given)},
        "files": [file for file in files if file is not None],
    }


def parse_json_projects(body: bytes) -> list[NormalizedName]:
    """Return the names in a PEP 691 list of projects, normalised."""
    return [canonicalize_name(project["name"]) for project in _read(body)["projects"]]


def led_through_here(
    document: Document,
    project: NormalizedName,
    *,
    files_url: str,
    refused: Collection[str] = (),
    attested_at: str | None = None,
) -> Document:
    """Return a page with the URL of each file below ``files_url``, named by its digest.

    ``attested_at`` is the same as a whole URL, which provenance must have (PEP 740); None: none is
    named.

    Files and METADATA that cannot be verified are left out, and so are files whose digests are
    ``refused``; of the files it says which, under a key that is private to an index (PEP 691).
    """
    files, left_out = [], unverifiable(document)
    listed: dict[str, str] = {}
    for file in document["files"]:
        if (sha256 := sha256_of(file)) is None:
            continue
        if (first := listed.get(file["filename"])) is not None:
            # one entry for each file (PEP 503), and one file for each name
            if first != sha256:
                left_out.append({"filename": _visible(file["filename"]), "reason": _TWICE})
            continue
        listed[file["filename"]] = sha256
        if sha256 in refused:
            left_out.append({"filename": file["filename"], "reason": QUARANTINED})
            continue
        place = f"{project}/{sha256}/{quote(file['filename'])}"
        shown = {key: value for key, value in file.items() if key not in _NOT_SHOWN}
        metadata_sha256 = metadata_sha256_of(file)
        shown["hashes"] = {**file["hashes"], "sha256": sha256}
        shown["core-metadata"] = metadata_sha256 is not None and {"sha256": metadata_sha256}
        if attested_at is not None and provenance_url_of(file) is not None:
            shown["provenance"] = f"{attested_at}{place}{PROVENANCE_SUFFIX}"
        files.append(shown | {"url": f"{files_url}{place}"})
    page = {**document, "name": project, "files": files}
    page["meta"] = {"api-version": held_version(page)}
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
    """Return the files of a page that are not offered, each with the reason in words.

    Not one that the page has another time, with what verifies it.
    """
    offered = {f["filename"] for f in document["files"] if sha256_of(f) is not None}
    return [
        {
            "filename": _visible(file["filename"]),
            "reason": str(file.get(OBJECTION) or _reason(file["hashes"])),
        }
        for file in document["files"]
        if sha256_of(file) is None and file["filename"] not in offered
    ]


def _visible(name: str) -> str:
    """Return a name for people: a character that cannot be printed as its escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


def sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for ``file``; None where that is not offered."""
    return None if OBJECTION in file else _sha256_in(file["hashes"])


def metadata_sha256_of(file: Document) -> str | None:
    """Return the sha256 in hex that a page gives for the METADATA of ``file``, if any."""
    # PEP 714: both spellings are in use
    return _sha256_in(file.get("core-metadata", file.get("dist-info-metadata")))


def provenance_url_of(file: Document) -> str | None:
    """Return where the other index has what attests to ``file`` (PEP 740), if it says so."""
    return file.get("provenance")


def metadata_url(url: str) -> str:
    """Return where METADATA of the file at ``url`` are (PEP 658); a query stays behind it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}.metadata"))


def _read(body: bytes) -> Document:
    document: Document = read_page(body)
    if not isinstance(document, dict):
        raise TypeError(f"a JSON {type(document).__name__}; expected an object")
    require_known(_version_of(document))
    return document


def _version_of(document: Document) -> str:
    meta = document.get("meta", {})
    if not isinstance(meta, dict):
        raise TypeError(f"meta is a JSON {type(meta).__name__}; expected an object")
    return str(meta.get("api-version", "1.0"))


def _entry(given: Any, url: str) -> Document | None:
    """Return what a page says of a file, its URL absolute; None for what is no file."""
    if not isinstance(given, dict):
        return None
    filename, address = given.get("filename"), given.get("url")
    if not isinstance(filename, str) or not is_file_name(filename):
        return None
    target = reachable(address, url) if isinstance(address, str) else None
    if target is None:
        return None
    hashes, yanked = given.get("hashes"), given.get("yanked", False)
    others = {
        "upload-time": _in_utc(given.get("upload-time")),
        "provenance": _attested_at(given.get("provenance"), url),
    }
    return _sound(given, _OF_FILE) | {
        **{key: value for key, value in others.items() if value is not None},
        "filename": filename,
        "url": target,
        "hashes": _texts_in(hashes) if isinstance(hashes, dict) else {},
        # PEP 592: whatever it is, the file is not to be chosen
        "yanked": yanked if _is_text(yanked) else bool(yanked),
    }


def _sound(given: Document, checks: Mapping[str, Callable[[Any], bool]]) -> Document:
    """Return what of ``given`` is known and of its type."""
    return {
        key: given[key] for key, is_one in checks.items() if key in given and is_one(given[key])
    }


def _is_text(value: Any) -> bool:
    """Tell a text that can be sent on; half a surrogate pair cannot."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _texts_in(found: Mapping[str, Any]) -> Document:
    """Return digests by the names of their algorithms, which are in lower case (PEP 691)."""
    return {key.lower(): value for key, value in found.items() if _is_text(key) and _is_text(value)}


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _in_utc(value: Any) -> str | None:
    """Return a time in the form that PEP 700 has for it; None for what is none."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            return None
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError):
        return None


def _attested_at(value: Any, base: str) -> str | None:
    """Return the absolute URL of what attests to a file; null is none (PEP 740)."""
    return reachable(value, base) if _is_text(value) and value else None


def _is_status(value: Any) -> bool:
    """Tell a project's status (PEP 792)."""
    return (
        isinstance(value, dict)
        and _is_text(value.get("status"))
        and _is_text(value.get("reason", ""))
    )


def _reason(hashes: Any) -> str:
    given = ", ".join(sorted(hashes)) if isinstance(hashes, dict) and hashes else "no digest"
    return f"the index behind this one gives {given} for it, and no sha256"


def _sha256_in(hashes: Any) -> str | None:
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    is_one = isinstance(digest, str) and is_sha256(digest.lower())
    return str(digest).lower() if is_one else None


def _is_told(value: Any) -> bool:
    """Tell what may stand for METADATA: that they are there, or their digests (PEP 714)."""
    return isinstance(value, (bool, dict))


_OF_PAGE = {"name": _is_text, "versions": _is_texts, "project-status": _is_status}
"""What of a page is passed on beside its files, and what it must be (PEP 691, 700, 792).

What leads elsewhere is not (PEP 708), nor what is private to the other index.
"""

_OF_FILE = {
    "requires-python": _is_text,
    "size": _is_size,
    "core-metadata": _is_told,
    "dist-info-metadata": _is_told,
}
"""The same of a file. Signatures are not here, so nothing says that they are."""
