"""The cookie of the page: how a browser holds a token that nothing else takes.

No script reads it (HttpOnly), no page of another site has it sent (SameSite=Strict), and with TLS
no other name sets it (``__Host-``; RFC 6265bis). Cookies know no ports, though: two services on one
machine each have one of their own name, and what a page of another port has sent is refused.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from park.errors import NotPermitted

if TYPE_CHECKING:
    from starlette.datastructures import Headers

__all__ = ["cleared", "name_of", "require_own_page", "secret_in", "set_with"]

_CHANGES_NOTHING = frozenset({"GET", "HEAD"})
_OWN = frozenset({"same-origin", "none"})
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_LONGEST = 4096
"""Characters that browsers keep of all that a cookie is (RFC 6265bis, 5.6)."""


def name_of(scheme: str, host: str) -> str:
    """Return the cookie's name on the service at ``host``, which may say its port."""
    _, colon, port = host.rpartition(":")
    number = port if colon and port.isdecimal() else _DEFAULT_PORTS.get(scheme, "")
    return f"{'__Host-' if scheme == 'https' else ''}park-{number}"


def secret_in(headers: Headers, scheme: str) -> str | None:
    """Return the token in the cookie that a request brings along; None: it has none."""
    text = headers.get("cookie")
    if text is None or len(text) > _LONGEST * 4:
        return None
    try:
        found = SimpleCookie(text).get(name_of(scheme, headers.get("host", "")))
    except CookieError:
        return None
    return None if found is None or not found.value else found.value


def require_own_page(method: str, headers: Headers) -> None:
    """Raise `NotPermitted` unless it is the service's own page that has the cookie sent.

    Browsers send it along also for a page on another port of the same host, which is of the same
    site. What changes something has to say where it comes from; the gate has compared that.
    """
    sites = headers.getlist("sec-fetch-site")
    if any(site.strip().lower() not in _OWN for site in sites):
        raise NotPermitted("the session of a browser is for the page of this service alone")
    if method not in _CHANGES_NOTHING and not sites and "origin" not in headers:
        raise NotPermitted(
            f"{method} with the cookie of a session, and nothing says from which page",
            hint="programs send a token of their own: Authorization: Bearer TOKEN",
        )


def set_with(secret: str, *, scheme: str, host: str, lasts_s: int) -> str:
    """Return the value of ``Set-Cookie`` that has a browser keep ``secret``."""
    return _cookie(secret, scheme=scheme, host=host, lasts_s=lasts_s)


def cleared(*, scheme: str, host: str) -> str:
    """Return the value of ``Set-Cookie`` that has a browser forget it."""
    return _cookie("", scheme=scheme, host=host, lasts_s=0)


def _cookie(secret: str, *, scheme: str, host: str, lasts_s: int) -> str:
    secure = "; Secure" if scheme == "https" else ""
    return (
        f"{name_of(scheme, host)}={secret}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict"
        f"{secure}"
    )
