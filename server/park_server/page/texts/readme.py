"""What a project says about itself in its METADATA: facts, and its README, sanitised.

A README is rendered as PyPI does, by its own `readme_renderer`: Markdown by comrak, reST by
docutils without files and raw markup, both cleaned by nh3. What cannot be rendered is text.
"""

from __future__ import annotations

import warnings
from email.message import EmailMessage
from typing import Any

from packaging.metadata import RawMetadata, parse_email

__all__ = ["MOST_RENDERED", "about"]

MOST_RENDERED = 1 << 19
"""Characters of a README that is rendered; PyPI's longest are a tenth of that."""

_MOST_ITEMS = 200
_MOST_LINE = 500


def about(metadata: bytes) -> dict[str, Any]:
    """Return the facts of METADATA, and its README as ``html``, or as ``text``, or as neither."""
    raw, _unknown = parse_email(metadata)
    description = raw.get("description", "").strip("\n")
    html = None if len(description) > MOST_RENDERED else _rendered(description, _type_of(raw))
    return {
        "summary": _line(raw.get("summary")),
        "requires_python": _line(raw.get("requires_python")),
        "license": _line(raw.get("license_expression") or raw.get("license")),
        "author": _line(raw.get("author") or raw.get("author_email")),
        "requires": [_line(each) for each in raw.get("requires_dist", [])[:_MOST_ITEMS]],
        "urls": {
            _line(name): url
            for name, url in list(_urls(raw).items())[:_MOST_ITEMS]
            if url.startswith(("https://", "http://")) and len(url) <= _MOST_LINE
        },
        "html": html,
        "text": description[:MOST_RENDERED] if html is None and description else None,
    }


def _urls(raw: RawMetadata) -> dict[str, str]:
    home = raw.get("home_page")
    return {**({"Homepage": home} if home else {}), **raw.get("project_urls", {})}


def _line(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= _MOST_LINE else f"{line[: _MOST_LINE - 1]}…"


def _type_of(raw: RawMetadata) -> tuple[str, str]:
    """Return the media type of a README, reST if none is said, and which Markdown."""
    message = EmailMessage()
    message["content-type"] = raw.get("description_content_type") or "text/x-rst"
    return message.get_content_type(), message["content-type"].params.get("variant", "GFM")


def _rendered(description: str, kind: tuple[str, str]) -> str | None:
    """Return a README as clean HTML; None where it is plain text, empty, or no markup at all."""
    media_type, variant = kind
    if not description:
        return None
    if media_type == "text/markdown":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an installation without comrak: then it is text
            from readme_renderer import markdown

        return markdown.render(description, variant=variant)
    if media_type == "text/x-rst":
        import io

        from readme_renderer import rst

        return rst.render(description, stream=io.StringIO())
    return None
