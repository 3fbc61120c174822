"""Whose page a request comes from: only the service's own may have a browser change something.

Browsers send along what they know of a user, also where another site's page has them ask: a
login by Basic, for example. They say so in ``Sec-Fetch-Site`` (Fetch Metadata), where the
service is reached by TLS or on this machine, and in ``Origin`` (Fetch, 3.2), with each
request that is no GET. What is no browser sends neither.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from park.model.urls import origin_of

__all__ = ["refusal"]

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The safe methods of RFC 9110, 9.2.1."""

_OWN_SITES = frozenset({"same-origin", "none"})
"""``none``: typed by the user, or from a bookmark."""


def refusal(
    method: str, *, sites: Sequence[str], origins: Sequence[str], own: Collection[str]
) -> str | None:
    """Return why a request is refused; None where it may be answered.

    ``sites`` and ``origins`` are the values of its headers ``Sec-Fetch-Site`` and ``Origin``,
    ``own`` are URLs under which the service is known.
    """
    if method in _CHANGES_NOTHING:
        return None
    for site in sites:
        if site.strip().lower() not in _OWN_SITES:
            return f"a page of another site asks for it (Sec-Fetch-Site: {site[:20]!a})"
    known = {origin_of(url) for url in own} if origins else set()
    for origin in origins:
        if _normal(origin) not in known:
            return f"a page of another origin asks for it (Origin: {origin[:100]!a})"
    return None


def _normal(origin: str) -> str | None:
    """Return an ``Origin`` with its port; None for what is no origin of a page, ``null`` too."""
    try:
        return origin_of(origin.strip())
    except ValueError:
        return None
