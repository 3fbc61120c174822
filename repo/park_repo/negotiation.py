"""Content negotiation of the simple API (PEP 691) and conditional requests (RFC 9110)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from park.errors import PreconditionFailed

__all__ = [
    "HTML",
    "JSON",
    "LEGACY_HTML",
    "MEDIA_TYPES",
    "NOT_MODIFIED",
    "choose",
    "matches_etag",
    "precondition",
    "require_met",
    "takes_gzip",
]

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
LEGACY_HTML = "text/html"

MEDIA_TYPES = (JSON, HTML, LEGACY_HTML)
"""The media types that a page has, the preferred one first."""

_LATEST = {
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.latest+html": HTML,
}
"""PEP 691: ``latest`` asks for the newest version, which is answered under its own name."""

NOT_MODIFIED, _PRECONDITION_FAILED = 304, 412

_EXACT = 2
"""The specificity of a range that names a media type in full."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Range:
    """One media range of an ``Accept`` header, with its quality."""

    kind: str
    subkind: str
    quality: float

    @property
    def specificity(self) -> int:
        """0 for ``*/*``, 1 for ``text/*``, 2 for ``text/html``."""
        return (self.kind != "*") + (self.subkind != "*")

    def covers(self, media_type: str) -> bool:
        """Tell whether ``media_type`` is in this range."""
        kind, _, subkind = media_type.partition("/")
        return self.kind in {"*", kind} and self.subkind in {"*", subkind}


@lru_cache(maxsize=256)
def choose(accept: str | None) -> str | None:
    """Return the media type to answer ``Accept`` with, or None where nothing fits (406).

    The highest quality wins, then a type that is named in full, then JSON. Who asks for
    anything at all gets ``text/html``: PEP 691 takes him for a program older than itself.

    >>> choose("application/vnd.pypi.simple.v1+json, text/html;q=0.1")
    'application/vnd.pypi.simple.v1+json'
    >>> choose("*/*"), choose("image/png")
    ('text/html', None)
    """
    ranges = _parse(accept or "*/*")
    scores = {media_type: _score(media_type, ranges) for media_type in MEDIA_TYPES}
    best = max(scores.values())
    if best[0] <= 0:
        return None
    tied = [media_type for media_type in MEDIA_TYPES if scores[media_type] == best]
    return LEGACY_HTML if best[1] < _EXACT and LEGACY_HTML in tied else tied[0]


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Tell whether ``Accept-Encoding`` has gzip (RFC 9110, section 12.5.3).

    >>> takes_gzip("gzip, deflate, br"), takes_gzip("br;q=1, *;q=0.1"), takes_gzip("gzip;q=0")
    (True, True, False)
    >>> takes_gzip("identity"), takes_gzip(None), takes_gzip("identity, gzip;q=0.5")
    (False, False, False)
    """
    qualities = dict(map(_coding, (accept_encoding or "").lower().split(",")))
    quality = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return 0 < quality >= qualities.get("identity", 0.0)


def _coding(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    return name, _quality(parameters) or 0.0


def matches_etag(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client's copy is current: weak comparison (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or "*" in tags


def precondition(headers: Mapping[str, str], etag: str, modified: str | None = None) -> int | None:
    """Return 304 or 412 where a GET is answered with that, by its conditions; None: as ever.

    ``etag`` is a strong one, ``modified`` the Last-Modified of what would be sent, if it has one.
    RFC 9110, section 13.2.2: conditions on the tag go before those on the time.
    """
    if (if_match := headers.get("if-match")) is not None:
        # strong comparison: a weak tag is never the same (13.1.1)
        tags = [tag.strip() for tag in if_match.split(",")]
        if etag not in tags and "*" not in tags:
            return _PRECONDITION_FAILED
    elif _is_later(modified, headers.get("if-unmodified-since")) is True:
        return _PRECONDITION_FAILED
    if (if_none_match := headers.get("if-none-match")) is not None:
        return NOT_MODIFIED if matches_etag(if_none_match, etag) else None
    is_newer = _is_later(modified, headers.get("if-modified-since"))
    return NOT_MODIFIED if is_newer is False else None


def require_met(status: int | None) -> None:
    """Raise `PreconditionFailed` where `precondition` gave 412."""
    if status == _PRECONDITION_FAILED:
        raise PreconditionFailed(
            "what is here is not what If-Match or If-Unmodified-Since expects",
            hint="ask without the condition, or with the ETag that is here now",
        )


def _is_later(modified: str | None, than: str | None) -> bool | None:
    """Compare two dates of HTTP; None where there is none to compare (13.1.3: ignored)."""
    one, other = _date(modified), _date(than)
    return None if one is None or other is None else one > other


def _date(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _score(media_type: str, ranges: list[_Range]) -> tuple[float, int]:
    """Return (quality, specificity) of the most specific range that covers ``media_type``."""
    covering = [item for item in ranges if item.covers(media_type)]
    if not covering:
        return (0.0, 0)
    closest = max(covering, key=lambda item: item.specificity)
    return (closest.quality, closest.specificity)


def _parse(accept: str) -> list[_Range]:
    """Return the ranges of an ``Accept`` header; what is malformed is left out."""
    ranges = []
    for item in accept.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        kind, slash, subkind = _LATEST.get(name, name).partition("/")
        quality = _quality(parameters)
        if slash and quality is not None:
            ranges.append(_Range(kind=kind, subkind=subkind, quality=quality))
    return ranges


def _quality(parameters: list[str]) -> float | None:
    """Return the ``q`` of a range: 1 if it has none, None if it is no number from 0 to 1."""
    text = next((p.partition("=")[2] for p in parameters if p.partition("=")[0] == "q"), "1")
    try:
        quality = float(text)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None
