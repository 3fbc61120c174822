"""What an answer means for a file of which a part may be here already. Functions of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from park.errors import CannotSatisfy, NotPermitted, ParkError, ServiceUnreachable, UnknownItem
from park.wire import API

__all__ = [
    "Again",
    "Answer",
    "Body",
    "Elsewhere",
    "FromStart",
    "Held",
    "Known",
    "Nothing",
    "Whole",
    "judged",
    "retry_after_s",
    "validator",
]

_REDIRECTS = {301, 302, 303, 307, 308}
_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Statuses after which the same request may succeed later (RFC 9110, section 15)."""

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d+)")
_CODINGS = {"", "identity", "gzip", "x-gzip"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The first ``size`` bytes of a file whose ``validator`` is good for If-Range."""

    size: int
    validator: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What was fetched before, of which one may ask whether it changed."""

    etag: str | None
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """Return the conditions of the question."""
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The content follows, from byte ``start`` of ``total`` (None: as much as comes).

    ``is_coded``: with gzip around it; then ``total`` counts what comes, not what is kept.
    """

    start: int
    total: int | None
    validator: str | None
    is_coded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """All of it was here already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """Nothing has changed since it was fetched before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FromStart:
    """What is here is of no use: ask again, without a range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """It is somewhere else."""

    location: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """It may work later: ``error`` says what is the case; ``after_s`` seconds are asked for."""

    error: ParkError
    after_s: float | None


Answer = Body | Whole | Nothing | FromStart | Elsewhere | Again


def judged(
    status: int, headers: Mapping[str, str], *, url: str, held: Held | None = None
) -> Answer:
    """Return what ``status`` and ``headers`` mean; ``url`` is for messages.

    ``held`` is what a range was asked for to complete. Raises `ParkError` where asking again
    would not help.
    """
    if status in _REDIRECTS and "location" in headers:
        return Elsewhere(location=headers["location"])
    if status == 304:  # noqa: PLR2004 (HTTP's own)
        return Nothing()
    if held is not None and status in {206, 416}:
        return _rest(status, headers, held)
    if status == 200:  # noqa: PLR2004 (HTTP's own)
        return _from_the_start(headers, url)
    if status in _PASSING:
        error = ServiceUnreachable(f"{url} answered {_named(status)}")
        return Again(error=error, after_s=retry_after_s(headers))
    raise _hopeless(status, url)


def _rest(status: int, headers: Mapping[str, str], held: Held) -> Answer:
    """Return what the answer to a range is: the rest, nothing more, or of no use."""
    content_range = headers.get("content-range", "")
    if status == 416:  # noqa: PLR2004 (HTTP's own)
        found = _UNSATISFIED.fullmatch(content_range)
        return Whole() if found and int(found[1]) == held.size else FromStart()
    found = _RANGE.fullmatch(content_range)
    if found is None or int(found[1]) != held.size or _coding(headers) not in {"", "identity"}:
        return FromStart()
    changed = held.validator.startswith('"') and headers.get("etag", held.validator)
    if changed and changed != held.validator:  # a server that does not know If-Range
        return FromStart()
    total = None if found[3] == "*" else int(found[3])
    return Body(start=held.size, total=total, validator=held.validator, is_coded=False)


def _from_the_start(headers: Mapping[str, str], url: str) -> Body:
    coding = _coding(headers)
    if coding not in _CODINGS:
        raise CannotSatisfy(
            f"{url} comes in the coding {coding!r}, although none was asked for",
            hint="gzip is the only one that is undone here",
        )
    length = headers.get("content-length", "")
    is_coded = coding not in {"", "identity"}
    return Body(
        start=0,
        total=int(length) if length.isascii() and length.isdigit() else None,
        validator=None if is_coded else validator(headers),
        is_coded=is_coded,
    )


def _coding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "").strip().lower()


def validator(headers: Mapping[str, str]) -> str | None:
    """Return what may stand in If-Range for this content, or None (RFC 9110, section 13.1.5).

    A strong ETag; else a Last-Modified that is strong because the answer was made at least
    a second later (section 8.8.2.2).
    """
    etag = headers.get("etag", "")
    if etag.startswith('"'):
        return etag
    modified, date = headers.get("last-modified"), headers.get("date")
    if etag or modified is None or date is None:
        return None
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (TypeError, ValueError):
        return None
    return modified if age.total_seconds() >= 1 else None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, section 10.2.3), or None."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment, sent = parsedate_to_datetime(text), parsedate_to_datetime(headers["date"])
        return max((moment - sent).total_seconds(), 0.0)
    except (KeyError, TypeError, ValueError):
        return None


_NAMES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    410: "Gone",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


_AREA = f"{API}/areas/files/"
"""Where a service of park has the files of its users, and of its operator's roots."""


def _named(status: int) -> str:
    return f"{status} {_NAMES[status]}" if status in _NAMES else str(status)


def _hopeless(status: int, url: str) -> ParkError:
    if status in {401, 403}:
        return NotPermitted(
            f"{url} answered {_named(status)}",
            hint="give what opens it: park.fetch_url(url, auth=park.credentials(…))",
        )
    service, found, path = url.partition(_AREA)
    if status in {404, 410} and found:  # written as park://NAME/…: nobody knows this URL
        place = path if path.startswith("~") else f"/{path}"
        return UnknownItem(f"the service {service} has no {place} ({_named(status)})")
    if status in {404, 410}:
        return UnknownItem(f"{_named(status)} for {url}")
    return CannotSatisfy(f"{url} answered {_named(status)}")
