"""Content negotiation of the simple API (PEP 691) and conditional requests (RFC 9110)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

__all__ = ["HTML", "JSON", "LEGACY_HTML", "MEDIA_TYPES", "choose", "matches_etag", "takes_gzip"]

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
    >>> takes_gzip("identity"), takes_gzip(None)
    (False, False)
    """
    qualities = dict(map(_coding, (accept_encoding or "").lower().split(",")))
    quality = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return quality > 0


def _coding(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    return name, _quality(parameters) or 0.0


def matches_etag(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client's copy is current: weak comparison (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or "*" in tags


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
