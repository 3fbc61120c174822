"""Direct references: requirements that say by a URL where their project is (``name @ https://…``).

A service resolves them by name alone: a URL of somebody's metadata would borrow its place in the
network, and its disk. So wheels of local projects lose them when they are finished, and what
still has one is refused.
"""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

__all__ = ["by_name", "references_in_metadata"]

_END_OF_HEADERS = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"[\r\n]+[ \t]+")
_LIKE_A_URL = re.compile(r"@|://|=\?")
"""In what is no requirement: the marks of a URL, and of a text in another encoding (RFC 2047)."""
_FIELD = re.compile(r"requires-dist[ \t]*:(?P<value>.*)", re.IGNORECASE)


def by_name(requirement: str) -> str:
    """Return ``requirement`` without its URL: name, extras and marker; without one, as it is.

    Raises `packaging.requirements.InvalidRequirement`.

    >>> by_name("film[fast] @ file:///home/ada/film ; python_version > '3'")
    'film[fast]; python_version > "3"'
    """
    parsed = Requirement(requirement)
    if parsed.url is None:
        return requirement
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    marker = f"; {parsed.marker}" if parsed.marker else ""
    return f"{parsed.name}{extras}{marker}"


def references_in_metadata(metadata: bytes) -> tuple[str, ...]:
    """Return each Requires-Dist of core metadata that is a direct reference, or looks like one.

    Readers disagree about where broken headers end: Python's email stops at a line without a
    colon, and uv's reads on. So whatever stands before the first empty line counts here.
    """
    head = _END_OF_HEADERS.split(metadata, maxsplit=1)[0]
    lines = _FOLD.sub(" ", head.decode("utf-8", "replace")).splitlines()
    fields = (_FIELD.fullmatch(line.strip()) for line in lines)
    values = (match["value"].strip() for match in fields if match)
    return tuple(value for value in values if _is_suspect(value))


def _is_suspect(requirement: str) -> bool:
    try:
        return Requirement(requirement).url is not None
    except InvalidRequirement:
        return _LIKE_A_URL.search(requirement) is not None
